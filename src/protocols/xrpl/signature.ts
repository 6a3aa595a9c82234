/** ECDSA signatures as the overlay takes and sends them: strict DER, low S when sent (section 5). */
import type { Bytes } from '../../core/core.ts';
import { compactOfDer } from '../../core/pure-secp256k1.ts';

/** The order of the group. */
export const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** `fullyCanonical`: S is not above half the order. @returns undefined when the bytes are no signature at all. */
export function canonicality(der: Bytes): 'fullyCanonical' | 'canonical' | undefined {
  const numbers = numbersOf(der);
  if (!numbers) return undefined;
  return numbers.s <= ORDER / 2n ? 'fullyCanonical' : 'canonical';
}

/** The same signature with S at most half the order. @returns undefined when the bytes are no signature. */
export function withLowS(der: Bytes): Bytes | undefined {
  const numbers = numbersOf(der);
  if (!numbers) return undefined;
  if (numbers.s <= ORDER / 2n) return der;
  const r = derInteger(numbers.r);
  const s = derInteger(ORDER - numbers.s);
  return Uint8Array.from([0x30, r.length + s.length, ...r, ...s]);
}

function numbersOf(der: Bytes): { r: bigint; s: bigint } | undefined {
  const compact = compactOfDer(der);
  if (!compact) return undefined;
  const r = numberOf(compact.subarray(0, 32));
  const s = numberOf(compact.subarray(32));
  return r > 0n && r < ORDER && s > 0n && s < ORDER ? { r, s } : undefined;
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
