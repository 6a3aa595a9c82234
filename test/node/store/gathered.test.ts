import { expect, it } from 'vitest';
import { Gathered } from '../../../src/node/store/gathered.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('asks for all of a turn at once, in parts that are not too large, and gives each its own answer', async () => {
  const asked: number[][] = [];
  const gathered = new Gathered<number, number>(2, async (all) => {
    asked.push([...all]);
    return all.map((one) => 10 * one);
  });
  expect(await Promise.all([1, 2, 3].map((one) => gathered.ask(one)))).toEqual([10, 20, 30]);
  expect(await gathered.ask(4)).toBe(40);
  expect(asked).toEqual([[1, 2], [3], [4]]);
});

it('fails all that were asked for together, and none that come after', async () => {
  let fails = true;
  const gathered = new Gathered<number, number>(9, async (all) => {
    if (fails) throw new Error('gone');
    return all;
  });
  const outcomes = Promise.allSettled([gathered.ask(1), gathered.ask(2)]);
  await turn();
  fails = false;
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await gathered.ask(3)).toBe(3);
});
