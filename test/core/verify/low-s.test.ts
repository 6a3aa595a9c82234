import { describe, expect, it } from 'vitest';
import { isLowS } from '../../../src/core/verify/low-s.ts';

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** R = 1. */
function der(s: bigint): Uint8Array {
  let bytes = Buffer.from(s.toString(16).padStart(64, '0'), 'hex');
  while (bytes.length > 1 && bytes[0] === 0 && !(bytes[1]! & 0x80)) bytes = bytes.subarray(1);
  const integer = bytes[0]! & 0x80 ? Buffer.of(0, ...bytes) : bytes;
  return Uint8Array.of(0x30, 5 + integer.length, 2, 1, 1, 2, integer.length, ...integer);
}

describe('a low S', () => {
  it('is at most half the order', () => {
    const half = (ORDER - 1n) / 2n;
    for (const low of [1n, 2n ** 200n, half - 1n, half]) expect(isLowS(der(low))).toBe(true);
    for (const high of [half + 1n, ORDER - 1n, ORDER]) expect(isLowS(der(high))).toBe(false);
  });

  it('is in a strict DER signature only', () => {
    const signature = der(5n);
    expect(isLowS(signature)).toBe(true);
    expect(isLowS(signature.subarray(1))).toBe(false);
    expect(isLowS(new Uint8Array(0))).toBe(false);
    expect(isLowS(Uint8Array.of(...signature, 0))).toBe(false);
  });
});
