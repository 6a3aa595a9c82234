/** JSON made to be dear: deep, wide, long, twice, and with names that mean something to JavaScript; in every state that reads JSON before anything is proved. */
import { describe, expect, it } from 'vitest';
import { type Attacked, attacked, dispose, type Ends } from '../support/attacked.ts';
import { FULL, Tally } from '../support/attacks.ts';
import { cores } from '../support/cores.ts';

const TIMES = FULL ? 21 : 1;
const CHUNK = 65_536;
/** Bytes that may be taken of a text before it is refused: a chunk beyond what the state reads. */
const MOST = 65_536 + CHUNK;

const wide = (count: number): string => `{${Array.from({ length: count }, (_, i) => `"k${i}":0`).join(',')}}`;
const BOMBS: Readonly<Record<string, string>> = {
  'arrays of depth 100,000': `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  'objects of depth 100,000': `${'{"a":'.repeat(100_000)}0${'}'.repeat(100_000)}`,
  'a million names': wide(1_000_000),
  '8,000 names in 64 KiB': wide(6_000),
  'a million elements': `{"a":[${'0,'.repeat(1_000_000)}0]}`,
  'a number of 1 MiB': `{"a":${'9'.repeat(1 << 20)}}`,
  'a number of 60,000 digits': `{"a":${'9'.repeat(60_000)}}`,
  'an exponent of 60,000 digits': `{"a":1e${'9'.repeat(60_000)}}`,
  'a text of 1 MiB': `{"a":"${'x'.repeat(1 << 20)}"}`,
  'a text of escapes': `{"a":"${'\\u0000'.repeat(10_000)}"}`,
  'a text that never ends': `{"a":"${'x'.repeat(60_000)}`,
  'white space': `{${' '.repeat(60_000)}}`,
  'a name twice': '{"msg_type":"hello","msg_type":"shake","payload":{}}',
  'a prototype':
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"msg_type":"hello","payload":{"__proto__":{"polluted":1}}}',
  'a prototype alone': '{"__proto__":{"msg_type":"hello","payload":{},"sdmp":{"version":"0.12.0","schemas":["connection"]}}}',
};
const texts = Object.entries(BOMBS).map(([name, text]) => ({ name, data: Buffer.from(text) }));

for (const core of cores) {
  describe(`JSON bombs, ${core.name} core`, () => {
    it.each(attacked(core, 'hivemind 2', 'hivemind 3', 'sdmp', 'sdmp, bound'))(
      '$name: each is refused in every state, without more of it being read',
      (subject) => {
        const codes = new Tally();
        const slowest = { ms: 0, name: '' };
        const { ends, messages } = subject.recorded();
        dispose(ends);
        for (const to of ['a', 'b'] as const) {
          for (let heard = 0; heard < messages.length; heard++) {
            if (messages[heard]!.from === to) continue;
            for (const { name, data } of texts) {
              const times: number[] = [];
              for (let time = 0; time < TIMES; time++) {
                const ends = reach(subject, heard);
                const side = ends[to];
                if (side.over) break;
                const started = process.cpuUsage();
                const taken = tell(subject, side, data);
                const { user, system } = process.cpuUsage(started);
                times.push((user + system) / 1000);
                subject.finish(ends, false);
                const what = `${name}, to ${to} after ${heard}`;
                expect(side.opened, what).toBeUndefined();
                expect(side.failed, what).toBeDefined();
                expect(taken, what).toBeLessThanOrEqual(MOST);
                if (time === 0) codes.add(side.failed!.codeName);
                dispose(ends);
              }
              const median = times.sort((x, y) => x - y)[times.length >> 1] ?? 0;
              if (median > slowest.ms) Object.assign(slowest, { ms: median, name });
            }
          }
        }
        expect(({} as Record<string, unknown>).polluted).toBeUndefined();
        console.log(
          `JSON bombs, ${subject.name}, ${core.name} core: 0 accepted of ${codes.total}, the slowest took ${slowest.ms.toFixed(2)} ms of a processor (${slowest.name}; ${codes})`,
        );
        expect(codes.total).toBeGreaterThan(texts.length * 2);
        if (FULL) expect(slowest.ms).toBeLessThan(5);
      },
    );
  });
}

function reach(subject: Attacked, heard: number): Ends {
  const ends = subject.pair();
  subject.converse(ends, (message, index) => (index < heard ? [message] : []));
  return ends;
}

/** As carriers bring it: a stream in chunks, a WebSocket what is within its limit. @returns bytes that were taken. */
function tell(subject: Attacked, side: Ends['a'], data: Uint8Array): number {
  if (subject.borders) {
    subject.give(side, { data, text: true });
    return 0;
  }
  let taken = 0;
  for (; taken < data.length && !side.over; taken += CHUNK) side.bytes(data.subarray(taken, taken + CHUNK));
  return taken;
}
