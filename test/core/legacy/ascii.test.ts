import { expect, it } from 'vitest';
import { asciiOf } from '../../../src/core/legacy/ascii.ts';
import { utf8 } from '../../../src/wire/text.ts';

it('writes ASCII as UTF-8 does, as nothing but bytes, in memory that nobody else is given', () => {
  const all = String.fromCharCode(...Array.from({ length: 128 }, (_, code) => code));
  const texts = ['', 'a', all, all.repeat(100)];
  const written = texts.map(asciiOf);
  expect(written).toEqual(texts.map(utf8));
  for (const bytes of written) expect(bytes.constructor).toBe(Uint8Array);
  written[1].fill(0);
  expect(written[2]).toEqual(utf8(all));
});
