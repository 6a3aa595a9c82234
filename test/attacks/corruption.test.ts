import { afterAll, describe, expect, it } from 'vitest';
import { afterwards, exchange, FULL, MESSAGES, recorded, spoilt, Tally } from '../support/attacks.ts';
import { native, pure } from '../support/cores.ts';
import { Bench, expectHonest, type SideChanges } from '../support/handfast.ts';
import type { Side } from '../support/machines.ts';
import { Random, seedOfRun } from '../support/random.ts';

const seed = seedOfRun();

/** Who dials and who listens. */
const PAIRS = native
  ? ([
      [native, native],
      [pure, pure],
      [native, pure],
      [pure, native],
    ] as const)
  : ([[pure, pure]] as const);

const SHAPES: { name: string; dialler: SideChanges; listener: SideChanges }[] = [
  { name: 'suite 01', dialler: {}, listener: {} },
  { name: 'suite 02, agents', dialler: { suites: ['aes-256-gcm'], agent: 'one' }, listener: { suites: ['aes-256-gcm'], agent: 'two' } },
];

describe('every corruption of every message of a handshake', () => {
  for (const [of, to] of PAIRS) {
    // Every corruption on the quickest pair; a seeded part on the others unless all of it is asked for.
    const whole = FULL || (native ? of === native && to === native : true);
    const share = whole ? 1 : 0.1;
    const a = new Bench(of);
    const b = of === to ? a : new Bench(to);
    afterAll(() => {
      expect(a.end()).toEqual({ secrets: 0, ciphers: 0 });
      expect(b.end()).toEqual({ secrets: 0, ciphers: 0 });
    });

    for (const { name, dialler, listener } of SHAPES) {
      it(`${of.name} dials ${to.name}, ${name}: ${whole ? 'all' : 'one in ten'}, 0 accepted`, { timeout: 600_000 }, () => {
        const random = new Random(seed, `${of.name} ${to.name} ${name}`);
        const messages = recorded(a, dialler, listener, b);
        const refused = new Tally();
        const codes = new Tally();
        for (const [index, message] of messages.entries()) {
          for (const { how, bytes } of spoilt(message, random)) {
            if (!random.chance(share)) continue;
            const sides = { a: a.dialler(dialler).start(), b: b.listener(listener).start() };
            exchange(sides.a, sides.b, (sent, at) => [at === index ? bytes : sent]);
            // Whoever still waits is told that nothing more comes, or finds out.
            for (const side of [sides.a, sides.b]) {
              if (side.over) continue;
              if (random.chance(0.5)) side.feed({ kind: 'end', now: side.now });
              else side.feed({ kind: 'tick', now: side.deadline! });
            }
            check(sides, index, how);
            codes.add((TO_LISTENER[index] ? sides.b : sides.a).failed?.codeName ?? 'after the handshake');
            refused.add(how);
            sides.a.dispose();
            sides.b.dispose();
          }
          expectHonest(a, dialler, listener, b);
          expect(a.live + (a === b ? 0 : b.live)).toBe(0);
          expect(a.ciphers + b.ciphers).toBe(0);
        }
        console.log(
          `corruption, ${of.name} dials ${to.name}, ${name}: ${refused.total} refused of ${refused.total} (${refused}); seed ${seed}\n  ${codes}`,
        );
        const bytes = messages.reduce((sum, { length }) => sum + length, 0);
        if (share === 1) expect(refused.total).toBe(9 * bytes + 128 * messages.length);
        else expect(refused.total).toBeGreaterThan(200);
      });
    }
  }
});

/** Which messages the listener hears. */
const TO_LISTENER = [true, false, true, true, false];

/** Nobody has opened on the strength of a spoilt message. */
function check({ a, b }: { a: Side; b: Side }, index: number, how: string): void {
  const what = `${MESSAGES[index]}, ${how}`;
  const receiver = index === 4 ? a : b;
  if (index > 2 && how === 'bytes added') {
    // Bytes behind an OPEN are not the handshake's any more: the session they were put into delivers nothing and ends over them.
    const { delivered, code } = afterwards(receiver);
    expect(delivered, what).toBe(0);
    expect(code, what).toMatch(/^HF_(TRUNCATED|MALFORMED|TOO_LARGE|BAD_TAG)$/);
    return;
  }
  expect(a.opened, what).toBeUndefined();
  expect(a.failed, what).toBeDefined();
  // The listener has let the dialler in before it sends its OPEN.
  expect(b.opened === undefined, what).toBe(index < 4);
  expect(b.failed === undefined, what).toBe(index === 4);
}

describe('many changes at once', () => {
  for (const core of native ? [native, pure] : [pure]) {
    const count = FULL ? 100_000 : core === native ? 4000 : 1000;
    const bench = new Bench(core);
    afterAll(() => expect(bench.end()).toEqual({ secrets: 0, ciphers: 0 }));

    it(`${core.name} core: ${count} messages with one to three random changes, 0 accepted`, { timeout: 1_200_000 }, () => {
      const random = new Random(seed, `mutated ${core.name}`);
      const messages = recorded(bench, {}, {});
      let refused = 0;
      for (let i = 0; i < count; i++) {
        const index = random.below(4);
        let bytes = random.mutated(messages[index]);
        // Two bytes changed over may be alike.
        while (Buffer.compare(bytes, messages[index]) === 0) bytes = random.mutated(bytes);
        const a = bench.dialler().start();
        const b = bench.listener().start();
        exchange(a, b, (sent, at) => [at === index ? bytes : sent]);
        for (const side of [a, b]) if (!side.over) side.feed({ kind: 'end', now: side.now });
        if (index === 3 && b.opened) {
          // The mutation only put bytes behind.
          expect(Buffer.compare(bytes.subarray(0, messages[3].length), messages[3])).toBe(0);
          expect(afterwards(b).delivered).toBe(0);
        } else expect(b.opened).toBeUndefined();
        if (index !== 3 || !b.opened) expect(a.opened).toBeUndefined();
        refused++;
        a.dispose();
        b.dispose();
      }
      expectHonest(bench);
      expect(bench.live).toBe(0);
      expect(refused).toBe(count);
      console.log(`corruption, ${core.name}: ${refused} random mutations refused; seed ${seed}`);
    });
  }
});
