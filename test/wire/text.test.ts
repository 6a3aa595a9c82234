import { describe, expect, it } from 'vitest';
import { peerIdOf, publicKeyOf } from '../../src/wire/peer-id.ts';
import { clipped, shownText, strictText, utf8 } from '../../src/wire/text.ts';

const bytes = (...values: number[]) => Uint8Array.of(...values);

describe('text', () => {
  it('strict: what is not UTF-8 is none', () => {
    for (const bad of [
      bytes(0xff),
      bytes(0xc3),
      bytes(0xc3, 0x28),
      bytes(0xc0, 0xaf),
      bytes(0xe0, 0x80, 0xaf),
      bytes(0xed, 0xa0, 0x80),
      bytes(0xf4, 0x90, 0x80, 0x80),
      bytes(0x41, 0x80),
    ]) {
      expect(strictText(bad)).toBeUndefined();
      expect(shownText(bad)).toContain('\ufffd');
    }
  });

  it('nothing is normalised or taken away: a byte order mark, decomposed letters, zeros', () => {
    for (const text of ['\ufeffx', 'e\u0301', '\u00e9', 'a\0b', '\u{1f600}', '']) {
      expect(strictText(utf8(text))).toBe(text);
      expect(shownText(utf8(text))).toBe(text);
    }
  });

  it('a clipped text is the longest beginning that cuts no character', () => {
    for (const text of ['abcdef', 'äöüß', '\u20ac\u20ac\u20ac', 'x\u{1f600}y\u{1f600}']) {
      for (let limit = 0; limit < 14; limit++) {
        const cut = clipped(text, limit);
        expect(cut.length).toBeLessThanOrEqual(limit);
        const kept = strictText(cut)!;
        expect(text.startsWith(kept)).toBe(true);
        const next = [...text.slice(kept.length)][0];
        if (next !== undefined) expect(cut.length + utf8(next).length).toBeGreaterThan(limit);
      }
    }
  });
});

describe('ids', () => {
  const key = new Uint8Array(Buffer.from('8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c', 'hex'));
  const id = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';

  it('go both ways, for any key', () => {
    expect(peerIdOf(key)).toBe(id);
    expect(publicKeyOf(id)).toEqual(key);
    for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
      const any = new Uint8Array(32).fill(value);
      expect(peerIdOf(any).length).toBe(52);
      expect(publicKeyOf(peerIdOf(any))).toEqual(any);
    }
  });

  it('no other form is taken', () => {
    for (const other of [
      '',
      id.slice(1),
      id.slice(0, -1),
      `${id}1`,
      `1${id}`,
      ` ${id}`,
      `${id}\n`,
      id.toLowerCase(),
      id.replace('V', '0'),
      id.replace('V', 'l'),
      // A PeerId of an RSA key, a CID, hexadecimal digits.
      'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N',
      'bafzaajaiaejcbcui4poxicprsx6vfwznhs5f24wkm4e36hmucin7g5eiag2a632l',
      Buffer.from(key).toString('hex'),
      // Beyond 38 bytes, or another prefix, though it begins alike.
      `12D3KooW${'z'.repeat(44)}`,
    ]) {
      expect(publicKeyOf(other), other).toBeUndefined();
    }
  });

  it('every letter counts: no two texts give one key', () => {
    for (let at = 8; at < id.length; at++) {
      const changed = `${id.slice(0, at)}${id[at] === 'a' ? 'b' : 'a'}${id.slice(at + 1)}`;
      const other = publicKeyOf(changed);
      if (other) expect(peerIdOf(other)).toBe(changed);
      if (other) expect(Buffer.compare(other, key)).not.toBe(0);
    }
  });
});
