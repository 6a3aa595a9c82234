/** Hashes, HMAC and HKDF on @noble/hashes. */
import { blake2b } from '@noble/hashes/blake2.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { checkArray, checkBytes, checkInteger, checkLength, checkObject } from './check.ts';
import type { Blake2bOptions, Bytes, Hash } from './core.ts';

export const hash: Hash = {
  blake2b(message, options = {}) {
    checkObject(options, 'options');
    const { length = 64, key, salt, personal } = options;
    checkInteger(length, 'length', 1, 64);
    if (key !== undefined) checkLength(key, 'key', 1, 64);
    if (salt !== undefined) checkLength(salt, 'salt', 16);
    if (personal !== undefined) checkLength(personal, 'personal', 16);
    if (!Array.isArray(message)) {
      checkBytes(message, 'message');
      return blake2bOf([message], length, key, salt, personal);
    }
    checkArray(message, 'message');
    for (let i = 0; i < message.length; i++) checkBytes(message[i], `message[${i}]`);
    return blake2bOf(message, length, key, salt, personal);
  },

  sha256(message) {
    checkBytes(message, 'message');
    return sha256(message);
  },

  sha512(message) {
    checkBytes(message, 'message');
    return sha512(message);
  },

  hmacSha256(key, message) {
    checkBytes(key, 'key');
    checkBytes(message, 'message');
    return hmac(sha256, key, message);
  },

  hmacSha512(key, message) {
    checkBytes(key, 'key');
    checkBytes(message, 'message');
    return hmac(sha512, key, message);
  },

  hkdfSha256(ikm, salt, info, length) {
    checkBytes(ikm, 'ikm');
    checkBytes(salt, 'salt');
    checkBytes(info, 'info');
    checkInteger(length, 'length', 1, 255 * 32);
    return hkdf(sha256, ikm, salt, info, length);
  },
};

/** BLAKE2b of parts as if joined; all arguments checked. */
export function blake2bOf(
  parts: readonly Bytes[],
  length: number,
  key?: Blake2bOptions['key'],
  salt?: Blake2bOptions['salt'],
  personal?: Blake2bOptions['personal'],
): Bytes {
  const state = blake2b.create({
    dkLen: length,
    ...(key && { key }),
    ...(salt && { salt }),
    ...(personal && { personalization: personal }),
  });
  for (const part of parts) state.update(part);
  return state.digest();
}
