/** Heads as nobody writes them: cut anywhere, changed anywhere. Work is counted, not timed. */
import { describe, expect, it } from 'vitest';
import { latin1Bytes } from '../../../src/protocols/xrpl/http-head.ts';
import { cores, native, pure } from '../../support/cores.ts';
import { ALICE_SECRET, BOB_SECRET, frameOf, identityOf, requestOf, responseOf, said, side } from '../../support/xrpl.ts';

const FIELDS = { 'Network-ID': '0', 'Closed-Ledger': 'ab'.repeat(32), 'Local-IP': '10.0.0.1', 'Server-Domain': 'a.example' };
const REQUEST = latin1Bytes(requestOf(FIELDS));
const RESPONSE = latin1Bytes(responseOf(FIELDS));

describe.each(cores.map((core) => [core.name, core] as const))('on the %s core', (_name, core) => {
  it('a request cut in two at every byte is the same request', () => {
    for (let cut = 1; cut < REQUEST.length; cut++) {
      const listener = side('responder', { core });
      listener.bytes(REQUEST.subarray(0, cut));
      expect(listener.over).toBe(false);
      listener.bytes(REQUEST.subarray(cut));
      expect(listener.opened?.peer.id).toBe(identityOf(ALICE_SECRET).id);
      listener.dispose();
    }
  });

  it('a response and the first frame, cut in two at every byte, lose nothing', () => {
    const frame = frameOf(41, Uint8Array.of(1, 2, 3));
    const bytes = Uint8Array.from([...RESPONSE, ...frame]);
    for (let cut = 1; cut <= bytes.length; cut++) {
      const dialler = side('initiator', { core });
      const parts = [bytes.subarray(0, cut), bytes.subarray(cut)];
      dialler.bytes(parts[0]);
      if (!dialler.over) dialler.bytes(parts[1]);
      expect(dialler.opened?.peer.id).toBe(identityOf(BOB_SECRET).id);
      const rest = Math.max(0, Math.max(cut, cut < RESPONSE.length ? bytes.length : 0) - RESPONSE.length);
      expect(dialler.opened!.rest).toEqual(frame.subarray(0, rest));
      dialler.dispose();
    }
  });

  it('both come byte by byte', () => {
    const listener = side('responder', { core });
    for (const byte of REQUEST) listener.bytes(Uint8Array.of(byte));
    expect(listener.opened).toBeDefined();
    const dialler = side('initiator', { core });
    for (const byte of RESPONSE) dialler.bytes(Uint8Array.of(byte));
    expect(dialler.opened).toBeDefined();
  });
});

/** Of each byte: one bit changed, another, a line end, a character of Latin-1. */
function* changed(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) {
    for (const value of [bytes[at] ^ 0x01, bytes[at] ^ 0x20, 0x0a, 0xe9]) {
      if (value === bytes[at]) continue;
      const copy = bytes.slice();
      copy[at] = value;
      yield copy;
    }
  }
}

describe('one byte changed, anywhere', () => {
  const core = native ?? pure;
  it('in a request, leads to no 101 but one that is deserved, to one verification at most, and never to a throw', () => {
    let accepted = 0;
    let refused = 0;
    for (const bytes of changed(REQUEST)) {
      let works = 0;
      const listener = side('responder', { core, networkId: 0 });
      const { step } = listener.machine;
      listener.machine.step = (state, input) => {
        const [next, ...outputs] = step(state, input);
        works += outputs.filter((output) => output.kind === 'work').length;
        return [next, ...outputs];
      };
      listener.bytes(bytes);
      const answer = said(listener);
      if (listener.opened) {
        accepted++;
        const text = Buffer.from(bytes).toString('latin1');
        expect(answer.startsWith('HTTP/1.1 101 ')).toBe(true);
        expect(listener.opened.peer.id).toBe(identityOf(ALICE_SECRET).id);
        // What is truly required is all there, with its own value.
        for (const needed of [
          /^GET [^ ]+ HTTP\/1\.1\r\n/,
          /\r\nUpgrade:.*XRPL\/2\.[12]/i,
          /\r\nConnection: Upgrade\r\n/i,
          /\r\nConnect-As: Peer\r\n/i,
          /\r\nPublic-Key: n/i,
          /\r\nSession-Signature: M/i,
        ])
          expect(text).toMatch(needed);
        expect(works).toBe(2);
        listener.dispose();
      } else if (listener.failed) {
        refused++;
        expect(answer).not.toContain('101');
        expect(works).toBeLessThanOrEqual(1);
        expect(listener.failed.code).not.toBe('HF_INTERNAL');
      } else {
        // Its end is not there any more: more is waited for, until the deadline.
        expect((listener.state as { at: string }).at).toBe('await-request');
        listener.feed({ kind: 'tick', now: listener.deadline! });
        expect(listener.failed).toMatchObject({ code: 'HF_HANDSHAKE_TIMEOUT' });
      }
    }
    expect(accepted).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(1000);
  });

  it('in a response, leads to no session but one that is deserved, and never to a throw', () => {
    let opened = 0;
    for (const bytes of changed(RESPONSE)) {
      const dialler = side('initiator', { core, networkId: 0 });
      said(dialler);
      dialler.bytes(bytes);
      expect(said(dialler)).toBe('');
      if (dialler.opened) {
        opened++;
        const text = Buffer.from(bytes).toString('latin1');
        expect(dialler.opened.peer.id).toBe(identityOf(BOB_SECRET).id);
        for (const needed of [
          /^HTTP\/1\.1 101[ \r]/,
          /\r\nConnection: Upgrade\r\n/i,
          /\r\nUpgrade: XRPL\/2\.[12]\r\n/i,
          /\r\nPublic-Key: n/i,
          /\r\nSession-Signature: M/i,
        ])
          expect(text).toMatch(needed);
        dialler.dispose();
      } else if (dialler.failed) expect(dialler.failed.code).not.toBe('HF_INTERNAL');
      else dialler.feed({ kind: 'end', now: dialler.now });
      expect(dialler.over).toBe(true);
    }
    expect(opened).toBeGreaterThan(100);
  });

  it('noise of any length is no head', () => {
    let seed = 7;
    const random = (): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return seed >>> 16;
    };
    for (let i = 0; i < 200; i++) {
      const bytes = Uint8Array.from({ length: random() % 9000 }, () => random());
      for (const role of ['initiator', 'responder'] as const) {
        const made = side(role, { core });
        made.bytes(bytes);
        if (!made.over) made.feed({ kind: 'end', now: made.now });
        expect(made.failed).toBeDefined();
      }
    }
  });
});
