import { describe, expect, it } from 'vitest';
import { Reader, readU32 } from '../../src/wire/reader.ts';
import { join, Writer, writeU32 } from '../../src/wire/writer.ts';
import { Random, seedOfRun } from '../support/random.ts';

const bytes = (...values: number[]) => Uint8Array.of(...values);

describe('reader', () => {
  it('reads integers big-endian, the highest too', () => {
    const reader = new Reader(bytes(0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc));
    expect(reader.u8()).toBe(0xff);
    expect(reader.u16()).toBe(0xfffe);
    expect(reader.u32()).toBe(0xfffffffd);
    expect(reader.u64()).toBe(0xfffffffffffffffcn);
    expect(reader.whole).toBe(true);
    expect(reader.position).toBe(15);
  });

  it('gives views, and says what is left', () => {
    const source = bytes(1, 2, 3, 4);
    const reader = new Reader(source);
    expect(reader.left).toBe(4);
    const view = reader.bytes(2);
    expect(view.buffer).toBe(source.buffer);
    expect([...view]).toEqual([1, 2]);
    expect(reader.whole).toBe(false);
    expect([...reader.rest()]).toEqual([3, 4]);
    expect(reader.whole).toBe(true);
    expect(reader.rest().length).toBe(0);
    expect(reader.bytes(0).length).toBe(0);
    expect(reader.whole).toBe(true);
  });

  for (const [name, read] of [
    ['u8', (reader: Reader) => reader.u8()],
    ['u16', (reader: Reader) => reader.u16()],
    ['u32', (reader: Reader) => reader.u32()],
    ['u64', (reader: Reader) => Number(reader.u64())],
    ['bytes', (reader: Reader) => reader.bytes(9).length],
  ] as const) {
    it(`${name} beyond the end gives nothing, and so does all that follows`, () => {
      const most = { u8: 0, u16: 1, u32: 3, u64: 7, bytes: 8 }[name];
      const reader = new Reader(new Uint8Array(most).fill(0xff));
      expect(read(reader)).toBe(0);
      expect(reader.failed).toBe(true);
      expect(reader.whole).toBe(false);
      expect(reader.left).toBe(0);
      expect(reader.u8()).toBe(0);
      expect(reader.bytes(0).length).toBe(0);
      expect(reader.rest().length).toBe(0);
      expect(reader.whole).toBe(false);
    });
  }

  it('a length that no array has is not there, and overflows nothing', () => {
    for (const length of [0xffff_ffff, Number.MAX_SAFE_INTEGER]) {
      const reader = new Reader(bytes(1, 2));
      expect(reader.bytes(length).length).toBe(0);
      expect(reader.failed).toBe(true);
    }
  });

  it('respects where a view begins and ends', () => {
    const reader = new Reader(bytes(9, 9, 1, 2, 9).subarray(2, 4));
    expect(reader.u16()).toBe(0x0102);
    expect(reader.whole).toBe(true);
  });
});

describe('writer', () => {
  it('writes what the reader reads', () => {
    const seed = seedOfRun();
    const random = new Random(seed, 'writer');
    for (let i = 0; i < 500; i++) {
      const [u8, u16, u32] = [random.below(256), random.below(65_536), random.word()];
      const u64 = (BigInt(random.word()) << 32n) | BigInt(random.word());
      const tail = random.bytes(random.below(20));
      const written = new Writer().u8(u8).u16(u16).u32(u32).u64(u64).bytes(tail).joined();
      expect(written.length).toBe(15 + tail.length);
      const reader = new Reader(written);
      expect([reader.u8(), reader.u16(), reader.u32(), reader.u64()], `seed ${seed}`).toEqual([u8, u16, u32, u64]);
      expect(reader.rest()).toEqual(tail);
      expect(reader.whole).toBe(true);
    }
  });

  it('joins copies, nothing and one', () => {
    const part = bytes(1, 2);
    const joined = join([part]);
    part[0] = 9;
    expect([...joined]).toEqual([1, 2]);
    expect(join([]).length).toBe(0);
    expect([...join([bytes(1), bytes(), bytes(2, 3)])]).toEqual([1, 2, 3]);
    expect(new Writer().joined().length).toBe(0);
  });

  it('u32 at a place', () => {
    const target = new Uint8Array(6);
    writeU32(target, 1, 0xfedcba98);
    expect([...target]).toEqual([0, 0xfe, 0xdc, 0xba, 0x98, 0]);
    expect(readU32(target, 1)).toBe(0xfedcba98);
  });
});
