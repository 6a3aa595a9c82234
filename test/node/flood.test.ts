/** Thousands who mean harm, from a few addresses, while honest nodes arrive from others. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Carrier } from '../../src/transport/carrier.ts';
import { FULL } from '../support/attacks.ts';
import { native, pure } from '../support/cores.ts';
import { NodeStory } from '../support/network.ts';
import { Random, seedOfRun } from '../support/random.ts';

const core = native ?? pure;
/** The whole of it with HANDFAST_ATTACKS=full, a fifth of the time otherwise. Handshakes cost some 20 times as much on the pure core. */
const STEPS = FULL ? 100 : 20;
const HONEST = (native ? 10 : 1) * STEPS;
const ATTACKERS = Array.from({ length: 8 }, (_, i) => `127.0.1.${i + 1}`);
const PER_STEP = 200;
const STEP_MS = 100;

describe(`a flood of 2,000 bad attempts a second for ${(STEPS * STEP_MS) / 1000} s from 8 addresses`, () => {
  let story: NodeStory;

  beforeEach(() => {
    story = new NodeStory(core);
  });

  afterEach(async () => {
    expect(await story.finish()).toEqual({ timers: 0, secrets: 0, slabs: 0 });
  });

  it(`keeps none of ${HONEST} honest peers out; who floods is banned when it connects, for a while, and nobody else is`, async () => {
    const seed = seedOfRun();
    const random = new Random(seed);
    const node = await story.node('target', { maxPeers: 2_000 });
    const bad: Carrier[] = [];
    const heardBy = new Map<string, number[]>();
    const attack = async (address: string): Promise<void> => {
      const carrier = await story.network.carriers('x', address).dial('target:1', { signal: new AbortController().signal, deadlineMs: 1 });
      carrier.attach({ data: (bytes) => heardBy.set(address, [...bytes]), end() {}, drained() {}, closed() {} });
      // Some say nothing, some rubbish, some the beginning of a hello.
      const kind = random.below(3);
      if (kind === 1) carrier.write(random.bytes(64));
      if (kind === 2) carrier.write(Uint8Array.of(0, 0, 0, 55, 1, 1, 1));
      bad.push(carrier);
    };
    const arrived: Promise<unknown>[] = [];
    let most = 0;
    for (let step = 0; step < STEPS; step++) {
      for (let i = 0; i < PER_STEP; i++) await attack(random.pick(ATTACKERS));
      for (let i = (HONEST * step) / STEPS; i < (HONEST * (step + 1)) / STEPS; i++) {
        const n = Math.floor(i);
        arrived.push(story.session(`honest ${n}`, 'target', {}, `127.1.${n >> 8}.${n & 255}`).catch((error) => error.code));
      }
      await story.pass(STEP_MS);
      for (const carrier of bad.splice(0, bad.length - 500)) carrier.destroy();
      most = Math.max(most, story.network.connections.length);
      story.network.tidy();
    }
    const sessions = await Promise.all(arrived);
    expect(
      sessions.filter((session) => typeof session === 'string'),
      `seed ${seed}`,
    ).toEqual([]);
    expect(node.peers().length).toBe(HONEST);
    expect(
      node
        .bans()
        .map(({ subject }) => subject)
        .sort(),
    ).toEqual(ATTACKERS);
    // Told so before a byte of theirs was read: 7f and the number of BANNED.
    expect(heardBy.get(ATTACKERS[0])!.slice(4, 7)).toEqual([0x7f, 0x02, 0x0a]);
    expect(most).toBeLessThan(HONEST + 4_000);
    for (const carrier of bad) carrier.destroy();
    await story.pass(300_000, 60_000);
    expect(node.bans()).toEqual([]);
    const back = await story.session('reformed', 'target', {}, ATTACKERS[0]);
    expect(node.peers().some(({ id }) => id === back.peer.id || id === story.id('reformed'))).toBe(true);
    for (const session of [...sessions, back]) (session as typeof back).destroy();
    await story.settle();
    expect(node.peers()).toEqual([]);
  }, 600_000);
});
