/** What comes in the middle of a session besides messages: handshakes at every time and of every kind, greetings that are late, answers to work that nobody waits for, and what a side does once it has ended. */
import { describe, expect, it } from 'vitest';
import { sealText } from '../../../src/protocols/hivemind/channel.ts';
import { createHsub } from '../../../src/protocols/hivemind/hsub.ts';
import type { HiveMindClient, HiveMindOptions } from '../../../src/protocols/hivemind/index.ts';
import { LIMITS, TIMES } from '../../../src/protocols/hivemind/limits.ts';
import type { Received, TrafficOutput, WorkAnswer } from '../../../src/protocols/machine.ts';
import { shownText, utf8 } from '../../../src/wire/text.ts';
import { cores } from '../../support/cores.ts';
import { ACCESS_KEY, endingOf, openPair, PASSWORD, receive, textMessage, utterance, write } from '../../support/hivemind.ts';
import type { Side } from '../../support/machines.ts';
import { filled } from '../../support/noise.ts';
import { noiseChannel, standing } from '../../support/standing.ts';

const PSK = '0123456789abcdef0123456789abcdef';
const kinds = (outputs: readonly TrafficOutput[]): string[] => outputs.map(({ kind }) => kind);
const nothing = ({ own = [], outputs }: Received): boolean => own.length === 0 && outputs.length === 0;
const shake = (payload: unknown) => textMessage({ msg_type: 'shake', payload });
/** What stretches passwords takes its time; a key is as good as another here. */
const stretched: WorkAnswer = { op: 'pbkdf2-sha256', key: filled(5) };
const work = ({ op }: { op: string }): WorkAnswer | undefined =>
  op === 'pbkdf2-sha256' ? { op, key: filled(5) } : op === 'argon2id' ? { op, key: filled(6) } : undefined;

describe.each(cores)('in the middle of sessions of HiveMind, on the $name core', (core) => {
  const envelope = (password = PASSWORD): string => createHsub(core, password, core.random(8));
  const open = (slave: HiveMindOptions = {}, client: Partial<HiveMindClient> = {}, master: HiveMindOptions = {}) =>
    openPair({ core, slave, master: { clients: [{ accessKey: ACCESS_KEY, password: PASSWORD, ...client }], ...master }, work });
  const preshared = (slave: HiveMindOptions = {}, client: Partial<HiveMindClient> = {}) =>
    open({ password: undefined, presharedKey: PSK, ...slave }, { password: undefined, presharedKey: PSK, ...client });

  /** What a peer with the pre-shared key would write. */
  const sealed = (message: object) => ({
    data: sealText({ core, cipher: 'AES-GCM', encoding: 'JSON-HEX' }, utf8(PSK), core.random(16), utf8(JSON.stringify(message))),
    text: true,
  });

  describe('handshakes at a master', () => {
    const asked = (master: Side) => receive(master, shake({ envelope: envelope(), encodings: ['JSON-HEX'], ciphers: ['AES-GCM'] })).outputs;

    it('are taken again after 10 s, and not before', async () => {
      for (const early of [1, 0]) {
        const { master } = await open();
        expect(kinds(asked(master))).toEqual(['work']);
        expect(kinds(master.opened!.traffic.answered!([stretched], master.now))).toEqual(['send', 'event']);
        master.now += 10_000 - early;
        const outputs = asked(master);
        expect(early ? endingOf(outputs) : kinds(outputs)).toEqual(early ? { code: 'HF_RATE_LIMITED', close: 1013 } : ['work']);
      }
    });

    it('without an envelope, or without a password to check one by, end the session', async () => {
      const { master } = await open();
      expect(endingOf(receive(master, shake({})).outputs)).toEqual({ code: 'HF_NOT_ALLOWED', close: 1008 });
      const other = await preshared();
      expect(endingOf(asked(other.master))).toEqual({ code: 'HF_NOT_ALLOWED', close: 1008 });
    });

    it('that come while another is under way are walked on by that one', async () => {
      const { master } = await open();
      expect(kinds(asked(master))).toEqual(['work']);
      expect(asked(master)).toEqual([]);
      expect(kinds(master.opened!.traffic.answered!([stretched], master.now))).toEqual(['send', 'event']);
    });
  });

  describe('handshakes at a slave', () => {
    const request = { password: true, encodings: ['JSON-HEX'], ciphers: ['AES-GCM'] };

    it('begin when the master asks, once in 10 s', async () => {
      const { slave } = await open();
      const begun = receive(slave, shake(request)).outputs;
      expect(kinds(begun)).toEqual(['send']);
      // An answer that has the other side's envelope makes the key.
      const answer = { envelope: envelope(), encoding: 'JSON-HEX', cipher: 'AES-GCM' };
      expect(kinds(receive(slave, shake(answer)).outputs)).toEqual(['work']);
      expect(kinds(slave.opened!.traffic.answered!([stretched], slave.now))).toEqual(['event']);
      slave.now += 9_999;
      expect(receive(slave, shake(request)).outputs).toEqual([]);
      slave.now += 1;
      expect(kinds(receive(slave, shake(request)).outputs)).toEqual(['send']);
    });

    it.each([
      ['do not say that they want a password', { encodings: ['JSON-HEX'], ciphers: ['AES-GCM'] }],
      ['want one in other words than true', { ...request, password: 'true' }],
      ['leave no encoding', { ...request, encodings: ['ROT13'] }],
      ['leave no cipher', { ...request, ciphers: ['ROT13'] }],
    ])('change nothing where they %s', async (_, payload) => {
      const { slave } = await open();
      expect(receive(slave, shake(payload)).outputs).toEqual([]);
      // They do not count as one either.
      expect(kinds(receive(slave, shake(request)).outputs)).toEqual(['send']);
    });

    it('change nothing where it has no password', async () => {
      const { slave } = await preshared();
      expect(receive(slave, shake(request)).outputs).toEqual([]);
    });

    it('that are answered with a wrong envelope end the session', async () => {
      const { slave } = await open();
      receive(slave, shake(request));
      const answer = { envelope: envelope('another password'), encoding: 'JSON-HEX', cipher: 'AES-GCM' };
      expect(endingOf(receive(slave, shake(answer)).outputs)).toEqual({ code: 'HF_WRONG_KEY', close: 1008 });
    });
  });

  describe('time', () => {
    it('a key is replaced after a day, by a slave that has a password, and by its master 10 s later', async () => {
      const { slave, master } = await open();
      expect(slave.opened!.traffic.deadline).toBe(slave.now + TIMES.keyMs);
      expect(master.opened!.traffic.deadline).toBe(master.now + TIMES.keyMs + 10_000);
      expect(slave.opened!.traffic.tick(slave.now + TIMES.keyMs - 1)).toEqual([]);
      expect(kinds(slave.opened!.traffic.tick(slave.now + TIMES.keyMs))).toEqual(['send']);
      // Nothing more is due while that one is under way.
      expect(slave.opened!.traffic.deadline).toBe(Number.POSITIVE_INFINITY);
      expect(slave.opened!.traffic.tick(slave.now + 2 * TIMES.keyMs)).toEqual([]);
    });

    it('a master that is not answered asks once a day', async () => {
      const { master } = await open();
      const { traffic } = master.opened!;
      const first = traffic.deadline;
      const [asks] = traffic.tick(first) as [{ kind: 'send'; data: Uint8Array }];
      expect(shownText(asks.data)).toContain('"ciphertext"');
      expect(traffic.deadline).toBe(first + TIMES.keyMs);
    });

    it('is nothing to keys that cannot be replaced: pre-shared ones, those of version 3, and those of a session that has ended', async () => {
      const noise = { secretKey: filled(1) };
      for (const { slave, master } of [await preshared(), await open({ noise }, {}, { noise: { secretKey: filled(2) } })]) {
        for (const side of [slave, master]) expect(side.opened!.traffic.deadline).toBe(Number.POSITIVE_INFINITY);
      }
      const { slave } = await open();
      slave.opened!.traffic.close(slave.now);
      expect(slave.opened!.traffic.deadline).toBe(Number.POSITIVE_INFINITY);
    });
  });

  it('a handshake in a session of version 3 ends it', () => {
    const clients = [{ accessKey: ACCESS_KEY, password: PASSWORD }];
    for (const [role, other] of [
      ['initiator', 'responder'],
      ['responder', 'initiator'],
    ] as const) {
      const traffic = standing['hivemind 3']!(core, role, { core, accessKey: ACCESS_KEY, password: PASSWORD, clients })(0);
      const peer = noiseChannel(core, other);
      const [{ data, text }] = peer.seal(utf8(JSON.stringify({ msg_type: 'shake', payload: { envelope: envelope() } })), 'json');
      expect(endingOf(traffic.openMessage!(data, text, 0).outputs)).toEqual({ code: 'HF_OUT_OF_TURN', close: 1008 });
      traffic.wipe();
      peer.wipe();
    }
  });

  it('greetings in clear of a master that has not heard of our key are late for 10 s, and then out of turn; a slave greets nobody', async () => {
    const hello = textMessage({ msg_type: 'hello', payload: {} });
    const early = await open();
    early.slave.now += 9_999;
    expect(nothing(receive(early.slave, hello))).toBe(true);
    early.slave.now += 1;
    expect(endingOf(receive(early.slave, hello).outputs)?.code).toBe('HF_OUT_OF_TURN');
    const { master } = await open();
    expect(endingOf(receive(master, hello).outputs)?.code).toBe('HF_OUT_OF_TURN');
  });

  it('what is late and in clear does not end the key before: that is for the first message under the new one', async () => {
    const { slave, master } = await open();
    const old = [write(master, { type: 'one' }), write(master, { type: 'two' })] as const;
    const request = { password: true, encodings: ['JSON-HEX'], ciphers: ['AES-GCM'] };
    receive(slave, shake(request));
    receive(slave, shake({ envelope: envelope(), encoding: 'JSON-HEX', cipher: 'AES-GCM' }));
    expect(kinds(slave.opened!.traffic.answered!([stretched], slave.now))).toEqual(['event']);
    expect(receive(slave, old[0]).own).toHaveLength(1);
    expect(nothing(receive(slave, textMessage({ msg_type: 'hello', payload: {} })))).toBe(true);
    expect(receive(slave, old[1]).own).toHaveLength(1);
  });

  it('a HELLO that is sealed and said again changes nothing', async () => {
    const { slave, master } = await preshared();
    const again = sealed({ msg_type: 'hello', payload: { session: { session_id: 'other' } } });
    expect(nothing(receive(master, again))).toBe(true);
    const [{ bytes }] = receive(master, write(slave, utterance('x'))).own as [{ bytes: Uint8Array }];
    expect(JSON.parse(shownText(bytes)).context.session.session_id).not.toBe('other');
  });

  it('a message of the session `default`, or of none, is taken from administrators alone', async () => {
    for (const admin of [false, true]) {
      for (const context of [{ session: { session_id: 'default' } }, { session: {} }, {}]) {
        const { master } = await preshared({}, { admin });
        const { own, outputs } = receive(master, sealed({ msg_type: 'bus', payload: utterance('x', context) }));
        expect([own?.length, endingOf(outputs)?.code]).toEqual(admin ? [1, undefined] : [undefined, 'HF_NOT_ALLOWED']);
      }
    }
  });

  it('what is refused is told with its type, where it is a message of the bus', async () => {
    const { slave, master } = await open();
    const told = (payload: object, kind: string) => receive(master, write(slave, payload, { kind })).outputs;
    expect(told({ type: 'other' }, 'bus')).toEqual([
      { kind: 'event', name: 'refused', detail: { kind: 'bus', type: 'other', reason: 'this type of bus message is not allowed' } },
    ]);
    expect(told({ msg_type: 'bus', payload: { type: 'a' } }, 'broadcast')).toEqual([
      { kind: 'event', name: 'refused', detail: { kind: 'broadcast', type: undefined, reason: 'only administrators broadcast' } },
    ]);
  });

  it('a carrier message may be as long as it was agreed, and not a byte longer', async () => {
    for (const longer of [0, 1]) {
      const { master } = await open({}, {}, { maxMessage: 16_384 });
      const { outputs } = receive(master, { data: new Uint8Array(16_384 + longer), text: false });
      expect(endingOf(outputs)).toEqual(longer ? { code: 'HF_TOO_LARGE', close: 1009 } : { code: 'HF_BAD_TAG', close: 1008 });
    }
    expect((await open()).slave.opened!.traffic.largestPayload).toBeLessThan(LIMITS.message);
  });

  it('bytes without borders end a session', async () => {
    const { master } = await open();
    const slab = core.slab(16);
    expect(endingOf(master.opened!.traffic.open(slab, 0, 16, master.now).outputs)).toEqual({ code: 'HF_MALFORMED', close: 1002 });
    slab.release();
  });

  describe('once it has ended', () => {
    it('nothing more comes of anything', async () => {
      const { slave, master } = await open();
      const late = write(slave, utterance('x'));
      const { traffic } = master.opened!;
      receive(master, textMessage('{'));
      expect(nothing(receive(master, late))).toBe(true);
      expect(traffic.end(master.now, { code: 1008, reason: '' })).toEqual([]);
      expect(traffic.close(master.now)).toEqual([]);
      expect(traffic.tick(master.now + 2 * TIMES.keyMs)).toEqual([]);
      expect(traffic.answered!([stretched], master.now)).toEqual([]);
    });

    it('answers that come too late are wiped, and so are those that nobody has asked for', async () => {
      for (const ended of [true, false]) {
        const { slave } = await open();
        if (ended) slave.opened!.traffic.close(slave.now);
        const key = filled(7);
        expect(slave.opened!.traffic.answered!([{ op: 'pbkdf2-sha256', key }], slave.now)).toEqual([]);
        expect(key).toEqual(filled(0));
      }
    });

    it('how it went is said: lingering after a refusal, not after a farewell', async () => {
      const { slave, master } = await open();
      expect(slave.opened!.traffic.close(slave.now, { code: 'CLOSED', reason: 'bye' })).toEqual([
        { kind: 'ended', lingerMs: 0, close: { code: 1000, reason: 'bye' } },
      ]);
      expect(master.opened!.traffic.close(master.now, { code: 'BANNED', reason: 'you' })).toEqual([
        { kind: 'ended', why: expect.objectContaining({ code: 'HF_BANNED' }), lingerMs: 2_000, close: { code: 1008, reason: 'you' } },
      ]);
      const other = await open();
      expect(other.slave.opened!.traffic.end(other.slave.now)).toEqual([{ kind: 'ended', lingerMs: 0 }]);
      expect(other.master.opened!.traffic.end(other.master.now, { code: 1013, reason: '' })).toEqual([
        { kind: 'ended', why: expect.objectContaining({ code: 'HF_BUSY', blame: 'network' }), lingerMs: 0 },
      ]);
    });

    it('no key is left, in the middle of a handshake either', async () => {
      const live = core.guarded.live;
      const { slave, master } = await open();
      receive(master, shake({ envelope: envelope(), encodings: ['JSON-HEX'], ciphers: ['AES-GCM'] }));
      slave.opened!.traffic.tick(slave.opened!.traffic.deadline);
      for (const side of [slave, master]) side.opened!.traffic.wipe();
      expect(core.guarded.live).toBe(live);
      expect(receive(master, shake({})).outputs).toEqual([]);
    });
  });
});
