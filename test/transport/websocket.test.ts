import { createServer as httpServer } from 'node:http';
import { connect as netConnect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { CarrierFacts } from '../../src/protocols/machine.ts';
import type { AnyProtocol } from '../../src/protocols/registry.ts';
import { connect } from '../../src/transport/connect.ts';
import { listen, type Server } from '../../src/transport/listen.ts';
import type { Session } from '../../src/transport/session.ts';
import { type LettersOptions, lettersOver } from '../support/letters.ts';
import type { DialOptions, ServeOptions } from '../support/pair.ts';
import { SlowBench, toyCore } from '../support/toy.ts';

const HOST = '127.0.0.1';
const letters = {
  ...lettersOver('websocket'),
  websocket: { largestMessage: 100_000, target: ({ name }: LettersOptions) => (name === undefined ? '/' : `/?name=${name}`) },
};
const withSubprotocol = { ...letters, websocket: { largestMessage: 100_000, subprotocol: 'letters-1' } };
const core = toyCore();

let server: Server | undefined;
const closing: (() => unknown)[] = [];

afterEach(async () => {
  await server?.close({ drainMs: 0 });
  server = undefined;
  for (const close of closing.splice(0)) await close();
  expect([core.guarded.live, core.slabs.leased]).toEqual([0, 0]);
});

async function serve(options: ServeOptions & { protocol?: AnyProtocol } = {}): Promise<number> {
  server = await listen<AnyProtocol>({ protocol: letters, core, host: HOST, port: 0, ...options });
  return server.address!.port;
}

const dial = (port: number, options: DialOptions & { protocol?: AnyProtocol } = {}): Promise<Session> =>
  connect<AnyProtocol>({ protocol: letters, core, host: HOST, port, ...options });

const accepted = (): Promise<Session> => new Promise((resolve) => server!.once('session', resolve));
const refused = (): Promise<{ code: string; message: string }> =>
  new Promise((resolve) => server!.once('handshakeError', ({ code, message }) => resolve({ code, message })));

async function idle(): Promise<void> {
  while (server!.load.lingering > 0) await new Promise((resolve) => setImmediate(resolve));
  expect(server!.load).toEqual({ halfOpen: 0, lingering: 0, heldBytes: 0 });
}

/** A bare WebSocket, past the handshake of the letters; what it hears is written down. */
async function knock(port: number, target = '/'): Promise<{ ws: WebSocket; heard: string[]; closed: Promise<string> }> {
  const ws = new WebSocket(`ws://${HOST}:${port}${target}`);
  closing.push(() => ws.terminate());
  const heard: string[] = [];
  ws.on('message', (data, binary) => heard.push(`${binary ? 'binary' : 'text'} ${data}`));
  ws.on('error', () => {});
  const closed = new Promise<string>((resolve) => ws.once('close', (code, reason) => resolve(`${code} ${reason}`)));
  await new Promise((resolve) => ws.once('open', resolve));
  const welcome = new Promise((resolve) => ws.once('message', resolve));
  ws.send('hello ann\n');
  await welcome;
  heard.length = 0;
  return { ws, heard, closed };
}

/** A bare socket that says `bytes`, and all that it hears until it is closed. */
function say(port: number, bytes: string): { socket: Socket; said: Promise<string> } {
  const socket = netConnect({ host: HOST, port });
  closing.push(() => socket.destroy());
  socket.write(bytes);
  const said = new Promise<string>((resolve) => {
    let all = '';
    socket.on('data', (chunk) => {
      all += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(all));
  });
  return { socket, said };
}

describe.each([false, true])('over TLS: %s', (secure) => {
  it('messages go both ways as messages, with their kinds, and a clean close is seen as one', async () => {
    const port = await serve({ secure });
    const theirs = accepted();
    const ours = await dial(port, { secure });
    for (let i = 0; i < 100; i++) void ours.send(new Uint8Array(i * 100).fill(65), { kind: i % 2 ? 'note' : 'raw' });
    void ours.close();
    const there = await theirs;
    const seen: unknown[] = [];
    for await (const message of there) seen.push([message.length, message.kind, message.meta?.binary === true]);
    expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => [i * 100, i % 2 ? 'note' : 'raw', i % 2 === 0]));
    await Promise.all([ours.closed, there.closed]);
    expect([ours.error, there.error]).toEqual([undefined, undefined]);
  });

  it('the listener is told what it was asked for, the dialler where it is', async () => {
    const facts: CarrierFacts[] = [];
    const port = await serve({ secure, onFacts: (of: CarrierFacts) => facts.push(of) });
    const theirs = accepted();
    const mine: CarrierFacts[] = [];
    const headers = { 'X-Extra': 'one' };
    const ours = await dial(port, { secure, path: '/a/b?c=d%20e', headers, onFacts: (of: CarrierFacts) => mine.push(of) });
    await theirs;
    expect(facts[0].upgrade).toMatchObject({
      target: '/a/b?c=d%20e',
      headers: { 'x-extra': 'one', upgrade: 'websocket', host: `${HOST}:${port}` },
    });
    expect(facts[0].remote).toEqual(mine[0].local);
    expect(mine[0]).toMatchObject({ remote: { address: HOST, port } });
    expect(mine[0].upgrade).toBeUndefined();
    expect(mine[0].tls?.ownFinished).toEqual(facts[0].tls?.peerFinished);
    expect(mine[0].tls?.version).toBe(secure ? 'TLSv1.3' : undefined);
    ours.destroy();
  });

  it('a dialler hears with what code it was refused', async () => {
    const port = await serve({ secure, refuse: { code: 1008, reason: 'unknown key' } });
    await expect(dial(port, { secure })).rejects.toMatchObject({ message: 'closed with 1008 unknown key' });
    await idle();
  });
});

it('the protocol says what a dialler asks for, unless its caller does', async () => {
  const targets: unknown[] = [];
  const port = await serve({ onFacts: ({ upgrade }: CarrierFacts) => targets.push(upgrade?.target) });
  for (const options of [{}, { name: 'ann' }, { name: 'ann', path: '/other' }]) (await dial(port, options)).destroy();
  expect(targets).toEqual(['/', '/?name=ann', '/other']);
  for (const path of ['other', '/a b', '/a#b', '/\u00e4'])
    await expect(dial(port, { path })).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
  await expect(dial(port, { headers: { 'no name': 'x' } })).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
});

describe('a subprotocol', () => {
  it('is asked for and accepted', async () => {
    const port = await serve({ protocol: withSubprotocol });
    const ours = await dial(port, { protocol: withSubprotocol });
    expect(ours.peer.id).toBe('responder');
    ours.destroy();
  });

  it('that one side does not name ends it, on both sides', async () => {
    const port = await serve({ protocol: withSubprotocol });
    const failure = refused();
    await expect(dial(port)).rejects.toMatchObject({ code: 'HF_CONNECT_FAILED' });
    expect(await failure).toMatchObject({ code: 'HF_MALFORMED' });
    await server!.close();
    const other = await serve();
    await expect(dial(other, { protocol: withSubprotocol })).rejects.toMatchObject({ code: 'HF_CONNECT_FAILED' });
  });
});

describe('closing', () => {
  it('says a code, and hears one', async () => {
    const port = await serve();
    const theirs = accepted();
    const { ws, heard, closed } = await knock(port);
    const there = await theirs;
    void there.close({ refusal: { code: 'BUSY', reason: '' } });
    expect(await closed).toBe('1008 BUSY');
    expect(heard).toEqual(['text bye :\n']);
    await there.closed;

    const again = accepted();
    const other = await knock(port);
    other.ws.close(4001, 'enough');
    const session = await again;
    await session.closed;
    expect(session.error).toMatchObject({ message: 'closed with 4001 enough' });
    ws.terminate();
  });

  it('a socket that breaks off is TRUNCATED', async () => {
    const port = await serve();
    const theirs = accepted();
    const { ws } = await knock(port);
    const there = await theirs;
    ws.terminate();
    await there.closed;
    expect(there.error).toMatchObject({ code: 'HF_TRUNCATED' });
  });

  it('what came before a close is still read, though work is outstanding', async () => {
    const workbench = new SlowBench(core);
    const port = await serve({ workbench });
    const theirs = accepted();
    const { ws, closed } = await knock(port);
    const there = await theirs;
    // In one write, as a peer does that says its last words and closes.
    const { _socket: socket } = ws as unknown as { _socket: Socket };
    socket.cork();
    for (const letter of ['work :\n', 'a :1\n', 'bye :\n']) ws.send(letter);
    ws.close(1000);
    socket.uncork();
    await closed;
    await new Promise((resolve) => setImmediate(resolve));
    expect(there.error).toBeUndefined();
    workbench.kept[0]();
    const texts: string[] = [];
    for await (const message of there) texts.push(message.text());
    expect(texts).toEqual(['1']);
    await there.closed;
    expect(there.error).toBeUndefined();
  });
});

describe('hostile', () => {
  it.each([
    ['one frame', (ws: WebSocket) => ws.send(Buffer.alloc(100_001))],
    [
      'fragments',
      (ws: WebSocket) => {
        for (let i = 0; i < 11; i++) ws.send(Buffer.alloc(10_000), { fin: false });
      },
    ],
  ])('a message beyond the limit, in %s, is TOO_LARGE and closed with 1009', async (_name, send) => {
    const port = await serve();
    const theirs = accepted();
    const { ws, closed } = await knock(port);
    const there = await theirs;
    send(ws);
    await there.closed;
    expect(there.error).toMatchObject({ code: 'HF_TOO_LARGE' });
    expect(await closed).toMatch(/^1009/);
  });

  it('a frame that is none, and text that is no UTF-8, are MALFORMED', async () => {
    const port = await serve();
    for (const bytes of [Buffer.of(0x8b, 0x80, 0, 0, 0, 0), Buffer.of(0x81, 0x81, 0, 0, 0, 0, 0xff), Buffer.of(0x81, 0x01, 65)]) {
      const theirs = accepted();
      const { ws } = await knock(port);
      const there = await theirs;
      (ws as unknown as { _socket: Socket })._socket.write(bytes);
      await there.closed;
      expect(there.error).toMatchObject({ code: 'HF_MALFORMED', unproved: true });
    }
  });

  it.each([
    ['bytes that are no HTTP', '\x16\x03\x01\x00\xc8', /^HTTP\/1.1 400 /, 'HF_MALFORMED'],
    ['a plain request', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1.1 426 /, 'HF_MALFORMED'],
    [
      'a request with a body',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n',
      /^HTTP\/1.1 426 /,
      'HF_MALFORMED',
    ],
    ['a request for a tunnel', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1.1 400 /, 'HF_MALFORMED'],
    [
      'an upgrade to something else',
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n',
      /^HTTP\/1.1 400 /,
      'HF_MALFORMED',
    ],
    ['headers without end', `GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(10_000)}`, /^HTTP\/1.1 431 /, 'HF_MALFORMED'],
  ])('%s', async (_name, bytes, answer, code) => {
    const port = await serve();
    const failure = refused();
    const { said } = say(port, bytes);
    expect((await failure).code).toBe(code);
    expect(await said).toMatch(answer);
    await idle();
  });

  it.each([false, true])(
    'an upgrade that never ends is cut at the deadline, which counts from the connection (TLS below: %s)',
    async (secure) => {
      const port = await serve({ deadlineMs: 300, secure });
      const failure = refused();
      const socket = secure ? tlsConnect({ host: HOST, port, rejectUnauthorized: false }) : netConnect({ host: HOST, port });
      const gone = new Promise((resolve) => socket.once('close', resolve));
      socket.on('error', () => {});
      socket.resume();
      socket.write('GET / HTTP/1.1\r\n');
      const trickle = setInterval(() => socket.write('A: b\r\n'), 20);
      closing.push(() => clearInterval(trickle));
      expect((await failure).code).toBe('HF_HANDSHAKE_TIMEOUT');
      await gone;
      await idle();
    },
  );

  it('a connection that is hung up before the upgrade is TRUNCATED', async () => {
    const port = await serve();
    for (const [secure, bytes] of [
      [false, 'GET / HT'],
      [true, '\x16\x03\x01'],
    ] as const) {
      if (secure) {
        await server!.close();
      }
      const at = secure ? await serve({ secure }) : port;
      const failure = refused();
      say(at, bytes).socket.end();
      expect((await failure).code).toBe('HF_TRUNCATED');
      await idle();
    }
  });

  it('pings are answered, but no more than are read', async () => {
    const port = await serve();
    const theirs = accepted();
    const { ws } = await knock(port);
    const there = await theirs;
    const pong = new Promise<string>((resolve) => ws.once('pong', (data) => resolve(data.toString())));
    ws.ping('are you there');
    expect(await pong).toBe('are you there');
    let pongs = 0;
    const answered = (text: string) =>
      new Promise<void>((resolve) => {
        ws.on('pong', (data) => {
          pongs++;
          if (data.toString() === text) resolve();
        });
      });
    const last = answered('last');
    ws.pause();
    // More than what the system buffers on the way back.
    const frame = Buffer.concat([Buffer.of(0x89, 0x80 | 125, 0, 0, 0, 0), Buffer.alloc(125)]);
    const frames = Buffer.concat(Array.from({ length: 1000 }, () => frame));
    const { _socket: socket } = ws as unknown as { _socket: Socket };
    for (let i = 0; i < 300; i++) await new Promise((resolve) => socket.write(frames, resolve));
    ws.resume();
    const again = setInterval(() => ws.ping('last'), 10);
    closing.push(() => clearInterval(again));
    await last;
    expect(pongs).toBeLessThan(300_000);
    there.destroy();
  });

  it('a reader that is slow slows the sender down', async () => {
    const port = await serve({ limits: { unreadBytes: 256 * 1024 } });
    const theirs = accepted();
    const ours = await dial(port);
    let handed = 0;
    for (let i = 0; i < 400; i++) void ours.send(new Uint8Array(90_000).fill(65)).then(() => handed++);
    const there = await theirs;
    for (let i = 0; i < 300; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(handed).toBeLessThan(400);
    // However slow the machine: 36 MB have to come through.
    void ours.close({ drainMs: 60_000 });
    let bytes = 0;
    for await (const message of there) bytes += message.length;
    expect(bytes).toBe(400 * 90_000);
    await ours.closed;
    expect([ours.error, there.error]).toEqual([undefined, undefined]);
  });

  it('a listener that is none, or refuses the upgrade, is HF_CONNECT_FAILED to the dialler', async () => {
    const plain = httpServer((_request, response) => response.writeHead(401).end());
    plain.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'));
    await new Promise<void>((resolve) => plain.listen(0, HOST, resolve));
    closing.push(() => new Promise((resolve) => plain.close(resolve)));
    const { port } = plain.address() as { port: number };
    await expect(dial(port)).rejects.toMatchObject({ code: 'HF_CONNECT_FAILED', message: expect.stringContaining('403') });
    await expect(dial(port, { secure: true })).rejects.toMatchObject({ code: 'HF_CONNECT_FAILED' });
  });

  it('a listener that closes in the middle of the handshake says with what code', async () => {
    const bare = new WebSocketServer({ host: HOST, port: 0 });
    closing.push(() => new Promise((resolve) => bare.close(resolve)));
    bare.on('connection', (ws) => ws.close(1013, 'later'));
    await new Promise((resolve) => bare.once('listening', resolve));
    await expect(dial((bare.address() as { port: number }).port)).rejects.toMatchObject({ message: 'closed with 1013 later' });
  });
});
