/** Every message of every protocol's handshake spoilt: nobody opens who would not have, nothing throws, nobody waits for ever, and the next honest pair gets through. */
import { describe, expect, it } from 'vitest';
import { type Attacked, attacked, dispose, type Ends, type Sent } from '../support/attacked.ts';
import { FULL, spoilt, Tally } from '../support/attacks.ts';
import { cores, native } from '../support/cores.ts';
import { Random, seedOfRun } from '../support/random.ts';

const seed = seedOfRun();
/** `handfast` has these tests of its own: corruption.test.ts. */
const NAMES = ['xrpl', 'hivemind 2', 'hivemind 3', 'lwstcp', 'sdmp', 'sdmp, bound'];
/** Inputs of each protocol on each core. */
const inputs = (core: { name: string }): number => (FULL ? (core === (native ?? core) ? 100_000 : 10_000) : core === native ? 150 : 30);

/**
 * What a protocol lets pass, by the message it is in: bytes that it does not prove. Its document says so, and what follows from it is asserted here: whoever opens by it is at odds with
 * the other side, or both have the same keys all the same.
 */
const UNPROVED: Readonly<Record<string, readonly number[]>> = {
  // Greetings, lists, and the spelling of what is sealed.
  'hivemind 2': [0, 1, 2, 3, 4],
  // The session key, which nothing protects.
  lwstcp: [2],
  // The version that an object names, of those that are taken: the binding is another then.
  sdmp: [0, 1],
};

/** Whose sessions prove nothing by themselves: frames of `xrpl` rest on the TLS under them, messages of `lwstcp` on nothing. */
const UNPROVED_BEHIND: readonly string[] = ['xrpl', 'lwstcp'];

for (const core of cores) {
  describe(`handshakes corrupted, ${core.name} core (seed ${seed})`, () => {
    it.each(attacked(core, ...NAMES))(`$name: ${inputs(core)} inputs, 0 accepted`, { timeout: 1_800_000 }, (subject) => {
      const random = new Random(seed, `${subject.name} ${core.name}`);
      expectHonest(subject);
      const secrets = core.guarded.live;
      const honest = subject.recorded();
      const tally = new Tally();
      let accepted = 0;
      for (const { index, how, message } of spoiltMessages(subject, honest.messages, inputs(core), random)) {
        const ends = subject.pair();
        subject.converse(ends, (sent, at) => [at === index ? message : sent]);
        subject.finish(ends, random.chance(0.5));
        const what = `message ${index} of ${subject.name}, ${how}, ${Buffer.from(message.data).toString('hex')}`;
        expect([ends.a.over, ends.b.over], what).toEqual([true, true]);
        const outcome = outcomeOf(subject, ends, honest.ends, honest.messages[index]!.from === 'a' ? 'b' : 'a');
        tally.add(outcome);
        if (outcome === 'opened otherwise' && !UNPROVED[subject.name]?.includes(index)) accepted++;
        if (outcome === 'delivers what was added' && !UNPROVED_BEHIND.includes(subject.name)) accepted++;
        expect(accepted, what).toBe(0);
        dispose(ends);
        if (tally.total % 1000 === 0) expectHonest(subject);
      }
      dispose(honest.ends);
      expectHonest(subject);
      expect([core.guarded.live, core.slabs.leased], 'secrets and slabs').toEqual([secrets, 0]);
      expect(accepted).toBe(0);
      expect(tally.total).toBe(inputs(core));
      console.log(`corruption, ${subject.name}, ${core.name} core: ${tally.total} tries, ${accepted} accepted (${tally}); seed ${seed}`);
    });
  });
}

/** Every way to spoil every message, or as many of them as are asked for, then random changes up to that number. */
function* spoiltMessages(
  subject: Attacked,
  messages: readonly Sent[],
  count: number,
  random: Random,
): Generator<{ index: number; how: string; message: Sent }> {
  let left = count;
  const all = messages.reduce((sum, { data }) => sum + 9 * data.length + 64, 0);
  const share = Math.min(1, (0.7 * count) / all);
  for (const [index, { data, text }] of messages.entries()) {
    for (const { how, bytes } of spoilt(data, random, false)) {
      if (!random.chance(share) || !passes(subject, bytes, text) || left-- <= 0) continue;
      yield { index, how, message: { data: bytes, text } };
    }
  }
  while (left > 0) {
    const index = random.below(messages.length);
    const { data, text } = messages[index]!;
    const bytes = random.mutated(data);
    if (Buffer.compare(bytes, data) === 0 || !passes(subject, bytes, text)) continue;
    left--;
    yield { index, how: 'changed at random', message: { data: bytes, text } };
  }
}

/** Text that is no UTF-8 ends a WebSocket before the machine hears of it. */
function passes({ borders }: Attacked, bytes: Uint8Array, text: boolean): boolean {
  if (!borders) return bytes.length > 0;
  if (!text) return true;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

type Outcome = 'refused' | 'without meaning' | 'opened, delivers nothing' | 'delivers what was added' | 'opened otherwise';

/** What came of a handshake in which the side `to` heard something spoilt. */
function outcomeOf(subject: Attacked, ends: Ends, honest: Ends, to: 'a' | 'b'): Outcome {
  const side = ends[to];
  if (!side.opened) return 'refused';
  const same = Buffer.compare(side.opened.binding, honest[to].opened!.binding) === 0;
  if (!same || side.opened.peer.id !== honest[to].opened!.peer.id) return 'opened otherwise';
  // Bytes that were put behind a whole handshake belong to the session, which has to refuse them.
  if (side.opened.rest.length === 0) return 'without meaning';
  const { payloads } = subject.read(side, { data: side.opened.rest, text: false }, true);
  return payloads.length === 0 ? 'opened, delivers nothing' : 'delivers what was added';
}

function expectHonest(subject: Attacked): void {
  const { ends } = subject.recorded();
  expect(ends.a.failed ?? ends.b.failed).toBeUndefined();
  expect(subject.read(ends.b, subject.write(ends.a)).payloads.length).toBe(1);
  expect(subject.read(ends.a, subject.write(ends.b)).payloads.length).toBe(1);
  dispose(ends);
}
