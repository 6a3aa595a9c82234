/** Version 3 between our own machines: both handshakes, what is refused, and transport messages that are altered, repeated, mirrored or out of turn. */
import { describe, expect, it } from 'vitest';
import type { Core } from '../../../src/core/core.ts';
import { targetOf } from '../../../src/protocols/hivemind/authorization.ts';
import { createHsub } from '../../../src/protocols/hivemind/hsub.ts';
import { type HiveMindOptions, hivemind } from '../../../src/protocols/hivemind/index.ts';
import { shownText } from '../../../src/wire/text.ts';
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
  textMessage,
  utterance,
  write,
} from '../../support/hivemind.ts';
import { converseByMessage, Side } from '../../support/machines.ts';
import { filled } from '../../support/noise.ts';

const keyOf = (core: Core, byte: number): string => Buffer.from(core.x25519.keyPair(filled(byte)).publicKey).toString('hex');

function setup(
  core: Core,
  { slave = {}, master = {}, client = {} }: { slave?: HiveMindOptions; master?: HiveMindOptions; client?: object } = {},
) {
  return {
    core,
    slave: { noise: { secretKey: filled(1) }, ...slave },
    master: { noise: { secretKey: filled(2) }, clients: [{ accessKey: ACCESS_KEY, password: PASSWORD, ...client }], ...master },
  };
}

describe.each(cores)('HiveMind version 3, on the $name core', (core) => {
  it('XXpsk2 by a password: both know each other, and have one binding', async () => {
    const { slave, master } = await openPair(setup(core));
    expect(slave.opened!.info).toMatchObject({
      version: 3,
      path: 'noise',
      pattern: 'XXpsk2',
      cipher: '25519_ChaChaPoly_SHA256',
      noiseKey: keyOf(core, 2),
    });
    expect(master.opened!.info).toMatchObject({ version: 3, pattern: 'XXpsk2', noiseKey: keyOf(core, 1) });
    expect(slave.opened!.binding).toEqual(master.opened!.binding);
    const { own } = receive(master, write(slave, utterance('hello')));
    expect(JSON.parse(shownText(own![0]!.bytes))).toMatchObject({ data: { utterances: ['hello'] } });
  });

  it('KKpsk0 where both have pinned the other', async () => {
    const noise = { secretKey: filled(1), masterKey: keyOf(core, 2) };
    const { slave } = await openPair(setup(core, { slave: { noise }, client: { noiseKey: keyOf(core, 1) } }));
    expect(slave.opened!.info).toMatchObject({ version: 3, pattern: 'KKpsk0' });
  });

  it.each([
    ['a wrong password', { slave: { password: 'another horse battery staple' } }, 'HF_WRONG_KEY'],
    ['another key of the master than the one that is pinned', { slave: { noise: { masterKey: '11'.repeat(32) } } }, 'HF_UNEXPECTED_PEER'],
    ['a master that offers nothing newer than version 2', { master: { noise: undefined } }, 'HF_PROTOCOL_MISMATCH'],
  ] as const)('the slave refuses %s', async (_what, change, code) => {
    const { slave, master } = pairOf(setup(core, change));
    await converseByMessage(slave, master);
    expect([slave.failed?.code, slave.close?.code]).toEqual([code, 1008]);
    expect(master.opened).toBeUndefined();
  });

  it.each([
    ['another key of the client than the one that is pinned', { client: { noiseKey: '11'.repeat(32) } }, 'HF_UNEXPECTED_PEER'],
    ['a handshake of version 2', { slave: { noise: undefined } }, 'HF_PROTOCOL_MISMATCH'],
  ] as const)('the master refuses %s', async (_what, change, code) => {
    const { slave, master } = pairOf(setup(core, change));
    await converseByMessage(slave, master);
    expect(master.opened).toBeUndefined();
    expect([master.failed?.code ?? slave.failed?.code]).toEqual([code]);
  });

  it('a master takes no envelope of version 2, whoever sends it', () => {
    for (const [allowOlder, outcome] of [
      [false, ['HF_PROTOCOL_MISMATCH', 1008]],
      [true, [undefined, undefined]],
    ] as const) {
      const { master } = setup(core, { master: { noise: { secretKey: filled(2), allowOlder } } });
      const side = masterSide(core, master);
      const payload = { envelope: createHsub(core, PASSWORD, core.random(8)), encodings: ['JSON-HEX'], ciphers: ['AES-GCM'] };
      // Its own password is stretched meanwhile; what comes waits for that.
      side.feed({ kind: 'answers', now: side.now, answers: [] });
      side.message(textMessage({ msg_type: 'shake', payload }).data, true);
      expect([side.failed?.code, side.close?.code]).toEqual(outcome);
    }
  });

  it.each([
    ['without the password', 'XX', '25519_ChaChaPoly_SHA256'],
    ['without any key', 'NN', '25519_ChaChaPoly_SHA256'],
    ['for a key that nobody has pinned', 'KKpsk0', '25519_ChaChaPoly_SHA256'],
    ['with another hash', 'XXpsk2', '25519_ChaChaPoly_BLAKE2b'],
    ['with a suite that is none', 'XXpsk2', 7],
    ['with a pattern that is none', null, '25519_ChaChaPoly_SHA256'],
  ])('the master refuses a handshake %s, which it did not offer', (_what, pattern, suite) => {
    const master = masterSide(core, setup(core).master);
    pass(master, 200);
    const { data } = textMessage({ msg_type: 'shake', payload: { noise: { pattern, suite, msg: '00'.repeat(96) } } });
    master.message(data, true);
    expect([master.failed?.code, master.close?.code]).toEqual(['HF_SUITE_MISMATCH', 1008]);
  });

  it('an altered list of the greeting makes the handshake fail', async () => {
    const { slave, master } = pairOf(setup(core));
    const greeting = master.takeMessages().map(({ data }) => shownText(data));
    for (const text of greeting) {
      const { data } = textMessage(text.replace('"25519_AESGCM_SHA256"', '"25519_ChaChaPoly_SHA256"'));
      slave.message(data, true);
    }
    await converseByMessage(slave, master);
    expect([master.failed?.code, master.close?.code, slave.opened]).toEqual(['HF_WRONG_KEY', 1008, undefined]);
  });

  it.each(['altered', 'repeated', 'mirrored', 'text', 'skipped'] as const)(
    'a transport message that is %s ends the session with 1008',
    async (how) => {
      const { slave, master } = await openPair(setup(core));
      const first = write(slave, utterance('one'));
      const spoilt = { ...first, data: first.data.slice() };
      let at = master;
      if (how === 'altered') spoilt.data[3]! ^= 1;
      if (how === 'repeated') receive(master, first);
      if (how === 'mirrored') at = slave;
      if (how === 'skipped') spoilt.data = write(slave, utterance('two')).data.slice();
      const outputs = receive(at, how === 'text' ? textMessage({ msg_type: 'shake', payload: {} }) : spoilt).outputs;
      expect(endingOf(outputs)).toEqual({ code: how === 'text' ? 'HF_OUT_OF_TURN' : 'HF_BAD_TAG', close: 1008 });
    },
  );

  it('long messages go in pieces and come together again', async () => {
    const { slave, master } = await openPair(setup(core));
    const written = write(slave, utterance('x'.repeat(150_000))) as {
      data: Uint8Array;
      text: boolean;
      more?: { data: Uint8Array; text: boolean }[];
    };
    expect(written.more?.length).toBe(2);
    const pieces = [written, ...written.more!];
    expect(pieces.slice(0, -1).map((each) => receive(master, each).own)).toEqual([undefined, undefined]);
    const { own } = receive(master, pieces.at(-1)!);
    expect(JSON.parse(shownText(own![0]!.bytes)).data.utterances[0].length).toBe(150_000);
  });

  it("a master stretches the password while its client still waits to be greeted, once, and not for keys that are nobody's", async () => {
    const setups = setup(core, { master: { nodeId: `another ${core.name}` } });
    const asked = (options = setups): unknown[] => {
      const ops: string[] = [];
      const machine = hivemind.responder({ core, ...options.master });
      const side = new Side({ core, machine, now: NOW, work: ({ op }) => void ops.push(op) });
      side.start({ upgrade: { target: targetOf({ userAgent: 'test', accessKey: options.slave.accessKey ?? ACCESS_KEY }), headers: {} } });
      return [ops, side];
    };
    const [ops, side] = asked() as [string[], Side];
    expect([ops, side.sent]).toEqual([['argon2id'], []]);
    pass(side, 200);
    expect(side.sent).toHaveLength(2);
    await side.working;
    expect(asked()[0]).toEqual([]);
    const older = setup(core, { master: { nodeId: 'a third', noise: { secretKey: filled(2), allowOlder: true } } });
    expect(asked(older)[0]).toEqual([]);
    const nobody = setup(core, { master: { nodeId: 'a fourth' }, slave: { accessKey: 'nobody' } });
    expect(asked(nobody)[0]).toEqual([]);
  });

  it('leaves no keys behind', async () => {
    const options = setup(core);
    const first = await openPair(options);
    for (const side of [first.slave, first.master]) side.opened!.traffic.wipe();
    const before = core.guarded.live;
    const { slave, master } = await openPair(setup(core));
    for (const side of [slave, master]) side.opened!.traffic.wipe();
    expect(core.guarded.live).toBe(before);
  });
});
