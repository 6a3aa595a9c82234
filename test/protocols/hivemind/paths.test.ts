/** Which way to a key is taken of several that would do, and what the way without any key comes to. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeFrame } from '../../../src/protocols/hivemind/frames.ts';
import { createHsub } from '../../../src/protocols/hivemind/hsub.ts';
import { type HiveMindOptions, hivemind } from '../../../src/protocols/hivemind/index.ts';
import { PskCache, pskJob } from '../../../src/protocols/hivemind/v3-psk.ts';
import { shownText } from '../../../src/wire/text.ts';
import { cores } from '../../support/cores.ts';
import { ACCESS_KEY, masterSide, NOW, openPair, PASSWORD, pass, receive, textMessage, utterance, write } from '../../support/hivemind.ts';
import { Side } from '../../support/machines.ts';
import { filled } from '../../support/noise.ts';

const KEYS = JSON.parse(readFileSync(join(import.meta.dirname, '../../vectors/hivemind.json'), 'utf8')).keys as Record<
  string,
  { private: string; public: string }
>;
const { alice2048: alice, bob2048: bob } = KEYS;

describe.each(cores)('ways to a key in HiveMind, on the $name core', (core) => {
  it.each([
    ['with an RSA key of its own, a public key', true, { pubkey: alice!.public }, 'rsa-envelope-seal'],
    ['with an RSA key of its own, a public key before an envelope', true, { pubkey: alice!.public, envelope: true }, 'rsa-envelope-seal'],
    ['with an RSA key of its own, an envelope', true, { envelope: true }, 'pbkdf2-sha256'],
    ['without one, the envelope beside a public key', false, { pubkey: alice!.public, envelope: true }, 'pbkdf2-sha256'],
    ['without one, an envelope', false, { envelope: true }, 'pbkdf2-sha256'],
    ['without one, no public key', false, { pubkey: alice!.public }, 'HF_NOT_ALLOWED'],
    ['with an RSA key of its own, nothing', true, {}, 'HF_NOT_ALLOWED'],
  ] as const)('a master takes, %s', (_, rsa, shake, taken) => {
    const ops: string[] = [];
    const clients = [{ accessKey: ACCESS_KEY, password: PASSWORD, publicKey: alice!.public }];
    const options: HiveMindOptions = { clients, ...(rsa && { rsa: { privateKey: bob!.private } }) };
    const master = masterSide(core, options, undefined, undefined, ({ op }) => {
      ops.push(op);
      return { op: 'ready' } as never;
    });
    pass(master, 200);
    const payload = { ...shake, ...('envelope' in shake && { envelope: createHsub(core, PASSWORD, filled(3, 8)) }) };
    master.message(textMessage({ msg_type: 'shake', payload: { ...payload, encodings: ['JSON-HEX'], ciphers: ['AES-GCM'] } }).data, true);
    expect(ops[0] ?? master.failed?.code).toBe(taken);
  });

  it('without a key, a session is as it says: in clear, as text, never replaced, and what is binary is compressed', async () => {
    const clear = { insecure: { clearText: true }, binarize: true };
    const { slave, master } = await openPair({ core, slave: clear, master: { ...clear, clients: [{ accessKey: ACCESS_KEY }] } });
    for (const side of [slave, master]) {
      expect(side.opened!.info).toMatchObject({ path: 'clear', version: 0, binarize: false });
      expect(side.opened!.traffic.deadline).toBe(Number.POSITIVE_INFINITY);
    }
    const message = write(slave, utterance('x'));
    expect([message.text, shownText(message.data)]).toEqual([true, expect.stringContaining('"utterances": ["x"]')]);
    const binary = write(slave, filled(1), { kind: 'bin' });
    expect(binary).toEqual({
      data: writeFrame({ kind: 'bin', meta: {}, binType: 0, payload: filled(1) }, { compressed: true }),
      text: false,
    });
    expect(receive(master, binary).own![0]!.bytes).toEqual(filled(1));
  });

  it('a slave whose application does not want the master ends with its reason, and says nothing more', () => {
    const machine = hivemind.initiator({ core, accessKey: ACCESS_KEY, password: undefined, presharedKey: '0123456789abcdef' });
    const slave = new Side({ core, machine, now: NOW, judge: () => ({ code: 'NOT_ALLOWED', reason: 'not you' }) }).start({});
    const request = { handshake: false, min_protocol_version: 0, max_protocol_version: 0, preshared_key: true, password: false };
    slave.message(textMessage({ msg_type: 'hello', payload: {} }).data, true);
    slave.message(textMessage({ msg_type: 'shake', payload: request }).data, true);
    expect([slave.failed?.code, slave.failed?.message, slave.opened, slave.sent]).toEqual(['HF_NOT_ALLOWED', 'not you', undefined, []]);
  });

  it('a session of HiveMind seals no payloads in place: its messages are written', async () => {
    const { slave } = await openPair({ core, work: ({ op }) => (op === 'pbkdf2-sha256' ? { op, key: filled(5) } : undefined) });
    const slab = core.slab(16);
    expect(() => slave.opened!.traffic.seal(slab, Uint32Array.of(0, 16), 1, slave.now)).toThrow(
      expect.objectContaining({ code: 'HF_INTERNAL' }),
    );
    slab.release();
  });

  it('a key that was stretched stays in memory when whoever stretched it wipes its own', () => {
    const cache = new PskCache(core);
    const job = pskJob(core, 'a password', 'a node');
    const key = filled(7);
    cache.add(job, key);
    key.fill(0);
    expect(cache.find(job)).toEqual(filled(7));
  });
});
