import { expect, it } from 'vitest';
import { Expiring } from '../../../src/node/store/expiring.ts';

it('holds each until its time, and no longer', () => {
  const map = new Expiring<string>(10);
  map.set('a', 'A', 5, 0);
  map.set('b', 'B', Number.POSITIVE_INFINITY, 0);
  expect([map.get('a', 4), map.until('a', 4), map.get('a', 5), map.until('a', 5)]).toEqual(['A', 5, undefined, undefined]);
  map.set('a', 'again', 9, 4);
  expect([...map.entries(6)]).toEqual([
    ['a', 'again', 9],
    ['b', 'B', Number.POSITIVE_INFINITY],
  ]);
  // What has ended takes no room any more once something comes.
  map.set('c', 'C', 20, 10);
  expect([map.size, map.delete('a'), map.delete('c')]).toEqual([2, false, true]);
});

it('makes room by what ends first', () => {
  const map = new Expiring<number>(2);
  map.set('a', 1, 30, 0);
  map.set('b', 2, 10, 0);
  map.set('c', 3, 20, 0);
  expect([map.get('a', 0), map.get('b', 0), map.get('c', 0)]).toEqual([1, undefined, 3]);
  expect(map.dropFirst((value) => value === 1)).toBe(true);
  expect(map.dropFirst((value) => value === 1)).toBe(false);
  expect([map.size, map.get('c', 0)]).toEqual([1, 3]);
});
