/** secp256k1 keys of the XRP Ledger from a seed: the root key, which validators use, and accounts, which add to it. */
import { secp256k1 as noble } from '@noble/curves/secp256k1.js';
import type { Bytes, Core } from '../../core/core.ts';

/** @param seed 16 bytes. @returns 32 bytes: the first half of SHA-512(seed, counter) that is a key. */
export function rootSecretKey(core: Core, seed: Bytes): Bytes {
  return bytesOf(scalarOf(core, seed));
}

/** The root key and a number made of its public key and the account's index. @returns 32 bytes. */
export function accountSecretKey(core: Core, root: Bytes, accountIndex: number): Bytes {
  const tweak = scalarOf(core, core.secp256k1.publicKey(root), accountIndex);
  return bytesOf((tweak + numberOf(root)) % ORDER);
}

/** The public key of the first account of a root public key. @param root 33 bytes. @returns 33 bytes. */
export function accountPublicKey(core: Core, root: Bytes): Bytes {
  const tweak = noble.Point.BASE.multiply(scalarOf(core, root, 0));
  return noble.Point.fromBytes(root).add(tweak).toBytes(true);
}

/** Hashes with a rising counter until the number is from 1 to n-1; the second try comes once in 2^128. */
function scalarOf(core: Core, bytes: Bytes, index?: number): bigint {
  const input = new Uint8Array(bytes.length + (index === undefined ? 4 : 8));
  const view = new DataView(input.buffer);
  input.set(bytes);
  if (index !== undefined) view.setUint32(bytes.length, index);
  for (let counter = 0; ; counter++) {
    view.setUint32(input.length - 4, counter);
    const scalar = numberOf(core.hash.sha512(input).subarray(0, 32));
    if (scalar > 0n && scalar < ORDER) return scalar;
  }
}

function numberOf(bytes: Bytes): bigint {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

/** 32 bytes, big-endian. */
function bytesOf(scalar: bigint): Bytes {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((scalar >> BigInt(8 * (31 - i))) & 255n));
}

const ORDER = noble.Point.CURVE().n;
