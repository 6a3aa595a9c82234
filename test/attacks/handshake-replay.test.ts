/** Messages of old handshakes, played back in every state of new ones; for protocols whose handshakes run without sockets. Those of `handfast` and `xrpl` have tests of their own. */
import { describe, expect, it } from 'vitest';
import { type Attacked, attacked, dispose, type Ends, NOW, type PairOptions, Process, type Sent } from '../support/attacked.ts';
import { FULL, Tally } from '../support/attacks.ts';
import { cores, native } from '../support/cores.ts';

/** With how many handshakes of each there are 10,000 attempts. */
const ENOUGH: Readonly<Record<string, number>> = { 'hivemind 2': 160, 'hivemind 3': 115, lwstcp: 420, sdmp: 240, 'sdmp, bound': 240 };
const NAMES = Object.keys(ENOUGH);

/** When and where a recording is played back. A process that was restarted remembers nothing. */
const CONTEXTS: { name: string; later: number; restarted: boolean }[] = [
  { name: 'at once', later: 0, restarted: false },
  { name: 'a day later', later: 86_400_000, restarted: false },
  { name: 'after a restart', later: 0, restarted: true },
];

/**
 * Who opens for a recording all the same, as the documents of these protocols say. A client of `lwstcp` takes the whole recorded flight of a server once it has forgotten the session
 * key: the server proves nothing. A slave of `hivemind 2` takes a recorded envelope of its master's, which shows the password and nothing new; whoever plays it back has no key.
 */
const OPENS = ({ name }: Attacked, restarted: boolean, to: 'a' | 'b'): boolean =>
  to === 'a' && (name === 'hivemind 2' || (name === 'lwstcp' && restarted));

for (const core of cores) {
  const quick = core === (native ?? core);
  const handshakesOf = (name: string): number => (FULL ? Math.ceil(ENOUGH[name]! * (quick ? 1 : 0.1)) : 1);

  describe(`old handshakes played back, ${core.name} core`, () => {
    it.each(attacked(core, ...NAMES))('$name: their messages in every state of new ones: 0 accepted', { timeout: 1_200_000 }, (subject) => {
      const handshakes = handshakesOf(subject.name);
      const tally = new Tally();
      let accepted = 0;
      for (let i = 0; i < handshakes; i++) {
        const process = new Process();
        const old = subject.recorded({ draw: `old ${i}`, process });
        const said = subject.write(old.ends.b, 'what the master said then');
        dispose(old.ends);
        const count = old.messages.length;
        for (const { name, later, restarted } of CONTEXTS) {
          for (let heard = 0; heard < count; heard++) {
            for (const to of ['a', 'b'] as const) {
              for (let first = 0; first < count; first++) {
                if (old.messages[first]!.from === to) continue;
                const where = restarted ? new Process() : process;
                const ends = reach(subject, { draw: `new ${i} ${name}`, process: where, now: NOW + later }, heard);
                if (!ends[to].over) {
                  // The message, and what the same side said after it.
                  for (const message of old.messages.slice(first)) if (message.from !== to) subject.give(ends[to], message);
                  const what = `${subject.name}, ${name}: message ${first} and on, to ${to}, after ${heard}`;
                  const opened = ends[to].opened !== undefined;
                  if (opened && !OPENS(subject, restarted, to)) accepted++;
                  expect(accepted, what).toBe(0);
                  if (opened && subject.name === 'hivemind 2') {
                    expect(subject.read(ends.a, said), what).toMatchObject({ payloads: [], code: 'HF_BAD_TAG' });
                  }
                  tally.add(opened ? 'opened, as documented' : (ends[to].failed?.codeName ?? 'still waits'));
                }
                dispose(ends);
              }
            }
          }
        }
      }
      console.log(
        `replay, ${subject.name}, ${core.name} core: ${accepted} accepted of ${tally.total}, of ${handshakes} handshakes (${tally})`,
      );
      expect(tally.total).toBeGreaterThanOrEqual(FULL && quick ? 10_000 : handshakes * 20);
    });

    it.each(attacked(core, ...NAMES))('$name: two handshakes have no message in common but greetings', (subject) => {
      const [one, two] = ['one', 'two'].map((draw) => subject.recorded({ draw }));
      const alike = one!.messages.filter((message, i) => Buffer.compare(message.data, two!.messages[i]!.data) === 0).length;
      expect(alike).toBe(subject.borders ? 2 : 0);
      expect(Buffer.compare(one!.ends.a.opened!.binding, two!.ends.a.opened!.binding)).not.toBe(0);
      for (const { ends } of [one!, two!]) dispose(ends);
    });
  });
}

/** A handshake in which so many messages have arrived, and no more. */
function reach(subject: Attacked, options: PairOptions, heard: number): Ends {
  const ends = subject.pair(options);
  subject.converse(ends, (message: Sent, index) => (index < heard ? [message] : []));
  return ends;
}
