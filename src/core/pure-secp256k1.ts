/** ECDSA on secp256k1, on @noble/curves; also what the native core uses where libsecp256k1 is missing. */
import { secp256k1 as noble } from '@noble/curves/secp256k1.js';
import { HandfastError } from '../errors.ts';
import { badArgument, checkArray, checkBytes, checkLength, checkObject } from './check.ts';
import type { Bytes, Secp256k1, SignedItem } from './core.ts';
import { random } from './pure-random.ts';
import { withSecret } from './pure-secret.ts';

export const secp256k1: Secp256k1 = {
  keyPair(secretKey) {
    if (secretKey !== undefined) checkLength(secretKey, 'secretKey', KEY_BYTES);
    const key = secretKey === undefined ? randomKey() : new Uint8Array(secretKey);
    return { publicKey: publicKeyOf(key), secretKey: key };
  },

  publicKey(secretKey) {
    return withSecret(secretKey, 'secretKey', KEY_BYTES, KEY_BYTES, publicKeyOf);
  },

  sign(digest, secretKey) {
    checkLength(digest, 'digest', DIGEST_BYTES);
    return withSecret(secretKey, 'secretKey', KEY_BYTES, KEY_BYTES, (key) => {
      checkKey(key);
      return noble.sign(digest, key, SIGN);
    });
  },

  verify(signature, digest, publicKey, options) {
    if (options !== undefined) {
      checkObject(options, 'options');
      if (options.lowS !== undefined && typeof options.lowS !== 'boolean') badArgument('lowS: expected a boolean');
    }
    checkBytes(signature, 'signature');
    checkLength(digest, 'digest', DIGEST_BYTES);
    checkBytes(publicKey, 'publicKey');
    return isValid(signature, digest, publicKey, options?.lowS === true);
  },

  verifyMany(items) {
    checkItems(items);
    for (let i = 0; i < items.length; i++) checkLength(items[i]!.message, `items[${i}].message`, DIGEST_BYTES);
    return Uint8Array.from(items, ({ signature, message, publicKey }) => Number(isValid(signature, message, publicKey, false)));
  },
};

/** The shape of what `verifyMany` of either curve takes: any lengths, of a peer's choice. */
export function checkItems(items: unknown): asserts items is readonly SignedItem[] {
  checkArray(items, 'items');
  for (let i = 0; i < items.length; i++) {
    const item = items[i] as SignedItem;
    checkObject(item, `items[${i}]`);
    checkBytes(item.signature, `items[${i}].signature`);
    checkBytes(item.message, `items[${i}].message`);
    checkBytes(item.publicKey, `items[${i}].publicKey`);
  }
}

/**
 * Strict DER (X.690): a sequence of two positive integers, lengths in one byte, nothing padded, nothing behind.
 * @returns r and s as 64 bytes, or undefined; their range is left to the caller.
 */
export function compactOfDer(der: Bytes): Bytes | undefined {
  if (der.length < MIN_DER_BYTES || der.length > MAX_DER_BYTES) return undefined;
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return undefined;
  const compact = new Uint8Array(64);
  const next = readInteger(der, 2, compact.subarray(0, 32));
  if (next === undefined) return undefined;
  return readInteger(der, next, compact.subarray(32)) === der.length ? compact : undefined;
}

/** @returns where the integer ends, or undefined when it is not a positive minimal one of at most 256 bits. */
function readInteger(der: Bytes, at: number, out: Bytes): number | undefined {
  if (at + 2 > der.length || der[at] !== 0x02) return undefined;
  const length = der[at + 1]!;
  let from = at + 2;
  const end = from + length;
  if (length === 0 || length > 33 || end > der.length) return undefined;
  // A leading zero is there exactly when the number would else be negative.
  if (der[from]! & 0x80) return undefined;
  if (der[from] === 0 && length > 1) {
    if (!(der[from + 1]! & 0x80)) return undefined;
    from++;
  }
  if (end - from > 32) return undefined;
  out.set(der.subarray(from, end), 32 - (end - from));
  return end;
}

function isValid(signature: Bytes, digest: Bytes, publicKey: Bytes, lowS: boolean): boolean {
  const { length } = publicKey;
  const first = publicKey[0];
  // The hybrid forms 06 and 07 are left out on purpose: one key, one meaning.
  if (!(length === 33 && (first === 2 || first === 3)) && !(length === 65 && first === 4)) return false;
  const compact = compactOfDer(signature);
  // noble refuses r and s out of 1 to n-1 and points that are not on the curve, as false.
  return compact !== undefined && noble.verify(compact, digest, publicKey, lowS ? VERIFY_LOW_S : VERIFY);
}

function publicKeyOf(key: Bytes): Bytes {
  checkKey(key);
  return noble.getPublicKey(key, true);
}

function checkKey(key: Bytes): void {
  if (!noble.utils.isValidSecretKey(key)) throw new HandfastError('BAD_KEY', 'secretKey: expected a number from 1 to n-1');
}

function randomKey(): Bytes {
  for (;;) {
    const key = random(KEY_BYTES);
    if (noble.utils.isValidSecretKey(key)) return key;
  }
}

const KEY_BYTES = 32;
const DIGEST_BYTES = 32;
const MIN_DER_BYTES = 8;
const MAX_DER_BYTES = 72;
const SIGN = { prehash: false, lowS: true, format: 'der' } as const;
const VERIFY = { prehash: false, lowS: false, format: 'compact' } as const;
const VERIFY_LOW_S = { prehash: false, lowS: true, format: 'compact' } as const;
