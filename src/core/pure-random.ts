/** Random bytes, comparison and wiping: what Node and browsers have in common. */
import { checkBytes, checkInteger } from './check.ts';
import type { Bytes } from './core.ts';

/** @param length 0 to 64 MiB. */
export function random(length: number): Bytes {
  checkInteger(length, 'length', 0, MAX_RANDOM_BYTES);
  const out = new Uint8Array(length);
  for (let at = 0; at < length; at += QUOTA_BYTES) {
    globalThis.crypto.getRandomValues(out.subarray(at, Math.min(length, at + QUOTA_BYTES)));
  }
  return out;
}

export function equal(a: Bytes, b: Bytes): boolean {
  checkBytes(a, 'a');
  checkBytes(b, 'b');
  return sameBytes(a, b);
}

/** As `equal`, of arguments that were checked. */
export function sameBytes(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

export function wipe(bytes: Bytes): void {
  checkBytes(bytes, 'bytes');
  bytes.fill(0);
}

// What one call of getRandomValues may be asked for.
const QUOTA_BYTES = 65_536;
const MAX_RANDOM_BYTES = 64 * 1024 * 1024;
