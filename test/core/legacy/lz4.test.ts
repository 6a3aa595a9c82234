/** Raw LZ4 blocks: round trips, blocks of liblz4, and blocks that lie. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lz4Compress, lz4Decompress } from '../../../src/core/legacy/lz4.ts';
import { ascii, hex, toHex } from '../../support/bytes.ts';
import { Random, seedOfRun } from '../../support/random.ts';

const SEED = seedOfRun();

/** What liblz4 1.9.4 makes of these (LZ4_compress_default). */
const OF_LIBLZ4: readonly [string, Uint8Array, string][] = [
  ['a phrase again and again', ascii('Hello, hello, hello, hello, hello, hello!'), '8f48656c6c6f2c206807000950656c6c6f21'],
  ['one letter a thousand times', ascii('a'.repeat(1000)), '1f610100ffffffd2506161616161'],
  [
    'all bytes three times',
    Uint8Array.from({ length: 768 }, (_, i) => i & 0xff),
    `fff1${Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0')).join('')}0001ffe950fbfcfdfeff`,
  ],
  ['nothing', new Uint8Array(0), '00'],
];

describe('an LZ4 block', () => {
  it.each(OF_LIBLZ4)('of liblz4 opens: %s', (_name, plain, block) => {
    expect(toHex(lz4Decompress(hex(block), plain.length)!)).toBe(toHex(plain));
  });

  it('of ours is as short as that of liblz4 where there is one thing to find', () => {
    for (const [, plain, block] of OF_LIBLZ4.slice(0, 3)) expect(lz4Compress(plain)!.length).toBeLessThanOrEqual(block.length / 2);
  });

  it('opens to what it was made of, whatever that was', () => {
    const repetitive = fc
      .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 60 })), { maxLength: 30 })
      .map((parts) => Uint8Array.from(parts.flatMap(([bytes, times]) => Array.from({ length: times }, () => [...bytes]).flat())));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), repetitive), (plain) => {
        const block = lz4Compress(plain);
        if (block === undefined) return;
        expect(block.length).toBeLessThan(plain.length);
        expect(toHex(lz4Decompress(block, plain.length)!)).toBe(toHex(plain));
      }),
      { seed: SEED },
    );
  });

  it('reaches back 65,535 bytes and no further', () => {
    const start = Uint8Array.from({ length: 64 }, (_, i) => i + 1);
    for (const [distance, reached] of [
      [65_535, true],
      [65_536, false],
    ] as const) {
      const plain = new Uint8Array(distance + 128);
      plain.set(start);
      plain.set(start, distance);
      const block = lz4Compress(plain)!;
      expect(toHex(lz4Decompress(block, plain.length)!)).toBe(toHex(plain));
      expect(sequencesOf(block).matches.some(({ start: at, offset }) => at === distance && offset === distance)).toBe(reached);
    }
  });

  it('of ours ends as the format wants it: five literals last, the last match twelve bytes before the end', () => {
    for (let length = 13; length < 80; length++) {
      const { matches, size } = sequencesOf(lz4Compress(new Uint8Array(length).fill(7))!);
      expect(size).toBe(length);
      for (const { start, end } of matches) {
        expect(start).toBeLessThanOrEqual(length - 12);
        expect(end).toBeLessThanOrEqual(length - 5);
      }
    }
  });

  it('is not made where it would not be shorter', () => {
    expect(lz4Compress(new Uint8Array(0))).toBeUndefined();
    expect(lz4Compress(ascii('short'))).toBeUndefined();
    expect(lz4Compress(new Random(SEED, 'noise').bytes(5000)), `seed ${SEED}`).toBeUndefined();
  });

  it('of megabytes opens too', () => {
    const random = new Random(SEED, 'large');
    const words = Array.from({ length: 50 }, () => random.bytes(random.between(3, 30)));
    const parts: number[] = [];
    while (parts.length < 1_000_000) parts.push(...random.pick(words));
    const plain = Uint8Array.from(parts);
    const block = lz4Compress(plain)!;
    expect(block.length).toBeLessThan(plain.length / 2);
    expect(Buffer.compare(lz4Decompress(block, plain.length)!, plain), `seed ${SEED}`).toBe(0);
  });
});

describe('a hostile LZ4 block', () => {
  const block = hex('8f48656c6c6f2c206807000950656c6c6f21');

  it.each([
    ['no byte at all', '', 0],
    ['literals that are not there', '50616263', 5],
    ['more literals than asked for', '506162636465', 4],
    ['fewer bytes than asked for', '506162636465', 6],
    ['an offset of nothing', '10610000506162636465', 10],
    ['an offset before the start', '10610200506162636465', 10],
    ['half an offset', '106101', 5],
    ['a match at its end, with nothing behind', '11610100', 6],
    ['a length that goes on for ever', `f0${'ff'.repeat(40)}`, 1000],
    ['a length of a match that goes on for ever', `1f610100${'ff'.repeat(40)}`, 1000],
    ['a match longer than asked for', '1f610100ff00506161616161', 20],
  ])('is refused: %s', (_name, text, size) => {
    expect(lz4Decompress(hex(text), size)).toBeUndefined();
  });

  it('is refused for every size but its own', () => {
    for (let size = 0; size < 5000; size++) expect(lz4Decompress(block, size) === undefined).toBe(size !== 41);
    for (const size of [-1, 41.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) expect(lz4Decompress(block, size)).toBeUndefined();
  });

  it('gets no memory for what it only announces', () => {
    const endless = hex(`1f610100${'ff'.repeat(300)}`);
    const made: number[] = [];
    const Real = globalThis.Uint8Array;
    globalThis.Uint8Array = new Proxy(Real, {
      construct(target, [size, ...more]) {
        if (typeof size === 'number') made.push(size);
        return Reflect.construct(target, [size, ...more]);
      },
    });
    try {
      // The first announces too much for its length; the second has room for it, but no end; the third is whole.
      expect(lz4Decompress(block, 64 * 1024 * 1024)).toBeUndefined();
      expect(lz4Decompress(endless, 70_000)).toBeUndefined();
      expect(made).toEqual([]);
      expect(lz4Decompress(block, 41)).toBeDefined();
      expect(made).toEqual([41]);
    } finally {
      globalThis.Uint8Array = Real;
    }
  });

  it('is cut anywhere and refused', () => {
    for (let length = 0; length < block.length; length++) expect(lz4Decompress(block.subarray(0, length), 41)).toBeUndefined();
  });

  it('never throws, hangs or gives another number of bytes, however it was spoilt', () => {
    const random = new Random(SEED, 'hostile');
    for (let i = 0; i < 20_000; i++) {
      const plain = random.bytes(random.below(200)).map((byte) => byte & (i % 2 ? 3 : 255));
      const spoilt = random.mutated(lz4Compress(plain) ?? plain);
      const size = random.chance(0.7) ? plain.length : random.below(500);
      const out = lz4Decompress(spoilt, size);
      if (out) expect(out.length, `seed ${SEED}`).toBe(size);
    }
  });
});

/** Reads a well-formed block by itself. */
function sequencesOf(block: Uint8Array): { matches: { start: number; end: number; offset: number }[]; size: number } {
  const matches: { start: number; end: number; offset: number }[] = [];
  let at = 0;
  let size = 0;
  const long = (length: number): number => {
    if (length < 15) return length;
    for (;;) {
      const more = block[at++]!;
      length += more;
      if (more < 255) return length;
    }
  };
  for (;;) {
    const token = block[at++]!;
    const literals = long(token >> 4);
    at += literals;
    size += literals;
    if (at === block.length) return { matches, size };
    const offset = block[at]! | (block[at + 1]! << 8);
    at += 2;
    const length = long(token & 15) + 4;
    matches.push({ start: size, end: size + length, offset });
    size += length;
  }
}
