import { afterAll, describe, expect, it } from 'vitest';
import { exchange, FULL, MESSAGES, recorded } from '../support/attacks.ts';
import { cores, native } from '../support/cores.ts';
import { Bench, expectHonest, NOW, type SideChanges } from '../support/handfast.ts';
import type { Side } from '../support/machines.ts';

/** Fresh ephemerals, as in life: with fixed ones a replay would be the handshake itself. */
const FRESH: SideChanges = { ephemeral: 0 };

/** When, where and to whom a recording is played back. */
const CONTEXTS: { name: string; target: SideChanges; partner: SideChanges }[] = [
  { name: 'at once', target: {}, partner: {} },
  { name: '31 s later', target: { now: NOW + 31_000 }, partner: { now: NOW + 31_000 } },
  { name: 'on the connection of somebody else', target: {}, partner: { seed: 6 } },
  { name: 'to another node', target: { seed: 7 }, partner: {} },
];

/** Every state in which a side listens: after how many messages of a handshake of its own, and on which side. */
const STATES = [
  { side: 'listener', heard: 0, at: 'await-hello' },
  { side: 'listener', heard: 2, at: 'await-finish' },
  { side: 'listener', heard: 3, at: 'await-open' },
  { side: 'dialler', heard: 1, at: 'await-reply' },
  { side: 'dialler', heard: 4, at: 'await-open' },
] as const;

for (const core of cores) {
  const handshakes = FULL ? 100 : core === native ? 20 : 3;

  describe(`replay, ${core.name} core`, () => {
    const bench = new Bench(core);
    afterAll(() => expect(bench.end()).toEqual({ secrets: 0, ciphers: 0 }));

    it(`every message of ${handshakes} handshakes, in every state, four ways: 0 accepted`, { timeout: 600_000 }, () => {
      let played = 0;
      let accepted = 0;
      for (let i = 0; i < handshakes; i++) {
        const recording = recorded(bench, FRESH, FRESH);
        for (const { name, target, partner } of CONTEXTS) {
          for (const { side, heard, at } of STATES) {
            for (let index = 0; index < MESSAGES.length; index++) {
              const listens = side === 'listener';
              const a = bench.dialler({ ...FRESH, ...(listens ? partner : target) }).start();
              const b = bench.listener({ ...FRESH, ...(listens ? target : partner) }).start();
              reach(a, b, heard);
              const victim = listens ? b : a;
              expect((victim.state as { at: string }).at, `${name}, ${at}`).toBe(at);
              victim.take();
              // The message, and what the same sender said after it.
              for (const next of [index, ...LATER[index]]) if (!victim.over) victim.bytes(recording[next]);
              if (victim.opened) accepted++;
              played++;
              a.dispose();
              b.dispose();
            }
          }
        }
      }
      expect(accepted).toBe(0);
      expect(played).toBe(handshakes * 100);
      expect(bench.live).toBe(0);
      expectHonest(bench, FRESH, FRESH);
      console.log(`replay, ${core.name} core: ${accepted} accepted of ${played}`);
    });

    it('two handshakes with the same keys at the same moment have nothing in common', () => {
      const [first, second] = [recorded(bench, FRESH, FRESH), recorded(bench, FRESH, FRESH)];
      for (const [i, message] of first.entries()) expect(Buffer.compare(message, second[i])).not.toBe(0);
    });
  });
}

/** What the same sender said after a message. */
const LATER = [[2, 3], [4], [3], [], []];

/** An honest handshake, stopped when this many messages are on their way. */
function reach(a: Side, b: Side, messages: number): void {
  if (messages === 0) return;
  let passed = 0;
  // OPEN of the dialler leaves together with the finish; to stop before it, it is thrown away.
  exchange(a, b, (message, index) => {
    const arrives = index < (messages === 2 ? 1 : messages === 1 ? 0 : messages === 3 ? 3 : 3);
    if (arrives) passed++;
    return arrives ? [message] : [];
  });
  expect(passed).toBeLessThanOrEqual(messages);
}
