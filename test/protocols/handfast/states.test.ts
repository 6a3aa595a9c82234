import { afterAll, describe, expect, it } from 'vitest';
import { Identity } from '../../../src/core/identity.ts';
import { HandfastError } from '../../../src/errors.ts';
import type { Input } from '../../../src/protocols/machine.ts';
import { cores } from '../../support/cores.ts';
import { Bench, expectHonest, NOW, scriptedDialler, scriptedListener } from '../../support/handfast.ts';
import { converse, type Side } from '../../support/machines.ts';
import { cat, framed, text, u16 } from '../../support/reference.ts';

const clearRefusal = (code: number, reason: string) => framed(cat([0x7f], u16(code), text(reason)));

/** Brings a side, step by step, through each of its states; stops where it is told to, with its wish for work or judgement unanswered. */
function sideIn(bench: Bench, role: 'dialler' | 'listener', state: string): Side {
  const side = bench[role]();
  const at = () => (side.state as { at: string }).at;
  if (state === 'start') return side;
  side.hold = true;
  side.start();
  const dialler = scriptedDialler();
  const listener = scriptedListener();
  for (let i = 0; i < 20 && at() !== state; i++) {
    if (side.pending) side.release();
    else if (at() === 'await-hello') side.bytes(dialler.hello());
    else if (at() === 'await-finish') {
      const proof = dialler.takeReply(side.take());
      side.bytes(dialler.finish(proof.slice(0, 32)));
    } else if (at() === 'await-reply') {
      listener.takeHello(side.take());
      side.bytes(listener.reply());
    }
  }
  expect(at()).toBe(state);
  return side;
}

const STATES = {
  dialler: ['start', 'keygen', 'await-reply', 'dh', 'verify', 'judge', 'sign', 'await-open'],
  listener: ['start', 'await-hello', 'keygen', 'dh', 'await-finish', 'verify', 'judge', 'await-open'],
} as const;

for (const core of cores) {
  describe(`every state, ${core.name} core`, () => {
    const bench = new Bench(core);
    afterAll(() => expect(bench.end()).toEqual({ secrets: 0, ciphers: 0 }));

    for (const role of ['dialler', 'listener'] as const) {
      for (const state of STATES[role]) {
        const clean = (side: Side) => {
          expect(side.opened).toBeUndefined();
          expect(bench.live).toBe(0);
          expect(bench.ciphers).toBe(0);
        };

        it(`${role}, ${state}: cancelled, and nothing of it is left, also when work ends afterwards`, () => {
          const side = sideIn(bench, role, state);
          side.feed({ kind: 'abort', now: side.now, why: new HandfastError('ABORTED', 'cancelled') });
          expect(side.failed?.code).toBe('HF_ABORTED');
          side.release();
          clean(side);
        });

        if (state === 'start') continue;

        it(`${role}, ${state}: the deadline, before and with the answer that it waits for`, () => {
          const early = sideIn(bench, role, state);
          early.feed({ kind: 'tick', now: early.deadline! - 1 });
          expect(early.failed).toBeUndefined();
          early.feed({ kind: 'tick', now: early.deadline! });
          expect(early.failed?.code).toBe('HF_HANDSHAKE_TIMEOUT');
          early.release();
          clean(early);
          const late = sideIn(bench, role, state);
          late.now = late.deadline!;
          if (late.pending) late.release();
          else late.bytes(Uint8Array.of(0));
          expect(late.failed?.code).toBe('HF_HANDSHAKE_TIMEOUT');
          clean(late);
        });

        it(`${role}, ${state}: the stream ends, also with work under way`, () => {
          const side = sideIn(bench, role, state);
          side.take();
          side.feed({ kind: 'end', now: side.now });
          expect(side.failed).toMatchObject({ code: 'HF_TRUNCATED', blame: 'network' });
          expect(side.take().length).toBe(0);
          side.release();
          clean(side);
        });

        it(`${role}, ${state}: inputs that belong elsewhere change nothing`, () => {
          const side = sideIn(bench, role, state);
          const before = side.state;
          const odd: Input[] = [
            { kind: 'start', now: NOW },
            { kind: 'tick', now: NOW + 1 },
          ];
          const waits = state.startsWith('await');
          if (waits) odd.push({ kind: 'answers', now: NOW, answers: [] }, { kind: 'judged', now: NOW, refusal: undefined });
          else if (state === 'judge') odd.push({ kind: 'answers', now: NOW, answers: [] });
          else odd.push({ kind: 'judged', now: NOW, refusal: undefined });
          for (const input of odd) side.feed(input);
          expect(side.state).toBe(before);
          expect(side.failed).toBeUndefined();
          side.feed({ kind: 'end', now: side.now });
          side.release();
          clean(side);
        });

        if (state.startsWith('await') || state === 'judge') continue;

        it(`${role}, ${state}: an answer to another question, or none, is a fault of our own`, () => {
          for (const answers of [[], [{ op: 'secp256k1-sign' as const, signature: new Uint8Array(64) }]]) {
            const side = sideIn(bench, role, state);
            side.feed({ kind: 'answers', now: side.now, answers });
            expect(side.failed).toMatchObject({ code: 'HF_INTERNAL', blame: 'handfast' });
            side.release();
            clean(side);
          }
        });
      }

      it(`${role}: before the start nothing is heard`, () => {
        const side = bench[role]();
        side.feed({ kind: 'bytes', now: NOW, data: new Uint8Array(9) });
        side.feed({ kind: 'tick', now: NOW + 1e9 });
        side.feed({ kind: 'end', now: NOW });
        expect(side.failed).toBeUndefined();
        expect(side.sent.length).toBe(0);
      });
    }

    it('bytes that come one by one are the same handshake: each step is told once, and its bytes with it', () => {
      const [dialled, listening] = [bench.dialler().start(), scriptedListener()];
      const [accepted, dialling] = [bench.listener().start(), scriptedDialler()];
      let [toDialled, toAccepted] = [0, 0];
      const drip = (side: Side, bytes: Uint8Array): number => {
        for (const byte of bytes) side.bytes(Uint8Array.of(byte));
        return bytes.length;
      };
      const hello = dialled.take();
      listening.takeHello(hello);
      toDialled += drip(dialled, listening.reply());
      const finish = dialled.take();
      listening.takeFinish(finish);
      toDialled += drip(dialled, listening.open(65_536, [[1, text('x')]]));
      expect(dialled.opened?.info).toStrictEqual({
        ...{ version: 1, suite: dialled.opened?.info.suite, network: 'demo', largestRecord: 65_536 },
        agent: 'x',
      });
      expect(dialled.state).toEqual({ at: 'opened' });
      expect(dialled.traces).toEqual([
        ...['hello sent', 'reply received', 'listener proved done', 'finish sent', 'OPEN sent', 'OPEN received'],
      ]);
      expect(dialled.tracedBytes).toEqual({ sent: hello.length + finish.length, received: toDialled, done: 0 });
      // A view of what came would keep its memory for as long as the session.
      expect(dialled.opened?.peer.publicKey.buffer.byteLength).toBe(32);

      toAccepted += drip(accepted, dialling.hello());
      const reply = accepted.take();
      const proof = dialling.takeReply(reply);
      toAccepted += drip(accepted, dialling.finish(proof.slice(0, 32)));
      toAccepted += drip(accepted, dialling.open(65_536, []));
      const open = accepted.take();
      expect(accepted.opened?.info).not.toHaveProperty('agent');
      expect(accepted.state).toEqual({ at: 'opened' });
      expect(accepted.tracedBytes).toEqual({ sent: reply.length + open.length, received: toAccepted, done: 0 });
      for (const side of [dialled, accepted]) side.dispose();
    });

    it('a key held elsewhere signs; one that answers with something else is a fault of our own', () => {
      for (const [signature, ends] of [
        [undefined, 'opened'],
        [new Uint8Array(63), 'HF_INTERNAL'],
        [new Uint8Array(65), 'HF_INTERNAL'],
        ['not bytes' as never, 'HF_INTERNAL'],
        // 64 bytes, but no signature of this key: the other side says so.
        [new Uint8Array(64), 'HF_INVALID_SIGNATURE'],
      ] as const) {
        const inner = Identity.fromSeed(new Uint8Array(32).fill(21), { core });
        const key = inner.secretKeyFor(core)!;
        const identity = Identity.from(
          { publicKey: inner.publicKey, sign: (message) => signature ?? core.ed25519.sign(message, key) },
          { core },
        );
        const a = bench.dialler({ identity }).start();
        const b = bench.listener().start();
        converse(a, b);
        expect(a.failed?.code ?? 'opened').toBe(ends);
        a.dispose();
        b.dispose();
        inner.wipe();
        const c = bench.dialler().start();
        c.dispose();
      }
      expect(bench.live).toBe(0);
      expectHonest(bench);
    });

    it('what a clear refusal says is claimed, charged to nobody and not answered', () => {
      const a = bench.dialler().start();
      a.take();
      a.bytes(clearRefusal(0x020a, 'go \u0007 away'));
      expect(a.failed).toMatchObject({ code: 'HF_BANNED', remote: 'claimed', blame: 'network', charged: false });
      expect(a.failed!.message).toContain('\\u{7}');
      expect(a.take().length).toBe(0);
      expect(a.lingerMs).toBe(0);
      for (const state of ['await-hello', 'await-finish']) {
        const b = sideIn(bench, 'listener', state);
        b.take();
        b.bytes(clearRefusal(0x9999, ''));
        expect(b.failed).toMatchObject({ code: 'HF_REFUSED', remote: 'claimed' });
        expect(b.take().length).toBe(0);
      }
      expect(bench.live).toBe(0);
    });
  });
}
