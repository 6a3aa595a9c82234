/** Z85 in its two forms: what is written is read again, and groups that say too much, or are not whole, are refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeZ85b, decodeZ85p, encodeZ85b, encodeZ85p } from '../../src/wire/z85.ts';

describe.each([
  ['Z85B', encodeZ85b, decodeZ85b],
  ['Z85P', encodeZ85p, decodeZ85p],
] as const)('%s', (_, encode, decode) => {
  it('any bytes come back', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void expect(decode(encode(bytes))).toEqual(bytes)));
  });

  it('any text is taken or refused without a throw', () => {
    fc.assert(fc.property(fc.string(), (text) => void decode(text)));
  });

  it('characters of no digit are refused', () => {
    for (const text of ['\u0000"0000', '0"000', 'ééééé']) expect(decode(text)).toBe(undefined);
  });
});

describe('groups', () => {
  it('that say more than four bytes can are refused', () => {
    expect(decodeZ85b('#####')).toBe(undefined);
    expect(decodeZ85p('\u0000#####')).toBe(undefined);
    expect(decodeZ85p('\u0000%nSc0')).toEqual(new Uint8Array(4).fill(255));
    expect(decodeZ85p('\u0000%nSc1')).toBe(undefined);
  });

  it('that are not whole are refused, and counts of padding that there are not', () => {
    expect(decodeZ85b('0')).toBe(undefined);
    expect(decodeZ85b('000000')).toBe(undefined);
    for (const text of ['', '\u0004', '\u00040000000000', '\u00010000', '\u0003', '00000']) expect(decodeZ85p(text)).toBe(undefined);
  });

  it('Z85 as ZeroMQ RFC 32 has it, behind its count', () => {
    expect(encodeZ85p(Uint8Array.of(0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b))).toBe('\u0000HelloWorld');
  });
});
