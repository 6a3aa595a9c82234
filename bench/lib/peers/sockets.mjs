// @ts-check
/** Sockets of node:net and node:tls as ends: 4 length bytes before each message, as an application adds them. */
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { FrameReader, frame } from '../framing.mjs';
import { tlsSettings } from '../tls-pair.mjs';
import { End, HOST } from '../transport.mjs';

/** The control: TCP, the same framing, nothing else and no code of ours below it. @returns {import('../transport.mjs').Transport} */
export function netTransport() {
  return {
    listen: (accepted) => listening(net.createServer({ noDelay: true }), 'connection', (socket) => accepted(new SocketEnd(socket))),
    async dial(port) {
      const socket = net.connect({ host: HOST, port, noDelay: true });
      await once(socket, 'connect');
      return new SocketEnd(socket);
    },
  };
}

/** The control of handshakes: TCP, as many bytes there and back as a handshake of handfast/1 has, and nothing made of them. @returns {import('../transport.mjs').Transport} */
export function flightsTransport() {
  const { listen, dial } = netTransport();
  return {
    listen: (accepted) =>
      listen((end) => {
        end.receive(({ length }) => {
          if (length === FLIGHTS[0].length) end.send(FLIGHTS[1]);
          else accepted(end);
        });
      }),
    async dial(port) {
      const end = await dial(port);
      const answered = new Promise((resolve) => end.receive(resolve));
      end.send(FLIGHTS[0]);
      await answered;
      end.send(FLIGHTS[2]);
      return end;
    },
  };
}

/** With the four bytes of their length as long as those of handfast/1. */
const FLIGHTS = [59, 163, 127].map((length) => Buffer.alloc(length - 4));

/**
 * TLS 1.3, certificates on both sides, each trusting exactly the other's.
 * @param {import('../tls-pair.mjs').CertificateKind} kind @param {any} [credentials] of a transport in another process.
 * @returns {import('../transport.mjs').Transport}
 */
export function tlsTransport(kind, credentials) {
  const settings = tlsSettings(kind, credentials);
  return {
    identities: { listener: settings.serverCertificate, dialler: settings.clientCertificate },
    credentials: settings.credentials,
    facts: { openssl: process.versions.openssl },
    listen: (accepted) =>
      listening(tls.createServer({ ...settings.server, noDelay: true }), 'secureConnection', (socket) => accepted(new TlsEnd(socket))),
    async dial(port) {
      const socket = tls.connect({ ...settings.client, host: HOST, port });
      await once(socket, 'secureConnect');
      if (!socket.authorized) throw socket.authorizationError;
      if (socket.isSessionReused()) throw new Error('a session was resumed');
      socket.setNoDelay(true);
      return new TlsEnd(socket);
    },
  };
}

/**
 * @param {net.Server} server @param {string} event of a connection that is ready. @param {(socket: any) => void} accepted
 * @returns {Promise<import('../transport.mjs').Listening>}
 */
export async function listening(server, event, accepted) {
  server.on(event, accepted);
  server.listen({ port: 0, host: HOST, backlog: 4096 });
  await once(server, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  return { port, close: () => void server.close() };
}

export class SocketEnd extends End {
  /** @param {net.Socket} socket */
  constructor(socket) {
    super();
    this.socket = socket;
    // The other end is cut, not closed, when a case is over.
    socket.on('error', () => {});
  }

  /** @override @param {Uint8Array} message */
  send(message) {
    return this.socket.write(frame(message));
  }

  /** @override */
  drained() {
    return once(this.socket, 'drain');
  }

  /** Gathered, as a careful application does: one write of the system for what is sent in one turn. @override @param {() => void} sends */
  gather(sends) {
    this.socket.cork();
    sends();
    this.socket.uncork();
  }

  /** @override @param {(message: Uint8Array) => void} received */
  receive(received) {
    this.socket.removeAllListeners('data');
    const reader = new FrameReader(received);
    this.socket.on('data', (chunk) => reader.take(chunk));
  }

  /** @override */
  async destroy() {
    if (this.socket.closed) return;
    const closed = once(this.socket, 'close');
    this.socket.destroy();
    await closed;
  }
}

class TlsEnd extends SocketEnd {
  /** @param {tls.TLSSocket} socket */
  constructor(socket) {
    super(socket);
    this.tls = socket;
  }

  /** @override */
  get peer() {
    return this.tls.getPeerCertificate().raw;
  }

  /** @override */
  get binding() {
    return this.tls.exportKeyingMaterial(32, 'EXPORTER-benchmark', Buffer.alloc(0));
  }
}
