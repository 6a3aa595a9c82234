/** Handshakes of every protocol in both roles: honest ones with messages put in the place of others, and sides that are told anything in any order. */
import type { Core } from '../../src/core/core.ts';
import { type Attacked, attacked, dispose, type Ends, type Sent } from '../support/attacked.ts';
import { holds, Input, seed, type Target } from './target.ts';

const KINDS = 6;

export function machines(core: Core): Target[] {
  return attacked(core).flatMap((protocol) => [replaced(protocol), told(protocol, 'a'), told(protocol, 'b')]);
}

/** One message of an honest handshake is another. */
function replaced(protocol: Attacked): Target {
  const { messages } = ended(protocol.recorded({ draw: 'fuzz' }));
  return {
    name: `${protocol.name}: a message`,
    seeds: () => messages.map(({ data, text }, index) => seed(data, [index, messages.length], [text ? 1 : 0, 2], [index % 2, 2])),
    run(bytes) {
      const input = new Input(bytes);
      const index = input.number(messages.length);
      const text = input.number(2) === 1;
      const late = input.number(2) === 1;
      const data = input.bytes();
      const live = protocol.core.guarded.live;
      const ends = protocol.pair({ draw: 'fuzz' });
      protocol.converse(ends, (message, at) => [at === index ? { data, text: text && protocol.borders } : message]);
      protocol.finish(ends, late);
      settled(protocol, ends, live);
    },
  };
}

/** One side hears honest messages and others, in any order and cut, and time passes. */
function told(protocol: Attacked, which: 'a' | 'b'): Target {
  const { messages } = ended(protocol.recorded({ draw: 'fuzz' }));
  const honest: readonly Sent[] = messages.filter(({ from }) => from !== which);
  return {
    name: `${protocol.name}: ${which === 'a' ? 'dialling' : 'listening'}`,
    seeds: () => [
      seed(
        new Uint8Array(0),
        ...honest.flatMap(
          (_, i) =>
            [
              [0, KINDS],
              [i, honest.length],
            ] as [number, number][],
        ),
      ),
    ],
    run(bytes) {
      const input = new Input(bytes);
      const live = protocol.core.guarded.live;
      const side = protocol.side(which === 'a' ? 'initiator' : 'responder', { draw: 'fuzz' });
      for (let steps = 0; steps < 40 && input.left > 0 && !side.over; steps++) {
        switch (input.number(KINDS)) {
          case 0:
            protocol.give(side, honest[input.number(honest.length)] ?? { data: new Uint8Array(0), text: false });
            break;
          case 1: {
            const { data, text } = honest[input.number(honest.length)] ?? { data: new Uint8Array(0), text: false };
            const cut = input.number(4096) % (data.length + 1);
            protocol.give(side, { data: data.slice(0, cut), text });
            if (!side.over) protocol.give(side, { data: data.slice(cut), text });
            break;
          }
          case 2:
            protocol.give(side, { data: input.bytes(1 + input.number(4096)), text: input.number(2) === 1 && protocol.borders });
            break;
          case 3:
            side.now += input.number(65_536);
            side.feed({ kind: 'tick', now: side.now });
            break;
          case 4:
            side.feed({ kind: 'end', now: side.now });
            break;
          default:
            // Work that was done elsewhere may be answered late, or twice.
            side.release();
        }
      }
      protocol.finish({ [which]: side }, true);
      settled(protocol, { [which]: side }, live);
    },
  };
}

/** However it went, each knows that it is over, and nothing is left of it. */
function settled({ core }: Attacked, ends: Partial<Ends>, live: number): void {
  for (const side of Object.values(ends)) holds(side.over, 'a side has an end');
  dispose(ends);
  holds(core.guarded.live === live, 'no secret is left');
}

function ended<T extends { ends: Ends }>(recorded: T): T {
  dispose(recorded.ends);
  return recorded;
}
