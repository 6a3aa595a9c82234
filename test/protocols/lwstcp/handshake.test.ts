/** Both machines, step by step: what they send, and every refusal in both roles. */
import { describe, expect, it } from 'vitest';
import type { Core } from '../../../src/core/core.ts';
import { HandfastError } from '../../../src/errors.ts';
import { SessionKeyMemory } from '../../../src/protocols/lwstcp/index.ts';
import { cores } from '../../support/cores.ts';
import { fields, hear, KEY, type LwstcpSideOptions, message, NOW, packet, plainOf, side } from '../../support/lwstcp.ts';
import { converse, type Side } from '../../support/machines.ts';

const ONES = 2n ** 64n - 1n;
const SESSION_KEY = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
const REQUEST = packet(2, fields(7, 2n ** 63n, 2n ** 63n + 5n));
const SUCCESS = packet(4, SESSION_KEY);
const text = (of: string): Uint8Array => new TextEncoder().encode(of);

/** A right answer to whatever the server has asked. */
function answerTo(request: Uint8Array, change: (answer: { nonce: number; sum: bigint; xor: bigint }) => void = () => {}): Uint8Array {
  const body = plainOf(request);
  const view = new DataView(body.buffer);
  const [a, b] = [view.getBigUint64(4, true), view.getBigUint64(12, true)];
  const sum = BigInt.asUintN(64, a + b);
  const xor = a ^ b;
  const answer = { nonce: Number(BigInt.asUintN(32, BigInt(view.getUint32(0, true)) ^ sum ^ xor)), sum, xor };
  change(answer);
  return packet(3, fields(answer.nonce, answer.sum, answer.xor));
}

describe.each(cores)('LightweightSecureTCP on the $name core', (core) => {
  /** One side with bytes it is given, wiped at the end. */
  const fed = (role: 'initiator' | 'responder', options: LwstcpSideOptions, ...chunks: Uint8Array[]): Side => {
    const one = side(core, role, options).start();
    for (const chunk of chunks) if (!one.over) one.bytes(chunk);
    one.opened?.traffic.wipe();
    return one;
  };
  const code = ({ failed }: Side): string | undefined => failed?.code;

  it('opens between both roles, with one binding, and leaves nothing behind', () => {
    const live = core.guarded.live;
    const [a, b] = [side(core, 'initiator').start(), side(core, 'responder').start()];
    const sizes: number[] = [];
    converse(a, b, (data) => {
      sizes.push(data.length);
      return data;
    });
    expect(sizes).toEqual([25, 25, 33]);
    expect(a.opened!.binding).toEqual(b.opened!.binding);
    expect(a.opened!.binding).toHaveLength(32);
    expect(a.opened!.peer).toEqual(b.opened!.peer);
    expect(a.opened!.peer.id).toMatch(/^lwstcp:[0-9a-f]{16}$/);
    expect(a.opened!.peer.publicKey).toHaveLength(0);
    expect(a.opened!.info).toEqual({ rounds: 32, dialect: 'current', peerProved: false });
    expect(b.opened!.info).toEqual({ rounds: 32, dialect: 'current', peerProved: true });
    expect(a.traces).toEqual(['request received', 'response sent', 'session key received']);
    expect(b.traces).toEqual(['request sent', 'response received', 'session key sent']);
    expect(a.deadline).toBe(NOW + 5_000);
    a.dispose();
    b.dispose();
    expect(core.guarded.live).toBe(live);
  });

  it('two connections have nothing in common', () => {
    const bindings = Array.from({ length: 2 }, () => {
      const [a, b] = [side(core, 'initiator').start(), side(core, 'responder').start()];
      converse(a, b);
      a.dispose();
      b.dispose();
      return Buffer.from(a.opened!.binding).toString('hex');
    });
    expect(new Set(bindings).size).toBe(2);
  });

  it('packets may come byte by byte', () => {
    const [a, b] = [side(core, 'initiator').start(), side(core, 'responder').start()];
    for (let i = 0; i < 200 && !(a.opened && b.opened); i++) {
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const)
        for (const byte of from.take()) to.bytes(Uint8Array.of(byte));
    }
    expect(a.opened!.binding).toEqual(b.opened!.binding);
    a.dispose();
    b.dispose();
  });

  describe('the client', () => {
    it('answers by the formula, carries and all', () => {
      const one = side(core, 'initiator').start();
      one.bytes(REQUEST);
      expect(plainOf(one.take()).slice(0, 20)).toEqual(fields((7 ^ 5 ^ 5) >>> 0, 5n, 5n).slice(0, 20));
    });

    it('pads its answer with what the core draws', () => {
      const scripted: Core = { ...core, random: (length) => new Uint8Array(length).fill(0xa5) };
      const one = side(scripted, 'initiator').start();
      one.bytes(REQUEST);
      expect(plainOf(one.take()).slice(20)).toEqual(new Uint8Array(4).fill(0xa5));
    });

    it('takes the first messages along with the session key', () => {
      const one = side(core, 'initiator').start();
      one.bytes(REQUEST);
      one.bytes(Uint8Array.of(...SUCCESS, ...message(text('at once'), SESSION_KEY)));
      expect(hear(core, one.opened!.traffic, one.opened!.rest).texts).toEqual(['at once']);
      one.dispose();
    });

    it.each([
      ['nonce', packet(2, fields(0xffff_ffff, 1n, 2n))],
      ['num1', packet(2, fields(1, ONES, 2n))],
      ['num2', packet(2, fields(1, 1n, ONES))],
    ])('refuses a request whose %s is all ones', (_, request) => {
      const one = fed('initiator', {}, request);
      expect(code(one)).toBe('HF_MALFORMED');
      expect(one.take()).toHaveLength(0);
    });

    it.each([
      ['a response', 3, 'HF_OUT_OF_TURN'],
      ['a session key', 4, 'HF_OUT_OF_TURN'],
      ['a message', 1, 'HF_OUT_OF_TURN'],
      ['a keep-alive', 5, 'HF_OUT_OF_TURN'],
      ['a Disconnect', 6, 'HF_OUT_OF_TURN'],
      ['nothing known', 0, 'HF_MALFORMED'],
      ['nothing known', 7, 'HF_MALFORMED'],
      ['text', 0x48, 'HF_MALFORMED'],
    ])('refuses %s where the request should be, at its first byte', (_, type, expected) => {
      expect(code(fed('initiator', {}, Uint8Array.of(type)))).toBe(expected);
    });

    it.each([1, 2, 3, 5, 6, 9])('refuses packet %i where the session key should be', (type) => {
      expect(code(fed('initiator', {}, REQUEST, Uint8Array.of(type)))).toBe(type === 9 ? 'HF_MALFORMED' : 'HF_OUT_OF_TURN');
    });

    it('refuses a whole flight of the server at once: a recording', () => {
      expect(code(fed('initiator', {}, Uint8Array.of(...REQUEST, ...SUCCESS)))).toBe('HF_OUT_OF_TURN');
      expect(code(fed('initiator', {}, REQUEST.slice(0, 9), Uint8Array.of(...REQUEST.slice(9), 4)))).toBe('HF_OUT_OF_TURN');
    });

    it('refuses a session key that is all zero', () => {
      expect(code(fed('initiator', {}, REQUEST, packet(4, new Uint8Array(32))))).toBe('HF_MALFORMED');
    });

    it('refuses a session key that it was given before: an old flight, replayed', () => {
      const sessionKeys = new SessionKeyMemory();
      expect(fed('initiator', { sessionKeys }, REQUEST, SUCCESS).opened).toBeDefined();
      expect(code(fed('initiator', { sessionKeys }, REQUEST, SUCCESS))).toBe('HF_REPLAYED');
      expect(fed('initiator', { sessionKeys }, REQUEST, packet(4, SESSION_KEY.slice().reverse())).opened).toBeDefined();
      expect(fed('initiator', {}, REQUEST, SUCCESS).opened).toBeDefined();
    });

    it('remembers session keys for the whole process where no memory is named', () => {
      const key = packet(4, core.random(32));
      expect(fed('initiator', { sessionKeys: undefined }, REQUEST, key).opened).toBeDefined();
      expect(code(fed('initiator', { sessionKeys: undefined }, REQUEST, key))).toBe('HF_REPLAYED');
    });

    it.each([0, 1, 24])('says what was missing when the stream ends after %i bytes of the request', (length) => {
      const one = fed('initiator', {}, REQUEST.slice(0, length));
      one.feed({ kind: 'end', now: NOW });
      expect(code(one)).toBe('HF_TRUNCATED');
      expect(one.failed!.message).toContain("the server's request");
    });

    it('says what a wrong key looks like when the server closes after the answer', () => {
      const one = fed('initiator', {}, REQUEST);
      one.feed({ kind: 'end', now: NOW });
      expect(code(one)).toBe('HF_TRUNCATED');
      expect(one.failed!.message).toMatch(/handshake key or the number of rounds/);
    });

    it('tells the server that there is no session, where its own side says no after all', () => {
      const one = side(core, 'initiator', { judge: () => ({ code: 'BANNED', reason: 'gone' }) }).start();
      one.bytes(REQUEST);
      one.take();
      one.bytes(SUCCESS);
      expect(code(one)).toBe('HF_BANNED');
      expect(one.take()).toEqual(Uint8Array.of(6));
    });

    describe('told to wait before its first message', () => {
      const waiting = (): Side => {
        const one = side(core, 'initiator', { firstMessageDelayMs: 50 }).start();
        one.bytes(REQUEST);
        one.bytes(SUCCESS);
        return one;
      };

      it('opens when the time has passed, with all that came meanwhile', () => {
        const one = waiting();
        expect(one.opened).toBeUndefined();
        expect(one.deadline).toBe(NOW + 50);
        one.bytes(message(text('one'), SESSION_KEY));
        one.bytes(message(text('two'), SESSION_KEY));
        one.feed({ kind: 'tick', now: NOW + 49 });
        expect(one.opened).toBeUndefined();
        one.feed({ kind: 'tick', now: NOW + 50 });
        expect(hear(core, one.opened!.traffic, one.opened!.rest).texts).toEqual(['one', 'two']);
        one.dispose();
      });

      it('opens at once when the server ends, or says more than is held', () => {
        const ended = waiting();
        ended.feed({ kind: 'end', now: NOW + 1 });
        expect(ended.opened).toBeDefined();
        ended.dispose();
        const loud = waiting();
        loud.bytes(new Uint8Array(16_384).fill(5));
        expect(loud.opened).toBeUndefined();
        loud.bytes(Uint8Array.of(5));
        expect(loud.opened!.rest).toHaveLength(16_385);
        loud.dispose();
      });

      it('can be cancelled, and says so to the server', () => {
        const one = waiting();
        one.take();
        one.feed({ kind: 'abort', now: NOW, why: new HandfastError('ABORTED', 'enough') });
        expect(code(one)).toBe('HF_ABORTED');
        expect(one.take()).toEqual(Uint8Array.of(6));
      });
    });
  });

  describe('the server', () => {
    it.each([0, 1, 24])('says what was missing when the stream ends after %i bytes of the response', (length) => {
      const one = fed('responder', {}, new Uint8Array(length).fill(3));
      one.feed({ kind: 'end', now: NOW });
      expect(code(one)).toBe('HF_TRUNCATED');
      expect(one.failed!.message).toContain("the client's response");
    });

    it('speaks first', () => {
      const one = side(core, 'responder').start();
      expect(one.take()[0]).toBe(2);
    });

    it('draws again when a number, or one of the answer, would be all ones', () => {
      const good = fields(7, 1n, 2n);
      const draws = [
        fields(0xffff_ffff, 1n, 2n),
        fields(1, ONES, 2n),
        fields(1, 1n, ONES),
        // The answer's: its nonce; sum and xor, which are so together.
        fields(1, 0xffff_ffffn, 1n),
        fields(5, ONES - 1n, 1n),
        good,
      ];
      const scripted: Core = { ...core, random: (length) => (length === 24 ? draws.shift()! : core.random(length)) };
      const one = side(scripted, 'responder').start();
      expect(plainOf(one.take()).slice(0, 20)).toEqual(good.slice(0, 20));
      expect(draws).toHaveLength(0);
    });

    it('draws again when the session key would be all zero', () => {
      const draws = [new Uint8Array(32), SESSION_KEY.slice()];
      const scripted: Core = { ...core, random: (length) => (length === 32 ? draws.shift()! : core.random(length)) };
      const one = side(scripted, 'responder').start();
      one.bytes(answerTo(one.take()));
      expect(plainOf(one.take())).toEqual(SESSION_KEY);
      one.dispose();
    });

    it.each([
      ['a wrong nonce', (answer: { nonce: number }) => (answer.nonce ^= 1), 'HF_WRONG_KEY'],
      ['a wrong sum', (answer: { sum: bigint }) => (answer.sum ^= 1n), 'HF_WRONG_KEY'],
      ['a wrong xor, which the library takes', (answer: { xor: bigint }) => (answer.xor ^= 1n), 'HF_WRONG_KEY'],
      ['a nonce of all ones', (answer: { nonce: number }) => (answer.nonce = 0xffff_ffff), 'HF_MALFORMED'],
      ['a sum of all ones', (answer: { sum: bigint }) => (answer.sum = ONES), 'HF_MALFORMED'],
      ['a xor of all ones', (answer: { xor: bigint }) => (answer.xor = ONES), 'HF_MALFORMED'],
    ])('refuses %s, without a word', (_, change, expected) => {
      const one = side(core, 'responder').start();
      one.bytes(answerTo(one.take(), change));
      expect(code(one)).toBe(expected);
      expect(one.take()).toHaveLength(0);
      expect(one.judgements).toBe(0);
    });

    it('refuses who has another key, or another number of rounds', () => {
      for (const other of [{ handshakeKey: KEY.slice().reverse() }, { rounds: 33 }]) {
        const [a, b] = [side(core, 'initiator', other).start(), side(core, 'responder').start()];
        converse(a, b);
        expect(code(b)).toMatch(/^HF_(WRONG_KEY|MALFORMED)$/);
        expect(a.opened).toBeUndefined();
      }
    });

    it.each([1, 2, 4, 5, 6, 0, 0x16])('refuses packet %i where the response should be', (type) => {
      const one = fed('responder', {}, Uint8Array.of(type));
      expect(code(one)).toBe(type === 0 || type === 0x16 ? 'HF_MALFORMED' : 'HF_OUT_OF_TURN');
    });

    it('refuses bytes behind the response', () => {
      const one = side(core, 'responder').start();
      one.bytes(Uint8Array.of(...answerTo(one.take()), 5));
      expect(code(one)).toBe('HF_OUT_OF_TURN');
    });

    it('gives nobody a session key who is not wanted', () => {
      const one = side(core, 'responder', { judge: () => ({ code: 'TOO_MANY_CONNECTIONS', reason: 'full' }) }).start();
      one.bytes(answerTo(one.take()));
      expect(code(one)).toBe('HF_TOO_MANY_CONNECTIONS');
      expect(one.take()).toHaveLength(0);
    });
  });

  describe.each(['initiator', 'responder'] as const)('either side (%s)', (role) => {
    it('has one deadline, which no byte moves', () => {
      const one = side(core, role).start();
      const dripped = role === 'initiator' ? REQUEST : answerTo(one.take());
      for (let i = 0; i < 24; i++) {
        one.now = NOW + 200 * i;
        one.bytes(dripped.subarray(i, i + 1));
      }
      expect(one.failed).toBeUndefined();
      expect(one.deadline).toBe(NOW + 5_000);
      one.now = NOW + 5_000;
      one.bytes(dripped.subarray(24));
      expect(code(one)).toBe('HF_HANDSHAKE_TIMEOUT');
    });

    it('gives up on silence, also while it is being judged', () => {
      const one = side(core, role).start();
      one.feed({ kind: 'tick', now: NOW + 4_999 });
      expect(one.failed).toBeUndefined();
      one.feed({ kind: 'tick', now: NOW + 5_000 });
      expect(code(one)).toBe('HF_HANDSHAKE_TIMEOUT');
      const judged = side(core, role).start();
      judged.hold = true;
      for (const chunk of role === 'initiator' ? [REQUEST, SUCCESS] : [answerTo(judged.take())]) judged.bytes(chunk);
      judged.feed({ kind: 'tick', now: NOW + 5_000 });
      expect(code(judged)).toBe('HF_HANDSHAKE_TIMEOUT');
      judged.release();
      expect(judged.opened).toBeUndefined();
    });

    it('fails once, with the reason, when it is told to give up, and does nothing afterwards', () => {
      const one = side(core, role).start();
      one.feed({ kind: 'abort', now: NOW, why: new HandfastError('ABORTED', 'enough') });
      expect(code(one)).toBe('HF_ABORTED');
      one.failed = undefined;
      for (const kind of ['tick', 'end'] as const) one.feed({ kind, now: NOW + 9_000 });
      one.bytes(REQUEST);
      expect(one.failed).toBeUndefined();
    });

    it('does not throw, whatever comes', () => {
      for (let length = 0; length < 80; length++) {
        const one = side(core, role).start();
        const first = role === 'initiator' ? 2 : 3;
        one.bytes(Uint8Array.of(first, ...core.random(length)));
        if (!one.over) one.bytes(Uint8Array.of(role === 'initiator' ? 4 : 3, ...core.random(32)));
        one.dispose();
      }
    });
  });
});
