/** Sessions of HiveMind: messages of every type and form, permissions, and the end. */

import { describe, expect, it } from 'vitest';
import { sealBinary } from '../../../src/protocols/hivemind/channel.ts';
import { writeFrame } from '../../../src/protocols/hivemind/frames.ts';
import type { HiveMindClient, HiveMindOptions } from '../../../src/protocols/hivemind/index.ts';
import { shownText, utf8 } from '../../../src/wire/text.ts';
import { cores } from '../../support/cores.ts';
import { ACCESS_KEY, endingOf, openPair, PASSWORD, receive, utterance, write } from '../../support/hivemind.ts';

const PSK = '0123456789abcdef0123456789abcdef';
const json = (bytes: Uint8Array): Record<string, unknown> => JSON.parse(shownText(bytes));
/** With a pre-shared key, a test can write what a peer would. */
const preshared = (client: Partial<HiveMindClient> = {}): { slave: HiveMindOptions; master: HiveMindOptions } => ({
  slave: { password: undefined, presharedKey: PSK },
  master: { clients: [{ accessKey: ACCESS_KEY, presharedKey: PSK, ...client }] },
});

describe.each(cores)('HiveMind sessions, on the $name core', (core) => {
  const agreed = { core, cipher: 'AES-GCM', encoding: 'JSON-HEX' } as const;
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
    ...[-1, 1.5, 7, '1'].map((bin_type) => [{ kind: 'bin', meta: { bin_type } }, {}]),
    ...['text', []].map((metadata) => [{ kind: 'bin', meta: { metadata } }, {}]),
    [{ kind: 'bin', meta: { node: 'n' } }, {}],
    [{ meta: { metadata: 1 } }, { type: 'a' }],
    ...[1, null, 'hop', { targets: [] }].map((hop) => [{ meta: { route: [hop] } }, { type: 'a' }]),
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

  it('frames are read whatever their form; small uncompressed ones too, which released clients cannot', async () => {
    for (const compressed of [true, false]) {
      const frame = writeFrame({ kind: 'ping', meta: {}, binType: 0, payload: utf8('{"a": 1}') }, { compressed });
      const { master } = await openPair({ core, ...preshared() });
      expect(json(receive(master, sealedFrame(frame)).own![0].bytes)).toEqual({ a: 1 });
    }
    const { slave } = await openPair({ core, slave: { binarize: true }, master: { binarize: true } });
    expect(write(slave, { type: 'recognizer_loop:utterance' }).text).toBe(false);
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
});
