import { describe, expect, it } from 'vitest';
import { RecentKeys } from '../../../src/protocols/lwstcp/recent-keys.ts';
import { Random, seedOfRun } from '../../support/random.ts';

/** @param words of a key, which is zero behind them. */
function key(...words: number[]): Uint8Array {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => void view.setInt32(4 * i, word, true));
  return bytes;
}

/** Keys that all sum up to the same. */
const alike = (i: number): Uint8Array => key(i, -31 * i);
const seed = seedOfRun();
const drawn = new Random(seed, 'recent keys');
const random = (): Uint8Array => drawn.bytes(32);

describe(`a bounded memory of keys (seed ${seed})`, () => {
  it('says whether a key was new, and takes again what it has forgotten', () => {
    const recent = new RecentKeys(2);
    const [a, b, c] = [random(), random(), random()];
    expect([a, a, b, c, a, c, b].map((one) => recent.add(one, 0))).toEqual([true, false, true, true, true, false, true]);
    expect(recent.size).toBe(2);
  });

  it('takes keys from the place that it is told', () => {
    const recent = new RecentKeys(4);
    const bytes = Uint8Array.of(9, ...random(), 9);
    expect(recent.add(bytes, 1)).toBe(true);
    expect(recent.add(bytes.slice(1, 33), 0)).toBe(false);
    expect(recent.add(bytes, 0)).toBe(true);
  });

  it('tells keys apart that differ in one bit', () => {
    const recent = new RecentKeys(1000);
    const one = random();
    expect(recent.add(one, 0)).toBe(true);
    for (let bit = 0; bit < 256; bit++) {
      const other = one.slice();
      other[bit >>> 3] ^= 1 << (bit & 7);
      expect(recent.add(other, 0)).toBe(true);
    }
    expect(recent.add(one, 0)).toBe(false);
  });

  it.each([
    ['random ones', Array.from({ length: 400 }, random)],
    ['ones that somebody has chosen to sum up to the same', Array.from({ length: 400 }, (_, i) => alike(i))],
    ['a few over and over', Array.from({ length: 400 }, (_, i) => key((i * i) % 23))],
  ])('holds no more than it may, and the last ones, however many come: %s', (_, keys) => {
    for (const capacity of [0, 1, 5, 64, 65, 200, 500]) {
      const recent = new RecentKeys(capacity);
      /** What it must know, the oldest first. */
      const known: string[] = [];
      for (const one of keys) {
        const name = String(one);
        const isNew = !known.includes(name);
        expect(recent.add(one, 0)).toBe(isNew);
        if (isNew) known.push(name);
        if (known.length > Math.max(1, capacity)) known.shift();
        expect(recent.size).toBe(known.length);
      }
    }
  });
});
