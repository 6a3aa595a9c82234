/** basE91: what is written is read again, and nothing else is taken or throws. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase91, encodeBase91 } from '../../src/wire/base91.ts';
import { ascii } from '../support/bytes.ts';

describe('basE91', () => {
  it('has the text of its author', () => {
    expect(encodeBase91(ascii('test'))).toBe('fPNKd');
    expect(encodeBase91(ascii('Hello, World!\n'))).toBe('>OwJh>}AQ;r@@Y?FF');
  });

  it('any bytes come back', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void expect(decodeBase91(encodeBase91(bytes))).toEqual(bytes)));
  });

  it('a character of no digit is refused, any text is taken or refused without a throw', () => {
    for (const text of ['-', "'", '\\', ' ', 'A A', 'é', '\u0000']) expect(decodeBase91(text)).toBe(undefined);
    fc.assert(fc.property(fc.string(), (text) => void decodeBase91(text)));
  });
});
