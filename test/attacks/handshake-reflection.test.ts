/** A side hears itself: its own messages sent back in every state, and two sides of the same role wired to each other. That `handfast` and `xrpl` refuse their own keys is in tests of their own. */
import { describe, expect, it } from 'vitest';
import { type Attacked, attacked, dispose, type Sent } from '../support/attacked.ts';
import { Tally } from '../support/attacks.ts';
import { cores } from '../support/cores.ts';

for (const core of cores) {
  describe(`own messages sent back, ${core.name} core`, () => {
    it.each(attacked(core))('$name: in every state, alone and all of them: 0 sessions', (subject) => {
      const { ends, messages } = subject.recorded();
      dispose(ends);
      const tally = new Tally();
      for (let heard = 0; heard < messages.length; heard++) {
        for (const to of ['a', 'b'] as const) {
          for (const from of ['first', 'last'] as const) {
            const own: Sent[] = [];
            const ends = subject.pair();
            subject.converse(ends, (message, index, by) => {
              if (by === to) own.push(message);
              return index < heard ? [message] : [];
            });
            if (!ends[to].over && own.length > 0) {
              for (const message of from === 'first' ? own : own.slice(-1)) subject.give(ends[to], message);
              expect(ends[to].opened, `${subject.name}: own messages to ${to} after ${heard}, from the ${from}`).toBeUndefined();
              tally.add(ends[to].failed?.codeName ?? 'still waits');
            }
            dispose(ends);
          }
        }
      }
      expect(tally.total).toBeGreaterThan(1);
      console.log(`reflection, ${subject.name}, ${core.name} core: 0 sessions of ${tally.total} (${tally})`);
    });

    it.each(attacked(core))('$name: whoever is mirrored all the way opens no session', (subject) => {
      for (const role of ['initiator', 'responder'] as const) {
        const side = mirrored(subject, role);
        expect(side.opened, role).toBeUndefined();
        side.dispose();
      }
    });

    it.each(attacked(core))('$name: two diallers, and two listeners, come to nothing', (subject) => {
      for (const role of ['initiator', 'responder'] as const) {
        const ends = { a: subject.side(role, { draw: 'one' }), b: subject.side(role, { draw: 'two' }) };
        subject.converse(ends);
        subject.finish(ends, true);
        expect([ends.a.opened, ends.b.opened], role).toEqual([undefined, undefined]);
        dispose(ends);
      }
    });

    it.each(attacked(core).filter(({ name }) => !UNPROVED.includes(name)))(
      "$name: a session's own message sent back is refused",
      (subject) => {
        const { ends } = subject.recorded();
        for (const side of [ends.a, ends.b]) {
          const { payloads, ended } = subject.read(side, subject.write(side), !subject.borders);
          expect([payloads.length, ended]).toEqual([0, true]);
        }
        dispose(ends);
      },
    );
  });
}

/** Whose directions are not told apart, as their documents say: both sides of a session have one key. */
const UNPROVED = ['xrpl', 'hivemind 2', 'lwstcp', 'sdmp'];

function mirrored(subject: Attacked, role: 'initiator' | 'responder') {
  const side = subject.side(role);
  for (let i = 0; i < 16; i++) {
    const data = side.sent.shift();
    if (!data) break;
    subject.give(side, { data, text: side.texts.shift() === true });
  }
  return side;
}
