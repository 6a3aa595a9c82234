/** Public-key work in batches, as sessions and gossip ask for it: what one item costs among 1 to 1,024 of its kind, one call of the core each. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadCore, optional, sameBytes } from '../lib/suite.mjs';

const SIZES = [1, 2, 4, 8, 16, 64, 1024];
const OPERATIONS = {
  'x25519-keypair': 'a random X25519 key pair',
  'x25519-shared': 'X25519 with a public key just received as 32 bytes',
  'ed25519-sign': 'Ed25519 signature of 128 bytes',
  'ed25519-verify': 'Ed25519 verification of 128 bytes, public key just received as 32 bytes',
};

/** @type {import('../lib/suite.mjs').Suite} */
export const suite = {
  name: 'lanes',
  title: 'Public-key work in batches on one core',
  cases: Object.entries(OPERATIONS).flatMap(([name, operation]) =>
    SIZES.map((size) => ({
      name: `${name}-${size}`,
      operation: `${operation}, one of ${size === 1 ? '1' : size.toLocaleString('en')} done together`,
      reference: 'sodium-native, one by one',
    })),
  ),
  subjects: [
    { name: 'handfast native', prepare: (name) => ours('native', name) },
    { name: 'handfast native, lanes off', prepare: (name) => withoutLanes(name) },
    { name: 'sodium-native, one by one', prepare: sodiumNative },
    { name: 'C loop on libsodium', quick: false, prepare: async (name) => cLoop(name) },
  ],
};

/** @param {string} caseName @returns {[string, number]} operation and size */
function partsOf(caseName) {
  const at = caseName.lastIndexOf('-');
  return [caseName.slice(0, at), Number(caseName.slice(at + 1))];
}

/** The variable is read once, when the core is loaded: each subject has a process of its own. */
async function withoutLanes(caseName) {
  process.env.HANDFAST_LANES = 'off';
  return ours('native', caseName);
}

/** @param {'native' | 'pure'} name @param {string} caseName */
async function ours(name, caseName) {
  const core = await loadCore(name);
  if (core.missing) return core;
  const [operation, size] = partsOf(caseName);
  const items = itemsOf(core, size);
  const signers = items.map(({ secretKey }) => core.guarded.import(secretKey));
  const secrets = items.map(({ dhSecret }) => core.guarded.import(dhSecret));
  /** @type {Record<string, any[]>} */
  const jobs = {
    'x25519-keypair': items.map(() => ({ op: 'keygen' })),
    'x25519-shared': items.map(({ dhPublic }, i) => ({ op: 'dh', secretKey: secrets[i], publicKey: dhPublic })),
    'ed25519-sign': items.map(({ message }, i) => ({ op: 'sign', secretKey: signers[i], message })),
  };
  const own = jobs[operation];
  /** What sessions do with the keys they asked for, in the end. */
  const run = (use) => {
    for (const answer of core.run(own)) {
      use?.(answer);
      if (answer.op === 'keygen') answer.keyPair.secretKey.wipe();
      else if (answer.op === 'dh') answer.shared.wipe();
    }
  };
  return {
    operations: size,
    call: operation === 'ed25519-verify' ? () => core.ed25519.verifyMany(items) : () => run(),
    check() {
      if (operation === 'ed25519-verify') {
        if (core.ed25519.verifyMany(items).some((valid) => valid !== 1)) throw new Error('a good signature was refused');
        return;
      }
      let at = 0;
      run((answer) => {
        const { signature, shared } = items[at++];
        if (answer.op === 'sign') sameBytes(answer.signature, signature, 'signature');
        else if (answer.op === 'dh') sameBytes(answer.shared.export(), shared, 'shared secret');
        else sameBytes(core.x25519.publicKey(answer.keyPair.secretKey), answer.keyPair.publicKey, 'public key');
      });
    },
    close() {
      for (const secret of [...signers, ...secrets]) secret.wipe();
      if (core.guarded.live !== 0) throw new Error(`${core.guarded.live} secrets were not wiped`);
    },
    facts: { lanes: core.lanes, x25519: core.parts.x25519, ed25519: core.parts.ed25519 },
  };
}

/** Results go into buffers made before. */
async function sodiumNative(caseName) {
  const sodium = await optional('sodium-native');
  if (sodium.missing) return sodium;
  const [operation, size] = partsOf(caseName);
  const { core } = await import('handfast/pure');
  const items = itemsOf(core, size).map((item) =>
    Object.fromEntries(Object.entries(item).map(([key, bytes]) => [key, Buffer.from(bytes)])),
  );
  const made = items.map(() => ({
    secretKey: Buffer.alloc(32),
    publicKey: Buffer.alloc(32),
    shared: Buffer.alloc(32),
    signature: Buffer.alloc(64),
  }));
  let valid = true;
  const each = {
    'x25519-keypair'(i) {
      sodium.randombytes_buf(made[i].secretKey);
      sodium.crypto_scalarmult_base(made[i].publicKey, made[i].secretKey);
    },
    'x25519-shared': (i) => sodium.crypto_scalarmult(made[i].shared, items[i].dhSecret, items[i].dhPublic),
    'ed25519-sign': (i) => sodium.crypto_sign_detached(made[i].signature, items[i].message, items[i].secretKey),
    'ed25519-verify'(i) {
      valid &&= sodium.crypto_sign_verify_detached(items[i].signature, items[i].message, items[i].publicKey);
    },
  }[operation];
  const call = () => {
    for (let i = 0; i < size; i++) each(i);
  };
  return {
    operations: size,
    call,
    check() {
      call();
      if (!valid) throw new Error('a good signature was refused');
      for (let i = 0; i < size; i++) {
        if (operation === 'x25519-shared') sameBytes(made[i].shared, items[i].shared, 'shared secret');
        if (operation === 'ed25519-sign') sameBytes(made[i].signature, items[i].signature, 'signature');
      }
    },
    facts: { libsodium: sodium.SODIUM_VERSION_STRING ?? 'inside sodium-native' },
  };
}

/** The same in C on Debian's libsodium, without a border to cross. @param {string} caseName */
function cLoop(caseName) {
  if (!existsSync(C_LOOP)) {
    return { missing: 'cmake -S . -B build/bench -DHANDFAST_BENCH=ON && cmake --build build/bench --target bench-batch-loop' };
  }
  const [operation, size] = partsOf(caseName);
  const run = () => JSON.parse(execFileSync(C_LOOP, ['1', IN_C[operation], String(size)], { encoding: 'utf8' }));
  return {
    operations: size,
    sample: async () => {
      const { nsLibsodium } = run();
      return { opsPerSecond: 1e9 / nsLibsodium, nsPerOp: { p50: nsLibsodium, p99: nsLibsodium } };
    },
    check() {}, // It ends with an exit code when an operation fails.
    facts: { operation: IN_C[operation] },
  };
}

/** Different keys and messages, again after 64; the same from every core, which is given the seeds. */
function itemsOf(core, size) {
  const different = Array.from({ length: Math.min(size, DIFFERENT) }, (_, i) => {
    const seed = new Uint8Array(32).fill(1 + i);
    const { publicKey, secretKey } = core.ed25519.keyPair(seed);
    const message = new Uint8Array(128).fill(i);
    const dhPublic = core.x25519.keyPair(new Uint8Array(32).fill(101 + i)).publicKey;
    const [signature, shared] = [core.ed25519.sign(message, secretKey), core.x25519.shared(seed, dhPublic)];
    return { publicKey, secretKey, message, signature, dhSecret: seed, dhPublic, shared };
  });
  return Array.from({ length: size }, (_, i) => different[i % DIFFERENT]);
}

const DIFFERENT = 64;
const IN_C = { 'x25519-keypair': 'keygen', 'x25519-shared': 'dh', 'ed25519-sign': 'sign', 'ed25519-verify': 'verify' };
const C_LOOP = fileURLToPath(new URL('../../build/bench/bench-batch-loop', import.meta.url));
