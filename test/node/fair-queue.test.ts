import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../src/node/fair-queue.ts';
import { Random, seedOfRun } from '../support/random.ts';

const small = (name: number, length = 100): Uint8Array => new Uint8Array(length).fill(name);
const large = (name: number, length = 100_000): Uint8Array => new Uint8Array(length).fill(name);
/** Names of all that is taken out, as far as there is room. */
const taken = (queue: FairQueue, room = Number.POSITIVE_INFINITY): number[] => {
  const names: number[] = [];
  for (let next = queue.shift(room); next; next = queue.shift(room)) names.push(next[0]);
  return names;
};

describe('the queue of a link', () => {
  it('keeps order within small and within large records', () => {
    const queue = new FairQueue(1e9);
    for (let i = 0; i < 5; i++) {
      queue.push(large(100 + i));
      queue.push(small(i));
    }
    const names = taken(queue);
    expect(names.filter((name) => name < 100)).toEqual([0, 1, 2, 3, 4]);
    expect(names.filter((name) => name >= 100)).toEqual([100, 101, 102, 103, 104]);
    expect([queue.bytes, queue.length]).toEqual([0, 0]);
  });

  it('gives both the same bytes while both wait: neither waits for all of the other', () => {
    const queue = new FairQueue(1e9);
    for (let i = 0; i < 10; i++) queue.push(large(200));
    for (let i = 0; i < 5000; i++) queue.push(small(1));
    let [smallBytes, largeBytes, most] = [0, 0, 0];
    while (queue.length > 0) {
      const record = queue.shift(Number.POSITIVE_INFINITY)!;
      if (record[0] === 1) smallBytes += record.length;
      else largeBytes += record.length;
      if (smallBytes < 500_000) most = Math.max(most, Math.abs(smallBytes - largeBytes));
    }
    expect(most).toBeLessThanOrEqual(100_000);
    expect([smallBytes, largeBytes]).toEqual([500_000, 1_000_000]);
  });

  it('a small record overtakes the large ones that wait, all but the one that is next', () => {
    const queue = new FairQueue(1e9);
    for (let i = 0; i < 9; i++) queue.push(large(100 + i));
    queue.push(small(1));
    expect(taken(queue).indexOf(1)).toBeLessThanOrEqual(1);
  });

  it('passes none over because it is too long for now', () => {
    const queue = new FairQueue(1e9);
    queue.push(large(100));
    queue.push(small(1));
    queue.push(small(2, 16_384));
    queue.push(small(3));
    expect(queue.shift(50)).toBeUndefined();
    expect(queue.shift(100)![0]).toBe(1);
    // It is the large one's turn.
    expect(queue.shift(99_999)).toBeUndefined();
    expect(queue.shift(100_000)![0]).toBe(100);
    expect(taken(queue)).toEqual([2, 3]);
  });

  it('takes what there is room for, and anything while it is empty', () => {
    const queue = new FairQueue(1000);
    expect(queue.takes(5000)).toBe(true);
    queue.push(small(1, 500));
    expect([queue.takes(200), queue.takes(300)]).toEqual([true, false]);
    queue.clear();
    expect([queue.bytes, queue.length, queue.takes(5000)]).toEqual([0, 0, true]);
  });

  it('a barrier waits for every large record before it, and holds the small ones behind it', () => {
    const queue = new FairQueue(1e9);
    queue.push(large(100));
    queue.push(large(101));
    queue.push(small(1));
    queue.pushBarrier(small(50));
    queue.push(small(2));
    queue.push(large(102));
    const names = taken(queue);
    const at = (name: number): number => names.indexOf(name);
    for (const before of [100, 101, 1]) expect(at(before)).toBeLessThan(at(50));
    expect(at(2)).toBeGreaterThan(at(50));
  });

  it('whatever comes and goes: order within a class, every barrier behind all that came before it, nothing lost', () => {
    const seed = seedOfRun();
    const random = new Random(seed);
    const queue = new FairQueue(1e12);
    const numbered = (number: number, length: number): Uint8Array => {
      const record = new Uint8Array(length);
      new DataView(record.buffer).setUint32(0, number);
      return record;
    };
    const pushed: { kind: 'small' | 'large' | 'barrier' }[] = [];
    const out: number[] = [];
    const shift = (room: number): boolean => {
      const record = queue.shift(room);
      if (record) out.push(new DataView(record.buffer).getUint32(0));
      return record !== undefined;
    };
    for (let i = 0; i < 20_000; i++) {
      const kind = random.pick(['small', 'small', 'large', 'barrier'] as const);
      if (random.chance(0.5)) {
        const record = numbered(pushed.length, kind === 'large' ? 16_385 + random.below(50_000) : 4 + random.below(16_380));
        pushed.push({ kind });
        if (kind === 'barrier') queue.pushBarrier(record);
        else queue.push(record);
      } else shift(random.pick([100, 20_000, Number.POSITIVE_INFINITY]));
    }
    while (shift(Number.POSITIVE_INFINITY));
    const place = new Array<number>(pushed.length);
    out.forEach((number, i) => {
      place[number] = i;
    });
    expect(out.length, `seed ${seed}`).toBe(pushed.length);
    const last = { small: -1, large: -1, any: -1 };
    pushed.forEach(({ kind }, number) => {
      const line = kind === 'large' ? 'large' : 'small';
      expect(place[number], `seed ${seed}, record ${number}`).toBeGreaterThan(kind === 'barrier' ? last.any : last[line]);
      last[line] = Math.max(last[line], place[number]);
      last.any = Math.max(last.any, place[number]);
    });
    expect(queue.bytes).toBe(0);
  });
});
