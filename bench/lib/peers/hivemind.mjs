/** HiveMind by `connect` and `listen`, over WebSocket on 127.0.0.1 or from memory to memory, by each of its ways to a key; and bare WebSockets with as many messages there and back. */
import { once } from 'node:events';
import { WebSocket, WebSocketServer } from 'ws';
import { loadCore } from '../suite.mjs';
import { End, HOST } from '../transport.mjs';
import { LIMITS, SessionEnd } from './handfast.mjs';

const ACCESS_KEY = 'bench';
const PASSWORD = 'correct horse battery staple';
const PRESHARED = '0123456789abcdef0123456789abcdef';
/** Of version 3: argon2id of the password, computed once. The secret keys are pinned on neither side, so that the whole of XXpsk2 is done. */
const NODE_ID = 'master:bench';

/** What both sides are told, by the way to a key. */
const WAYS = {
  password: { slave: { password: PASSWORD }, client: { password: PASSWORD } },
  preshared: { slave: { presharedKey: PRESHARED }, client: { presharedKey: PRESHARED } },
  noise: {
    slave: { password: PASSWORD, noise: { secretKey: new Uint8Array(32).fill(1) } },
    client: { password: PASSWORD },
    master: { nodeId: NODE_ID, noise: { secretKey: new Uint8Array(32).fill(2) } },
  },
};

/** @param {'native' | 'pure'} coreName @param {keyof typeof WAYS} way */
export async function hivemindOptions(coreName, way) {
  const core = await loadCore(coreName);
  if (core.missing) return core;
  const { slave, client, master = {} } = WAYS[way];
  return {
    core,
    slave: { protocol: 'hivemind', core, accessKey: ACCESS_KEY, ...slave },
    master: { protocol: 'hivemind', core, clients: [{ accessKey: ACCESS_KEY, ...client }], limits: LIMITS, ...master },
  };
}

/** @param {'native' | 'pure'} coreName @param {keyof typeof WAYS} way @returns {Promise<import('../transport.mjs').Transport | import('../suite.mjs').Missing>} */
export async function hivemindTransport(coreName, way) {
  const options = await hivemindOptions(coreName, way);
  if (options.missing) return options;
  const { core, slave, master } = options;
  const { connect, listen } = await import('handfast');
  return {
    facts: { core: core.name, limits: 'none for one address, sessions and half-open handshakes' },
    async listen(accepted) {
      const server = await listen({ ...master, host: HOST, port: 0, backlog: 4096 });
      server.on('session', (session) => accepted(new HiveEnd(session)));
      return { port: server.address.port, close: () => server.close({ drainMs: 0 }) };
    },
    dial: async (port) => new HiveEnd(await connect({ ...slave, host: HOST, port })),
  };
}

/** Bytes go as `bin`, as they are. */
class HiveEnd extends SessionEnd {
  get peer() {
    return new Uint8Array(0);
  }

  send(message) {
    this.session.send(message, { kind: 'bin' });
    return true;
  }

  asker() {
    const answers = this.session[Symbol.asyncIterator]();
    return async (question) => {
      this.session.send(question, { kind: 'bin' });
      return (await answers.next()).value.bytes;
    };
  }

  async receive(received) {
    try {
      for await (const { bytes } of this.session) received(bytes);
    } catch {
      // Cut at the end of the case.
    }
  }
}

/** The same messages as a handshake by password, of the same lengths, that nobody makes or checks: two of the listener, one of each, one of the dialler. @returns {import('../transport.mjs').Transport} */
export function bareTransport() {
  return {
    async listen(accepted) {
      const server = new WebSocketServer({ host: HOST, port: 0, backlog: 4096, perMessageDeflate: false });
      server.on('connection', async (socket) => {
        socket.on('error', () => {});
        const first = once(socket, 'message');
        socket.send(text(180));
        socket.send(text(420));
        await first;
        const hello = once(socket, 'message');
        socket.send(text(190));
        await hello;
        accepted(new BareEnd(socket));
      });
      await once(server, 'listening');
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      return {
        port,
        close: () => {
          for (const socket of server.clients) socket.terminate();
          return new Promise((resolve) => server.close(resolve));
        },
      };
    },
    async dial(port) {
      const socket = new WebSocket(`ws://${HOST}:${port}/`, { perMessageDeflate: false });
      await new Promise((resolve) => {
        let heard = 0;
        socket.on('message', function take() {
          if (++heard === 2) socket.send(text(330));
          if (heard < 3) return;
          socket.removeListener('message', take);
          socket.send(text(360));
          resolve(undefined);
        });
      });
      return new BareEnd(socket);
    },
  };
}

class BareEnd extends End {
  constructor(socket) {
    super();
    this.socket = socket;
  }

  send(message) {
    this.socket.send(message);
    return true;
  }

  receive(received) {
    this.socket.on('message', received);
  }

  async destroy() {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.socket, 'close');
    this.socket.terminate();
    await closed;
  }
}

const text = (length) => 'x'.repeat(length);
