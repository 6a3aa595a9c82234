/** X25519 on @noble/curves. */
import { x25519 as noble } from '@noble/curves/ed25519.js';
import { HandfastError } from '../errors.ts';
import { checkLength } from './check.ts';
import type { Bytes, X25519 } from './core.ts';
import { random } from './pure-random.ts';
import { withSecret } from './pure-secret.ts';

export const x25519: X25519 = {
  keyPair(seed) {
    if (seed !== undefined) checkLength(seed, 'seed', KEY_BYTES);
    // A copy: `slice` of a Buffer would share its memory.
    const secretKey = seed === undefined ? random(KEY_BYTES) : new Uint8Array(seed);
    return { publicKey: noble.getPublicKey(secretKey), secretKey };
  },

  publicKey(secretKey) {
    return withSecret(secretKey, 'secretKey', KEY_BYTES, KEY_BYTES, (key) => noble.getPublicKey(key));
  },

  shared(secretKey, publicKey) {
    checkLength(publicKey, 'publicKey', KEY_BYTES);
    const shared = withSecret(secretKey, 'secretKey', KEY_BYTES, KEY_BYTES, (key) => sharedOrWeak(key, publicKey));
    if (shared === 'weak') throw weakKey();
    return shared;
  },
};

/** @returns 32 bytes, or 'weak' for an all-zero result. Both of 32 bytes, checked. */
export function sharedOrWeak(secretKey: Bytes, publicKey: Bytes): Bytes | 'weak' {
  try {
    return noble.getSharedSecret(secretKey, publicKey);
  } catch {
    // Of two arrays of 32 bytes it refuses only the points whose product is zero, before the ladder and from a complete list.
    return 'weak';
  }
}

export function weakKey(): HandfastError {
  return new HandfastError('WEAK_KEY', 'publicKey: a point of small order');
}

const KEY_BYTES = 32;
