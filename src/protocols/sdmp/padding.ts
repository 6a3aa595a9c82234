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
  return tail.length >= 1 && tail.length <= BLOCK && tail.every((octet) => octet === tail.length);
}

function zerosThenPkcs7(tail: Bytes): boolean {
  const last = tail.at(-1) ?? 0;
  if (last > tail.length) return false;
  const border = tail.length - last;
  return (last === 0 || isPkcs7(tail.subarray(border))) && tail.subarray(0, border).every((octet) => octet === 0);
}

const BLOCK = 16;
const BRACE_END = 0x7d;
