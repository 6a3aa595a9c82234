/** What a session of every protocol makes of whatever comes behind its handshake: it ends, or it delivers what was said, and nothing else. */
import type { Core } from '../../src/core/core.ts';
import { type Attacked, attacked, dispose } from '../support/attacked.ts';
import { holds, Input, seed, type Target } from './target.ts';

/** Frames of xrpl rest on TLS, and the cipher of lwstcp has no tags: anybody can say anything. Containers of plain sdmp are sealed one by one, without a number. */
const PROMISES: Readonly<Record<string, 'nothing' | 'sealed' | 'order'>> = { xrpl: 'nothing', lwstcp: 'nothing', sdmp: 'sealed' };
const SAID = ['something', 'something else', 'the third'];

export function sessions(core: Core): Target[] {
  return attacked(core).map(session);
}

function session(protocol: Attacked): Target {
  const promise = PROMISES[protocol.name] ?? 'order';
  const messages = (): Uint8Array[] => {
    const { ends } = protocol.recorded({ draw: 'fuzz' });
    const written = SAID.map((says) => protocol.write(ends.a, says).data);
    dispose(ends);
    return written;
  };
  return {
    name: `${protocol.name}: session`,
    seeds: () => messages().map((data, i) => seed(data, [i, 4], [0, 2], [1, 2])),
    run(bytes) {
      const input = new Input(bytes);
      const before = input.number(4);
      const text = input.number(2) === 1 && protocol.borders;
      const last = input.number(2) === 1;
      const live = protocol.core.guarded.live;
      const { ends } = protocol.recorded({ draw: 'fuzz' });
      const written = SAID.map((says) => protocol.write(ends.a, says));
      const said = SAID.map((says) => protocol.payload(says));
      let over = false;
      let heard = 0;
      for (const message of [...written.slice(0, before), { data: input.bytes(), text }]) {
        if (over) break;
        const { payloads, ended } = protocol.read(ends.b, message, last);
        over = ended;
        for (const payload of payloads) {
          const at = said.findIndex((one) => Buffer.compare(one, payload) === 0);
          if (promise !== 'nothing') holds(at >= 0 || protocol.borders, 'what is delivered was said');
          if (promise === 'order') holds(at === heard++ || protocol.borders, 'and in order');
        }
      }
      dispose(ends);
      holds(protocol.core.guarded.live === live, 'no secret is left');
    },
  };
}
