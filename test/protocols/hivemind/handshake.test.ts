/** Handshakes of HiveMind between our own machines: every path, and the traps of released peers. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { HiveMindOptions } from '../../../src/protocols/hivemind/index.ts';
import { HiveSessions } from '../../../src/protocols/hivemind/sessions.ts';
import { shownText, utf8 } from '../../../src/wire/text.ts';
import { cores } from '../../support/cores.ts';
import {
  ACCESS_KEY,
  endingOf,
  masterSide,
  NOW,
  openPair,
  PASSWORD,
  pairOf,
  pass,
  receive,
  slaveSide,
  textMessage,
  utterance,
  write,
} from '../../support/hivemind.ts';
import { converseByMessage, type Side } from '../../support/machines.ts';

const KEYS = JSON.parse(readFileSync(join(import.meta.dirname, '../../vectors/hivemind.json'), 'utf8')).keys as Record<
  string,
  { private: string; public: string }
>;
const { alice2048: alice, bob2048: bob } = KEYS;
const PSK = '0123456789abcdef';

const sentTexts = (side: Side): { msg_type: string; payload: Record<string, unknown> }[] =>
  side.takeMessages().map(({ data }) => JSON.parse(shownText(data)));

describe.each(cores)('HiveMind handshakes, on the $name core', (core) => {
  it.each([
    ['password', {}, {}, { path: 'password', version: 2, encoding: 'JSON-B64', cipher: 'CHACHA20-POLY1305' }],
    [
      'password, with other preferences',
      { encodings: ['JSON-B91', 'JSON-HEX'], ciphers: ['AES-GCM'] },
      {},
      { encoding: 'JSON-B91', cipher: 'AES-GCM' },
    ],
    [
      'password, what the master allows',
      {},
      { encodings: ['JSON-Z85B'], ciphers: ['AES-GCM'] },
      { encoding: 'JSON-Z85B', cipher: 'AES-GCM' },
    ],
    ['password, binary', { binarize: true }, { binarize: true }, { binarize: true }],
    ['password, binary on one side only', { binarize: true }, {}, { binarize: false }],
    [
      'pre-shared key',
      { password: undefined, presharedKey: PSK },
      { clients: [{ accessKey: ACCESS_KEY, presharedKey: PSK }] },
      { path: 'preshared', version: 0, encoding: 'JSON-HEX', cipher: 'AES-GCM' },
    ],
    [
      'RSA, both keys pinned',
      { password: undefined, rsa: { privateKey: alice.private, masterKey: bob.public } },
      { rsa: { privateKey: bob.private }, clients: [{ accessKey: ACCESS_KEY, publicKey: alice.public }] },
      { path: 'rsa', version: 1, encoding: 'JSON-HEX', cipher: 'AES-GCM' },
    ],
    [
      'RSA, both sides trusting what they see first',
      { password: undefined, rsa: { privateKey: alice.private, trustFirstUse: true } },
      { rsa: { privateKey: bob.private, trustFirstUse: true }, clients: [{ accessKey: ACCESS_KEY }] },
      { path: 'rsa' },
    ],
    [
      'in clear, where both name it',
      { password: undefined, insecure: { clearText: true } },
      { insecure: { clearText: true }, clients: [{ accessKey: ACCESS_KEY }] },
      { path: 'clear' },
    ],
  ] as [string, HiveMindOptions, HiveMindOptions, object][])('%s', async (_, slave, master, info) => {
    const pair = await openPair({ core, slave, master });
    expect(pair.slave.opened!.info).toMatchObject(info);
    expect(pair.master.opened!.info).toMatchObject(info);
    expect(pair.slave.opened!.binding).toEqual(pair.master.opened!.binding);
    expect(pair.slave.opened!.peer.id).toBe(ACCESS_KEY);
    const [there] = receive(pair.master, write(pair.slave, utterance('hello'))).own!;
    expect(JSON.parse(shownText(there.bytes))).toMatchObject({ data: { utterances: ['hello'] } });
    const [back] = receive(pair.slave, write(pair.master, { type: 'speak', data: { utterance: 'olá ☂' } })).own!;
    expect([back.kind, JSON.parse(shownText(back.bytes)).data]).toEqual(['bus', { utterance: 'olá ☂' }]);
  });

  it('bytes without borders are refused by either side: there is a WebSocket under it, or nothing', () => {
    for (const side of [slaveSide(core), masterSide(core)]) {
      side.bytes(Uint8Array.of(0x7b));
      expect(side.failed?.code).toBe('HF_MALFORMED');
    }
  });

  it('two sessions of one password have different keys', async () => {
    const [one, two] = [await openPair({ core }), await openPair({ core })];
    expect(one.slave.opened!.binding).not.toEqual(two.slave.opened!.binding);
    expect(endingOf(receive(two.master, write(one.slave, utterance('x'))).outputs)).toEqual({ code: 'HF_BAD_TAG', close: 1008 });
  });

  it('HELLO comes 200 ms after the upgrade, since released clients listen late, and with the request every 5 s until there is an answer', () => {
    const master = masterSide(core);
    expect(master.deadline).toBe(NOW + 200);
    pass(master, 199);
    expect(master.sent).toEqual([]);
    pass(master, 1);
    expect(sentTexts(master).map(({ msg_type }) => msg_type)).toEqual(['hello', 'shake']);
    pass(master, 4999);
    expect(master.sent).toEqual([]);
    pass(master, 1);
    expect(sentTexts(master).map(({ msg_type }) => msg_type)).toEqual(['hello', 'shake']);
  });

  it('the request has all fields of the page', () => {
    const [hello, request] = sentTexts(pairOf({ core, master: { nodeId: 'node', rsa: { privateKey: bob.private } } }).master);
    expect(hello.payload).toEqual({
      pubkey: bob.public.trim(),
      peer: expect.stringMatching(/^test::[0-9a-f]{8}::client-[0-9a-f]{8}::default$/),
      node_id: 'node',
    });
    expect(request.payload).toEqual({
      handshake: true,
      min_protocol_version: 1,
      max_protocol_version: 2,
      binarize: false,
      preshared_key: false,
      password: true,
      crypto_required: true,
      encodings: ['JSON-B64', 'JSON-URLSAFE-B64', 'JSON-HEX', 'JSON-B91', 'JSON-Z85B', 'JSON-B32'],
      ciphers: ['CHACHA20-POLY1305', 'AES-GCM'],
    });
  });

  it('a slave that hears nothing begins by itself after 5 s, without binary frames, and is answered', async () => {
    const slave = slaveSide(core, { binarize: true });
    const master = masterSide(core, { binarize: true });
    pass(slave, 5000);
    await converseByMessage(slave, master);
    expect([slave.opened?.info.binarize, master.opened?.info.binarize]).toEqual([false, false]);
  });

  it('a shake that comes before the master has greeted is answered', async () => {
    const slave = slaveSide(core);
    const master = masterSide(core);
    pass(slave, 5000);
    for (const { data, text } of slave.takeMessages()) master.message(data, text);
    await master.working;
    expect(sentTexts(master)).toMatchObject([{ msg_type: 'shake', payload: { encoding: 'JSON-B64', cipher: 'CHACHA20-POLY1305' } }]);
  });

  it('greetings that are repeated while the slave has begun change nothing', async () => {
    const { slave, master } = pairOf({ core });
    const greetings = master.takeMessages();
    for (const { data, text } of [...greetings, ...greetings]) slave.message(data, text);
    expect(slave.sent).toHaveLength(1);
    await converseByMessage(slave, master);
    expect([slave.opened !== undefined, master.opened !== undefined]).toEqual([true, true]);
  });

  it('binary frames that a master did not offer are not agreed to, whoever asks for them', async () => {
    const pair = pairOf({ core });
    await converseByMessage(pair.slave, pair.master, (message, from) => {
      const value = JSON.parse(shownText(message.data));
      if (from !== 'a' || value.payload?.binarize === undefined) return message;
      return textMessage({ ...value, payload: { ...value.payload, binarize: true } });
    });
    expect(pair.master.opened?.info.binarize).toBe(false);
  });

  it('masters that list no encodings and ciphers are old: JSON-HEX and AES-GCM', async () => {
    const { slave, master } = pairOf({ core });
    await converseByMessage(slave, master, (message, from) => {
      const value = JSON.parse(shownText(message.data));
      if (from === 'b' && value.payload?.password) {
        delete value.payload.encodings;
        delete value.payload.ciphers;
        return textMessage(value);
      }
      if (from === 'a' && value.payload?.envelope) {
        value.payload.encodings = [];
        delete value.payload.ciphers;
        return textMessage(value);
      }
      return message;
    });
    expect(master.opened?.info).toMatchObject({ encoding: 'JSON-HEX', cipher: 'AES-GCM' });
    expect(slave.opened?.info).toMatchObject({ encoding: 'JSON-HEX', cipher: 'AES-GCM' });
  });

  it('nobody is let in before the master has decided, whatever comes meanwhile', async () => {
    const meanwhile: unknown[] = [];
    const pair = pairOf({
      core,
      judge: () => {
        const { master } = pair;
        const { now, state } = master;
        master.feed({ kind: 'message', now, data: utf8('{"msg_type":"hello","payload":{}}'), text: true });
        master.feed({ kind: 'tick', now: now + 1 });
        master.feed({ kind: 'answers', now, answers: [] });
        meanwhile.push((state as { at: string }).at, master.state === state, master.opened, master.failed);
        return undefined;
      },
    });
    await converseByMessage(pair.slave, pair.master);
    expect(meanwhile).toEqual(['judge', true, undefined, undefined]);
    expect(pair.master.opened).toBeDefined();
  });

  it('a session goes on under its id, for its own access key alone, and is forgotten in time', async () => {
    const sessions = new HiveSessions({ most: 2, keptMs: 1000 });
    const clients = [
      { accessKey: ACCESS_KEY, password: PASSWORD },
      { accessKey: 'other', password: PASSWORD },
    ];
    const open = async (accessKey: string, sessionId: string) =>
      (await openPair({ core, slave: { accessKey, sessionId }, master: { sessions, clients } })).master.opened!.info.resumed;
    expect(await open(ACCESS_KEY, 's-1')).toBe(false);
    expect(await open(ACCESS_KEY, 's-1')).toBe(true);
    expect(await open('other', 's-1')).toBe(false);
    expect(await open('other', 's-2')).toBe(false);
    expect(sessions.size).toBe(2);
    expect(await open(ACCESS_KEY, 's-1')).toBe(false);
    expect(sessions.find(ACCESS_KEY, 's-1', NOW + 900)).toMatchObject({ sessionId: 's-1', siteId: 'unknown' });
    expect(sessions.find(ACCESS_KEY, 's-1', NOW + 2000)).toBe(undefined);
  });
});
