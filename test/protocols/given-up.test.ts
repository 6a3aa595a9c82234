/** A handshake that is given up, in whatever state, by either side of any protocol: it fails once, with the reason, and leaves no secret behind, also of work that is still under way. */
import { describe, expect, it } from 'vitest';
import { HandfastError } from '../../src/errors.ts';
import { type Attacked, attacked, dispose } from '../support/attacked.ts';
import { cores } from '../support/cores.ts';
import type { Side } from '../support/machines.ts';

const why = new HandfastError('ABORTED', 'given up');

describe.each(cores)('a handshake that is given up, $name core', (core) => {
  it.each(attacked(core))('$name: before it has begun', (subject) => {
    for (const role of ['initiator', 'responder'] as const) {
      const side = subject.unstarted(role);
      side.feed({ kind: 'abort', now: side.now, why });
      expect(side.failed?.code, role).toBe('HF_ABORTED');
      side.feed({ kind: 'start', now: side.now });
      expect(side.sent, role).toEqual([]);
    }
  });

  it.each(attacked(core))('$name: in every state, with nothing under way', (subject) => {
    const { ends, messages } = subject.recorded();
    dispose(ends);
    for (let heard = 0; heard <= messages.length; heard++) {
      const secrets = core.guarded.live;
      const ends = subject.pair();
      subject.converse(ends, (message, index) => (index < heard ? [message] : []));
      for (const side of [ends.a, ends.b]) giveUp(side);
      dispose(ends);
      expect(core.guarded.live, `after ${heard} messages`).toBe(secrets);
    }
  });

  it.each(attacked(core))('$name: in every state, while work or a judgement is under way', (subject) => {
    const seen = new Set<string>();
    // Once warm, identities have copies of their keys that stay.
    dispose(subject.recorded().ends);
    for (let steps = 0; steps < 24; steps++) {
      const secrets = core.guarded.live;
      const { a, b } = held(subject, steps);
      for (const side of [a, b]) {
        seen.add((side.state as { at: string }).at);
        giveUp(side);
        // What was under way ends afterwards.
        side.release();
      }
      dispose({ a, b });
      expect(core.guarded.live, `after ${steps} steps`).toBe(secrets);
    }
    expect(seen, 'states').toContain('judge');
  });
});

/** So many answers and messages of a handshake in which each answer waits to be let through. */
function held(subject: Attacked, steps: number): { a: Side; b: Side } {
  const ends = subject.pair({ hold: true });
  for (let left = steps; left > 0; left--) {
    const waiting = [ends.a, ends.b].find((side) => side.pending);
    if (waiting) waiting.release();
    else {
      const [from, to] = ends.a.sent.length > 0 ? [ends.a, ends.b] : [ends.b, ends.a];
      const data = from.sent.shift();
      if (!data) break;
      subject.give(to, { data, text: from.texts.shift() === true });
    }
  }
  return ends;
}

function giveUp(side: Side): void {
  if (side.over) return;
  side.feed({ kind: 'abort', now: side.now, why });
  expect(side.failed?.code).toBe('HF_ABORTED');
}
