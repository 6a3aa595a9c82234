/** XTEA256 of any core. */
import { expect, test } from 'vitest';
import type { Core } from '../../../src/core/core.ts';
import { filled, NOT_BYTES, toHex } from '../../support/bytes.ts';
import { codeOf } from '../../support/codes.ts';
import { cipher } from '../../support/lwstcp.ts';

export function xteaBehaviour(core: Core): void {
  const { xtea256 } = core;
  const key = Uint8Array.from({ length: 32 }, (_, i) => 29 * i + 1);
  const data = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => 7 * i + 3);

  test('enciphers as the formulas say, any number of blocks and rounds, into new arrays, given ones and in place', () => {
    expect(toHex(xtea256.encrypt(filled(32, 0), filled(8, 0), 32))).toBe('d8d4e9ded91e13f7');
    for (const blocks of [0, 1, 2, 3, 7, 8, 9, 31, 32, 33, 41, 63, 64, 65, 127, 128, 600]) {
      for (const rounds of [1, 32, 128]) {
        const plain = data(8 * blocks);
        const expected = blocks > 70 && rounds !== 32 ? undefined : cipher(key, plain, false, rounds);
        const sealed = xtea256.encrypt(key, plain, rounds);
        if (expected) expect(sealed).toEqual(expected);
        expect(xtea256.decrypt(key, sealed, rounds)).toEqual(plain);
        // At an odd place of a larger buffer.
        const out = new Uint8Array(8 * blocks + 3).subarray(3);
        expect(xtea256.encrypt(key, plain, rounds, out)).toBe(out);
        expect(out).toEqual(sealed);
        expect(xtea256.decrypt(key, out, rounds, out)).toBe(out);
        expect(out).toEqual(plain);
      }
    }
  });

  test('takes a Secret for a key, its own or that of another core', () => {
    const secret = core.guarded.import(key);
    const foreign = { length: 32, wiped: false, export: () => key.slice(), wipe: () => {} };
    const expected = xtea256.encrypt(key, data(24), 32);
    expect(xtea256.encrypt(secret, data(24), 32)).toEqual(expected);
    expect(xtea256.encrypt(foreign, data(24), 32)).toEqual(expected);
    secret.wipe();
    expect(codeOf(() => xtea256.encrypt(secret, data(24), 32))).toBe('HF_RELEASED');
    const short = core.guarded.import(key.subarray(1));
    expect(codeOf(() => xtea256.decrypt(short, data(24), 32))).toBe('HF_BAD_ARGUMENT');
    short.wipe();
  });

  test('works on a part of a slab and leaves the rest alone', () => {
    const slab = core.slab(4096);
    slab.bytes.set(data(4096));
    for (const [offset, length] of [
      [0, 0],
      [3, 8],
      [1, 1024],
      [4096, 0],
      [4088, 8],
      [0, 4096],
    ] as const) {
      xtea256.encryptIn(slab, offset, length, key, 32);
      const expected = data(4096);
      expected.set(xtea256.encrypt(key, expected.slice(offset, offset + length), 32), offset);
      expect(slab.bytes).toEqual(expected);
      xtea256.decryptIn(slab, offset, length, key, 32);
      expect(slab.bytes).toEqual(data(4096));
    }
    slab.release();
    expect(codeOf(() => xtea256.encryptIn(slab, 0, 8, key, 32))).toBe('HF_RELEASED');
  });

  test('refuses what is no whole block, no number of rounds, no key, no part of a slab', () => {
    const slab = core.slab(4096);
    for (const crypt of [xtea256.encrypt, xtea256.decrypt]) {
      for (const length of [1, 7, 9, 15, 4095, 5001]) expect(codeOf(() => crypt(key, data(length), 32))).toBe('HF_BAD_ARGUMENT');
      for (const rounds of [0, -1, 129, 1.5, Number.NaN, '32', undefined]) {
        expect(codeOf(() => crypt(key, data(8), rounds as number))).toBe('HF_BAD_ARGUMENT');
      }
      for (const length of [0, 16, 31, 33]) expect(codeOf(() => crypt(filled(length, 1), data(8), 32))).toBe('HF_BAD_ARGUMENT');
      for (const length of [0, 15, 17]) expect(codeOf(() => crypt(key, data(16), 32, filled(length, 0)))).toBe('HF_BAD_ARGUMENT');
      for (const value of NOT_BYTES) {
        expect(codeOf(() => crypt(value as Uint8Array, data(8), 32))).toBe('HF_BAD_ARGUMENT');
        expect(codeOf(() => crypt(key, value as Uint8Array, 32))).toBe('HF_BAD_ARGUMENT');
        if (value !== undefined) expect(codeOf(() => crypt(key, data(8), 32, value as Uint8Array))).toBe('HF_BAD_ARGUMENT');
      }
    }
    for (const crypt of [xtea256.encryptIn, xtea256.decryptIn]) {
      for (const [offset, length] of [
        [-8, 8],
        [0, -8],
        [0, 4104],
        [4090, 8],
        [4097, 0],
        [0.5, 8],
        [0, 12],
        [0, 7],
        [undefined, 8],
        [0, undefined],
      ]) {
        expect(
          codeOf(() => crypt(slab, offset as number, length as number, key, 32)),
          `${offset} ${length}`,
        ).toBe('HF_BAD_ARGUMENT');
      }
      for (const rounds of [0, 129, 0.5]) expect(codeOf(() => crypt(slab, 0, 8, key, rounds))).toBe('HF_BAD_ARGUMENT');
      expect(codeOf(() => crypt(slab, 0, 8, filled(31, 1), 32))).toBe('HF_BAD_ARGUMENT');
      for (const wrong of [undefined, null, 1, {}]) expect(codeOf(() => crypt(wrong as never, 0, 8, key, 32))).toBe('HF_BAD_ARGUMENT');
    }
    expect(slab.bytes.every((byte) => byte === 0)).toBe(true);
    slab.release();
  });
}
