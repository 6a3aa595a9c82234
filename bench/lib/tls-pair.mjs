// @ts-check
/** node:tls 1.3 with certificates on both sides, each trusting exactly the other's; sessions are never resumed. */
import { constants, X509Certificate } from 'node:crypto';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import { selfSigned } from './certificate.mjs';

/** @typedef {import('./certificate.mjs').CertificateKind} CertificateKind */

/**
 * Contexts and options made once, as a server and a client of many connections would.
 * @param {CertificateKind} kind
 * @param {{ server: { key: string, cert: string }, client: { key: string, cert: string } }} [credentials] of settings made elsewhere; new ones when absent.
 */
export function tlsSettings(kind, credentials = { server: selfSigned('server', kind), client: selfSigned('client', kind) }) {
  const { server, client } = credentials;
  const options = (/** @type {{ key: string, cert: string }} */ own, /** @type {{ cert: string }} */ other) => ({
    ...own,
    ca: other.cert,
    minVersion: /** @type {const} */ ('TLSv1.3'),
    maxVersion: /** @type {const} */ ('TLSv1.3'),
    sigalgs: kind === 'Ed25519' ? 'ed25519' : 'ecdsa_secp256r1_sha256',
    ecdhCurve: 'X25519',
    secureOptions: constants.SSL_OP_NO_TICKET,
    rejectUnauthorized: true,
  });
  return {
    credentials,
    server: { ...options(server, client), requestCert: true },
    client: { secureContext: tls.createSecureContext(options(client, server)), servername: 'server', rejectUnauthorized: true },
    serverCertificate: new X509Certificate(server.cert).raw,
    clientCertificate: new X509Certificate(client.cert).raw,
  };
}

/**
 * A server that is given streams in memory; one handshake at a time.
 * @param {ReturnType<typeof tlsSettings>} settings
 * @returns {() => Promise<{ client: tls.TLSSocket, server: tls.TLSSocket }>}
 */
export function tlsPairs(settings) {
  const listener = tls.createServer(settings.server);
  return () => {
    const [near, far] = duplexPair();
    const secured = new Promise((resolve, reject) => {
      listener.once('secureConnection', resolve);
      listener.once('tlsClientError', reject);
    });
    const client = tls.connect({ ...settings.client, socket: /** @type {any} */ (near) });
    listener.emit('connection', far);
    const connected = new Promise((resolve, reject) => client.once('secureConnect', resolve).once('error', reject));
    return Promise.all([secured, connected]).then(([server]) => {
      listener.removeAllListeners('tlsClientError');
      if (!server.authorized || !client.authorized) throw new Error(`${server.authorizationError ?? client.authorizationError}`);
      return { client, server };
    });
  };
}

/** Two streams, each of which reads what the other writes. @returns {[Duplex, Duplex]} */
export function duplexPair() {
  const a = new Half();
  const b = new Half();
  a.other = b;
  b.other = a;
  return [a, b];
}

class Half extends Duplex {
  /** @type {Half | undefined} */
  other;
  /** @type {(() => void) | undefined} */
  #resume;

  /** @override */
  _read() {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  /** @override @param {Buffer} chunk @param {string} _encoding @param {() => void} done */
  _write(chunk, _encoding, done) {
    if (this.other?.push(chunk)) done();
    else if (this.other) this.other.#resume = done;
  }

  /** @override @param {() => void} done */
  _final(done) {
    this.other?.push(null);
    done();
  }
}
