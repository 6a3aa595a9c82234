import { expect, it } from 'vitest';
import { Departures, Gathered } from '../../../src/node/store/gathered.ts';
import { HandClock } from '../../support/clock.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('asks for all of a turn at once, in parts that are not too large, and gives each its own answer', async () => {
  const asked: number[][] = [];
  const gathered = new Gathered<number, number>(new Departures(new HandClock()), 2, async (all) => {
    asked.push([...all]);
    return all.map((one) => 10 * one);
  });
  expect(await Promise.all([1, 2, 3].map((one) => gathered.ask(one)))).toEqual([10, 20, 30]);
  expect(await gathered.ask(4)).toBe(40);
  expect(asked).toEqual([[1, 2], [3], [4]]);
});

it('fails all that were asked for together, and none that come after', async () => {
  let fails = true;
  const gathered = new Gathered<number, number>(new Departures(new HandClock()), 9, async (all) => {
    if (fails) throw new Error('gone');
    return all;
  });
  const outcomes = Promise.allSettled([gathered.ask(1), gathered.ask(2)]);
  await turn();
  fails = false;
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await gathered.ask(3)).toBe(3);
});

it('asks a store that is another process once in its pause, for all kinds together, and at once after a quiet time', async () => {
  const clock = new HandClock();
  const departures = new Departures(clock, 1);
  const left: string[] = [];
  const kind = (name: string) =>
    new Gathered<number, number>(departures, 9, async (all) => {
      left.push(`${name} ${all.join(' ')}`);
      return all;
    });
  const [one, other] = [kind('one'), kind('other')];
  const first = one.ask(1);
  await turn();
  expect(left).toEqual(['one 1']);
  await first;
  const answers = [one.ask(2), other.ask(3), one.ask(4)];
  for (let i = 0; i < 5; i++) await turn();
  expect(left).toEqual(['one 1']);
  clock.advance(1);
  expect(left).toEqual(['one 1', 'one 2 4', 'other 3']);
  expect(await Promise.all(answers)).toEqual([2, 3, 4]);
  clock.advance(1);
  expect(await other.ask(5)).toBe(5);
  expect(clock.armed).toBe(0);
});

it('lets those that can wait longer leave with whoever leaves first', async () => {
  const clock = new HandClock();
  const departures = new Departures(clock, 1);
  const left: string[] = [];
  const next = (name: string, pauses: number): void => void departures.next(() => left.push(name), { pauses });
  next('first', 8);
  await turn();
  expect(left).toEqual(['first']);
  next('patient', 8);
  clock.advance(3);
  next('less so', 4);
  expect(left).toEqual(['first']);
  clock.advance(1);
  expect(left).toEqual(['first', 'patient', 'less so']);
  next('patient again', 8);
  clock.advance(1);
  // Its own pause is over.
  departures.next(() => left.push('not at all'));
  await turn();
  expect(left.slice(3)).toEqual(['patient again', 'not at all']);
  next('alone', 8);
  clock.advance(7);
  expect(left).toHaveLength(5);
  clock.advance(1);
  expect(left.at(-1)).toBe('alone');
  expect(clock.armed).toBe(0);
});

it('waits for others as long as each pause brings one, and no longer than it was told to', async () => {
  const clock = new HandClock();
  const departures = new Departures(clock, 1);
  const left: string[] = [];
  const gathered = new Gathered<number, number>(
    departures,
    9,
    async (all) => {
      left.push(all.join(' '));
      return all;
    },
    { pauses: 4, together: true },
  );
  const ask = (one: number): void => void gathered.ask(one);
  ask(1);
  await turn();
  expect(left).toEqual(['1']);
  await turn();
  // Nobody comes after it.
  ask(2);
  clock.advance(0.9);
  expect(left).toEqual(['1']);
  clock.advance(0.1);
  expect(left).toEqual(['1', '2']);
  await turn();
  for (const one of [3, 4, 5, 6, 7]) {
    ask(one);
    clock.advance(0.75);
  }
  ask(8);
  expect(left).toEqual(['1', '2']);
  clock.advance(0.25);
  expect(left.at(-1)).toBe('3 4 5 6 7 8');
  await turn();
  clock.advance(4);
  // After so long a quiet time it waits for the end of the turn only.
  ask(9);
  await turn();
  expect(left.at(-1)).toBe('9');
  expect(clock.armed).toBe(0);
});
