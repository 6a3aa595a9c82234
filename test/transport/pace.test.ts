import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/transport/clock.ts';
import { Pace } from '../../src/transport/pace.ts';
import { HandClock } from '../support/clock.ts';
import { Story } from '../support/pair.ts';
import { toy, toyCore } from '../support/toy.ts';

const MOST_MS = 4;
let clock: HandClock;
let pace: Pace;

beforeEach(() => {
  clock = new HandClock();
  pace = new Pace(() => clock.precise(), MOST_MS);
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What was done in each turn until nothing more is. */
async function turns(done: string[]): Promise<string[][]> {
  const seen: string[][] = [];
  for (let quiet = 0; quiet < 4; ) {
    if (done.length > 0) seen.push(done.splice(0));
    else quiet++;
    await turn();
  }
  return seen;
}

describe('a pace', () => {
  it('runs at once what the turn has time for, and the rest in later turns, in order', async () => {
    const done: string[] = [];
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
      pace.run(() => {
        done.push(name);
        clock.advance(2);
      });
    }
    expect(done).toEqual(['a', 'b']);
    expect(await turns(done)).toEqual([['a', 'b'], ['c', 'd'], ['e', 'f'], ['g']]);
  });

  it('lets nobody overtake who waits, however much time there is', async () => {
    const done: string[] = [];
    pace.run(() => clock.advance(MOST_MS));
    pace.run(() => {
      done.push('a');
      pace.run(() => done.push('c'));
    });
    pace.run(() => done.push('b'));
    clock.advance(-MOST_MS);
    pace.run(() => done.push('late'));
    expect(done).toEqual([]);
    expect((await turns(done)).flat()).toEqual(['a', 'b', 'late', 'c']);
  });

  it('counts what a task causes behind it, in ticks and microtasks', async () => {
    const done: string[] = [];
    pace.run(() => clock.advance(MOST_MS));
    for (const name of ['a', 'b', 'c', 'd']) {
      pace.run(() => {
        done.push(name);
        process.nextTick(() => queueMicrotask(() => clock.advance(2)));
      });
    }
    expect(await turns(done)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('has a whole turn for whoever comes when nobody waits any more', async () => {
    const done: string[] = [];
    for (let i = 0; i < 3; i++) {
      pace.run(() => clock.advance(MOST_MS));
      pace.run(() => done.push(`${i}`));
      expect(done).toEqual([]);
      expect(await turns(done)).toEqual([[`${i}`]]);
      pace.run(() => done.push('at once'));
      expect(done.splice(0)).toEqual(['at once']);
      await turn();
    }
  });

  it('gets to its end when tasks take longer than a turn has, one a turn', async () => {
    const done: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      pace.run(() => {
        done.push(name);
        clock.advance(50);
      });
    }
    expect(await turns(done)).toEqual([['a'], ['b'], ['c']]);
  });
});

describe('peers that come and go by such a clock', () => {
  const PEERS = ['1', '2', '3', '4', '5', '6', '7'];
  let story: Story;
  let done: string[];

  beforeEach(async () => {
    const paced: Clock = { now: () => clock.now(), precise: () => clock.precise(), at: (time, run) => clock.at(time, run), pace };
    story = await Story.begin({ protocol: toy, core: toyCore(), listen: { clock: paced, limits: { handshakeBurst: 100 } } });
    done = [];
  });

  afterEach(async () => {
    await story.finish();
    clock.advance(60_000);
    expect(story.server.sessions.size).toBe(0);
  });

  /** Until a turn brings nothing more. */
  async function settle(most: number): Promise<void> {
    for (let quiet = 0; quiet < 5; quiet++) {
      const before = done.length;
      for (const pair of story.pairs) if (pair.run() > 0) quiet = 0;
      await turn();
      if (done.length > before) quiet = 0;
      expect(done.length - before).toBeLessThanOrEqual(most);
    }
  }

  it('open their sessions as turns have time for them, and none is forgotten', async () => {
    story.server.on('session', () => {
      done.push('open');
      clock.advance(2);
    });
    for (const _ of PEERS) void story.dial();
    await settle(2);
    expect(done).toHaveLength(PEERS.length);
    expect(story.errors).toEqual([]);
  });

  it.each([
    ['whose stream ends', 0],
    ['whose stream breaks off', 1],
  ] as const)('%s are seen off when a turn has time for it, and each is', async (_, side) => {
    for (const _ of PEERS) void story.dial();
    await settle(PEERS.length);
    const codes: unknown[] = [];
    for (const session of story.accepted) session.on('close', (error) => codes.push((error as { code?: string })?.code));
    pace.run(() => clock.advance(MOST_MS));
    for (const pair of story.pairs) {
      if (side === 0) pair.ends[0].end();
      else pair.ends[1].destroy();
      pair.run();
    }
    expect(story.server.sessions.size).toBe(PEERS.length);
    expect(story.accepted.map(({ error }) => error)).toEqual(PEERS.map(() => undefined));
    await settle(0);
    expect(codes).toEqual(PEERS.map(() => 'HF_TRUNCATED'));
    expect(story.server.sessions.size).toBe(0);
  });
});
