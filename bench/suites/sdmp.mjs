/** Handshakes of SDMP 0.12 with ffdhe2048 and RSA of 2,048 bits, both sides in one process, beside the calls of node:crypto that they cannot do without. */
import {
  createCipheriv,
  createDecipheriv,
  createDiffieHellman,
  createHash,
  createHmac,
  generateKeyPairSync,
  randomBytes,
  sign as signBack,
  verify as verifyBack,
} from 'node:crypto';
import { duplexPair } from 'node:stream';
import { promisify } from 'node:util';
import { converseElsewhere } from '../lib/machines.mjs';
import { sdmpByHand } from '../lib/sdmp-by-hand.mjs';
import { loadCore, sameBytes } from '../lib/suite.mjs';
import { HOST } from '../lib/transport.mjs';

const REFERENCE = 'node:crypto, bare calls';
const WITH_REST = 'node:crypto, with ciphers and hashes';
const BY_HAND = 'node:crypto, the handshake by hand';
// At some 500 handshakes a second it takes ten seconds until most of what one runs through was compiled for good.
const TIME_FACTOR = 4;

/** @type {import('../lib/suite.mjs').Suite} */
export const suite = {
  name: 'sdmp',
  title: 'SDMP handshakes, ffdhe2048 and RSA-2048, both sides on one core',
  cases: [
    {
      name: 'machines',
      operation:
        'one handshake, until both sides have opened, as the handshake suite counts them: the public machines, a workbench, and no carrier',
      reference: REFERENCE,
      timeFactor: TIME_FACTOR,
      protocol: 'SDMP 0.12',
    },
    {
      name: 'memory',
      operation:
        'one connection in memory: its handshake, a session on either side, and its end: 2 x (key pair, shared secret, RSA sign and verify)',
      reference: REFERENCE,
      timeFactor: TIME_FACTOR,
      protocol: 'SDMP 0.12',
    },
    {
      name: 'tcp-1',
      operation: 'a new TCP connection, its handshake on both sides, and its end; one after the other',
      reference: REFERENCE,
      timeFactor: TIME_FACTOR,
      protocol: 'SDMP 0.12',
    },
    {
      name: 'tcp-16',
      operation: 'a new TCP connection, its handshake on both sides, and its end; 16 at once',
      reference: REFERENCE,
      timeFactor: TIME_FACTOR,
      protocol: 'SDMP 0.12',
    },
  ],
  subjects: [
    { name: 'handfast native', prepare: (caseName) => handshakes('native', caseName) },
    { name: 'handfast pure', prepare: (caseName) => handshakes('pure', caseName) },
    { name: REFERENCE, prepare: async (caseName) => bareCalls(atOnceOf(caseName)) },
    // And what else of cryptography the page asks for, by hand: what lies between the two no implementation can leave out either.
    { name: WITH_REST, quick: false, prepare: async (caseName) => bareCalls(atOnceOf(caseName), true) },
    // And what cannot be left out at all: the texts and their checks, over the same streams.
    { name: BY_HAND, quick: false, prepare: async (caseName) => (caseName === 'memory' ? byHand() : undefined) },
  ],
};

const atOnceOf = (caseName) => (caseName === 'tcp-16' ? 16 : 1);

/** @param {'native' | 'pure'} coreName @param {string} caseName */
async function handshakes(coreName, caseName) {
  const core = await loadCore(coreName);
  if (core.missing) return core;
  const { SdmpIdentity, SdmpPeers } = await import('handfast/protocols');
  const [dialler, listener] = [await SdmpIdentity.generate({ core }), await SdmpIdentity.generate({ core })];
  const common = { protocol: 'sdmp', core, group: 'ffdhe2048' };
  const knownTo = (/** @type {any} */ other) => new SdmpPeers([other.exportPublicPem()], { core });
  const ofListener = { ...common, identity: listener, peers: knownTo(dialler) };
  const ofDialler = { ...common, identity: dialler, peers: knownTo(listener), peer: listener.id };
  const made = await (caseName === 'machines' ? byMachines(core, ofDialler, ofListener) : bySessions(caseName, ofDialler, ofListener));
  return {
    operations: made.operations,
    call: made.call,
    async check() {
      const [a, b] = await made.open();
      sameBytes(a.peer.publicKey, listener.publicKey, 'who was dialled');
      sameBytes(b.peer.publicKey, dialler.publicKey, 'who dialled');
      sameBytes(a.binding, b.binding, 'binding');
      await made.end([a, b]);
    },
    async close() {
      await made.close?.();
      if (core.guarded.live !== 0) throw new Error(`${core.guarded.live} secrets were not wiped`);
    },
    facts: { core: core.name, openssl: process.versions.openssl },
  };
}

/** The handshake alone. @param {import('handfast/core').Core} core @param {any} ofDialler @param {any} ofListener */
async function byMachines(core, ofDialler, ofListener) {
  const { Workbench } = await import('handfast');
  const { sdmp } = await import('handfast/protocols');
  const workbench = new Workbench(core);
  const responder = sdmp.responder(ofListener);
  const open = async () => {
    const sides = await converseElsewhere(workbench, core, sdmp.initiator(ofDialler), responder);
    return sides.map(({ opened }) => opened);
  };
  const end = (opened) => {
    for (const { traffic } of opened) traffic.wipe();
  };
  return { operations: 1, open, end, call: async () => end(await open()) };
}

/** Whole connections. @param {string} caseName @param {any} ofDialler @param {any} ofListener */
async function bySessions(caseName, ofDialler, ofListener) {
  const { connect, listen } = await import('handfast');
  const overTcp = caseName.startsWith('tcp-');
  const server = await listen({ ...ofListener, limits: LIMITS, ...(overTcp && { host: HOST, port: 0, backlog: 4096 }) });
  /** @type {((session: any) => void)[]} */
  const waiting = [];
  server.on('session', (session) => waiting.shift()?.(session));
  const open = async () => {
    /** @type {Promise<any>} */
    const accepted = new Promise((resolve) => waiting.push(resolve));
    if (overTcp) return Promise.all([connect({ ...ofDialler, host: HOST, port: server.address.port }), accepted]);
    const [near, far] = duplexPair();
    server.accept(far);
    return Promise.all([connect({ ...ofDialler, stream: near }), accepted]);
  };
  const end = async (sessions) => {
    for (const session of sessions) session.destroy();
    await Promise.all(sessions.map(({ closed }) => closed));
  };
  const once = async () => end(await open());
  const operations = atOnceOf(caseName);
  return {
    operations,
    open,
    end,
    call: operations === 1 ? once : () => Promise.all(Array.from({ length: operations }, once)),
    close: () => server.close({ drainMs: 0 }),
  };
}

/**
 * The same calls in the same forms, each as soon as what it needs is there; no objects and no carrier.
 * @param {number} operations @param {boolean} withRest the session key too, its binding, and each side's proof, written, sealed, opened and its identifier checked, as texts of the length that they have.
 */
function bareCalls(operations, withRest = false) {
  const prime = ffdhe2048();
  const keys = [0, 1].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 }));
  const sign = promisify(signBack);
  const verify = promisify(verifyBack);
  const keygen = () => {
    const dh = createDiffieHellman(prime, 2);
    return { dh, publicKey: dh.generateKeys() };
  };
  const message = Buffer.alloc(1030, 'x');
  const once = async () => {
    const a = keygen();
    const b = keygen();
    const signedByA = sign('sha512', message, keys[0].privateKey);
    const secrets = [a.dh.computeSecret(b.publicKey), b.dh.computeSecret(a.publicKey)];
    const sides = withRest ? secrets.map((secret) => proving(secret, message)) : [];
    const sent = (from, to, signature) => (withRest ? sides[to].open(sides[from].seal(signature)) : signature);
    const ofA = await verify('sha512', message, keys[0].publicKey, sent(0, 1, await signedByA));
    const ofB = await verify('sha512', message, keys[1].publicKey, sent(1, 0, await sign('sha512', message, keys[1].privateKey)));
    return { secrets, bindings: sides.map(({ binding }) => binding), valid: ofA && ofB };
  };
  return {
    operations,
    call: operations === 1 ? once : () => Promise.all(Array.from({ length: operations }, once)),
    async check() {
      const { secrets, bindings, valid } = await once();
      sameBytes(secrets[0], secrets[1], 'secret');
      if (withRest) sameBytes(bindings[0], bindings[1], 'binding');
      if (!valid) throw new Error('a signature is not valid');
    },
    facts: { openssl: process.versions.openssl },
  };
}

/** Both sides by hand. */
function byHand() {
  const prime = ffdhe2048();
  const [a, b] = [0, 1].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 }));
  const initiator = sdmpByHand({ prime, ...a, peer: b.publicKey });
  const responder = sdmpByHand({ prime, ...b, peer: a.publicKey });
  const once = async () => {
    const streams = duplexPair();
    const bindings = await Promise.all([initiator.initiate(streams[0]), responder.respond(streams[1])]);
    const closed = streams.map((stream) => new Promise((resolve) => stream.once('close', resolve)));
    for (const stream of streams) stream.destroy();
    await Promise.all(closed);
    return bindings;
  };
  return {
    operations: 1,
    call: once,
    async check() {
      const bindings = await once();
      sameBytes(bindings[0], bindings[1], 'binding');
    },
    facts: { openssl: process.versions.openssl },
  };
}

/** One side from the shared secret on. @param {Buffer} secret @param {Buffer} message what is signed. */
function proving(secret, message) {
  const key = sha512(secret).subarray(0, 32);
  const transcript = sha512(Buffer.concat([message, message]));
  return {
    binding: createHmac('sha512', key).update(transcript).digest(),
    /** @param {Buffer} signature */
    seal(signature) {
      const iv = randomBytes(16);
      const text = [sha512(message).toString('base64url'), message, signature.toString('base64url')].join('.');
      const cipher = createCipheriv('aes-256-cbc', key, iv);
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return [iv.toString('base64url'), sealed.toString('base64url')].join('.');
    },
    /** @param {string} text @returns {Buffer} the signature. */
    open(text) {
      const [iv, sealed] = text.split('.').map((each) => Buffer.from(each, 'base64url'));
      const cipher = createDecipheriv('aes-256-cbc', key, iv);
      const [identifier, payload, signature] = Buffer.concat([cipher.update(sealed), cipher.final()])
        .toString()
        .split('.');
      sameBytes(Buffer.from(identifier, 'base64url'), sha512(Buffer.from(payload)), 'identifier');
      return Buffer.from(signature, 'base64url');
    },
  };
}

const sha512 = (bytes) => createHash('sha512').update(bytes).digest();

/** RFC 7919, appendix A.1: 2^2048 - 2^1984 + (floor(2^1918 e) + 560316) 2^64 - 1. */
function ffdhe2048() {
  let term = 1n << 1982n;
  let e = 0n;
  for (let k = 1n; term > 0n; k++) {
    e += term;
    term /= k;
  }
  const value = (1n << 2048n) - (1n << 1984n) + (((e >> 64n) + 560_316n) << 64n) - 1n;
  const prime = Buffer.from(value.toString(16), 'hex');
  sameBytes(
    createHash('sha256').update(prime).digest(),
    Buffer.from('9cd3b7f336872f46c09428d1bbc19877a4d440512cda8d1c1cf0cd6e33698966', 'hex'),
    'prime of ffdhe2048',
  );
  return prime;
}

const LIMITS = { handshakesPerSecond: 1e9, handshakeBurst: 1e9, sessions: 1e6, halfOpenPerAddress: 1e6, halfOpen: 1e6, lingering: 1e6 };
