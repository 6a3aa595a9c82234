/** What HiveMind's machines refuse, each with its code and its close code: section 11. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sealBinary } from '../../../src/protocols/hivemind/channel.ts';
import { writeFrame } from '../../../src/protocols/hivemind/frames.ts';
import { createHsub } from '../../../src/protocols/hivemind/hsub.ts';
import type { HiveMindOptions } from '../../../src/protocols/hivemind/index.ts';
import { shownText, utf8 } from '../../../src/wire/text.ts';
import { cores } from '../../support/cores.ts';
import { ACCESS_KEY, masterSide, PASSWORD, pairOf, pass, slaveSide, textMessage } from '../../support/hivemind.ts';
import { converseByMessage, type Side } from '../../support/machines.ts';

const KEYS = JSON.parse(readFileSync(join(import.meta.dirname, '../../vectors/hivemind.json'), 'utf8')).keys as Record<
  string,
  { private: string; public: string }
>;
const { alice2048: alice, bob2048: bob } = KEYS;
const PSK = '0123456789abcdef';

const sentTexts = (side: Side): { msg_type: string; payload: Record<string, unknown> }[] =>
  side.takeMessages().map(({ data }) => JSON.parse(shownText(data)));
const outcome = ({ failed, close }: Side): unknown[] => [failed?.code, close?.code];

describe.each(cores)('refusals of HiveMind, on the $name core', (core) => {
  describe('what a master refuses, and with which close code', () => {
    const hsub = (password = PASSWORD): string => createHsub(core, password, new Uint8Array(8).fill(9));
    const shake = (payload: object): unknown => ({ msg_type: 'shake', payload });
    const first = (message: unknown, options: HiveMindOptions = {}): unknown[] => {
      const { master } = pairOf({ core, master: options });
      const { data, text } = message instanceof Uint8Array ? { data: message, text: false } : textMessage(message);
      master.message(data, text);
      return outcome(master);
    };

    it.each([
      ['/'],
      ['/?authorization='],
      ['/?authorization=%%%'],
      ['/?authorization=bm9jb2xvbg=='],
      ['/?token=dWE6aw=='],
      [`/?authorization=${'A'.repeat(5000)}`],
    ])('a bad token: %s', (target) => {
      expect(outcome(masterSide(core, {}, target))).toEqual(['HF_NOT_ALLOWED', 1008]);
    });

    it('an unknown access key, which nothing tells from a wrong password', async () => {
      const seen: unknown[] = [];
      for (const slave of [{ accessKey: 'nobody' }, { password: 'another password altogether' }]) {
        const pair = pairOf({ core, slave });
        const messages = pair.master.takeMessages();
        seen.push(messages.map(({ data }) => shownText(data).replace(/"peer": "[^"]*"/, '')));
        for (const { data, text } of messages) pair.slave.message(data, text);
        await converseByMessage(pair.slave, pair.master);
        seen.push(pair.master.sent, pair.master.close, pair.master.lingerMs);
      }
      expect(seen.slice(0, 4)).toEqual(seen.slice(4));
      expect(seen[2]).toEqual({ code: 1008, reason: '' });
      expect(pairOf({ core, slave: { accessKey: 'nobody' } }).master.failed).toBe(undefined);
    });

    it('tells its own operator one from the other', async () => {
      const unknown = pairOf({ core, slave: { accessKey: 'nobody' } });
      await converseByMessage(unknown.slave, unknown.master);
      expect(outcome(unknown.master)).toEqual(['HF_UNKNOWN_NODE', 1008]);
      const wrong = pairOf({ core, slave: { password: 'another password altogether' } });
      await converseByMessage(wrong.slave, wrong.master);
      expect(outcome(wrong.master)).toEqual(['HF_WRONG_KEY', 1008]);
      expect(wrong.master.failed!.charged).toBe(true);
    });

    it('handshakes are off and there is no pre-shared key', () => {
      expect(outcome(masterSide(core, { insecure: { noHandshake: true } }))).toEqual(['HF_NOT_ALLOWED', 1008]);
    });

    it('a shake while handshakes are off', () => {
      const options = { insecure: { noHandshake: true }, clients: [{ accessKey: ACCESS_KEY, presharedKey: PSK }] };
      expect(first(shake({ envelope: hsub() }), options)).toEqual(['HF_NOT_ALLOWED', 1008]);
      // Though there is a password to check it by.
      const both = [{ accessKey: ACCESS_KEY, password: PASSWORD, presharedKey: PSK }];
      expect(first(shake({ envelope: hsub() }), { insecure: { noHandshake: true }, clients: both })).toEqual(['HF_NOT_ALLOWED', 1008]);
    });

    it('a shake with neither envelope nor public key, or without a password to check it by', () => {
      expect(first(shake({}))).toEqual(['HF_NOT_ALLOWED', 1008]);
      expect(first(shake({ envelope: hsub() }), { clients: [{ accessKey: ACCESS_KEY, presharedKey: PSK }] })).toEqual([
        'HF_NOT_ALLOWED',
        1008,
      ]);
    });

    it('no encoding or cipher in common', () => {
      expect(first(shake({ envelope: hsub(), encodings: ['JSON-B32'], ciphers: ['AES-GCM'] }), { encodings: ['JSON-HEX'] })).toEqual([
        'HF_SUITE_MISMATCH',
        1008,
      ]);
      expect(first(shake({ envelope: hsub(), encodings: ['ROT13'], ciphers: ['AES-GCM'] }))).toEqual(['HF_SUITE_MISMATCH', 1008]);
      expect(first(shake({ envelope: hsub(), encodings: ['JSON-Z85P'], ciphers: ['AES-GCM'] }))).toEqual(['HF_SUITE_MISMATCH', 1008]);
      expect(first(shake({ envelope: hsub(), encodings: [7], ciphers: 'AES-GCM' }))).toEqual(['HF_MALFORMED', 1002]);
    });

    it('unknown names in a list are passed over', async () => {
      const { master } = pairOf({ core });
      const { data } = textMessage(shake({ envelope: hsub(), encodings: ['ROT13', 'JSON-Z85P', 'JSON-HEX'], ciphers: ['X', 'AES-GCM'] }));
      master.takeMessages();
      master.message(data, true);
      await master.working;
      expect(sentTexts(master)[0].payload).toMatchObject({ encoding: 'JSON-HEX', cipher: 'AES-GCM' });
    });

    it.each([['zz'], [''], ['00'.repeat(23)], ['00'.repeat(41)], [`zz${'00'.repeat(23)}`], [7], [null]])(
      'an envelope that is none: %s',
      (envelope) => {
        expect(first(shake({ envelope }))).toEqual(['HF_WRONG_KEY', 1008]);
      },
    );

    it('a wrong envelope, before anything is derived or answered', () => {
      const { master } = pairOf({ core });
      master.takeMessages();
      const { data } = textMessage(shake({ envelope: hsub('guess'), encodings: [], ciphers: [] }));
      master.message(data, true);
      expect([outcome(master), master.sent, master.working]).toEqual([['HF_WRONG_KEY', 1008], [], undefined]);
    });

    it.each([
      ['no JSON', '{', 'HF_MALFORMED', 1002],
      ['no object', '[]', 'HF_MALFORMED', 1002],
      ['an unknown type', { msg_type: 'nonsense' }, 'HF_MALFORMED', 1002],
      ['no type', {}, 'HF_MALFORMED', 1002],
      ['an unknown member', { msg_type: 'shake', extra: 1 }, 'HF_MALFORMED', 1002],
      ['a member twice', '{"msg_type": "shake", "msg_type": "shake"}', 'HF_MALFORMED', 1002],
      ['deep JSON', `{"msg_type": "shake", "payload": {"a": ${'['.repeat(20)}${']'.repeat(20)}}}`, 'HF_MALFORMED', 1002],
      ['many members', `{"msg_type": "shake", "payload": {"a": [${'0,'.repeat(2000)}0]}}`, 'HF_MALFORMED', 1002],
      ['a long message', `{"msg_type": "shake", "payload": {"a": "${'x'.repeat(70_000)}"}}`, 'HF_TOO_LARGE', 1009],
      ['a bus message in clear', { msg_type: 'bus', payload: { type: 'x' } }, 'HF_OUT_OF_TURN', 1008],
      ['HELLO in clear', { msg_type: 'hello', payload: { session: { session_id: 's' } } }, 'HF_OUT_OF_TURN', 1008],
      ['a binary frame', Uint8Array.of(0x80, 2, 0x7b, 0x7d, 0x7b, 0x7d), 'HF_OUT_OF_TURN', 1008],
    ] as [string, unknown, string, number][])('%s', (_, message, code, close) => {
      expect(first(message)).toEqual([code, close]);
    });

    it('another pre-shared key', async () => {
      const pair = pairOf({
        core,
        slave: { password: undefined, presharedKey: 'fedcba9876543210' },
        master: { clients: [{ accessKey: ACCESS_KEY, presharedKey: PSK }] },
      });
      await converseByMessage(pair.slave, pair.master);
      expect(outcome(pair.master)).toEqual(['HF_WRONG_KEY', 1008]);
    });

    it('the session `default`, but for administrators', async () => {
      const rename = (core_: typeof core, admin: boolean) => {
        const pair = pairOf({
          core: core_,
          slave: { password: undefined, insecure: { clearText: true } },
          master: { insecure: { clearText: true }, clients: [{ accessKey: ACCESS_KEY, admin }] },
        });
        return converseByMessage(pair.slave, pair.master, (message, from) =>
          from === 'a' ? textMessage(shownText(message.data).replace(/"session_id": "[^"]*"/, '"session_id": "default"')) : message,
        ).then(() => pair.master);
      };
      expect(outcome(await rename(core, false))).toEqual(['HF_NOT_ALLOWED', 1008]);
      expect((await rename(core, true)).opened?.info).toMatchObject({ sessionId: 'default', admin: true });
    });

    it('a session id or a site beyond 256 characters, and a public key beyond 8,192', async () => {
      const clear = { insecure: { clearText: true } };
      const hello = async (payload: object): Promise<unknown[]> => {
        const pair = pairOf({
          core,
          slave: { password: undefined, ...clear },
          master: { ...clear, clients: [{ accessKey: ACCESS_KEY, admin: true }] },
        });
        await converseByMessage(pair.slave, pair.master, (message, from) =>
          from === 'a' && shownText(message.data).includes('hello') ? textMessage({ msg_type: 'hello', payload }) : message,
        );
        return [...outcome(pair.master), pair.master.opened !== undefined];
      };
      const [opens, refuses] = [
        [undefined, undefined, true],
        ['HF_MALFORMED', 1002, false],
      ];
      for (const more of [0, 1]) {
        const expected = more === 0 ? opens : refuses;
        expect(await hello({ session: { session_id: 's'.repeat(256 + more) } })).toEqual(expected);
        expect(await hello({ session: { session_id: 's' }, site_id: 's'.repeat(256 + more) })).toEqual(expected);
        expect(await hello({ session: { session_id: 's' }, pubkey: 'k'.repeat(8192 + more) })).toEqual(expected);
      }
    });

    it('RSA where nobody asked for it, with a key that is not the pinned one, or past a password', () => {
      const rsa = { privateKey: bob.private, trustFirstUse: true };
      expect(first(shake({ pubkey: alice.public }))).toEqual(['HF_NOT_ALLOWED', 1008]);
      expect(first(shake({ pubkey: alice.public }), { rsa })).toEqual(['HF_UNEXPECTED_PEER', 1008]);
      expect(first(shake({ pubkey: alice.public }), { rsa, clients: [{ accessKey: ACCESS_KEY, publicKey: bob.public }] })).toEqual([
        'HF_UNEXPECTED_PEER',
        1008,
      ]);
      expect(first(shake({ pubkey: 'no key' }), { rsa, clients: [{ accessKey: ACCESS_KEY }] })).toEqual(['HF_WRONG_KEY', 1008]);
    });

    it('a handshake that takes longer than 15 s, however often something came', () => {
      const { master } = pairOf({ core });
      for (let second = 1; second < 15; second++) pass(master, 1000);
      expect(outcome(master)).toEqual([undefined, undefined]);
      pass(master, 800);
      expect(outcome(master)).toEqual(['HF_HANDSHAKE_TIMEOUT', 1008]);
    });
  });

  describe('what a slave refuses', () => {
    const hello = { msg_type: 'hello', payload: { pubkey: bob.public.trim(), peer: 'p', node_id: 'n' } };
    const request = {
      handshake: true,
      min_protocol_version: 1,
      max_protocol_version: 1,
      binarize: false,
      preshared_key: false,
      password: true,
      crypto_required: true,
    };
    const told = (messages: unknown[], options: HiveMindOptions = {}): Side => {
      const slave = slaveSide(core, options);
      for (const message of messages) if (!slave.over) slave.message(textMessage(message).data, true);
      return slave;
    };
    const asked = (payload: object, options?: HiveMindOptions): unknown[] =>
      outcome(told([hello, { msg_type: 'shake', payload: { ...request, ...payload } }], options));

    it.each([
      ['versions that it does not speak', { min_protocol_version: 9, max_protocol_version: 9 }, {}],
      ['Noise alone', { min_protocol_version: 3, max_protocol_version: 3 }, {}],
      ['a password that it does not have', {}, { password: undefined, presharedKey: PSK }],
      ['a pre-shared key that it does not have', { password: false, preshared_key: true, handshake: false, min_protocol_version: 0 }, {}],
      ['a pre-shared key past a least version', { password: false, preshared_key: true }, { password: undefined, presharedKey: PSK }],
      ['RSA, for which it was not told to be ready', { password: false }, {}],
      ['no encryption', { password: false, handshake: false, min_protocol_version: 0, crypto_required: false }, {}],
    ] as [string, object, HiveMindOptions][])('a master that wants %s', (_, payload, options) => {
      expect(asked(payload, options)).toEqual(['HF_PROTOCOL_MISMATCH', 1008]);
    });

    it('versions that are no range', () => {
      expect(asked({ min_protocol_version: 2, max_protocol_version: 1 })).toEqual(['HF_MALFORMED', 1002]);
      expect(asked({ min_protocol_version: '1' })).toEqual(['HF_MALFORMED', 1002]);
    });

    it('lists that leave nothing', () => {
      expect(asked({ encodings: ['JSON-Z85P'], ciphers: ['AES-GCM'] })).toEqual(['HF_SUITE_MISMATCH', 1008]);
    });

    it('an answer in a cipher or an encoding that there is, and that it did not offer', () => {
      const answered = (options: HiveMindOptions, answer: object): unknown[] => {
        const envelope = createHsub(core, PASSWORD, core.random(8));
        const payload = { envelope, encoding: 'JSON-HEX', cipher: 'AES-GCM', ...answer };
        return outcome(told([hello, { msg_type: 'shake', payload: request }, { msg_type: 'shake', payload }], options));
      };
      expect(answered({ ciphers: ['AES-GCM'] }, { cipher: 'CHACHA20-POLY1305' })).toEqual(['HF_SUITE_MISMATCH', 1008]);
      expect(answered({ encodings: ['JSON-HEX'] }, { encoding: 'JSON-B64' })).toEqual(['HF_SUITE_MISMATCH', 1008]);
    });

    it('another RSA key than the pinned one, and a key when it trusts none', () => {
      const rsa = { privateKey: alice.private, masterKey: KEYS.carol3072.public };
      expect(asked({ password: false }, { password: undefined, rsa })).toEqual(['HF_UNEXPECTED_PEER', 1008]);
    });

    it.each([
      ['our own envelope back', (own: string) => ({ envelope: own }), 'HF_WRONG_KEY', 1008],
      ['a wrong password', () => ({ envelope: createHsub(core, 'other', new Uint8Array(8)) }), 'HF_WRONG_KEY', 1008],
      [
        'an encoding that was not offered',
        () => ({ envelope: createHsub(core, PASSWORD, new Uint8Array(8)), encoding: 'JSON-Z85P', cipher: 'AES-GCM' }),
        'HF_SUITE_MISMATCH',
        1008,
      ],
      [
        'a cipher that was not offered',
        () => ({ envelope: createHsub(core, PASSWORD, new Uint8Array(8)), encoding: 'JSON-HEX', cipher: 'AES' }),
        'HF_SUITE_MISMATCH',
        1008,
      ],
    ] as [string, (own: string) => object, string, number][])('%s', (_, answer, code, close) => {
      const slave = told([hello, { msg_type: 'shake', payload: request }]);
      const own = sentTexts(slave)[0].payload.envelope as string;
      slave.message(textMessage({ msg_type: 'shake', payload: answer(own) }).data, true);
      expect([outcome(slave), slave.working]).toEqual([[code, close], undefined]);
    });

    it('an answer to what it did not ask, and anything but HELLO and shakes in clear', () => {
      expect(outcome(told([{ msg_type: 'shake', payload: { envelope: '00'.repeat(24) } }]))).toEqual(['HF_OUT_OF_TURN', 1008]);
      expect(outcome(told([hello, { msg_type: 'bus', payload: { type: 'x' } }]))).toEqual(['HF_OUT_OF_TURN', 1008]);
    });

    it('a close of the other side, said as it was said', () => {
      const slave = slaveSide(core);
      slave.feed({ kind: 'end', now: slave.now, close: { code: 1008, reason: 'no\u001b' } });
      expect(slave.failed).toMatchObject({ code: 'HF_NOT_ALLOWED', remote: 'claimed', message: expect.stringContaining('1008') });
      expect(slave.failed!.message).not.toContain('\u001b');
      const empty = slaveSide(core);
      empty.feed({ kind: 'end', now: empty.now });
      expect(empty.failed?.code).toBe('HF_TRUNCATED');
    });

    it('a master that says nothing', () => {
      const slave = slaveSide(core, { password: undefined, presharedKey: PSK });
      pass(slave, 15_000);
      expect(outcome(slave)).toEqual(['HF_HANDSHAKE_TIMEOUT', 1008]);
    });
  });

  it('a slave whose master has a wrong password, and a forged RSA signature, keep no key', async () => {
    const forged = pairOf({
      core,
      slave: { password: undefined, rsa: { privateKey: alice.private, masterKey: bob.public } },
      master: { rsa: { privateKey: bob.private }, clients: [{ accessKey: ACCESS_KEY, publicKey: alice.public }] },
    });
    await converseByMessage(forged.slave, forged.master, (message, from) => {
      const value = JSON.parse(shownText(message.data));
      if (from !== 'b' || !value.payload?.envelope) return message;
      value.payload.envelope = value.payload.envelope.replace(/^./, (digit: string) => (digit === '0' ? '1' : '0'));
      return textMessage(value);
    });
    expect(outcome(forged.slave)).toEqual(['HF_INVALID_SIGNATURE', 1008]);
  });

  it('HELLO in clear, though there is a key, and a binary frame in its place', async () => {
    const pair = pairOf({ core });
    await converseByMessage(pair.slave, pair.master, (message, from) => {
      const isHello = from === 'a' && shownText(message.data).includes('"ciphertext"');
      return isHello ? textMessage({ msg_type: 'hello', payload: { session: { session_id: 's' } } }) : message;
    });
    expect([outcome(pair.master), pair.master.opened]).toEqual([['HF_OUT_OF_TURN', 1008], undefined]);
    const side = masterSide(core, { clients: [{ accessKey: ACCESS_KEY, presharedKey: PSK }] });
    const frame = writeFrame({ kind: 'ping', meta: {}, binType: 0, payload: utf8('{}') }, { compressed: true });
    side.message(sealBinary({ core, cipher: 'AES-GCM' }, utf8(PSK), core.random(16), frame));
    expect(outcome(side)).toEqual(['HF_OUT_OF_TURN', 1008]);
  });

  it('whoever the application refuses is closed', async () => {
    const pair = pairOf({ core, judge: () => ({ code: 'BANNED', reason: 'not you' }) });
    await converseByMessage(pair.slave, pair.master);
    expect(outcome(pair.master)).toEqual(['HF_BANNED', 1008]);
  });
});
