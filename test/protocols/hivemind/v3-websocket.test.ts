/** Version 3 over real WebSockets, in clear and over TLS: both handshakes, long messages in pieces, and what is refused with its close code. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Core } from '../../../src/core/core.ts';
import { runLegacy } from '../../../src/core/legacy/jobs.ts';
import type { HiveMindClient, HiveMindOptions } from '../../../src/protocols/hivemind/index.ts';
import { pskJob } from '../../../src/protocols/hivemind/v3-psk.ts';
import { connect } from '../../../src/transport/connect.ts';
import { listen } from '../../../src/transport/listen.ts';
import type { Session } from '../../../src/transport/session.ts';
import { utf8 } from '../../../src/wire/text.ts';
import { cores, pure } from '../../support/cores.ts';
import { ACCESS_KEY, PASSWORD, utterance } from '../../support/hivemind.ts';
import { filled } from '../../support/noise.ts';

const HOST = '127.0.0.1';
const NODE_ID = 'master:test';
const keyOf = (core: Core, byte: number): string => Buffer.from(core.x25519.keyPair(filled(byte)).publicKey).toString('hex');
const open: { close(): unknown }[] = [];
/** Stretched once, as a device would be given it. */
let psk: Uint8Array;

beforeAll(async () => {
  psk = (await runLegacy(pskJob(pure, PASSWORD, NODE_ID))).key;
}, 60_000);

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

interface Setup {
  core: Core;
  secure?: boolean;
  slave?: HiveMindOptions;
  master?: HiveMindOptions;
  client?: Partial<HiveMindClient>;
}

async function serve({ core, secure = false, master = {}, client = {} }: Setup) {
  const clients = [{ accessKey: ACCESS_KEY, password: PASSWORD, ...client }];
  const noise = { secretKey: filled(2) };
  const server = await listen({ protocol: 'hivemind', host: HOST, port: 0, secure, core, clients, nodeId: NODE_ID, noise, ...master });
  open.push({ close: () => server.close({ drainMs: 0 }) });
  const errors: string[] = [];
  server.on('handshakeError', ({ code }) => errors.push(code));
  /** When so many handshakes have failed. */
  const failed = async (count: number): Promise<string[]> => {
    while (errors.length < count) await new Promise((resolve) => server.once('handshakeError', resolve));
    return errors;
  };
  return { port: server.address!.port, failed, accepted: new Promise<Session>((resolve) => server.on('session', resolve)) };
}

function dial({ core, secure = false, slave = {} }: Setup, port: number): Promise<Session> {
  const noise = { secretKey: filled(1), psk };
  return connect({ protocol: 'hivemind', host: HOST, port, secure, core, accessKey: ACCESS_KEY, password: PASSWORD, noise, ...slave });
}

async function converse(slave: Session, master: Session): Promise<void> {
  const [up, down] = [master[Symbol.asyncIterator](), slave[Symbol.asyncIterator]()];
  await slave.send(utf8(JSON.stringify(utterance('hello'))));
  expect(JSON.parse((await up.next()).value!.text()).data).toEqual({ utterances: ['hello'] });
  // Three pieces of 65,000 bytes, and what a third message is not mixed with.
  const long = 'x'.repeat(150_000);
  await Promise.all([
    master.send(utf8(JSON.stringify({ type: 'speak', data: { long } }))),
    master.send(utf8('{"type": "speak", "data": {"n": 2}}')),
  ]);
  expect(JSON.parse((await down.next()).value!.text()).data).toEqual({ long });
  expect(JSON.parse((await down.next()).value!.text()).data).toEqual({ n: 2 });
  // Each piece was told of: nothing is taken to be still on its way.
  expect(master.heldBytes).toBe(0);
  const bytes = new Uint8Array(300_000).map((_, i) => i);
  await slave.send(bytes, { kind: 'bin', meta: { bin_type: 3, metadata: { file_name: 'a/b.wav' } } });
  const { value } = await up.next();
  expect([value!.kind, value!.meta]).toEqual(['bin', { bin_type: 3, metadata: { file_name: 'b.wav' } }]);
  expect(new Uint8Array(value!.bytes)).toEqual(bytes);
}

describe.each(cores)('HiveMind version 3 over WebSockets, on the $name core', (core) => {
  describe.each([
    ['ws', false],
    ['wss', true],
  ])('%s', (_, secure) => {
    it.each([
      ['XXpsk2', {}],
      ['KKpsk0', { slave: { noise: { secretKey: filled(1), masterKey: keyOf(pure, 2) } }, client: { noiseKey: keyOf(pure, 1) } }],
    ] as const)('%s: both know the other, and messages of any length go both ways', async (pattern, change: Partial<Setup>) => {
      const slaveNoise = change.slave?.noise && { noise: { ...change.slave.noise, psk } };
      const setup: Setup = { core, secure, ...change, slave: { ...change.slave, ...slaveNoise } };
      const { port, accepted } = await serve(setup);
      const slave = await dial(setup, port);
      const master = await accepted;
      expect(slave.info).toMatchObject({ version: 3, path: 'noise', pattern, noiseKey: keyOf(core, 2) });
      expect(master.info).toMatchObject({ version: 3, pattern, noiseKey: keyOf(core, 1) });
      expect(slave.binding).toEqual(master.binding);
      await converse(slave, master);
      await slave.close();
    });
  });

  it('a password is stretched where no key is given, and one of the other core is the same', { timeout: 60_000 }, async () => {
    const setup: Setup = { core, slave: { noise: { secretKey: filled(1) } } };
    const { port, accepted } = await serve(setup);
    const [slave, master] = await Promise.all([dial(setup, port), accepted]);
    expect(slave.binding).toEqual(master.binding);
    const other = cores.find((each) => each !== core) ?? core;
    const elsewhere = await serve({ ...setup, core: other });
    await dial(setup, elsewhere.port);
    await elsewhere.accepted;
  });

  it('a wrong key is found by the slave, an unknown access key by nobody: both end with 1008', async () => {
    const setup: Setup = { core };
    const { port, failed } = await serve(setup);
    await expect(dial({ ...setup, slave: { noise: { psk: filled(9) } } }, port)).rejects.toMatchObject({ code: 'HF_WRONG_KEY' });
    await expect(dial({ ...setup, slave: { accessKey: 'nobody' } }, port)).rejects.toMatchObject({ code: 'HF_WRONG_KEY' });
    expect(await failed(2)).toEqual(['HF_NOT_ALLOWED', 'HF_NOT_ALLOWED']);
  });

  it('text under the keys, and what is no transport message, end the session with 1008', async () => {
    for (const say of ['{"msg_type": "bus", "payload": {"type": "x"}}', new Uint8Array(64)]) {
      const { port, accepted } = await serve({ core });
      const sockets: WebSocket[] = [];
      const slave = await dial({ core }, await through(port, sockets));
      const master = await accepted;
      sockets[0]!.send(say);
      await Promise.all([slave.closed, master.closed]);
      expect(master.error).toMatchObject({ code: typeof say === 'string' ? 'HF_OUT_OF_TURN' : 'HF_BAD_TAG' });
      expect(slave.error).toMatchObject({ code: 'HF_NOT_ALLOWED', remote: 'claimed' });
    }
  });
});

/** Something on the way that passes everything on. @returns its port; `sockets` has its side towards the master. */
async function through(port: number, sockets: WebSocket[]): Promise<number> {
  const { WebSocketServer } = await import('ws');
  const relay = new WebSocketServer({ host: HOST, port: 0 });
  await new Promise((resolve) => relay.once('listening', resolve));
  open.push({ close: () => new Promise((resolve) => relay.close(resolve)) });
  relay.on('connection', (slave, { url }) => {
    const master = new WebSocket(`ws://${HOST}:${port}${url}`);
    sockets.push(master);
    const held: [Buffer, boolean][] = [];
    slave.on('message', (data: Buffer, binary) =>
      master.readyState === WebSocket.OPEN ? master.send(data, { binary }) : held.push([data, binary]),
    );
    master.on('open', () => {
      for (const [data, binary] of held.splice(0)) master.send(data, { binary });
    });
    master.on('message', (data: Buffer, binary) => slave.send(data, { binary }));
    master.on('close', (code) => slave.close(code));
    slave.on('close', () => master.close());
  });
  return (relay.address() as { port: number }).port;
}
