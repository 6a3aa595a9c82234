import { describe, expect, it } from 'vitest';
import { decodeBase64url, encodeBase64url, readBase64url } from '../../../src/core/legacy/base64url.ts';
import { decodeBase64url as decode, encodeBase64url as encode } from '../../../src/wire/base64url.ts';
import { Random, seedOfRun } from '../../support/random.ts';

describe('base64url by Node', () => {
  const random = new Random(seedOfRun(), 'base64url by Node');

  it('writes and reads as our own does', () => {
    for (let length = 0; length < 200; length++) {
      const around = Uint8Array.from({ length: length + 9 }, () => random.below(256));
      const bytes = around.subarray(3, 3 + length);
      const text = encodeBase64url(bytes);
      expect(text).toBe(encode(bytes));
      expect(decodeBase64url(text)).toEqual(decode(text));
      expect(decodeBase64url(text)).toEqual(Uint8Array.from(bytes));
      expect(readBase64url(text)).toEqual(Uint8Array.from(bytes));
    }
  });

  it('refuses what our own refuses, whatever stands there', () => {
    const good = [...'AZaz09-_'];
    const letters = [...good, '+', '/', '=', ' ', '\n', '\u0000', '\u00e9', '\u0141', '\u2c00', '\ud800', '\udc00'];
    let refused = 0;
    for (let round = 0; round < 5_000; round++) {
      const text = Array.from({ length: random.below(9) }, () => random.pick(random.chance(0.8) ? good : letters)).join('');
      const found = decodeBase64url(text);
      expect([text, found]).toEqual([text, decode(text)]);
      expect([text, readBase64url(text)]).toEqual([text, found]);
      if (!found) refused++;
    }
    expect(refused).toBeGreaterThan(1_000);
    expect(refused).toBeLessThan(4_500);
  });

  it('gives memory of its own, and nothing but bytes', () => {
    const bytes = decodeBase64url('Zm9v')!;
    expect(bytes.constructor).toBe(Uint8Array);
    expect(bytes.buffer.byteLength).toBe(3);
  });

  it('may also be read into memory of others, as nothing but bytes', () => {
    const bytes = readBase64url('Zm9v')!;
    expect(bytes.constructor).toBe(Uint8Array);
    expect(bytes.buffer.byteLength).toBeGreaterThan(3);
  });
});
