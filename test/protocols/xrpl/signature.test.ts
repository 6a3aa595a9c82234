import { expect, it } from 'vitest';
import { canonicality, ORDER, withLowS } from '../../../src/protocols/xrpl/signature.ts';

const HALF = ORDER / 2n;

/** DER of two numbers. */
function der(r: bigint, s: bigint): Uint8Array {
  const integer = (value: bigint): number[] => {
    const hex = value.toString(16);
    const bytes = [...Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')];
    if (bytes[0]! >= 0x80) bytes.unshift(0);
    return [0x02, bytes.length, ...bytes];
  };
  const both = [...integer(r), ...integer(s)];
  return Uint8Array.of(0x30, both.length, ...both);
}

it.each([
  ['the least of both numbers', 1n, 1n, 'fullyCanonical'],
  ['the greatest of both numbers', ORDER - 1n, ORDER - 1n, 'canonical'],
  ['half of the order', 1n, HALF, 'fullyCanonical'],
  ['one more than half of the order', 1n, HALF + 1n, 'canonical'],
  ['an S of nothing', 1n, 0n, undefined],
  ['an R of nothing', 0n, 1n, undefined],
  ['an S of the order', 1n, ORDER, undefined],
  ['an R of the order', ORDER, 1n, undefined],
  ['an S with all bits', 1n, 2n ** 256n - 1n, undefined],
] as const)('%s', (_, r, s, expected) => {
  const signature = der(r, s);
  expect(canonicality(signature)).toBe(expected);
  const low = withLowS(signature);
  if (expected === undefined) expect(low).toBeUndefined();
  else expect(low).toEqual(der(r, s <= HALF ? s : ORDER - s));
});
