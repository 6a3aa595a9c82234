/** HiveMind over real WebSockets on this machine: sessions both ways, refusals with their close codes, and many wrong passwords at once. */
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { HiveMindOptions } from '../../../src/protocols/hivemind/index.ts';
import { connect } from '../../../src/transport/connect.ts';
import { listen, type Server } from '../../../src/transport/listen.ts';
import type { Session } from '../../../src/transport/session.ts';
import { utf8 } from '../../../src/wire/text.ts';
import { cores } from '../../support/cores.ts';
import { ACCESS_KEY, PASSWORD, utterance } from '../../support/hivemind.ts';

const HOST = '127.0.0.1';
const core = cores.at(-1)!;
const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

async function serve(
  options: HiveMindOptions = {},
): Promise<{ server: Server; port: number; accepted: Promise<Session>; errors: string[] }> {
  const server = await listen({
    protocol: 'hivemind',
    host: HOST,
    port: 0,
    core,
    clients: [{ accessKey: ACCESS_KEY, password: PASSWORD }],
    ...options,
  });
  open.push({ close: () => server.close({ drainMs: 0 }) });
  const errors: string[] = [];
  server.on('handshakeError', ({ code }) => errors.push(code));
  return { server, port: server.address!.port, accepted: new Promise((resolve) => server.on('session', resolve)), errors };
}

function dial(port: number, options: HiveMindOptions = {}): Promise<Session> {
  return connect({ protocol: 'hivemind', host: HOST, port, core, accessKey: ACCESS_KEY, password: PASSWORD, ...options });
}

describe('HiveMind over WebSockets', () => {
  it.each([[false], [true]])('messages of the bus and bytes go both ways (binary: %s)', async (binarize) => {
    const { port, accepted } = await serve({ binarize });
    const slave = await dial(port, { binarize });
    const master = await accepted;
    expect(slave.binding).toEqual(master.binding);
    await slave.send(utf8(JSON.stringify(utterance('hello'))));
    const large = core.random(300_000);
    await slave.send(large, { kind: 'bin', meta: { bin_type: 1, metadata: { sample_rate: 16000 } } });
    const up = master[Symbol.asyncIterator]();
    const first = (await up.next()).value!;
    expect([first.kind, JSON.parse(first.text()).data]).toEqual(['bus', { utterances: ['hello'] }]);
    const second = (await up.next()).value!;
    expect([second.kind, second.meta]).toEqual(['bin', { bin_type: 1, metadata: { sample_rate: 16000 } }]);
    expect(new Uint8Array(second.bytes)).toEqual(large);
    await master.send(utf8('{"type": "speak", "data": {"utterance": "x"}}'));
    const down = (await slave[Symbol.asyncIterator]().next()).value!;
    expect(JSON.parse(down.text()).context).toMatchObject({ source: 'hive', destination: master.info.peer });
    await slave.close();
    expect((await up.next()).done).toBe(true);
  });

  it('a wrong password and an unknown key are refused alike', async () => {
    const { port, errors } = await serve();
    await expect(dial(port, { password: 'another password altogether' })).rejects.toMatchObject({
      code: 'HF_NOT_ALLOWED',
      remote: 'claimed',
    });
    await expect(dial(port, { accessKey: 'nobody' })).rejects.toMatchObject({ code: 'HF_NOT_ALLOWED', remote: 'claimed' });
    expect(errors).toEqual(['HF_WRONG_KEY', 'HF_UNKNOWN_NODE']);
  });

  it('a WebSocket without a token, or that speaks nonsense, is closed with its code', async () => {
    const { port } = await serve();
    const closedWith = (path: string, say?: string): Promise<number> =>
      new Promise((resolve) => {
        const socket = new WebSocket(`ws://${HOST}:${port}${path}`);
        socket.on('open', () => say && socket.send(say));
        socket.on('close', resolve);
      });
    const token = `/?authorization=${Buffer.from(`ua:${ACCESS_KEY}`).toString('base64')}`;
    expect(await closedWith('/')).toBe(1008);
    expect(await closedWith(token, '{')).toBe(1002);
    expect(await closedWith(token, '{"msg_type": "bus", "payload": {"type": "x"}}')).toBe(1008);
    expect(await closedWith(token.replace('=', '=').replace(/=+$/, ''), '{"msg_type": "nonsense"}')).toBe(1002);
  });

  it('fifty clients with wrong passwords at once are all refused, by the limits of an address or by their envelopes', async () => {
    const { port, errors } = await serve();
    const all = await Promise.allSettled(Array.from({ length: 50 }, () => dial(port, { password: 'another password altogether' })));
    expect(all.filter(({ status }) => status !== 'rejected')).toEqual([]);
    expect(new Set(errors).has('HF_WRONG_KEY')).toBe(true);
    expect(errors.filter((code) => !['HF_WRONG_KEY', 'HF_RATE_LIMITED', 'HF_TOO_MANY_CONNECTIONS'].includes(code))).toEqual([]);
  });
});
