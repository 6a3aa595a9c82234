/** Links of the XRPL overlay, and the same TLS with the same upgrade of HTTP but no signature and no code of ours. */
import { constants } from 'node:crypto';
import { once } from 'node:events';
import tls from 'node:tls';
import { selfSigned } from './certificate.mjs';
import { listening, SocketEnd } from './peers/sockets.mjs';
import { loadCore } from './suite.mjs';
import { End, HOST, SEEDS } from './transport.mjs';

/** @param {'native' | 'pure'} coreName @returns {Promise<import('./transport.mjs').Transport | import('./suite.mjs').Missing>} */
export async function xrplTransport(coreName) {
  const core = await loadCore(coreName);
  if (core.missing) return core;
  const { connect, listen } = await import('handfast');
  const { XrplIdentity } = await import('handfast/protocols');
  const common = { protocol: 'xrpl', core, slots: false };
  const listener = XrplIdentity.fromSecret(SEEDS.listener, { core });
  const dialler = XrplIdentity.fromSecret(SEEDS.dialler, { core });
  return {
    identities: { listener: Buffer.from(listener.id), dialler: Buffer.from(dialler.id) },
    facts: {
      core: core.name,
      secp256k1: core.parts.secp256k1,
      openssl: process.versions.openssl,
      limits: 'none for one address, slots, sessions and half-open handshakes',
    },
    async listen(accepted) {
      const server = await listen({ ...common, identity: listener, host: HOST, port: 0, backlog: 4096, limits: LIMITS });
      server.on('session', (session) => accepted(new LinkEnd(session)));
      return { port: server.address.port, close: () => server.close({ drainMs: 0 }) };
    },
    dial: async (port) => new LinkEnd(await connect({ ...common, identity: dialler, host: HOST, port })),
  };
}

class LinkEnd extends End {
  constructor(session) {
    super();
    this.session = session;
  }

  get peer() {
    return Buffer.from(this.session.peer.id);
  }

  get binding() {
    return this.session.binding;
  }

  send(message) {
    this.session.send(message, { kind: 'validation' });
    return true;
  }

  async receive(received) {
    try {
      for await (const message of this.session) received(message.copy());
    } catch {
      // Cut at the end of the case.
    }
  }

  destroy() {
    this.session.destroy();
    return this.session.closed;
  }
}

const { TLS_CIPHERS } = await import(new URL('../../dist/transport/tls.js', import.meta.url).href);

/** Of the controls. The same TLS to the cipher: with Node's own order it would be AES-256 with SHA-384. */
export function tlsOptions() {
  const options = {
    minVersion: 'TLSv1.2',
    ciphers: TLS_CIPHERS,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
  };
  const server = { ...options, ...selfSigned('localhost', 'P-256'), requestCert: false, noDelay: true };
  return { server, secureContext: tls.createSecureContext(options) };
}

/**
 * @param {Signatures} [signatures] both sides sign a Finished message and verify the other's signature, by calls of the core, and look at nothing else; absent: the fields are as long and say nothing.
 * @returns {import('./transport.mjs').Transport}
 */
export function upgradeTransport(signatures) {
  const { server, secureContext } = tlsOptions();
  return {
    facts: { openssl: process.versions.openssl, ...signatures?.facts },
    listen: (accepted) =>
      listening(tls.createServer(server), 'secureConnection', async (socket) => {
        socket.on('error', () => {});
        const request = await head(socket);
        if (signatures) {
          const finished = socket.getPeerFinished();
          signatures.verify(request, finished, 'dialler');
          socket.write(RESPONSE + fields(signatures.sign(finished, 'listener')));
        } else socket.write(RESPONSE + UNSIGNED);
        accepted(new SocketEnd(socket));
      }),
    async dial(port) {
      const socket = tls.connect({ host: HOST, port, secureContext, rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      socket.setNoDelay(true);
      const finished = signatures && socket.getFinished();
      socket.write(REQUEST + (signatures ? fields(signatures.sign(finished, 'dialler')) : UNSIGNED));
      const response = await head(socket);
      signatures?.verify(response, finished, 'listener');
      return new SocketEnd(socket);
    },
  };
}

/**
 * @typedef {object} Signatures
 * @property {(finished: Uint8Array, who: 'listener' | 'dialler') => string} sign base64.
 * @property {(head: string, finished: Uint8Array, who: 'listener' | 'dialler') => void} verify throws where it is not theirs.
 * @property {Record<string, string>} facts
 */

/** The four public-key operations of a handshake and nothing around them. @param {'native' | 'pure'} coreName @returns {Promise<Signatures | import('./suite.mjs').Missing>} */
export async function bareSignatures(coreName) {
  const core = await loadCore(coreName);
  if (core.missing) return core;
  const keyOf = (seed) => {
    const { publicKey, secretKey } = core.secp256k1.keyPair(seed);
    return { publicKey, secretKey: core.guarded.import(secretKey) };
  };
  const keys = { listener: keyOf(SEEDS.listener), dialler: keyOf(SEEDS.dialler) };
  return {
    facts: { core: core.name, secp256k1: core.parts.secp256k1 },
    sign: (finished, who) => Buffer.from(core.secp256k1.sign(finished.subarray(0, 32), keys[who].secretKey)).toString('base64'),
    verify(head, finished, who) {
      const [, text] = /\r\nSession-Signature: (.+)\r\n/.exec(head) ?? [];
      const signature = Buffer.from(text ?? '', 'base64');
      if (!core.secp256k1.verify(signature, finished.subarray(0, 32), keys[who].publicKey)) throw new Error(`${who}: wrong signature`);
    },
  };
}

/** Reads up to the empty line; nothing comes behind it. */
export function head(socket) {
  return new Promise((resolve) => {
    let text = '';
    const read = (chunk) => {
      text += chunk.latin1Slice();
      if (!text.endsWith('\r\n\r\n')) return;
      socket.removeListener('data', read);
      resolve(text);
    };
    socket.on('data', read);
  });
}

const LIMITS = { handshakesPerSecond: 1e9, handshakeBurst: 1e9, sessions: 1e6, halfOpenPerAddress: 1e6, halfOpen: 1e6, lingering: 1e6 };
/** As long as those of the overlay, with the same fields. @param {string} signature */
const fields = (signature) =>
  `Network-Time: 800000000\r\nPublic-Key: n9KorY8QtTdRx7TVDpwnG9NvyxsDwHUKUEeDLY3AkiGncVaSXZi5\r\nSession-Signature: ${signature}\r\nInstance-Cookie: 12345678901234567890\r\n\r\n`;
const UNSIGNED = fields('A'.repeat(96));
const REQUEST =
  'GET / HTTP/1.1\r\nUser-Agent: bench\r\nUpgrade: XRPL/2.1, XRPL/2.2\r\nConnection: Upgrade\r\nConnect-As: Peer\r\nCrawl: public\r\nX-Protocol-Ctl: \r\n';
const RESPONSE =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: XRPL/2.2\r\nConnect-As: Peer\r\nServer: bench\r\nCrawl: public\r\nX-Protocol-Ctl: \r\n';
