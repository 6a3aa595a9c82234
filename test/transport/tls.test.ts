import { type Server as NetServer, connect as netConnect, createServer as netServer, type Socket } from 'node:net';
import { type TLSSocket, connect as tlsConnect, createServer as tlsServer } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { CarrierFacts } from '../../src/protocols/machine.ts';
import type { AnyProtocol } from '../../src/protocols/registry.ts';
import { selfSigned } from '../../src/transport/certificate.ts';
import { connect } from '../../src/transport/connect.ts';
import { listen, type Server } from '../../src/transport/listen.ts';
import type { Session } from '../../src/transport/session.ts';
import { tlsContext, tlsOver } from '../../src/transport/tls.ts';
import { isCollected } from '../support/garbage.ts';
import { lettersOver } from '../support/letters.ts';
import { type DialOptions, readAll, type ServeOptions } from '../support/pair.ts';
import { toy, toyCore } from '../support/toy.ts';

const HOST = '127.0.0.1';
const letters = lettersOver('tls', 'tcp');
const toyOverTls = { ...toy, carriers: ['tls'] as const };
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
const refused = (): Promise<{ code: string; address: string | undefined }> =>
  new Promise((resolve) => server!.once('handshakeError', ({ code }, address) => resolve({ code, address })));

/** Until nothing is left of the connections that failed. */
async function idle(): Promise<void> {
  while (server!.load.lingering > 0) await new Promise((resolve) => setImmediate(resolve));
  expect(server!.load).toEqual({ halfOpen: 0, lingering: 0, heldBytes: 0 });
}

/** A bare TLS client of Node's own. */
function knock(port: number, options: object = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ host: HOST, port, rejectUnauthorized: false, ...options }, () => resolve(socket));
    socket.once('error', reject);
    closing.push(() => socket.destroy());
  });
}

it('a carrier that is gone holds nobody who was told of it, however long its socket is kept', async () => {
  const sockets: Socket[] = [];
  const told = await new Promise<WeakRef<object>>((resolve) => {
    const plain = netServer((socket) => {
      sockets.push(socket);
      const carrier = tlsOver(socket, tlsContext('accept'));
      const events = {
        ready: () => carrier.destroy(),
        data() {},
        end() {},
        drained() {},
        closed: () => setImmediate(() => resolve(new WeakRef(events))),
      };
      carrier.attach(events);
    });
    closing.push(() => plain.close());
    plain.listen(0, HOST, () => void knock((plain.address() as { port: number }).port).catch(() => {}));
  });
  expect(await isCollected(told)).toBe(true);
  expect(sockets.map((socket) => socket.destroyed)).toEqual([true]);
});

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('over %s', (version) => {
  const tls = { minVersion: version, maxVersion: version };

  it('a dialler tells no name and asks for no protocol, whatever it dials', async () => {
    const told = new Promise<unknown[]>((resolve) => {
      const bare = tlsServer({ ...selfSigned('localhost', 'P-256'), minVersion: version, maxVersion: version }, (socket) => {
        resolve([socket.servername, socket.alpnProtocol]);
        socket.destroy();
      });
      bare.on('tlsClientError', resolve);
      closing.push(() => bare.close());
      bare.listen(0, HOST, () => {
        dial((bare.address() as { port: number }).port, { host: 'localhost', tls } as DialOptions).catch(() => {});
      });
    });
    expect(await told).toEqual([false, false]);
  });

  it('each side is told of the same two Finished messages, of the version and of both addresses', async () => {
    const facts: CarrierFacts[] = [];
    const onFacts = (of: CarrierFacts) => void facts.push(of);
    const port = await serve({ onFacts });
    const theirs = accepted();
    const ours = await dial(port, { tls, onFacts });
    await theirs;
    expect(facts.length).toBe(2);
    const dialled = facts.find(({ remote }) => remote?.port === port)!;
    const listening = facts.find(({ local }) => local?.port === port)!;
    expect(dialled.tls!.version).toBe(version);
    expect(dialled.tls!.ownFinished).toEqual(listening.tls!.peerFinished);
    expect(dialled.tls!.peerFinished).toEqual(listening.tls!.ownFinished);
    expect(version === 'TLSv1.2' ? [12] : [32, 48]).toContain(dialled.tls!.ownFinished!.length);
    expect(dialled.tls!.ownFinished).not.toEqual(dialled.tls!.peerFinished);
    expect(listening.remote).toEqual(dialled.local);
    ours.destroy();
  });

  it('messages go both ways, and a clean close is seen as one', async () => {
    const port = await serve();
    const theirs = accepted();
    const ours = await dial(port, { tls });
    for (let i = 0; i < 100; i++) void ours.send(new Uint8Array(i * 100).fill(65), { kind: 'n' });
    void ours.close();
    const there = await theirs;
    const lengths: number[] = [];
    for await (const message of there) lengths.push(message.length);
    expect(lengths).toEqual(Array.from({ length: 100 }, (_, i) => i * 100));
    await Promise.all([ours.closed, there.closed]);
    expect([ours.error, there.error]).toEqual([undefined, undefined]);
  });

  it('each write is a TLS write of its own, also those of one turn', async () => {
    const port = await serve({ singly: true });
    const socket = await knock(port, { minVersion: version, maxVersion: version });
    const reads: string[] = [];
    const all = new Promise<void>((resolve) => {
      // Node tells of each record by itself.
      socket.on('data', (chunk) => reads.push(chunk.toString()) === 8 && resolve());
    });
    const theirs = accepted();
    socket.write('hello ann\n');
    const there = await theirs;
    socket.write('ping :1\nping :2\n');
    for (const text of ['a', 'b', 'c']) void there.send(Buffer.from(text));
    await all;
    expect(reads[0]).toBe('welcome responder\n');
    expect(reads.slice(1).sort()).toEqual([
      ...['letter :a\n', 'letter :b\n', 'letter :c\n'],
      ...['pong :1\n', 'pong :1\n', 'pong :2\n', 'pong :2\n'],
    ]);
  });

  it('a large transfer keeps to the pace of its reader', async () => {
    const port = await serve({ protocol: toyOverTls, limits: { unreadBytes: 256 * 1024 } });
    const theirs = accepted();
    const ours = await dial(port, { protocol: toyOverTls, tls });
    let handed = 0;
    for (let i = 0; i < 64; i++) void ours.send(new Uint8Array(512 * 1024)).then(() => handed++);
    const there = await theirs;
    for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(handed).toBeLessThan(64);
    void ours.close();
    let bytes = 0;
    for await (const message of there) bytes += message.length;
    expect(bytes).toBe(64 * 512 * 1024);
    await ours.closed;
    expect(ours.error).toBeUndefined();
  });

  it('a record that was changed on the way ends the session as MALFORMED, unproved', async () => {
    const port = await serve();
    // A relay that spoils what the dialler sends once it is told to.
    let spoil = false;
    const relay = netServer((near) => {
      const far = netConnect({ host: HOST, port });
      near.on('data', (chunk) => {
        if (spoil) chunk[chunk.length - 1] ^= 1;
        far.write(chunk);
      });
      far.on('data', (chunk) => near.write(chunk));
      for (const [one, other] of [
        [near, far],
        [far, near],
      ]) {
        one.on('error', () => {});
        one.on('close', () => other.destroy());
      }
    });
    await new Promise<void>((resolve) => relay.listen(0, HOST, resolve));
    closing.push(() => new Promise((resolve) => relay.close(resolve)));
    const theirs = accepted();
    const ours = await dial((relay.address() as { port: number }).port, { tls });
    const there = await theirs;
    spoil = true;
    void ours.send(Buffer.from('x'));
    await there.closed;
    expect(there.error).toMatchObject({ code: 'HF_MALFORMED', unproved: true });
    await ours.closed;
    expect(ours.error).toBeInstanceOf(Error);
  });
});

describe('what the listener offers', () => {
  it('no TLS below 1.2, no session to resume, no other protocol', async () => {
    const port = await serve();
    await expect(knock(port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })).rejects.toThrow();
    const sessions: unknown[] = [];
    const socket = await knock(port, { ALPNProtocols: ['h2'], maxVersion: 'TLSv1.2' });
    socket.on('session', (session) => sessions.push(session));
    expect(socket.alpnProtocol).toBe(false);
    expect(socket.getTLSTicket()).toBeUndefined();
    socket.write('hello ann\n');
    await new Promise((resolve) => socket.once('data', resolve));
    const again = await knock(port, { session: socket.getSession(), maxVersion: 'TLSv1.2' });
    expect(again.isSessionReused()).toBe(false);
  });

  it('no renegotiation', async () => {
    const port = await serve();
    const socket = await knock(port, { maxVersion: 'TLSv1.2' });
    const outcome = await new Promise((resolve) => {
      socket.once('error', resolve);
      socket.renegotiate({ rejectUnauthorized: false }, (error) => resolve(error));
    });
    expect(outcome).toBeInstanceOf(Error);
  });

  it('a certificate and limits of the caller, where they are given', async () => {
    const own = selfSigned('example.test', 'Ed25519');
    const port = await serve({ tls: { ...own, maxVersion: 'TLSv1.2' } });
    const socket = await knock(port);
    expect([socket.getPeerCertificate().subject.CN, socket.getProtocol()]).toEqual(['example.test', 'TLSv1.2']);
  });

  it('wrong options are refused before anything is bound or dialled', async () => {
    await expect(serve({ tls: { key: 'x', cert: 'y' } })).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
    await expect(serve({ tls: { key: 'x' } })).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
    await expect(serve({ carrier: 'websocket' })).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
    await expect(dial(1, { carrier: 'websocket' })).rejects.toMatchObject({
      message: 'carrier: letters goes over tls, tcp, not "websocket"',
    });
    await expect(dial(1, { tls: { ciphers: 'none' } })).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
  });

  it('the carrier may be chosen among those of the protocol', async () => {
    const port = await serve({ carrier: 'tcp' });
    const ours = await dial(port, { carrier: 'tcp' });
    expect(ours.peer.id).toBe('responder');
    ours.destroy();
  });
});

describe('a stream of the caller that is a TLSSocket', () => {
  it.each([true, false])('brings its facts too (its handshake through: %s)', async (through) => {
    const facts: CarrierFacts[] = [];
    const options = { ...selfSigned('localhost', 'P-256'), rejectUnauthorized: false };
    const own = tlsServer({ ...options, allowHalfOpen: true }, (socket) => server!.accept(socket));
    await new Promise<void>((resolve) => own.listen(0, HOST, resolve));
    closing.push(() => new Promise((resolve) => own.close(resolve)));
    server = await listen<AnyProtocol>({ protocol: letters, core, onFacts: (of: CarrierFacts) => facts.push(of) });
    const { port } = own.address() as { port: number };
    const stream = tlsConnect({ socket: netConnect({ host: HOST, port, allowHalfOpen: true }), rejectUnauthorized: false });
    if (through) await new Promise((resolve) => stream.once('secureConnect', resolve));
    const ours = await connect<AnyProtocol>({ protocol: letters, core, stream, onFacts: (of: CarrierFacts) => facts.push(of) });
    expect(facts.map(({ tls }) => tls?.version)).toEqual(['TLSv1.3', 'TLSv1.3']);
    expect(facts[0].tls!.ownFinished).toEqual(facts[1].tls!.peerFinished);
    void ours.send(Buffer.from('one'));
    void ours.close();
    const [there] = server.sessions;
    expect(await readAll(there ?? (await accepted()))).toEqual(['one']);
  });
});

describe('hostile', () => {
  it.each([
    ['bytes that are no TLS', 'GET / HTTP/1.1\r\n\r\n', 'HF_MALFORMED'],
    ['nothing, and the end', '', 'HF_TRUNCATED'],
    ['half a hello, and the end', Buffer.from('16030100c8010000c40303', 'hex'), 'HF_TRUNCATED'],
  ])('%s', async (_name, bytes, code) => {
    const port = await serve();
    const failure = refused();
    const socket = netConnect({ host: HOST, port });
    closing.push(() => socket.destroy());
    socket.on('error', () => {});
    const gone = new Promise((resolve) => socket.once('close', resolve));
    socket.end(bytes);
    socket.resume();
    expect(await failure).toEqual({ code, address: `${HOST}:${socket.localPort}` });
    await gone;
    await idle();
  });

  it('a hello that never ends is cut at the deadline, which counts from the connection', async () => {
    const port = await serve({ deadlineMs: 200 });
    const failure = refused();
    const socket = netConnect({ host: HOST, port });
    closing.push(() => socket.destroy());
    socket.on('error', () => {});
    const gone = new Promise((resolve) => socket.once('close', resolve));
    const trickle = setInterval(() => socket.write(Buffer.of(22)), 20);
    closing.push(() => clearInterval(trickle));
    socket.write(Buffer.from('16030100c8', 'hex'));
    expect((await failure).code).toBe('HF_HANDSHAKE_TIMEOUT');
    await gone;
    await idle();
  });

  it('a silent one is too', async () => {
    const port = await serve({ deadlineMs: 200 });
    const failure = refused();
    const socket = netConnect({ host: HOST, port });
    const gone = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    expect((await failure).code).toBe('HF_HANDSHAKE_TIMEOUT');
    await gone;
  });

  it('whoever is refused at the door gets no TLS handshake', async () => {
    const port = await serve({ bans: new Set([HOST]) });
    const failure = refused();
    const socket = netConnect({ host: HOST, port });
    const heard: Buffer[] = [];
    socket.on('data', (chunk) => heard.push(chunk));
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('close', resolve));
    expect([(await failure).code, heard]).toEqual(['HF_BANNED', []]);
  });

  it('a listener that speaks no TLS, or hangs up, is HF_CONNECT_FAILED to the dialler', async () => {
    for (const answer of ['HTTP/1.1 400 Bad Request\r\n\r\n', undefined]) {
      const plain: NetServer = netServer((socket: Socket) => {
        socket.on('error', () => {});
        socket.resume();
        if (answer) socket.end(answer);
        else socket.once('data', () => socket.destroy());
      });
      await new Promise<void>((resolve) => plain.listen(0, HOST, resolve));
      closing.push(() => new Promise((resolve) => plain.close(resolve)));
      await expect(dial((plain.address() as { port: number }).port)).rejects.toMatchObject({ code: 'HF_CONNECT_FAILED', blame: 'network' });
    }
  });

  it('a socket that has gone before anybody attached is told of as gone', async () => {
    const plain = netServer(() => {});
    await new Promise<void>((resolve) => plain.listen(0, HOST, resolve));
    closing.push(() => new Promise((resolve) => plain.close(resolve)));
    const socket = netConnect({ host: HOST, port: (plain.address() as { port: number }).port });
    await new Promise((resolve) => socket.once('connect', resolve));
    const carrier = tlsOver(socket, tlsContext('accept'));
    socket.destroy();
    const closed = new Promise((resolve) => carrier.attach({ data() {}, end() {}, drained() {}, closed: resolve }));
    expect(await closed).toMatchObject({ code: 'HF_TRUNCATED' });
  });
});
