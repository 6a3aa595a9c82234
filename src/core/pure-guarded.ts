/** Handshake keys of the pure core: the operations whose inputs and results are secrets. */
import { checkArray, checkInteger, checkLength } from './check.ts';
import type { Bytes, Guarded, SecretInput } from './core.ts';
import { keyPairOf } from './pure-ed25519.ts';
import { blake2bOf } from './pure-hash.ts';
import { random } from './pure-random.ts';
import { checkSecret, liveSecrets, PureSecret, withSecret } from './pure-secret.ts';
import { sharedOrWeak, weakKey, x25519 } from './pure-x25519.ts';

export const guarded: Guarded = {
  import(bytes) {
    checkLength(bytes, 'bytes', 1, 64);
    return new PureSecret(new Uint8Array(bytes));
  },

  importEphemeral: (bytes) => guarded.import(bytes),

  x25519KeyPair(seed) {
    const { publicKey, secretKey } = x25519.keyPair(seed);
    return { publicKey, secretKey: new PureSecret(secretKey) };
  },

  x25519Shared(secretKey, publicKey) {
    const shared = sharedSecret(secretKey, publicKey);
    if (shared === 'weak') throw weakKey();
    return shared;
  },

  ed25519KeyPair(seed) {
    if (seed !== undefined) checkLength(seed, 'seed', 32);
    const own = seed ?? random(32);
    const { publicKey, secretKey } = keyPairOf(own);
    if (seed === undefined) own.fill(0);
    return { publicKey, secretKey: new PureSecret(secretKey) };
  },

  blake2b(parts, length) {
    checkArray(parts, 'parts');
    checkInteger(length, 'length', 1, 64);
    const copies: Bytes[] = [];
    try {
      for (let i = 0; i < parts.length; i++) copies.push(partOf(parts[i]!, `parts[${i}]`));
      return new PureSecret(blake2bOf(copies, length));
    } finally {
      for (let i = 0; i < copies.length; i++) if (copies[i] !== parts[i]) copies[i]!.fill(0);
    }
  },

  kdf(key, id, context) {
    checkSecret(key, 'key');
    checkInteger(id, 'id', 0, Number.MAX_SAFE_INTEGER);
    checkLength(context, 'context', 8);
    const salt = new Uint8Array(16);
    new DataView(salt.buffer).setBigUint64(0, BigInt(id), true);
    const personal = new Uint8Array(16);
    personal.set(context);
    return withSecret(key, 'key', 32, 64, (bytes) => new PureSecret(blake2bOf([], 32, bytes.subarray(0, 32), salt, personal)));
  },

  get live() {
    return liveSecrets();
  },
};

/** @throws HF_BAD_ARGUMENT, HF_RELEASED */
export function sharedSecret(secretKey: SecretInput, publicKey: Bytes): PureSecret | 'weak' {
  checkSecret(secretKey, 'secretKey');
  checkLength(publicKey, 'publicKey', 32);
  const shared = withSecret(secretKey, 'secretKey', 32, 32, (key) => sharedOrWeak(key, publicKey));
  return shared === 'weak' ? 'weak' : new PureSecret(shared);
}

/** Bytes as they are; of a Secret a copy, to be wiped. */
function partOf(part: SecretInput, name: string): Bytes {
  return withSecret(part, name, 0, Number.MAX_SAFE_INTEGER, (bytes) => (bytes === part ? bytes : bytes.slice()));
}
