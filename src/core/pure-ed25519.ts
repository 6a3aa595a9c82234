/** Ed25519 on the group of @noble/curves, with the acceptance rule of handfast/1, section 1 (noble's own verify is cofactored and takes other sets). */
import { ed25519 as noble } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { checkBytes, checkLength } from './check.ts';
import type { Bytes, Ed25519, KeyPair } from './core.ts';
import { doubleMultiply, type Point as EdwardsPoint } from './pure-edwards.ts';
import { random } from './pure-random.ts';
import { checkItems } from './pure-secp256k1.ts';
import { withSecret } from './pure-secret.ts';

export const ed25519: Ed25519 = {
  keyPair(seed) {
    if (seed !== undefined) checkLength(seed, 'seed', SEED_BYTES);
    return keyPairOf(seed ?? random(SEED_BYTES));
  },

  sign(message, secretKey) {
    checkBytes(message, 'message');
    return withSecret(secretKey, 'secretKey', SECRET_KEY_BYTES, SECRET_KEY_BYTES, (key) => sign(message, key));
  },

  verify(signature, message, publicKey) {
    checkBytes(signature, 'signature');
    checkBytes(message, 'message');
    checkBytes(publicKey, 'publicKey');
    return isValid(signature, message, publicKey);
  },

  verifyMany(items) {
    checkItems(items);
    return Uint8Array.from(items, ({ signature, message, publicKey }) => Number(isValid(signature, message, publicKey)));
  },

  usablePublicKey(publicKey) {
    checkBytes(publicKey, 'publicKey');
    return publicKey.length === 32 && isCanonical(publicKey) && !isSmallOrder(publicKey);
  },
};

/** @param seed 32 bytes; not kept. */
export function keyPairOf(seed: Bytes): KeyPair {
  const publicKey = noble.getPublicKey(seed);
  const secretKey = new Uint8Array(SECRET_KEY_BYTES);
  secretKey.set(seed);
  secretKey.set(publicKey, SEED_BYTES);
  return { publicKey, secretKey };
}

/** RFC 8032, section 5.1.6. The public key is taken from the secret key, as libsodium does, which saves one of two multiplications. */
function sign(message: Bytes, secretKey: Bytes): Bytes {
  const publicKey = secretKey.subarray(SEED_BYTES);
  const expanded = sha512(secretKey.subarray(0, SEED_BYTES));
  expanded[0]! &= 248;
  expanded[31] = (expanded[31]! & 127) | 64;
  const scalar = Fn.create(littleEndian(expanded, 0));
  const r = modOrder(sha512.create().update(expanded.subarray(32)).update(message).digest());
  const signature = new Uint8Array(SIGNATURE_BYTES);
  signature.set(Point.BASE.multiply(r).toBytes());
  const k = challenge(signature, publicKey, message);
  signature.set(Fn.toBytes(Fn.create(r + k * scalar)), 32);
  expanded.fill(0);
  return signature;
}

function isValid(signature: Bytes, message: Bytes, publicKey: Bytes): boolean {
  if (signature.length !== SIGNATURE_BYTES || publicKey.length !== 32) return false;
  const s = littleEndian(signature, 32);
  if (s >= ORDER) return false;
  // That R is canonical needs no check of its own: what it is compared with is.
  if (isSmallOrder(signature) || !isCanonical(publicKey) || isSmallOrder(publicKey)) return false;
  let minusA: EdwardsPoint;
  try {
    minusA = Point.fromBytes(publicKey, false).negate();
  } catch {
    return false; // not on the curve
  }
  const k = challenge(signature, publicKey, message);
  // R as bytes: y, and in the top bit whether x is odd.
  const { x, y } = doubleMultiply(s, k, minusA);
  return littleEndian(signature, 0) === (y | ((x & 1n) << 255n));
}

/** k = SHA-512(R || A || M) mod L; R is the first half of the signature. */
function challenge(signature: Bytes, publicKey: Bytes, message: Bytes): bigint {
  return modOrder(sha512.create().update(signature.subarray(0, 32)).update(publicKey).update(message).digest());
}

/** y below p. */
function isCanonical(point: Bytes): boolean {
  if ((point[31]! & 0x7f) !== 0x7f || point[0]! < 0xed) return true;
  for (let i = 1; i < 31; i++) if (point[i] !== 0xff) return true;
  return false;
}

/** Whether y, without the sign bit, belongs to one of the eight points of the torsion, in any encoding. The first 32 bytes of `point`. */
function isSmallOrder(point: Bytes): boolean {
  return SMALL_ORDER.some((y) => {
    for (let i = 0; i < 31; i++) if (point[i] !== y[i]) return false;
    return (point[31]! & 0x7f) === y[31];
  });
}

function modOrder(digest: Bytes): bigint {
  return Fn.create((littleEndian(digest, 32) << 256n) | littleEndian(digest, 0));
}

/** 32 bytes from `at`. */
function littleEndian(bytes: Bytes, at: number): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 32);
  return (
    view.getBigUint64(0, true) |
    (view.getBigUint64(8, true) << 64n) |
    (view.getBigUint64(16, true) << 128n) |
    (view.getBigUint64(24, true) << 192n)
  );
}

function bytes32(value: bigint): Bytes {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
}

const { Point } = noble;
const { Fn } = Point;
const ORDER = Fn.ORDER;
const P = Point.Fp.ORDER;
const SEED_BYTES = 32;
const SECRET_KEY_BYTES = 64;
const SIGNATURE_BYTES = 64;

// Orders 4, 1, 2, 8 and 8, then 0 and 1 again as p and p + 1.
const SMALL_ORDER = [
  0n,
  1n,
  P - 1n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  P,
  P + 1n,
].map(bytes32);
