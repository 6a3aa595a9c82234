import { describe, expect, it } from 'vitest';
import { decodeBase64url, encodeBase64url } from '../../src/wire/base64url.ts';
import { ascii } from '../support/bytes.ts';
import { Random, seedOfRun } from '../support/random.ts';

const decoded = (text: string) => {
  const bytes = decodeBase64url(text);
  return bytes && Buffer.from(bytes).toString('latin1');
};

describe('base64url', () => {
  it.each([
    ['', ''],
    ['f', 'Zg'],
    ['fo', 'Zm8'],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg'],
    ['fooba', 'Zm9vYmE'],
    ['foobar', 'Zm9vYmFy'],
  ])('writes and reads %j of RFC 4648, section 10', (plain, text) => {
    expect(encodeBase64url(ascii(plain))).toBe(text);
    expect(decoded(text)).toBe(plain);
  });

  it('writes as Node does, and reads what it writes', () => {
    const random = new Random(seedOfRun(), 'base64url');
    for (let length = 0; length < 200; length++) {
      const bytes = Uint8Array.from({ length }, () => random.below(256));
      const text = encodeBase64url(bytes);
      expect(text).toBe(Buffer.from(bytes).toString('base64url'));
      expect(Buffer.from(decodeBase64url(text)!).equals(bytes)).toBe(true);
    }
  });

  it.each([
    ['padding', 'Zg=='],
    ['padding of one', 'Zm8='],
    ['a length that nothing has', 'Zm9vY'],
    ['one character', 'Z'],
    ['the other alphabet', 'ab+/'],
    ['white space inside', 'Zm9 v'],
    ['a line feed', 'Zm9v\n'],
    ['a character beyond ASCII', 'Zm9\u0119'],
    ['a character of many bits', 'Zm9\u2c00'],
    ['a character that is none, last of two', 'Z='],
    ['a character that is none, last of three', 'Zm='],
    ['bits left over after one byte', 'Zh'],
    ['bits left over after two bytes', 'Zm9'],
    ['a nul', 'Zm9\u0000'],
  ])('refuses %s', (_name, text) => {
    expect(decodeBase64url(text)).toBeUndefined();
  });

  it('has exactly one text for each run of bytes: a changed last character never reads the same', () => {
    for (const length of [1, 2, 3]) {
      const whole = encodeBase64url(new Uint8Array(length).fill(0xa5));
      const readable = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].filter(
        (letter) => decoded(whole.slice(0, -1) + letter) === '\u00a5'.repeat(length),
      );
      expect(readable).toEqual([whole.at(-1)]);
    }
  });
});
