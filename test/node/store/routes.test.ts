/** Requests that go by way of another process: what becomes of them when that one goes, or nothing is known of it. */
import { expect, it } from 'vitest';
import { HandfastError } from '../../../src/errors.ts';
import { Routes } from '../../../src/node/store/routes.ts';
import type { Shared } from '../../../src/node/store/shared.ts';
import type { Store } from '../../../src/node/store/store.ts';
import { HandClock } from '../../support/clock.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A process of which another one, `far`, has the session with `peer`. */
function setup() {
  const clock = new HandClock();
  const far = { alive: true, known: true };
  const letters: Uint8Array[] = [];
  const store = {
    holder: async () => 'far',
    alive: async () => {
      if (!far.known) throw new HandfastError('STORE_UNAVAILABLE', 'down');
      return far.alive;
    },
    send: async (_to: string, letter: Uint8Array) => void letters.push(letter),
  } as unknown as Store;
  const shared = { process: 'near', ask: (call: (store: Store) => unknown) => call(store) } as unknown as Shared;
  const routes = new Routes({
    shared,
    clock,
    here: () => false,
    ask: () => Promise.reject(new Error('nobody is here')),
    check: (_peer, _payload, { deadlineMs = 10_000 }) => ({ deadlineMs }) as never,
  });
  const outcome: string[] = [];
  const asked = routes.request('peer', Uint8Array.of(1), { deadlineMs: 10_000 }).then(
    () => outcome.push('answered'),
    (error: HandfastError) => outcome.push(error.code),
  );
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 500) {
      clock.advance(500);
      for (let turns = 0; turns < 4; turns++) await turn();
    }
  };
  return { far, letters, outcome, asked, pass };
}

it('a request that was handed to a process which has gone ends with HF_STORE_ROUTE_LOST, since it may have been handled', async () => {
  const { far, letters, outcome, pass } = setup();
  await pass(3_000);
  expect(letters).toHaveLength(1);
  expect(outcome).toEqual([]);
  far.alive = false;
  await pass(1_500);
  expect(outcome).toEqual(['HF_STORE_ROUTE_LOST']);
});

it('as long as nothing can be known of that process, only the deadline ends it', async () => {
  const { far, outcome, pass } = setup();
  far.alive = false;
  far.known = false;
  await pass(9_000);
  expect(outcome).toEqual([]);
  await pass(1_500);
  expect(outcome).toEqual(['HF_DEADLINE_EXCEEDED']);
});
