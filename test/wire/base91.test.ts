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

  it('takes 13 or 14 bits by their value, and one digit for a rest that one can say', () => {
    // Every value of both lengths.
    const two = new Uint8Array(2);
    for (let i = 0; i < 65_536; i++) {
      two[0] = i;
      two[1] = i >> 8;
      const back = decodeBase91(encodeBase91(two))!;
      if (back.length !== 2 || back[0] !== two[0] || back[1] !== two[1]) throw new Error(`${two} comes back as ${back}`);
    }
    // Five times 13 bits, and 7: 90 is the last digit, 91 takes two.
    const rest = (value: number) => encodeBase91(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, (value << 1) | 1)).slice(10);
    expect([rest(90), rest(91)]).toEqual(['"', 'AB']);
  });

  it('any bytes come back', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void expect(decodeBase91(encodeBase91(bytes))).toEqual(bytes)));
  });

  it('a character of no digit is refused, any text is taken or refused without a throw', () => {
    for (const text of ['-', "'", '\\', ' ', 'A A', 'é', '\u0000', '\u0080', 'A\u0080']) expect(decodeBase91(text)).toBe(undefined);
    fc.assert(fc.property(fc.string(), (text) => void decodeBase91(text)));
  });
});
