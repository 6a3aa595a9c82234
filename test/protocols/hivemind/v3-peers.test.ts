/** Version 3 against peers that a test plays by hand, with a pre-shared key in place of a stretched password: what each side takes, and what it refuses, word for word. */
import { describe, expect, it } from 'vitest';
import type { HiveMindClient, HiveMindOptions } from '../../../src/protocols/hivemind/index.ts';
import { prologueOf } from '../../../src/protocols/hivemind/v3-prologue.ts';
import { NoiseHandshake } from '../../../src/protocols/noise/index.ts';
import type { JsonObject } from '../../../src/wire/json.ts';
import { shownText, utf8 } from '../../../src/wire/text.ts';
import { cores } from '../../support/cores.ts';
import { ACCESS_KEY, masterSide, PASSWORD, pass, slaveSide, textMessage } from '../../support/hivemind.ts';
import type { Side } from '../../support/machines.ts';
import { filled, settle } from '../../support/noise.ts';

const PSK = filled(9);
const CHACHA = '25519_ChaChaPoly_SHA256';
const AES = '25519_AESGCM_SHA256';
const HELLO = { pubkey: '', peer: 'p', node_id: 'n' };
const REQUEST = {
  handshake: true,
  min_protocol_version: 3,
  max_protocol_version: 3,
  binarize: true,
  preshared_key: false,
  password: true,
  crypto_required: true,
};
type Payload = Record<string, unknown>;

const texts = (side: Side): { msg_type: string; payload: Payload }[] => side.takeMessages().map(({ data }) => JSON.parse(shownText(data)));
/** What the one message that a side has sent says of Noise. */
const noiseOf = (side: Side): Payload => texts(side)[0]!.payload.noise as Payload;
const shake = (payload: unknown) => textMessage({ msg_type: 'shake', payload });
const outcome = ({ failed, close }: Side): unknown[] => [failed?.code, close?.code];
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (text: unknown): Uint8Array => new Uint8Array(Buffer.from(text as string, 'hex'));

describe.each(cores)('peers of version 3 by hand, on the $name core', (core) => {
  const keyOf = (byte: number): string => hex(core.x25519.keyPair(filled(byte)).publicKey);
  /** Does the stretching of passwords at once: the key is the one that the test has. */
  const work = (item: { op: string }) => (item.op === 'argon2id' ? ({ op: 'argon2id', key: PSK.slice() } as const) : undefined);

  function handshakeOf(role: 'initiator' | 'responder', name: string, hello: object, request: object, own: number, theirs?: number) {
    const staticKey = core.guarded.x25519KeyPair(filled(own));
    const prologue = prologueOf(hello as JsonObject, request as JsonObject, name);
    const remoteStatic = theirs === undefined ? undefined : core.x25519.keyPair(filled(theirs)).publicKey;
    const handshake = new NoiseHandshake({ core, name, role, prologue, staticKey, psks: [PSK], remoteStatic });
    return {
      write: (payload: string): string => {
        const written = settle(core, handshake, handshake.write(utf8(payload)));
        if (!('message' in written)) throw new Error('nothing is written');
        for (const cipher of [written.split?.send, written.split?.receive]) cipher?.wipe();
        return hex(written.message);
      },
      read: (message: unknown): string => {
        const read = settle(core, handshake, handshake.read(bytesOf(message)));
        if (!('payload' in read)) throw new Error('it does not open');
        return shownText(read.payload);
      },
      end: (): void => {
        handshake.wipe();
        staticKey.secretKey.wipe();
      },
    };
  }

  describe('the slave', () => {
    const noise = { patterns: ['XXpsk2'], suites: [CHACHA, AES] };
    const options = (more: HiveMindOptions = {}): HiveMindOptions => ({ noise: { secretKey: filled(1), psk: PSK }, ...more });

    function asked(lists: unknown = noise, more: HiveMindOptions = {}, hello: object = HELLO, request: object = REQUEST): Side {
      const slave = slaveSide(core, options(more), work);
      slave.message(textMessage({ msg_type: 'hello', payload: hello }).data, true);
      if (!slave.over) slave.message(shake({ ...request, noise: lists }).data, true);
      return slave;
    }

    /** A master that answers the first message with this payload. */
    function answered(payload: string, more: HiveMindOptions = {}): Side {
      const slave = asked(noise, more);
      const said = noiseOf(slave);
      const master = handshakeOf('responder', `Noise_XXpsk2_${CHACHA}`, HELLO, { ...REQUEST, noise }, 2);
      master.read(said.msg);
      slave.message(shake({ noise: { msg: master.write(payload) } }).data, true);
      master.end();
      return slave;
    }

    it.each([
      ['no suite that it knows', { patterns: ['XXpsk2'], suites: ['25519_ChaChaPoly_BLAKE2b'] }, {}, HELLO, 'HF_SUITE_MISMATCH', 1008],
      ['no suites', { patterns: ['XXpsk2'] }, {}, HELLO, 'HF_SUITE_MISMATCH', 1008],
      ['suites in a text', { patterns: ['XXpsk2'], suites: CHACHA }, {}, HELLO, 'HF_SUITE_MISMATCH', 1008],
      ['no pattern that it knows', { patterns: ['XX'], suites: [CHACHA] }, {}, HELLO, 'HF_SUITE_MISMATCH', 1008],
      ['no patterns', { suites: [CHACHA] }, {}, HELLO, 'HF_SUITE_MISMATCH', 1008],
      ['KKpsk0 alone, though it has pinned nobody', { patterns: ['KKpsk0'], suites: [CHACHA] }, {}, HELLO, 'HF_SUITE_MISMATCH', 1008],
      ['Noise, and did not say its node id', noise, {}, { peer: 'p' }, 'HF_MALFORMED', 1002],
      ['Noise, of a node whose id is no text', noise, {}, { node_id: 7 }, 'HF_MALFORMED', 1002],
      [
        'a password that it does not have',
        noise,
        { password: undefined, presharedKey: '0123456789abcdef', noise: { secretKey: filled(1) } },
        HELLO,
        'HF_NOT_ALLOWED',
        1008,
      ],
    ] as const)('refuses a master that offers %s', (_, lists, more, hello, code, close) => {
      const live = core.guarded.live;
      expect(outcome(asked(lists, more as HiveMindOptions, hello))).toEqual([code, close]);
      expect(core.guarded.live).toBe(live);
    });

    it('takes the first of its own suites, whatever order they are offered in', () => {
      const suiteOf = (suites: readonly string[]): unknown => {
        const slave = asked({ patterns: ['XXpsk2'], suites });
        const said = noiseOf(slave);
        slave.dispose();
        return said.suite;
      };
      expect([suiteOf([AES, CHACHA]), suiteOf([AES])]).toEqual([CHACHA, AES]);
    });

    it('takes KKpsk0 where it is offered and the master is pinned, and XXpsk2 otherwise', () => {
      const patternOf = (patterns: readonly string[], masterKey?: string): unknown => {
        const slave = asked({ patterns, suites: [CHACHA] }, { noise: { secretKey: filled(1), psk: PSK, masterKey } });
        const said = noiseOf(slave);
        slave.dispose();
        return said.pattern;
      };
      expect(patternOf(['KKpsk0', 'XXpsk2'], keyOf(2))).toBe('KKpsk0');
      expect(patternOf(['XXpsk2'], keyOf(2))).toBe('XXpsk2');
      expect(patternOf(['KKpsk0', 'XXpsk2'])).toBe('XXpsk2');
    });

    it.each([
      [true, true, true],
      [true, false, false],
      [false, true, false],
    ])('agrees on the binary form where both want it: %s, %s', (own, theirs, both) => {
      const request = { ...REQUEST, binarize: theirs };
      const slave = asked(noise, { binarize: own }, HELLO, request);
      const said = noiseOf(slave);
      const master = handshakeOf('responder', `Noise_XXpsk2_${CHACHA}`, HELLO, { ...request, noise }, 2);
      expect(JSON.parse(master.read(said.msg)).binarize).toBe(both);
      slave.message(shake({ noise: { msg: master.write('{"encoding": "JSON-HEX"}') } }).data, true);
      expect(slave.opened?.info.binarize).toBe(both);
      master.end();
      slave.dispose();
    });

    it.each([
      ['{"encoding": "JSON-HEX"}', undefined, undefined],
      ['{"encoding": "JSON-B91"}', 'HF_SUITE_MISMATCH', 1008],
      ['{"encoding": "ROT13"}', 'HF_SUITE_MISMATCH', 1008],
      ['{"encoding": 7}', 'HF_SUITE_MISMATCH', 1008],
      ['{}', 'HF_SUITE_MISMATCH', 1008],
      ['[]', 'HF_MALFORMED', 1002],
      ['{', 'HF_MALFORMED', 1002],
      ['', 'HF_MALFORMED', 1002],
    ])('makes of an answer that chooses %s: %s, and keeps no key of what it refused', (payload, code, close) => {
      const live = core.guarded.live;
      const slave = answered(payload, { encodings: ['JSON-HEX'] });
      expect([...outcome(slave), slave.opened !== undefined]).toEqual([code, close, code === undefined]);
      slave.dispose();
      expect(core.guarded.live).toBe(live);
    });

    it('refuses a pinned master that shows another key, and keeps no key', () => {
      const live = core.guarded.live;
      const slave = answered('{"encoding": "JSON-HEX"}', { noise: { secretKey: filled(1), psk: PSK, masterKey: keyOf(3) } });
      expect(outcome(slave)).toEqual(['HF_UNEXPECTED_PEER', 1008]);
      expect(core.guarded.live).toBe(live);
    });

    it('refuses an answer made with another key, by the name of what that says of the password', () => {
      const live = core.guarded.live;
      const slave = asked();
      slave.message(shake({ noise: { msg: '11'.repeat(120) } }).data, true);
      expect(outcome(slave)).toEqual(['HF_WRONG_KEY', 1008]);
      expect(core.guarded.live).toBe(live);
    });

    it.each([
      ['no message', {}],
      ['a message that is no text', { msg: 7 }],
      ['a message that is not hexadecimal', { msg: 'zz' }],
      ['a message beyond 16 KiB', { msg: '00'.repeat(16 * 1024 + 1) }],
      ['a text', 'noise'],
    ])('refuses an answer with %s in it', (_, said) => {
      const slave = asked();
      slave.message(shake({ noise: said }).data, true);
      expect(outcome(slave)).toEqual(['HF_MALFORMED', 1002]);
    });

    it('a message of 16 KiB is read, and is no answer to ours', () => {
      const slave = asked();
      slave.message(shake({ noise: { msg: '00'.repeat(16 * 1024) } }).data, true);
      expect(slave.failed?.code).not.toBe('HF_MALFORMED');
      expect(slave.over).toBe(true);
    });

    it('a request that is repeated before our first message has come changes nothing, and neither does one without Noise', () => {
      const slave = asked();
      const said = noiseOf(slave);
      for (const again of [{ ...REQUEST, noise }, REQUEST, { ...REQUEST, noise: { ...noise, suites: [AES] } }]) {
        slave.message(shake(again).data, true);
        expect([outcome(slave), slave.sent]).toEqual([[undefined, undefined], []]);
      }
      const master = handshakeOf('responder', `Noise_XXpsk2_${CHACHA}`, HELLO, { ...REQUEST, noise }, 2);
      master.read(said.msg);
      slave.message(shake({ noise: { msg: master.write('{"encoding": "JSON-HEX"}') } }).data, true);
      expect(slave.opened?.info).toMatchObject({
        version: 3,
        pattern: 'XXpsk2',
        cipher: CHACHA,
        noiseKey: keyOf(2),
        nodeId: 'n',
        peer: 'p',
      });
      master.end();
      slave.dispose();
    });

    it('keeps nothing when it is called off in the middle', () => {
      const live = core.guarded.live;
      const slave = asked();
      expect(core.guarded.live).toBeGreaterThan(live);
      slave.feed({ kind: 'end', now: slave.now });
      expect([slave.failed?.code, core.guarded.live]).toEqual(['HF_TRUNCATED', live]);
    });

    it('stretches its password where it has no key of it, salted with the node id, once for all its sessions', async () => {
      const asks: unknown[] = [];
      const begin = (nodeId: string): Side => {
        const slave = slaveSide(core, { noise: { secretKey: filled(1) } }, (item) => {
          if (item.op !== 'argon2id') return undefined;
          asks.push([shownText(item.password), hex(item.salt), item.passes, item.memoryKib, item.lanes, item.length]);
          return work(item);
        });
        slave.message(textMessage({ msg_type: 'hello', payload: { ...HELLO, node_id: nodeId } }).data, true);
        slave.message(shake({ ...REQUEST, noise }).data, true);
        expect(texts(slave)).toHaveLength(1);
        slave.dispose();
        return slave;
      };
      const [first, second] = [`slave ${core.name} 1`, `slave ${core.name} 2`];
      for (const nodeId of [first, first, second]) begin(nodeId);
      const saltOf = (nodeId: string): string => hex(core.hash.sha256(utf8(nodeId)));
      expect(asks).toEqual([first, second].map((nodeId) => [PASSWORD, saltOf(nodeId), 3, 65_536, 1, 32]));
    });

    it('a password that could not be stretched ends the handshake as our own fault', () => {
      const slave = slaveSide(core, { noise: { secretKey: filled(1) } }, (item) =>
        item.op === 'argon2id' ? ({ op: 'ready' } as never) : undefined,
      );
      slave.message(textMessage({ msg_type: 'hello', payload: { ...HELLO, node_id: `broken ${core.name}` } }).data, true);
      slave.message(shake({ ...REQUEST, noise }).data, true);
      expect([slave.failed?.code, slave.failed?.blame]).toEqual(['HF_INTERNAL', 'handfast']);
    });
  });

  describe('the master', () => {
    function greeted(client: Partial<HiveMindClient> = {}, more: HiveMindOptions = {}) {
      const clients = [{ accessKey: ACCESS_KEY, password: PASSWORD, ...client }];
      const options = { noise: { secretKey: filled(2) }, nodeId: `by hand ${core.name}`, clients, ...more };
      const master = masterSide(core, options, undefined, undefined, work);
      pass(master, 200);
      const [hello, request] = texts(master).map(({ payload }) => payload) as [Payload, Payload];
      return { master, hello, request };
    }

    /** A slave whose first message holds this. */
    function begun(payload: string, client: Partial<HiveMindClient> = {}, more: HiveMindOptions = {}, own = 1, pattern = 'XXpsk2') {
      const { master, hello, request } = greeted(client, more);
      const slave = handshakeOf('initiator', `Noise_${pattern}_${CHACHA}`, hello, request, own, pattern === 'KKpsk0' ? 2 : undefined);
      master.message(shake({ noise: { pattern, suite: CHACHA, msg: slave.write(payload) } }).data, true);
      return { master, slave };
    }

    it('offers KKpsk0 to clients whose key it has pinned, and XXpsk2 to all', () => {
      const lists = { suites: [CHACHA, AES] };
      expect(greeted().request).toMatchObject({ noise: { patterns: ['XXpsk2'], ...lists }, max_protocol_version: 3 });
      expect(greeted({ noiseKey: keyOf(1) }).request).toMatchObject({ noise: { patterns: ['KKpsk0', 'XXpsk2'], ...lists } });
    });

    it('offers no Noise to a client without a password', () => {
      const client = { password: undefined, presharedKey: '0123456789abcdef' };
      const { request } = greeted(client, { noise: { secretKey: filled(2), allowOlder: true } });
      expect(request?.noise).toBeUndefined();
    });

    it.each([
      ['without a message', {}],
      ['whose message is no hexadecimal text', { msg: 'zz' }],
      ['whose message is no text', { msg: [0] }],
      ['whose message is longer than 16 KiB', { msg: '00'.repeat(16 * 1024 + 1) }],
    ])('refuses a handshake %s', (_, said) => {
      const { master } = greeted();
      master.message(shake({ noise: { pattern: 'XXpsk2', suite: CHACHA, ...said } }).data, true);
      expect(outcome(master)).toEqual(['HF_MALFORMED', 1002]);
    });

    it.each([
      ['{"binarize": true, "encodings": ["JSON-HEX"]}', 'JSON-HEX'],
      ['{"encodings": ["ROT13", 7, "JSON-Z85P", "JSON-B91", "JSON-HEX"]}', 'JSON-B91'],
      // A list that is none stands for what every released client reads.
      ['{}', 'JSON-HEX'],
      ['{"encodings": "JSON-B91"}', 'JSON-HEX'],
    ])('of %s it takes %s', (payload, encoding) => {
      const { master, slave } = begun(payload, {}, { encodings: ['JSON-B91', 'JSON-HEX'] });
      const said = noiseOf(master);
      expect(JSON.parse(slave.read(said.msg))).toEqual({ encoding });
      slave.end();
      master.dispose();
    });

    it.each([
      ['no encoding in common', '{"encodings": ["JSON-B32"]}', 'HF_SUITE_MISMATCH', 1008],
      ['an empty list', '{"encodings": []}', 'HF_SUITE_MISMATCH', 1008],
      ['no JSON', '{', 'HF_MALFORMED', 1002],
      ['no object', '[]', 'HF_MALFORMED', 1002],
    ])('refuses a first message with %s, and keeps no key', (_, payload, code, close) => {
      const live = core.guarded.live;
      const { master, slave } = begun(payload, {}, { encodings: ['JSON-HEX'] });
      slave.end();
      expect(outcome(master)).toEqual([code, close]);
      expect(core.guarded.live).toBe(live);
    });

    it.each([
      [true, true, true],
      [true, false, false],
      [false, true, false],
      [true, undefined, false],
    ])('has the binary form where both want it: %s, %s', (own, theirs, both) => {
      const { master, slave } = begun(JSON.stringify({ binarize: theirs, encodings: ['JSON-HEX'] }), {}, { binarize: own });
      const said = noiseOf(master);
      slave.read(said.msg);
      master.message(shake({ noise: { msg: slave.write('') } }).data, true);
      // What it has agreed on is told with the session; here its HELLO is still to come.
      expect((master.state as { channel?: { binarize: boolean } }).channel?.binarize).toBe(both);
      slave.end();
      master.dispose();
    });

    it.each([
      ['in clear', ''],
      ['as long as keys and tags are', '00'.repeat(64)],
    ])('refuses a last message %s that does not open, and keeps no key', (_, msg) => {
      const live = core.guarded.live;
      const { master, slave } = begun('{}');
      master.message(shake({ noise: { msg } }).data, true);
      slave.end();
      expect(outcome(master)).toEqual(msg === '' ? ['HF_MALFORMED', 1002] : ['HF_WRONG_KEY', 1008]);
      expect(core.guarded.live).toBe(live);
    });

    it('refuses another key than the one that is pinned, in the last message, and keeps no key', () => {
      const live = core.guarded.live;
      const { master, slave } = begun('{}', { noiseKey: keyOf(3) });
      const said = noiseOf(master);
      slave.read(said.msg);
      master.message(shake({ noise: { msg: slave.write('') } }).data, true);
      slave.end();
      expect(outcome(master)).toEqual(['HF_UNEXPECTED_PEER', 1008]);
      expect(core.guarded.live).toBe(live);
    });

    it('knows a client by KKpsk0, whose first message only its key can have made', () => {
      const taken = begun('{}', { noiseKey: keyOf(1) }, {}, 1, 'KKpsk0');
      const said = noiseOf(taken.master);
      expect(JSON.parse(taken.slave.read(said.msg))).toEqual({ encoding: 'JSON-HEX' });
      const refused = begun('{}', { noiseKey: keyOf(1) }, {}, 3, 'KKpsk0');
      expect(outcome(refused.master)).toEqual(['HF_WRONG_KEY', 1008]);
      for (const { slave, master } of [taken, refused]) {
        slave.end();
        master.dispose();
      }
    });

    it('keeps nothing when it is called off in the middle', () => {
      const live = core.guarded.live;
      const { master, slave } = begun('{}');
      slave.end();
      expect(core.guarded.live).toBeGreaterThan(live);
      master.feed({ kind: 'end', now: master.now });
      expect([master.failed?.code, core.guarded.live]).toEqual(['HF_TRUNCATED', live]);
    });
  });
});
