import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Deadlines, type Timed } from '../../src/node/deadlines.ts';
import { HandClock } from '../support/clock.ts';

class Item implements Timed {
  rank = 0;
  place = -1;
  readonly name: number;
  readonly deadline: number;

  constructor(name: number, deadline: number) {
    this.name = name;
    this.deadline = deadline;
  }
}

function fixture() {
  const clock = new HandClock(0);
  const due: { name: number; at: number }[] = [];
  const deadlines = new Deadlines<Item>(clock, ({ name }) => due.push({ name, at: clock.now() }));
  return { clock, due, deadlines };
}

it('each falls due at its moment, those taken out never, whatever the order', () => {
  const action = fc.oneof(
    fc.record({ add: fc.integer({ min: 1, max: 200 }) }),
    fc.record({ remove: fc.nat(100) }),
    fc.record({ advance: fc.nat(50) }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
      const { clock, due, deadlines } = fixture();
      const made: Item[] = [];
      let expected: Item[] = [];
      const fell: { name: number; at: number }[] = [];
      const pass = (ms: number) => {
        clock.advance(ms);
        fell.push(...expected.filter(({ deadline }) => deadline <= clock.now()).map(({ name, deadline }) => ({ name, at: deadline })));
        expected = expected.filter(({ deadline }) => deadline > clock.now());
      };
      for (const one of actions) {
        if ('add' in one) {
          const item = new Item(made.length, clock.now() + one.add);
          made.push(item);
          expected.push(item);
          deadlines.add(item);
        } else if ('remove' in one) {
          const item = made[one.remove];
          if (!item) continue;
          deadlines.remove(item);
          expected = expected.filter((other) => other !== item);
        } else pass(one.advance);
        expect(deadlines.size).toBe(expected.length);
        expect(clock.armed).toBeLessThanOrEqual(1);
      }
      pass(1000);
      const sorted = (list: typeof fell) => [...list].sort((a, b) => a.at - b.at || a.name - b.name);
      expect(sorted(due)).toEqual(sorted(fell));
      expect(due.map(({ at }) => at)).toEqual(due.map(({ at }) => at).sort((a, b) => a - b));
      expect(clock.armed).toBe(0);
    }),
  );
});

it('arms one timer for all, and none any more once cleared', () => {
  const { clock, due, deadlines } = fixture();
  const items = Array.from({ length: 1000 }, (_, i) => new Item(i, 1000 - i));
  for (const item of items) deadlines.add(item);
  expect(clock.armed).toBe(1);
  deadlines.clear();
  expect(clock.armed).toBe(0);
  expect(deadlines.size).toBe(0);
  clock.advance(5000);
  expect(due).toEqual([]);
  // What was cleared can be taken out again without harm, and put in anew.
  deadlines.remove(items[3]!);
  deadlines.add(new Item(7, clock.now() + 5));
  clock.advance(5);
  expect(due).toEqual([{ name: 7, at: clock.now() }]);
});

it('the last one goes to the place of one taken out, and up from there where it is due before those above', () => {
  const { clock, due, deadlines } = fixture();
  const items = [1, 100, 2, 101, 102, 3, 4].map((deadline) => new Item(deadline, deadline));
  for (const item of items) deadlines.add(item);
  deadlines.remove(items[3]!);
  for (const deadline of [200, 201]) deadlines.add(new Item(deadline, deadline));
  clock.advance(300);
  expect(due).toEqual([1, 2, 3, 4, 100, 102, 200, 201].map((at) => ({ name: at, at })));
});

it('does not arm anew for what falls due later than what it is armed for', () => {
  let armed = 0;
  const clock = new HandClock(0);
  const at = clock.at.bind(clock);
  clock.at = (...args) => {
    armed++;
    return at(...args);
  };
  const deadlines = new Deadlines<Item>(clock, () => {});
  for (let i = 0; i < 1000; i++) {
    const item = new Item(i, 100 + i);
    deadlines.add(item);
    deadlines.remove(item);
  }
  expect(armed).toBe(1);
});

it('what is added while others fall due falls due too', () => {
  const clock = new HandClock(0);
  const due: number[] = [];
  const deadlines: Deadlines<Item> = new Deadlines<Item>(clock, ({ name }) => {
    due.push(name);
    if (name < 5) deadlines.add(new Item(name + 1, clock.now() + (name % 2)));
  });
  deadlines.add(new Item(0, 10));
  clock.advance(20);
  expect(due).toEqual([0, 1, 2, 3, 4, 5]);
});
