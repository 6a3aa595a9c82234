/** Single public-key operations and hashes, one call each, from raw bytes to raw bytes. */
import * as crypto from 'node:crypto';
import { loadCore, optional, sameBytes } from '../lib/suite.mjs';

const MESSAGE = Buffer.alloc(128, 'a message of 128 bytes, as long as what a handshake signs; ');
const SEED = Buffer.alloc(32, 7);
const OTHER_SEED = Buffer.alloc(32, 9);

/** @type {import('../lib/suite.mjs').Suite} */
export const suite = {
  name: 'primitives',
  title: 'Single operations on one core',
  cases: [
    { name: 'x25519-keypair', operation: 'a random X25519 key pair', reference: 'sodium-native' },
    { name: 'x25519-shared', operation: 'X25519 with a public key just received as 32 bytes', reference: 'sodium-native' },
    { name: 'ed25519-sign', operation: 'Ed25519 signature of 128 bytes by a long-lived key', reference: 'sodium-native' },
    {
      name: 'ed25519-verify',
      operation: 'Ed25519 verification of 128 bytes, public key just received as 32 bytes',
      reference: 'sodium-native',
    },
    { name: 'blake2b', operation: 'BLAKE2b-512 of 128 bytes', reference: 'sodium-native' },
  ],
  subjects: [
    { name: 'handfast native', prepare: (name) => ours('native', name) },
    { name: 'handfast pure', prepare: (name) => ours('pure', name) },
    { name: 'sodium-native', prepare: sodiumNative },
    { name: 'node:crypto', prepare: async (name) => nodeCrypto(name) },
    { name: 'node:crypto, keys imported before', prepare: async (name) => nodeCryptoImported(name) },
    { name: '@noble', prepare: noble },
  ],
};

/** @param {'native' | 'pure'} name @param {string} caseName */
async function ours(name, caseName) {
  const core = await loadCore(name);
  if (core.missing) return core;
  const secretKey = core.guarded.ed25519KeyPair(SEED).secretKey;
  const dhSecret = core.guarded.import(SEED);
  const { publicKey, signature, dhPublic } = KNOWN;
  return prepared(caseName, {
    'x25519-keypair': () => core.x25519.keyPair(),
    'x25519-shared': () => core.x25519.shared(dhSecret, dhPublic),
    'ed25519-sign': () => core.ed25519.sign(MESSAGE, secretKey),
    'ed25519-verify': () => core.ed25519.verify(signature, MESSAGE, publicKey),
    blake2b: () => core.hash.blake2b(MESSAGE),
  });
}

/** Results go into buffers made before. */
async function sodiumNative(caseName) {
  const sodium = await optional('sodium-native');
  if (sodium.missing) return sodium;
  const publicKey = Buffer.alloc(32);
  const secretKey = Buffer.alloc(64);
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, SEED);
  const dhSecret = Buffer.alloc(32);
  const dhPublic = Buffer.alloc(32);
  const shared = Buffer.alloc(32);
  const signature = Buffer.alloc(64);
  const digest = Buffer.alloc(64);
  const pair = { publicKey: dhPublic, secretKey: dhSecret };
  return prepared(caseName, {
    'x25519-keypair'() {
      sodium.randombytes_buf(dhSecret);
      sodium.crypto_scalarmult_base(dhPublic, dhSecret);
      return pair;
    },
    'x25519-shared'() {
      sodium.crypto_scalarmult(shared, SEED, KNOWN.dhPublic);
      return shared;
    },
    'ed25519-sign'() {
      sodium.crypto_sign_detached(signature, MESSAGE, secretKey);
      return signature;
    },
    'ed25519-verify': () => sodium.crypto_sign_verify_detached(KNOWN.signature, MESSAGE, KNOWN.publicKey),
    blake2b() {
      sodium.crypto_generichash(digest, MESSAGE);
      return digest;
    },
  });
}

/** Its keys are objects: a key that came as bytes is imported first, a new one exported. */
function nodeCrypto(caseName) {
  const privateKey = importPrivate('ed25519', SEED);
  const dhPrivate = importPrivate('x25519', SEED);
  return prepared(caseName, {
    'x25519-keypair'() {
      const pair = crypto.generateKeyPairSync('x25519');
      return {
        publicKey: pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32),
        secretKey: pair.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32),
      };
    },
    'x25519-shared': () => crypto.diffieHellman({ privateKey: dhPrivate, publicKey: importPublic('x25519', KNOWN.dhPublic) }),
    'ed25519-sign': () => crypto.sign(null, MESSAGE, privateKey),
    'ed25519-verify': () => crypto.verify(null, MESSAGE, importPublic('ed25519', KNOWN.publicKey), KNOWN.signature),
    blake2b: () => (crypto.hash ? crypto.hash('blake2b512', MESSAGE, 'buffer') : crypto.createHash('blake2b512').update(MESSAGE).digest()),
  });
}

function nodeCryptoImported(caseName) {
  const dhPrivate = importPrivate('x25519', SEED);
  const dhPublic = importPublic('x25519', KNOWN.dhPublic);
  const publicKey = importPublic('ed25519', KNOWN.publicKey);
  return prepared(caseName, {
    'x25519-shared': () => crypto.diffieHellman({ privateKey: dhPrivate, publicKey: dhPublic }),
    'ed25519-verify': () => crypto.verify(null, MESSAGE, publicKey, KNOWN.signature),
  });
}

async function noble(caseName) {
  const { ed25519, x25519 } = await import('@noble/curves/ed25519.js');
  const { blake2b } = await import('@noble/hashes/blake2.js');
  return prepared(caseName, {
    'x25519-keypair': () => x25519.keygen(),
    'x25519-shared': () => x25519.getSharedSecret(SEED, KNOWN.dhPublic),
    'ed25519-sign': () => ed25519.sign(MESSAGE, SEED),
    'ed25519-verify': () => ed25519.verify(KNOWN.signature, MESSAGE, KNOWN.publicKey, { zip215: false }),
    blake2b: () => blake2b(MESSAGE),
  });
}

/** @param {string} caseName @param {Record<string, () => any>} operations */
function prepared(caseName, operations) {
  const call = operations[caseName];
  if (!call) return undefined;
  // A hash is over in less time than reading the clock takes.
  const times = caseName === 'blake2b' ? 64 : 1;
  return {
    operations: times,
    call: times === 1 ? call : () => repeat(call, times),
    check: () => CHECKS[caseName](call()),
  };
}

function repeat(call, times) {
  for (let i = 0; i < times; i++) call();
}

const CHECKS = {
  /** Another library must come to the same public key. */
  'x25519-keypair'({ publicKey, secretKey }) {
    sameBytes(publicKey, rawPublic(crypto.createPublicKey(importPrivate('x25519', secretKey))), 'public key');
  },
  'x25519-shared': (shared) => sameBytes(shared, KNOWN.shared, 'shared secret'),
  'ed25519-sign': (signature) => sameBytes(signature, KNOWN.signature, 'signature'),
  'ed25519-verify'(valid) {
    if (valid !== true) throw new Error('a good signature was refused');
  },
  blake2b: (digest) => sameBytes(digest, KNOWN.digest, 'digest'),
};

function importPrivate(type, seed) {
  return crypto.createPrivateKey({ key: Buffer.concat([PRIVATE[type], seed]), format: 'der', type: 'pkcs8' });
}

function importPublic(type, bytes) {
  return crypto.createPublicKey({ key: Buffer.concat([PUBLIC[type], bytes]), format: 'der', type: 'spki' });
}

function rawPublic(key) {
  return key.export({ format: 'der', type: 'spki' }).subarray(-32);
}

// RFC 8410: what stands before the 32 bytes of a key in its DER form.
const PRIVATE = {
  x25519: Buffer.from('302e020100300506032b656e04220420', 'hex'),
  ed25519: Buffer.from('302e020100300506032b657004220420', 'hex'),
};
const PUBLIC = { x25519: Buffer.from('302a300506032b656e032100', 'hex'), ed25519: Buffer.from('302a300506032b6570032100', 'hex') };

/** What every subject must come to, made by node:crypto. */
const KNOWN = known();

function known() {
  const privateKey = importPrivate('ed25519', SEED);
  const other = importPrivate('x25519', OTHER_SEED);
  const own = importPrivate('x25519', SEED);
  const otherPublic = crypto.createPublicKey(other);
  return {
    publicKey: rawPublic(crypto.createPublicKey(privateKey)),
    signature: crypto.sign(null, MESSAGE, privateKey),
    dhPublic: rawPublic(otherPublic),
    shared: crypto.diffieHellman({ privateKey: own, publicKey: otherPublic }),
    digest: crypto.createHash('blake2b512').update(MESSAGE).digest(),
  };
}
