import { expect, it } from 'vitest';
import { Heap, type Ranked } from '../../src/node/heap.ts';
import { Random, seedOfRun } from '../support/random.ts';

it('gives the entry of the least rank first, whatever is added, moved and taken from the middle', () => {
  const seed = seedOfRun();
  const random = new Random(seed, 'heap');
  const heap = new Heap<Ranked>();
  const inside = new Set<Ranked>();
  for (let i = 0; i < 5_000; i++) {
    const some = random.pick([...inside, undefined]);
    const what = some ? random.below(4) : 0;
    if (!some || what < 2) {
      const entry = { rank: random.below(100), place: -1 };
      heap.add(entry);
      inside.add(entry);
    } else if (what === 2) {
      some.rank = random.below(100);
      heap.moved(some);
    } else {
      heap.remove(some);
      inside.delete(some);
      expect(some.place, `seed ${seed}`).toBe(-1);
      heap.remove(some);
    }
    if (inside.size > 60) for (const entry of [...inside].slice(0, 50)) if (inside.delete(entry)) heap.remove(entry);
    expect([heap.size, heap.first?.rank], `seed ${seed}, round ${i}`).toEqual([
      inside.size,
      inside.size > 0 ? Math.min(...[...inside].map(({ rank }) => rank)) : undefined,
    ]);
  }
  const drained: number[] = [];
  for (let entry = heap.first; entry; entry = heap.first) {
    drained.push(entry.rank);
    heap.remove(entry);
  }
  expect(drained).toEqual([...inside].map(({ rank }) => rank).sort((a, b) => a - b));
});
