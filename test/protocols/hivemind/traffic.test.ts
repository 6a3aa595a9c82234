/** Sessions of HiveMind: messages of every type and form, permissions, another key in mid-session, hostile frames, and the weaknesses that the older versions have. */

import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { runLegacy } from '../../../src/core/legacy/jobs.ts';
import { AeadChannel, openText, sealBinary, sealText } from '../../../src/protocols/hivemind/channel.ts';
import { ENCODINGS, type Encoding } from '../../../src/protocols/hivemind/encodings.ts';
import { readFrame, writeFrame } from '../../../src/protocols/hivemind/frames.ts';
import { createHsub, matchHsub } from '../../../src/protocols/hivemind/hsub.ts';
import type { HiveMindClient, HiveMindOptions } from '../../../src/protocols/hivemind/index.ts';
import { TIMES } from '../../../src/protocols/hivemind/limits.ts';
import type { TrafficOutput } from '../../../src/protocols/machine.ts';
import { shownText, utf8 } from '../../../src/wire/text.ts';
import { cores } from '../../support/cores.ts';
import { ACCESS_KEY, endingOf, openPair, PASSWORD, pairOf, receive, textMessage, utterance, write } from '../../support/hivemind.ts';
import { converseByMessage, type Side } from '../../support/machines.ts';

const PSK = '0123456789abcdef0123456789abcdef';
const json = (bytes: Uint8Array): Record<string, unknown> => JSON.parse(shownText(bytes));
/** With a pre-shared key, a test can write what a peer would. */
const preshared = (client: Partial<HiveMindClient> = {}): { slave: HiveMindOptions; master: HiveMindOptions } => ({
  slave: { password: undefined, presharedKey: PSK },
  master: { clients: [{ accessKey: ACCESS_KEY, presharedKey: PSK, ...client }] },
});

describe.each(cores)('HiveMind sessions, on the $name core', (core) => {
  const agreed = { core, cipher: 'AES-GCM', encoding: 'JSON-HEX' } as const;
  const sealed = (message: unknown) => ({
    data: sealText(agreed, utf8(PSK), core.random(16), utf8(typeof message === 'string' ? message : JSON.stringify(message))),
    text: true,
  });
  const sealedFrame = (frame: Uint8Array) => ({ data: sealBinary(agreed, utf8(PSK), core.random(16), frame), text: false });

  it('a message of the bus always carries a session; a master says where it comes from and goes to', async () => {
    const { slave, master } = await openPair({ core, slave: { siteId: 'kitchen', sessionId: 's-1' } });
    const peer = master.opened!.info.peer;
    const [up] = receive(master, write(slave, utterance('x'))).own!;
    expect(json(up.bytes).context).toEqual({ session: { session_id: 's-1', site_id: 'kitchen' }, source: peer, peer });
    const [down] = receive(slave, write(master, { type: 'speak' })).own!;
    expect(json(down.bytes)).toEqual({
      type: 'speak',
      data: {},
      context: { destination: peer, session: { session_id: 's-1' }, source: 'hive' },
    });
    const [other] = receive(
      master,
      write(slave, utterance('x', { session: { session_id: 's-2' }, source: 'forged', peer: 'forged', k: 1 })),
    ).own!;
    expect(json(other.bytes).context).toMatchObject({ session: { session_id: 's-2' }, source: peer, peer, k: 1 });
  });

  it.each([
    ['bus', utterance('x')],
    ['shared_bus', { type: 'a', data: {}, context: {} }],
    ['broadcast', { msg_type: 'bus', payload: { type: 'a' } }],
    ['propagate', { msg_type: 'bus', payload: { type: 'a' } }],
    ['escalate', { msg_type: 'bus', payload: { type: 'a' } }],
    ['query', { msg_type: 'bus', payload: { type: 'a' } }],
    ['cascade', { msg_type: 'bus', payload: { type: 'a' } }],
    ['ping', { flood_id: 'f' }],
    ['rendezvous', {}],
    ['3rdparty', { any: [1, null, 'x'] }],
    ['intercom', { ciphertext: 'AA==' }],
  ])('%s goes from an administrator with all permissions to the master, in both forms', async (kind, payload) => {
    for (const binarize of [false, true]) {
      const clients = [{ accessKey: ACCESS_KEY, password: PASSWORD, admin: true, canPropagate: true, canEscalate: true }];
      const { slave, master } = await openPair({ core, slave: { binarize }, master: { binarize, clients } });
      const message = write(slave, payload, { kind, meta: { metadata: { k: 'å' } } });
      expect(message.text).toBe(!binarize || kind === 'intercom');
      const [received] = receive(master, message).own!;
      expect([received.kind, received.meta]).toEqual([kind, { metadata: { k: 'å' } }]);
      expect(json(received.bytes)).toMatchObject(payload as object);
    }
  });

  it('addresses are kept: they make a message go as text', async () => {
    const { slave, master } = await openPair({
      core,
      slave: { binarize: true, siteId: 'kitchen', publicKey: 'PEM' },
      master: { binarize: true },
    });
    const meta = {
      target_site_id: 'kitchen',
      target_pubkey: 'PEM\n',
      node: 'n',
      source_peer: 'p',
      route: [{ source: 'a', targets: ['b'] }],
    };
    const message = write(master, { type: 'a' }, { kind: 'bus', meta });
    expect(message.text).toBe(true);
    expect(receive(slave, message).own![0].meta).toEqual(meta);
  });

  it('what is for another site or key is told of and not given', async () => {
    const { slave, master } = await openPair({ core, slave: { siteId: 'kitchen' } });
    for (const meta of [{ target_site_id: 'garage' }, { target_pubkey: 'PEM' }]) {
      const { own, outputs } = receive(slave, write(master, { type: 'a' }, { meta }));
      expect([own, outputs]).toEqual([undefined, [{ kind: 'event', name: 'elsewhere', detail: { kind: 'bus', ...meta } }]]);
    }
  });

  it('bytes go as `bin`, with their type; a file name loses its directories', async () => {
    const { slave, master } = await openPair({ core });
    const bytes = core.random(3000);
    const { text, data } = write(slave, bytes, { kind: 'bin', meta: { bin_type: 3, metadata: { file_name: '../../etc/passwd' } } });
    const [received] = receive(master, { data, text }).own!;
    expect([text, received.kind, received.meta]).toEqual([false, 'bin', { bin_type: 3, metadata: { file_name: 'passwd' } }]);
    expect(received.bytes).toEqual(bytes);
  });

  it.each([
    [{ kind: 'hello' }, {}],
    [{ kind: 'nonsense' }, {}],
    [{ meta: { extra: 1 } }, { type: 'a' }],
    [{ meta: { bin_type: 1 } }, { type: 'a' }],
    [{ kind: 'bin', meta: { bin_type: 7 } }, {}],
    [{ kind: 'bin', meta: { node: 'n' } }, {}],
    [{ meta: { metadata: 1 } }, { type: 'a' }],
    [{ meta: { route: [1] } }, { type: 'a' }],
    [{}, []],
    [{}, { data: {} }],
    [{ kind: 'propagate' }, { type: 'no message' }],
    [{}, utf8('{')],
  ] as [object, unknown][])('what cannot be sent is HF_BAD_ARGUMENT: %j', async (about, payload) => {
    const { slave } = await openPair({ core, ...preshared() });
    expect(() => write(slave, payload, about)).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
  });

  it('what is longer than a message may be is HF_TOO_LARGE, by our own doing', async () => {
    const { slave } = await openPair({ core, slave: { maxMessage: 16384 } });
    const error = expect.objectContaining({ code: 'HF_TOO_LARGE', blame: 'caller' });
    expect(() => write(slave, utterance('x'.repeat(16384)))).toThrow(error);
    expect(() =>
      write(slave, new Uint8Array(5), { kind: 'bin', meta: { metadata: { k: Array.from(core.random(300)).join('') } } }),
    ).toThrow(error);
    expect(slave.opened!.traffic.largestPayload).toBeLessThan(16384 * 0.75);
  });

  it.each([
    ['bus of a type that is not allowed', 'bus', { type: 'other', data: {}, context: { session: { session_id: 's' } } }],
    ['broadcast', 'broadcast', { msg_type: 'bus', payload: { type: 'a' } }],
    ['propagate', 'propagate', { msg_type: 'bus', payload: { type: 'a' } }],
    ['escalate', 'escalate', { msg_type: 'bus', payload: { type: 'a' } }],
  ])('%s without permission is told of, dropped, and the session stays', async (_, kind, payload) => {
    const { slave, master } = await openPair({ core });
    const { own, outputs } = receive(master, write(slave, payload, { kind }));
    expect([own, outputs]).toEqual([undefined, [{ kind: 'event', name: 'refused', detail: expect.objectContaining({ kind }) }]]);
    expect(receive(master, write(slave, utterance('x'))).own).toHaveLength(1);
  });

  it.each(['shared_bus', 'escalate'])('a master sends no %s', async (kind) => {
    const { slave, master } = await openPair({ core });
    const payload = kind === 'escalate' ? { msg_type: 'bus', payload: { type: 'a' } } : { type: 'a' };
    expect(receive(slave, write(master, payload, { kind })).outputs).toMatchObject([{ kind: 'event', name: 'refused' }]);
  });

  describe('frames that end a session', () => {
    const bomb = (): Uint8Array =>
      writeFrame({ kind: 'bus', meta: {}, binType: 0, payload: new Uint8Array(11 * 1024 * 1024) }, { compressed: true });

    it.each([
      [
        'what does not open',
        () => ({ data: sealText(agreed, utf8('fedcba9876543210'), new Uint8Array(16), utf8('{}')), text: true }),
        'HF_BAD_TAG',
        1008,
      ],
      ['a binary one that does not open', () => ({ data: new Uint8Array(64), text: false }), 'HF_BAD_TAG', 1008],
      ['one of no bytes', () => ({ data: new Uint8Array(0), text: false }), 'HF_BAD_TAG', 1008],
      ['no JSON', () => sealed('{'), 'HF_MALFORMED', 1002],
      ['an unknown type', () => sealed({ msg_type: 'nonsense' }), 'HF_MALFORMED', 1002],
      ['an unknown member', () => sealed({ msg_type: 'bus', payload: {}, extra: 1 }), 'HF_MALFORMED', 1002],
      [
        'an unknown member of the message inside',
        () => sealed({ msg_type: 'propagate', payload: { msg_type: 'bus', extra: 1 } }),
        'HF_MALFORMED',
        1002,
      ],
      ['JSON too deep', () => sealed(`{"msg_type": "ping", "payload": {"a": ${'['.repeat(40)}${']'.repeat(40)}}}`), 'HF_MALFORMED', 1002],
      [
        'messages inside of each other, without end',
        () => sealed(`${'{"msg_type": "propagate", "payload": '.repeat(40)}{}${'}'.repeat(40)}`),
        'HF_MALFORMED',
        1002,
      ],
      ['too many members', () => sealed(`{"msg_type": "ping", "payload": {"a": [${'0,'.repeat(200_000)}0]}}`), 'HF_MALFORMED', 1002],
      [
        'clear text with the letters ciphertext in it',
        () => textMessage({ msg_type: 'bus', payload: { type: 'ciphertext' } }),
        'HF_OUT_OF_TURN',
        1008,
      ],
      ['a message in clear', () => textMessage({ msg_type: 'bus', payload: { type: 'a' } }), 'HF_OUT_OF_TURN', 1008],
      ['a frame without a nonce', () => textMessage({ ciphertext: '00' }), 'HF_MALFORMED', 1002],
      ['a frame in another encoding', () => textMessage({ ciphertext: 'A/==', tag: '', nonce: '' }), 'HF_MALFORMED', 1002],
      ['a short tag', () => textMessage({ ciphertext: '', tag: '00', nonce: '00'.repeat(16) }), 'HF_BAD_TAG', 1008],
      ['a zip bomb', () => sealedFrame(bomb()), 'HF_MALFORMED', 1002],
      ['a binary HELLO', () => sealedFrame(Uint8Array.of(0x8c, 2, 0x7b, 0x7d, 0x7b, 0x7d)), 'HF_OUT_OF_TURN', 1008],
      ['the session `default`', () => sealed({ msg_type: 'bus', payload: utterance('x') }), 'HF_NOT_ALLOWED', 1008],
      [
        'an answer to no handshake of ours',
        () => sealed({ msg_type: 'shake', payload: { envelope: '00'.repeat(24) } }),
        'HF_NOT_ALLOWED',
        1008,
      ],
      ['more than a message may be', () => ({ data: new Uint8Array(10 * 1024 * 1024 + 1), text: true }), 'HF_TOO_LARGE', 1009],
    ] as [string, () => { data: Uint8Array; text: boolean }, string, number][])('%s', async (_, message, code, close) => {
      const { master } = await openPair({ core, ...preshared() });
      expect(endingOf(receive(master, message()).outputs)).toEqual({ code, close });
      expect(receive(master, sealed({ msg_type: 'ping' })).outputs).toEqual([]);
      expect(() => write(master, { type: 'a' })).toThrow(expect.objectContaining({ code: 'HF_CLOSED' }));
    });
  });

  it('no bit of a sealed message can be changed: it does not open, and nothing throws', () => {
    for (const cipher of ['AES-GCM', 'CHACHA20-POLY1305'] as const) {
      for (const encoding of ['JSON-B64', 'JSON-HEX', 'JSON-B91', 'JSON-Z85B', 'JSON-B32'] as const) {
        const channel = new AeadChannel({ core, cipher, encoding, key: core.random(32), binarize: true, random: core.random, info: {} });
        for (const form of ['json', 'frame'] as const) {
          const [{ data, text }] = channel.seal(utf8('{"msg_type": "ping"}'), form);
          expect(channel.open(data, text)).toMatchObject({ form });
          for (let i = 0; i < data.length; i++) {
            const changed = data.slice();
            changed[i] ^= 1 << (i % 5);
            const opened = channel.open(changed, text);
            // White space, the case of hexadecimal digits and the unused bits of a last character say nothing; a frame whose `ciphertext` is renamed is none.
            if (opened instanceof Error || (opened !== 'more' && opened.form === 'clear')) continue;
            expect(form, `byte ${i} of ${encoding}`).toBe('json');
            expect(sealedBytes(encoding, changed), `byte ${i} of ${encoding}`).toEqual(sealedBytes(encoding, data));
          }
        }
      }
    }

    /** What a frame says, whatever it is written like. */
    function sealedBytes(encoding: Encoding, data: Uint8Array): unknown[] {
      const frame = JSON.parse(shownText(data)) as Record<string, string>;
      return ['ciphertext', 'tag', 'nonce'].map((name) => ENCODINGS[encoding].decode(frame[name]!));
    }
  });

  describe('another key in mid-session', () => {
    /** Passes on what outputs send, and does their work, until nothing is left. */
    async function settle(from: Side, to: Side, outputs: readonly TrafficOutput[]): Promise<string[]> {
      const events: string[] = [];
      const run = async (self: Side, other: Side, all: readonly TrafficOutput[]): Promise<void> => {
        for (const output of all) {
          if (output.kind === 'event') events.push(`${self === from ? 'from' : 'to'} ${output.name}`);
          else if (output.kind === 'send')
            await run(other, self, receive(other, { data: output.data, text: output.text === true }).outputs);
          else if (output.kind === 'work') {
            const answers = await Promise.all(output.items.map((item) => runLegacy(item as Parameters<typeof runLegacy>[0])));
            await run(self, other, self.opened!.traffic.answered!(answers, self.now));
          } else if (output.kind === 'ended') events.push(`${self === from ? 'from' : 'to'} ${output.why?.code}`);
        }
      };
      await run(from, to, outputs);
      return events;
    }

    it('the slave takes one after 24 hours; what it sealed before it had the answer still opens', async () => {
      const { slave, master } = await openPair({ core });
      const { traffic } = slave.opened!;
      expect(traffic.deadline).toBe(slave.now + TIMES.keyMs);
      slave.now = traffic.deadline;
      master.now = slave.now;
      const late = write(slave, utterance('late'));
      const shakes = traffic.tick(slave.now);
      expect(shakes.map((each) => each.kind === 'send' && each.text && shownText(each.data).includes('"ciphertext"'))).toEqual([true]);
      const between = write(slave, utterance('between'));
      expect((await settle(slave, master, shakes)).sort()).toEqual(['from rekeyed', 'to rekeyed']);
      expect(receive(master, late).own).toHaveLength(1);
      expect(receive(master, between).own).toHaveLength(1);
      expect(receive(master, write(slave, utterance('after'))).own).toHaveLength(1);
      expect(receive(slave, write(master, { type: 'speak' })).own).toHaveLength(1);
      expect(traffic.deadline).toBe(slave.now + TIMES.keyMs);
      // The first under the new key ends the old one.
      expect(endingOf(receive(master, late).outputs)).toEqual({ code: 'HF_BAD_TAG', close: 1008 });
    });

    it('a master asks when its slave has not', async () => {
      const { slave, master } = await openPair({ core });
      const { traffic } = master.opened!;
      expect(traffic.deadline).toBeGreaterThan(slave.opened!.traffic.deadline);
      master.now = traffic.deadline;
      slave.now = master.now;
      const events = await settle(master, slave, traffic.tick(master.now));
      expect(events.sort()).toEqual(['from rekeyed', 'to rekeyed']);
      expect(receive(master, write(slave, utterance('after'))).own).toHaveLength(1);
    });

    it('a handshake in clear is taken too, as the reference has it, but the answer is sealed', async () => {
      const { master } = await openPair({
        core,
        ...preshared({ password: PASSWORD }),
        slave: { presharedKey: PSK, password: undefined },
      });
      const { outputs } = receive(
        master,
        textMessage({ msg_type: 'shake', payload: { envelope: createHsub(core, PASSWORD, core.random(8)) } }),
      );
      expect(outputs.map(({ kind }) => kind)).toEqual(['work']);
      const answers = await Promise.all((outputs[0] as unknown as { items: [] }).items.map((item) => runLegacy(item)));
      const [answer] = master.opened!.traffic.answered!(answers, master.now);
      const opened = openText(agreed, utf8(PSK), JSON.parse(shownText((answer as { data: Uint8Array }).data)));
      expect(json(opened as Uint8Array)).toMatchObject({ msg_type: 'shake', payload: { encoding: 'JSON-HEX', cipher: 'AES-GCM' } });
    });

    it('a wrong envelope, or handshakes one after the other, end the session', async () => {
      const { master } = await openPair({ core });
      expect(
        endingOf(
          receive(master, textMessage({ msg_type: 'shake', payload: { envelope: createHsub(core, 'x', new Uint8Array(8)) } })).outputs,
        ),
      ).toEqual({
        code: 'HF_WRONG_KEY',
        close: 1008,
      });
      const again = await openPair({ core });
      const shake = textMessage({
        msg_type: 'shake',
        payload: { envelope: createHsub(core, PASSWORD, core.random(8)), encodings: ['JSON-HEX'], ciphers: ['AES-GCM'] },
      });
      const { outputs } = receive(again.master, shake);
      const answers = await Promise.all((outputs[0] as unknown as { items: [] }).items.map((item) => runLegacy(item)));
      again.master.opened!.traffic.answered!(answers, again.master.now);
      expect(endingOf(receive(again.master, shake).outputs)).toEqual({ code: 'HF_RATE_LIMITED', close: 1013 });
    });

    it('greetings of a master that has not heard of our pre-shared key yet change nothing', async () => {
      const { slave } = await openPair({ core, ...preshared() });
      expect(receive(slave, textMessage({ msg_type: 'hello', payload: {} })).outputs).toEqual([]);
      expect(receive(slave, textMessage({ msg_type: 'shake', payload: { password: true } })).outputs).toEqual([]);
      slave.now += 10_000;
      expect(endingOf(receive(slave, textMessage({ msg_type: 'hello', payload: {} })).outputs)?.code).toBe('HF_OUT_OF_TURN');
    });
  });

  describe('the end', () => {
    it('a close says 1000, a refusal why; nothing is sealed afterwards', async () => {
      const { slave, master } = await openPair({ core });
      expect(slave.opened!.traffic.close(slave.now)).toEqual([{ kind: 'ended', lingerMs: 0, close: { code: 1000, reason: '' } }]);
      expect(slave.opened!.traffic.close(slave.now)).toEqual([]);
      expect(() => write(slave, utterance('x'))).toThrow(expect.objectContaining({ code: 'HF_CLOSED' }));
      expect(master.opened!.traffic.close(master.now, { code: 'SHUTTING_DOWN', reason: 'bye' })).toEqual([
        { kind: 'ended', lingerMs: 0, close: { code: 1001, reason: 'bye' } },
      ]);
    });

    it("the other side's is peace with 1000 or no code, and otherwise what it said", async () => {
      for (const [close, code] of [
        [undefined, undefined],
        [{ code: 1000, reason: '' }, undefined],
        [{ code: 1008, reason: 'x' }, 'HF_NOT_ALLOWED'],
        [{ code: 4000, reason: '' }, 'HF_REFUSED'],
      ] as const) {
        const { slave } = await openPair({ core, ...preshared() });
        expect(endingOf(slave.opened!.traffic.end(slave.now, close))?.code).toBe(code);
      }
    });
  });

  describe('what versions 0 to 2 do not protect from (docs/protocols/hivemind.md)', () => {
    it('a message sent twice is taken twice', async () => {
      const { slave, master } = await openPair({ core });
      const message = write(slave, utterance('open the door'));
      expect(receive(master, message).own).toHaveLength(1);
      expect(receive(master, message).own).toHaveLength(1);
    });

    it("a side's own message, mirrored, is taken for the other's", async () => {
      const { slave } = await openPair({ core });
      expect(receive(slave, write(slave, utterance('mirrored'))).own).toHaveLength(1);
    });

    it('lists and bounds can be changed on the way, and nobody notices', async () => {
      const pair = pairOf({ core });
      await converseByMessage(pair.slave, pair.master, (message, from) => {
        const value = json(message.data) as { payload?: Record<string, unknown> };
        if (from === 'a' && value.payload?.envelope) return textMessage({ ...value, payload: { ...value.payload, ciphers: ['AES-GCM'] } });
        return message;
      });
      expect([pair.slave.opened?.info.cipher, pair.master.opened?.info.cipher]).toEqual(['AES-GCM', 'AES-GCM']);
    });

    it('the password can be guessed at from one envelope, without the price of its stretching', async () => {
      const seen = createHsub(core, PASSWORD, core.random(8));
      expect(['guess', PASSWORD].filter((guess) => typeof matchHsub(core, seen, guess) !== 'string')).toEqual([PASSWORD]);
    });
  });

  it('frames are read whatever their form; small uncompressed ones too, which released clients cannot', async () => {
    for (const compressed of [true, false]) {
      const frame = writeFrame({ kind: 'ping', meta: {}, binType: 0, payload: utf8('{"a": 1}') }, { compressed });
      const { master } = await openPair({ core, ...preshared() });
      expect(json(receive(master, sealedFrame(frame)).own![0].bytes)).toEqual({ a: 1 });
    }
    const { slave } = await openPair({ core, slave: { binarize: true }, master: { binarize: true } });
    expect(write(slave, { type: 'recognizer_loop:utterance' }).text).toBe(false);
  });

  it('no bytes whatever make the frame reader throw, or give more than its bound', () => {
    for (let i = 0; i < 3000; i++) {
      const bytes = core.random(1 + (i % 60));
      if (i % 2) bytes[0] = [0x82, 0x83, 0x09, 0x08, 0xc0][i % 5];
      const frame = readFrame(bytes, 1024);
      if (!(frame instanceof Error)) expect(frame.payload.length).toBeLessThanOrEqual(1024);
    }
    const swollen = readFrame(Uint8Array.of(0x83, 10, ...deflateSync('{}'), ...deflateSync(new Uint8Array(2000))), 1024);
    expect(swollen).toMatchObject({ code: 'HF_MALFORMED' });
  });
});
