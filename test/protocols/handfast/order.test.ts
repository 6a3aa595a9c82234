import { afterAll, describe, expect, it } from 'vitest';
import type { CodeName } from '../../../src/errors.ts';
import { cores } from '../../support/cores.ts';
import { Bench, filled, NOW, type SideChanges, scriptedDialler, scriptedListener } from '../../support/handfast.ts';
import { cat, type ProofChanges, type ReferenceDialler, type ReferenceListener } from '../../support/reference.ts';

/** One fault: what it changes in the message, in the side under test, and how its check is called. */
interface Fault<Changes> {
  code: CodeName;
  message?: Changes;
  side?: SideChanges;
  /** Faults that cannot be had together with this one. */
  without?: CodeName[];
}

type HelloChanges = NonNullable<Parameters<ReferenceDialler['hello']>[0]>;
type ReplyChanges = NonNullable<Parameters<ReferenceListener['reply']>[0]>;

const CRITICAL = [[0x8001, new Uint8Array(0)]] as const;

/** In the order of section 3. */
const HELLO: Fault<HelloChanges>[] = [
  { code: 'MALFORMED', message: { tail: Uint8Array.of(0) } },
  { code: 'WRONG_NETWORK', message: { tag: new Uint8Array(16) } },
  { code: 'PROTOCOL_MISMATCH', message: { versions: [2] } },
  { code: 'SUITE_MISMATCH', message: { suites: [3] } },
  { code: 'UNSUPPORTED_EXTENSION', message: { extensions: CRITICAL } },
  { code: 'WEAK_KEY', message: { ephemeral: new Uint8Array(32) } },
];

const REPLY: Fault<ReplyChanges>[] = [
  { code: 'PROTOCOL_MISMATCH', message: { version: 2 } },
  { code: 'SUITE_MISMATCH', message: { suite: 3, sealWith: 1 } },
  { code: 'UNSUPPORTED_EXTENSION', message: { headExtensions: CRITICAL } },
  { code: 'WEAK_KEY', message: { ephemeral: new Uint8Array(32) } },
  { code: 'BAD_TAG', message: { key: filled(9) } },
  { code: 'MALFORMED', message: { proof: new Uint8Array(7) } },
];

const PROOF: Fault<ProofChanges & { signature?: Uint8Array }>[] = [
  { code: 'MALFORMED', message: { signature: new Uint8Array(65) }, without: ['INVALID_SIGNATURE'] },
  { code: 'UNSUPPORTED_EXTENSION', message: { extensions: CRITICAL } },
  { code: 'EXPIRED_TIMESTAMP', message: { timestamp: 0n } },
  { code: 'INVALID_ID', message: { id: new Uint8Array(32) } },
  { code: 'INVALID_SIGNATURE', message: { signature: new Uint8Array(64) } },
  { code: 'SELF_CONNECTION', side: {} },
  { code: 'UNEXPECTED_PEER', side: { peer: '12D3KooWQYV9dGMFoRzNStwpXztXaBUjtPqi6aU76ZgUriHhKust' } },
  { code: 'BANNED', side: { judge: () => ({ code: 'BANNED', reason: '' }) } },
];

/** Every two of a list, the earlier first. */
function pairs<T>(list: readonly Fault<T>[]): [Fault<T>, Fault<T>][] {
  return list
    .flatMap((first, i) => list.slice(i + 1).map((second): [Fault<T>, Fault<T>] => [first, second]))
    .filter(([a, b]) => !a.without?.includes(b.code));
}

for (const core of cores) {
  describe(`of two faults the earlier check speaks, ${core.name} core`, () => {
    const bench = new Bench(core);
    afterAll(() => expect(bench.end()).toEqual({ secrets: 0, ciphers: 0 }));

    for (const [first, second] of pairs(HELLO)) {
      it(`hello: ${first.code} before ${second.code}`, () => {
        const b = bench.listener().start();
        b.bytes(scriptedDialler().hello({ ...second.message, ...first.message }));
        expect(b.failed?.code).toBe(`HF_${first.code}`);
      });
    }

    it('hello: its shape before what lies behind it', () => {
      const b = bench.listener().start();
      b.bytes(cat(scriptedDialler().hello({ versions: [] }), [1]));
      expect(b.failed?.code).toBe('HF_MALFORMED');
    });

    for (const [first, second] of pairs(REPLY)) {
      it(`reply: ${first.code} before ${second.code}`, () => {
        const a = bench.dialler().start();
        const b = scriptedListener();
        b.takeHello(a.take());
        a.bytes(b.reply({ ...second.message, ...first.message }));
        expect(a.failed?.code).toBe(`HF_${first.code}`);
      });
    }

    for (const [first, second] of pairs(PROOF)) {
      // Only who holds the key of the id it claims hears about lists: a stranger that claims our own id is an impostor like any other.
      const self = [first.code, second.code].includes('SELF_CONNECTION');
      const message = { ...second.message, ...first.message };
      const side = { ...second.side, ...first.side };

      it(`proof of the listener: ${first.code} before ${second.code}`, () => {
        const a = bench.dialler({ ...side, ...(self ? { seed: 2 } : {}) }).start();
        const b = scriptedListener();
        b.takeHello(a.take());
        a.bytes(b.reply(message));
        expect(a.failed?.code).toBe(`HF_${first.code}`);
      });

      it(`proof of the dialler: ${first.code} before ${second.code}`, () => {
        const b = bench.listener({ ...side, ...(self ? { seed: 1 } : {}) }).start();
        const a = scriptedDialler();
        b.bytes(a.hello());
        const idOfB = a.takeReply(b.take()).slice(0, 32);
        b.bytes(a.finish(idOfB, message));
        expect(b.failed?.code).toBe(`HF_${first.code}`);
        expect(b.judgements).toBe(first.code === 'BANNED' ? 1 : 0);
      });
    }

    it('the clock that counts is the one at which the last byte came, and both ends of the window belong to it', () => {
      for (const [timestamp, code] of [
        [NOW - 30_000, undefined],
        [NOW + 30_000, undefined],
        [NOW - 30_001, 'HF_EXPIRED_TIMESTAMP'],
        [NOW + 30_001, 'HF_FUTURE_TIMESTAMP'],
      ] as const) {
        const a = bench.dialler({ now: NOW }).start();
        const b = scriptedListener({ timestamp: BigInt(timestamp) });
        b.takeHello(a.take());
        // The work takes 20 s: a slow core must not make a message old.
        a.hold = true;
        a.bytes(b.reply());
        a.now += 20_000;
        a.release();
        a.hold = false;
        a.release();
        expect(a.failed?.code).toBe(code);
        a.feed({ kind: 'end', now: a.now });
      }
    });

    it('a window of its own is kept', () => {
      for (const [behind, code] of [
        [1000, undefined],
        [1001, 'HF_EXPIRED_TIMESTAMP'],
      ] as const) {
        const b = bench.listener({ clockWindowMs: 1000 }).start();
        const a = scriptedDialler({ timestamp: BigInt(NOW - behind) });
        b.bytes(a.hello());
        const idOfB = a.takeReply(b.take()).slice(0, 32);
        b.bytes(a.finish(idOfB));
        expect(b.failed?.code).toBe(code);
        b.feed({ kind: 'end', now: b.now });
      }
    });
  });
}
