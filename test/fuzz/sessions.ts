/** What a session of every protocol makes of whatever comes: from who holds no key, and from a peer that says anything it likes. It ends, or it delivers what was said, and nothing else. */
import type { Core } from '../../src/core/core.ts';
import { HandfastError } from '../../src/errors.ts';
import { type Attacked, attacked, dispose, type Open, type Sent } from '../support/attacked.ts';
import { holds, Input, seed, type Target } from './target.ts';

/** Frames of xrpl rest on TLS, and the cipher of lwstcp has no tags: anybody can say anything. Containers of plain sdmp are sealed one by one, without a number. */
const PROMISES: Readonly<Record<string, 'nothing' | 'sealed' | 'order'>> = { xrpl: 'nothing', lwstcp: 'nothing', sdmp: 'sealed' };
const SAID = ['something', 'something else', 'the third'];
const KINDS = 4;
const MOST_STEPS = 8;

export function sessions(core: Core): Target[] {
  return [...attacked(core).map((protocol) => session(protocol)), session(attacked(core, 'handfast')[0]!, 'handfast, records')];
}

function session(protocol: Attacked, kind: string = protocol.name): Target {
  const promise = PROMISES[protocol.name] ?? 'order';
  // Records of a node are of many kinds, some of which are nobody's message.
  const plain = kind === protocol.name && !protocol.borders;
  return {
    name: `${kind}: session`,
    *seeds() {
      const { a, b } = protocol.standing(kind);
      for (const [i, says] of SAID.entries()) {
        const payload = protocol.payload(says);
        const { data } = protocol.write(a, payload);
        yield seed(data, [i, KINDS], [1, KINDS], [data.length - 1, 4096], [1, 2]);
        yield seed(payload, [0, KINDS], [2, KINDS], [payload.length - 1, 4096], [0, KINDS], [3, KINDS], [1, 2]);
      }
      for (let record = 0x0a; kind === 'handfast, records' && record < 0x20; record++)
        yield seed(Uint8Array.of(record, ...new Uint8Array(60).fill(record)), [2, KINDS], [60, 4096]);
      dispose({ a, b });
    },
    run(bytes) {
      const input = new Input(bytes);
      const live = protocol.core.guarded.live;
      const { a, b } = protocol.standing(kind);
      const said: Uint8Array[] = [];
      const earlier = SAID.map((says) => protocol.payload(says));
      let heard = 0;
      let over = false;
      const hear = (message: Sent | undefined, last = false): void => {
        if (over || !message) return;
        const { payloads, ended } = protocol.read(b, message, last);
        over = ended;
        if (!plain || promise === 'nothing') return;
        for (const payload of payloads) {
          const is = (one: Uint8Array | undefined): boolean => one !== undefined && Buffer.compare(one, payload) === 0;
          // The seeds were sealed with these keys too, one by one.
          holds(said.some(is) || earlier.some(is), 'what is delivered was said');
          if (promise === 'order') holds(is(said[heard]) || is(earlier[heard]), 'and in order');
          heard++;
        }
      };
      /** Sealed with the peer's key. */
      const say = (payload: Uint8Array): Sent | undefined => {
        const sealed = sealedBy(protocol, a, payload);
        if (sealed) said.push(payload);
        return sealed;
      };
      for (let steps = 0; steps < MOST_STEPS && input.left > 0 && !over; steps++) {
        switch (input.number(KINDS)) {
          case 0:
            hear(say(protocol.payload(SAID[input.number(SAID.length)]!)));
            break;
          case 1:
            hear({ data: input.bytes(1 + input.number(4096)), text: input.number(2) === 1 && protocol.borders });
            break;
          case 2:
            hear(say(input.bytes(1 + input.number(4096))));
            break;
          default:
            hear({ data: new Uint8Array(0), text: false }, input.number(4) === 1);
        }
      }
      dispose({ a, b });
      holds(protocol.core.guarded.live === live, 'no secret is left');
    },
  };
}

/** @returns undefined for what a protocol does not let its user say. */
function sealedBy(protocol: Attacked, side: Open, payload: Uint8Array): Sent | undefined {
  try {
    return protocol.write(side, payload);
  } catch (error) {
    if (error instanceof HandfastError && error.blame === 'caller') return undefined;
    throw error;
  }
}
