/** ECDSA signatures as the overlay takes and sends them: strict DER, low S when sent (section 5). */
import type { Bytes } from '../../core/core.ts';
import { compactOfDer } from '../../core/pure-secp256k1.ts';

/** The order of the group. */
export const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** `fullyCanonical`: S is not above half the order. @returns undefined when the bytes are no signature at all. */
export function canonicality(der: Bytes): 'fullyCanonical' | 'canonical' | undefined {
  const compact = compactOfDer(der);
  if (!compact || !inGroup(compact, 0) || !inGroup(compact, 32)) return undefined;
  return compare(compact, 32, HALF_ORDER_BYTES) <= 0 ? 'fullyCanonical' : 'canonical';
}

/** The same signature with S at most half the order. @returns undefined when the bytes are no signature. */
export function withLowS(der: Bytes): Bytes | undefined {
  const found = canonicality(der);
  if (found !== 'canonical') return found && der;
  const compact = compactOfDer(der)!;
  const r = derInteger(numberOf(compact.subarray(0, 32)));
  const s = derInteger(ORDER - numberOf(compact.subarray(32)));
  return Uint8Array.from([0x30, r.length + s.length, ...r, ...s]);
}

/** Whether the 32 bytes from `at` on are a number from 1 to n-1. */
function inGroup(bytes: Bytes, at: number): boolean {
  let any = 0;
  for (let i = 0; i < 32; i++) any |= bytes[at + i];
  return any !== 0 && compare(bytes, at, ORDER_BYTES) < 0;
}

/** As numbers, the 32 bytes from `at` on less `other`: its sign. Not in constant time: signatures are public. */
function compare(bytes: Bytes, at: number, other: Bytes): number {
  for (let i = 0; i < 32; i++) {
    const difference = bytes[at + i] - other[i];
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Big-endian. */
export function numberOf(bytes: Bytes): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

function derInteger(value: bigint): number[] {
  const bytes: number[] = [];
  for (let left = value; left > 0n; left >>= 8n) bytes.unshift(Number(left & 0xffn));
  if (bytes[0] >= 0x80) bytes.unshift(0);
  return [0x02, bytes.length, ...bytes];
}

function bytesOf(value: bigint): Bytes {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * (31 - i))) & 0xffn));
}

const ORDER_BYTES = bytesOf(ORDER);
const HALF_ORDER_BYTES = bytesOf(ORDER / 2n);
