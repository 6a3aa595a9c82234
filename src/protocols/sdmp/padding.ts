/** What stands behind the last `}` of a plaintext: PKCS #7, zero octets, or both. */
import type { Bytes } from '../../core/core.ts';
import type { Reading } from './container.ts';
import { LIMITS } from './limits.ts';

export type Padding = 'pkcs7' | 'pad8192';

/** @returns a new array, a multiple of 16 bytes. `pad8192`: zeros up to a multiple of 8,192 first. */
export function pad(text: Bytes, padding: Padding): Bytes {
  const zeros = padding === 'pad8192' ? (LIMITS.padTo - (text.length % LIMITS.padTo)) % LIMITS.padTo : 0;
  const length = text.length + zeros;
  const last = BLOCK - (length % BLOCK);
  const padded = new Uint8Array(length + last);
  padded.set(text);
  padded.fill(last, length);
  return padded;
}

/** @returns the plaintext up to its last `}`, a view; undefined when there is none, or no accepted tail behind it. */
export function unpad(plaintext: Bytes, reading: Reading): Bytes | undefined {
  const end = plaintext.lastIndexOf(BRACE_END) + 1;
  if (end === 0) return undefined;
  const tail = plaintext.subarray(end);
  const accepted = reading === 'strict' ? isPkcs7(tail) : zerosThenPkcs7(tail);
  return accepted ? plaintext.subarray(0, end) : undefined;
}

function isPkcs7(tail: Bytes): boolean {
  const { length } = tail;
  return length >= 1 && length <= BLOCK && hasOnly(tail, 0, length, length);
}

function zerosThenPkcs7(tail: Bytes): boolean {
  const last = tail.at(-1) ?? 0;
  if (last > tail.length) return false;
  const border = tail.length - last;
  // As long as it says, since it begins there.
  return last <= BLOCK && hasOnly(tail, border, tail.length, last) && hasOnly(tail, 0, border, 0);
}

function hasOnly(octets: Bytes, from: number, end: number, octet: number): boolean {
  for (let i = from; i < end; i++) if (octets[i] !== octet) return false;
  return true;
}

const BLOCK = 16;
const BRACE_END = 0x7d;
