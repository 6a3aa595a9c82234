/** Messages, timers and ends of a session, on one traffic at a time. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Core } from '../../../src/core/core.ts';
import type { LwstcpOptions } from '../../../src/protocols/lwstcp/index.ts';
import { settingsOf } from '../../../src/protocols/lwstcp/settings.ts';
import { LwstcpTraffic } from '../../../src/protocols/lwstcp/traffic.ts';
import type { TrafficOutput } from '../../../src/protocols/machine.ts';
import { codeOf } from '../../support/codes.ts';
import { cores } from '../../support/cores.ts';
import { cipher, hear, KEY, message, NOW, say } from '../../support/lwstcp.ts';

const text = (of: string): Uint8Array => new TextEncoder().encode(of);
const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

/** `06`, and how the session ended. */
function told(outputs: readonly TrafficOutput[]): string {
  return outputs
    .map((output) =>
      output.kind === 'send'
        ? Buffer.from(output.data).toString('hex')
        : output.kind === 'ended'
          ? (output.why?.code ?? 'ended well')
          : output.kind,
    )
    .join(' ');
}

describe.each(cores)('traffic on the $name core', (core) => {
  const made: LwstcpTraffic[] = [];
  const traffic = (role: 'initiator' | 'responder' = 'responder', options: Partial<LwstcpOptions> = {}, use: Core = core) => {
    const settings = settingsOf({ core: use, handshakeKey: KEY, allowInsecure: true, ...options });
    const one = new LwstcpTraffic(settings, role, use.guarded.import(KEY), NOW);
    made.push(one);
    return one;
  };
  afterEach(() => {
    for (const one of made.splice(0)) one.wipe();
  });

  it('seals several messages in one slab, each a packet, and opens them again', () => {
    const texts = ['a', 'seven b', 'eight by', 'nine byte', 'x'.repeat(100)];
    const wire = say(core, traffic(), texts.map(text));
    expect([...wire.slice(0, 3)]).toEqual([1, 0, 1]);
    expect(wire).toHaveLength(11 + 11 + 11 + 19 + 107);
    expect(hear(core, traffic(), wire)).toMatchObject({ texts, next: wire.length, outputs: [], again: false });
  });

  it('pads with what the core draws, one draw a call, and never with what lay there', () => {
    let drawn = 0;
    const scripted: Core = { ...core, random: (length) => Uint8Array.from({ length }, () => 0xa0 + drawn++) };
    const wire = say(core, traffic('responder', {}, scripted), [text('abc'), text('abcdefg'), text('abcdefgh')]);
    expect(drawn).toBe(6);
    expect([...cipher(KEY, wire.slice(3, 11), true)]).toEqual([...text('abc'), 0xa0, 0xa1, 0xa2, 0xa3, 0xa4]);
    expect([...cipher(KEY, wire.slice(14, 22), true)]).toEqual([...text('abcdefg'), 0xa5]);
  });

  it('reads what the formulas of the specification write, of every length up to 40 bytes and the largest', () => {
    for (const length of [...Array.from({ length: 40 }, (_, i) => i + 1), 65_527, 65_528]) {
      const plain = Uint8Array.from({ length }, (_, i) => 7 * i + 3);
      const wire = length > 40 ? say(core, traffic(), [plain]) : message(plain, KEY);
      expect(hear(core, traffic(), wire).texts).toEqual([Buffer.from(plain).toString('latin1')]);
    }
  });

  it('waits for the rest, wherever a message is cut, and says how much it needs', () => {
    const wire = message(text('twelve bytes'), KEY);
    for (let length = 0; length < wire.length; length++) {
      expect(hear(core, traffic(), wire.slice(0, length))).toMatchObject({ texts: [], next: 0, outputs: [], wanted: length < 3 ? 0 : 19 });
    }
  });

  it('delivers nothing for keep-alives and empty messages, and goes on', () => {
    const wire = join(
      Uint8Array.of(5, 5, 1, 0, 0),
      message(text('one'), KEY),
      Uint8Array.of(5),
      message(text('two'), KEY),
      Uint8Array.of(1, 0, 0),
    );
    expect(hear(core, traffic(), wire)).toMatchObject({ texts: ['one', 'two'], next: wire.length, outputs: [] });
  });

  it('opens 64 messages in a call and asks for another one', () => {
    const one = traffic();
    const wire = say(
      core,
      traffic(),
      Array.from({ length: 130 }, (_, i) => text(`${i}`)),
    );
    const seen: string[] = [];
    for (let rest = wire, calls = 0; rest.length > 0; calls++) {
      const { texts, next, again } = hear(core, one, rest);
      expect(again).toBe(calls < 2);
      seen.push(...texts);
      rest = rest.slice(next);
    }
    expect(seen).toEqual(Array.from({ length: 130 }, (_, i) => `${i}`));
  });

  it.each([65_529, 65_530, 65_531, 65_532, 65_533, 65_534, 65_535])('refuses a length of %i before reading on', (length) => {
    const before = message(text('before'), KEY);
    const { texts, outputs } = hear(core, traffic(), join(before, Uint8Array.of(1, length >> 8, length & 0xff)));
    expect(texts).toEqual(['before']);
    expect(told(outputs)).toBe('06 HF_MALFORMED');
  });

  it.each([0, 2, 3, 4, 7, 8, 0x80, 0xff])('ends at type %i in mid-session, and skips nothing', (type) => {
    const wire = join(message(text('before'), KEY), Uint8Array.of(type), message(text('after'), KEY));
    const one = traffic();
    const { texts, next, outputs } = hear(core, one, wire);
    expect(texts).toEqual(['before']);
    expect(next).toBe(wire.length);
    expect(told(outputs)).toBe(`06 ${type >= 2 && type <= 4 ? 'HF_OUT_OF_TURN' : 'HF_MALFORMED'}`);
    expect((outputs[1] as { why: { unproved: boolean } }).why.unproved).toBe(true);
    expect(hear(core, one, message(text('later'), KEY))).toMatchObject({ texts: [], outputs: [] });
  });

  it('takes a message under another key for what it can not tell: noise', () => {
    const { texts, outputs } = hear(core, traffic(), message(text('noise'), KEY.slice().reverse()));
    expect(texts).toHaveLength(1);
    expect(texts[0]).not.toBe('noise');
    expect(outputs).toEqual([]);
  });

  it('refuses to send nothing, and more than fits, before a byte is touched', () => {
    const slab = core.slab(70_000);
    const one = traffic();
    expect(codeOf(() => one.seal(slab, Uint32Array.of(3, 8, 20, 0), 2, NOW))).toBe('HF_BAD_ARGUMENT');
    for (const length of [65_529, 65_535, 65_536]) {
      expect(codeOf(() => one.seal(slab, Uint32Array.of(3, length), 1, NOW))).toBe('HF_TOO_LARGE');
    }
    expect(slab.bytes.every((byte) => byte === 0)).toBe(true);
    slab.release();
    expect(one.largestPayload).toBe(65_528);
  });

  describe('keep-alives', () => {
    it('leave when nothing was sent for the interval, and not before', () => {
      const one = traffic();
      expect(one.deadline).toBe(NOW + 5_000);
      expect(one.tick(NOW + 4_999)).toEqual([]);
      expect(told(one.tick(NOW + 5_000))).toBe('05');
      expect(one.deadline).toBe(NOW + 10_000);
      say(core, one, [text('x')], NOW + 7_000);
      expect(one.deadline).toBe(NOW + 12_000);
    });

    it('leave without an inactivity timeout too', () => {
      for (const inactivityMs of [-1, Number.POSITIVE_INFINITY]) {
        const one = traffic('initiator', { inactivityMs, keepAliveMs: 200 });
        for (let i = 1; i <= 500; i++) expect(told(one.tick(NOW + 200 * i))).toBe('05');
      }
    });

    it('leave while this side does not read', () => {
      const one = traffic();
      one.reading(false, NOW);
      expect(told(one.tick(NOW + 5_000))).toBe('05');
    });
  });

  describe('inactivity', () => {
    it.each([
      ['initiator', 'HF_PING_TIMEOUT'],
      ['responder', '06 HF_PING_TIMEOUT'],
    ] as const)('ends the session; of the %s: %s', (role, expected) => {
      const one = traffic(role, { keepAliveMs: 999, inactivityMs: 1_000 });
      one.tick(NOW + 999);
      expect(one.deadline).toBe(NOW + 1_000);
      expect(told(one.tick(NOW + 1_000))).toBe(expected);
      expect(one.deadline).toBe(Number.POSITIVE_INFINITY);
      expect(one.tick(NOW + 2_000)).toEqual([]);
    });

    it.each([
      ['a keep-alive', Uint8Array.of(5), true],
      ['an empty message', Uint8Array.of(1, 0, 0), true],
      ['a message', message(text('x'), KEY), true],
      ['half a message', message(text('x'), KEY).slice(0, 6), false],
    ])('%s counts as activity or not', (_, bytes, counts) => {
      const one = traffic('responder', { keepAliveMs: 900, inactivityMs: 1_000 });
      hear(core, one, bytes, NOW + 800);
      one.tick(NOW + 900);
      expect(told(one.tick(NOW + 1_000)) !== '').toBe(!counts);
    });

    it('is not held against the other side while this one does not read', () => {
      const one = traffic('responder', { keepAliveMs: 900, inactivityMs: 1_000 });
      one.reading(false, NOW + 500);
      one.reading(false, NOW + 600);
      expect(told(one.tick(NOW + 9_000))).toBe('05');
      one.reading(true, NOW + 9_000);
      expect(one.deadline).toBe(NOW + 9_500);
      expect(told(one.tick(NOW + 9_500))).toBe('06 HF_PING_TIMEOUT');
    });
  });

  describe('a message that does not come whole', () => {
    it('ends the session after 5 s, which no dripped byte moves', () => {
      const wire = message(text('a message of some length'), KEY);
      const one = traffic();
      for (let i = 1; i < 25; i++) {
        hear(core, one, wire.slice(0, i), NOW + 200 * i);
        one.tick(NOW + 200 * i);
      }
      expect(one.deadline).toBe(NOW + 5_000);
      one.tick(NOW + 5_000);
      expect(told(one.tick(NOW + 5_199))).toBe('');
      expect(told(one.tick(NOW + 5_200))).toBe('06 HF_TRUNCATED');
    });

    it('counts anew for the next one', () => {
      const wire = message(text('x'), KEY);
      const one = traffic();
      hear(core, one, wire.slice(0, 4), NOW);
      hear(core, one, join(wire, wire.slice(0, 4)), NOW + 4_000);
      one.tick(NOW + 5_000);
      expect(told(one.tick(NOW + 8_999))).toBe('');
      expect(told(one.tick(NOW + 9_000))).toBe('06 HF_TRUNCATED');
    });

    it('has as much time more as this side did not read', () => {
      const one = traffic();
      hear(core, one, Uint8Array.of(1), NOW);
      one.reading(false, NOW + 1_000);
      one.tick(NOW + 20_000);
      one.reading(true, NOW + 21_000);
      expect(told(one.tick(NOW + 24_999))).toBe('');
      expect(told(one.tick(NOW + 25_000))).toMatch('06 HF_TRUNCATED');
    });
  });

  describe('the end', () => {
    it('a Disconnect ends it well; the server answers, the client does not', () => {
      const wire = join(message(text('last'), KEY), Uint8Array.of(6), message(text('after'), KEY));
      const [client, server] = [traffic('initiator'), traffic('responder')];
      const heard = [hear(core, client, wire), hear(core, server, wire)];
      expect(heard.map(({ texts }) => texts)).toEqual([['last'], ['last']]);
      expect(heard.map(({ outputs }) => told(outputs))).toEqual(['ended well', '06 ended well']);
    });

    it('this side says so once, and sends nothing afterwards', () => {
      for (const refusal of [undefined, { code: 'SHUTTING_DOWN', reason: '' } as const]) {
        const one = traffic();
        expect(told(one.close(NOW, refusal))).toBe('06 ended well');
        expect(one.close(NOW)).toEqual([]);
        expect(one.end()).toEqual([]);
        expect(codeOf(() => say(core, one, [text('x')]))).toBe('HF_CLOSED');
      }
    });

    it('keeps the reason of a refusal for its own side', () => {
      expect(told(traffic().close(NOW, { code: 'BANNED', reason: 'x' }))).toBe('06 HF_BANNED');
    });

    it('a stream that ends without one was cut', () => {
      const one = traffic();
      expect(told(one.end())).toBe('HF_TRUNCATED');
      expect(one.end()).toEqual([]);
      const half = traffic();
      hear(core, half, Uint8Array.of(1, 0));
      expect((half.end()[0] as { why: Error }).why.message).toContain('in the middle of a message');
    });
  });

  describe('with a peer of the older dialect', () => {
    it('a 05 is the end, 06 is nothing known, and no keep-alive leaves', () => {
      expect(told(hear(core, traffic('initiator', { dialect: 'older' }), Uint8Array.of(5)).outputs)).toBe('ended well');
      expect(told(hear(core, traffic('responder', { dialect: 'older' }), Uint8Array.of(5)).outputs)).toBe('05 ended well');
      expect(told(hear(core, traffic('responder', { dialect: 'older' }), Uint8Array.of(6)).outputs)).toBe('05 HF_OUT_OF_TURN');
      const one = traffic('responder', { dialect: 'older' });
      expect(one.deadline).toBe(NOW + 30_000);
      expect(one.tick(NOW + 29_999)).toEqual([]);
      expect(told(one.close(NOW))).toBe('05 ended well');
    });
  });
});
