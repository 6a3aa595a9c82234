/** LightweightSecureTCP by `connect` and `listen`, and bare TCP that goes the same ways: the server 25 bytes, the client 25, the server 33. */
import { once } from 'node:events';
import net from 'node:net';
import { loadCore } from '../suite.mjs';
import { HOST } from '../transport.mjs';
import { LIMITS, SessionEnd } from './handfast.mjs';
import { listening, SocketEnd } from './sockets.mjs';

/** @param {'native' | 'pure'} coreName @returns {Promise<import('../transport.mjs').Transport | import('../suite.mjs').Missing>} */
export async function lwstcpTransport(coreName) {
  const core = await loadCore(coreName);
  if (core.missing) return core;
  const { connect, listen } = await import('handfast');
  const handshakeKey = Buffer.alloc(32, 7);
  return {
    facts: { core: core.name, lanes: core.lanes, limits: 'none for one address, sessions and half-open handshakes' },
    async listen(accepted) {
      const server = await listen({
        protocol: 'lwstcp',
        handshakeKey,
        allowInsecure: true,
        core,
        host: HOST,
        port: 0,
        backlog: 4096,
        limits: LIMITS,
      });
      server.on('session', (session) => accepted(new SessionEnd(session)));
      return { port: server.address.port, close: () => server.close({ drainMs: 0 }) };
    },
    // A literal, as bare TCP has one below: Node 20 makes an object of a new shape of each `{ ...common, port }`, and every look at one is slow.
    dial: async (port) => new SessionEnd(await connect({ protocol: 'lwstcp', handshakeKey, allowInsecure: true, core, host: HOST, port })),
  };
}

/** @returns {import('../transport.mjs').Transport} */
export function roundTripsTransport() {
  const greet = (socket, accepted) => {
    socket.write(Buffer.alloc(25));
    taken(socket, 25).then(() => {
      socket.write(Buffer.alloc(33));
      accepted(new SocketEnd(socket));
    });
  };
  return {
    listen: (accepted) => listening(net.createServer({ noDelay: true }), 'connection', (socket) => greet(socket, accepted)),
    async dial(port) {
      const socket = net.connect({ host: HOST, port, noDelay: true });
      const request = taken(socket, 25);
      await once(socket, 'connect');
      await request;
      socket.write(Buffer.alloc(25));
      await taken(socket, 33);
      return new SocketEnd(socket);
    },
  };
}

/** @param {net.Socket} socket @param {number} length @returns {Promise<void>} when so many bytes have come. */
function taken(socket, length) {
  return new Promise((resolve) => {
    let left = length;
    socket.on('data', function count(data) {
      left -= data.length;
      if (left > 0) return;
      socket.removeListener('data', count);
      resolve();
    });
  });
}
