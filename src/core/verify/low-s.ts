/** The rule that makes an ECDSA signature the only one of its kind: with S, n - S would verify too. */
import type { Bytes } from '../core.ts';
import { compactOfDer } from '../pure-secp256k1.ts';

/** Whether a DER signature on secp256k1 has an S of at most half the group order; false for what is no strict DER. */
export function isLowS(signature: Bytes): boolean {
  const compact = compactOfDer(signature);
  if (compact === undefined) return false;
  for (let i = 0; i < 32; i++) {
    const difference = compact[32 + i]! - HALF_ORDER[i]!;
    if (difference !== 0) return difference < 0;
  }
  return true;
}

// (n - 1) / 2, SEC 2, section 2.4.1.
const HALF_ORDER = Uint8Array.of(
  ...[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  ...[0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0],
);
