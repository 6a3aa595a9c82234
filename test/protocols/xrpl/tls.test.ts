/** Over TLS on loopback, both versions: our two sides with each other, and each with a bare socket that is not ours. */
import { type AddressInfo, connect as tcpConnect } from 'node:net';
import { type TLSSocket, connect as tlsConnect, createServer as tlsServer } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { emptyHeader, readHeader } from '../../../src/protocols/xrpl/frames.ts';
import { latin1Bytes } from '../../../src/protocols/xrpl/http-head.ts';
import { NETWORK_EPOCH_S } from '../../../src/protocols/xrpl/limits.ts';
import { finishedValue } from '../../../src/protocols/xrpl/session-value.ts';
import { selfSigned } from '../../../src/transport/certificate.ts';
import { connect } from '../../../src/transport/connect.ts';
import { listen, type Server } from '../../../src/transport/listen.ts';
import type { Session } from '../../../src/transport/session.ts';
import { tlsFacts } from '../../../src/transport/tls.ts';
import { native, pure } from '../../support/cores.ts';
import { ALICE_SECRET, BOB_SECRET, frameOf, identityOf, requestOf, responseOf } from '../../support/xrpl.ts';

const HOST = '127.0.0.1';
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(options: object = {}): Promise<{ server: Server; port: number }> {
  const server = await listen({
    protocol: 'xrpl',
    core: pure,
    identity: identityOf(BOB_SECRET),
    host: HOST,
    port: 0,
    slots: false,
    ...options,
  });
  closing.push(() => server.close({ drainMs: 0 }));
  return { server, port: server.address!.port };
}

const accepted = (server: Server): Promise<Session> => new Promise((resolve) => server.once('session', resolve));
const refused = (server: Server): Promise<string> => new Promise((resolve) => server.once('handshakeError', ({ code }) => resolve(code)));
const networkNow = (): string => String(Math.floor(Date.now() / 1000) - NETWORK_EPOCH_S);

/** A client that is not ours, and a request that it signed over its own TLS session. */
async function bareClient(port: number, tls: object): Promise<{ socket: TLSSocket; request: string }> {
  const socket = await new Promise<TLSSocket>((resolve, reject) => {
    const made = tlsConnect({ host: HOST, port, rejectUnauthorized: false, ...tls }, () => resolve(made));
    made.once('error', reject);
  });
  socket.on('error', () => {});
  socket.setNoDelay(true);
  closing.push(() => socket.destroy());
  const value = finishedValue(tlsFacts(socket), pure.hash)!;
  return { socket, request: requestOf({ 'Network-Time': networkNow() }, { value }) };
}

/** A server that is not ours: `answer` is given its response, signed over the session, once a request is there. */
async function bareServer(tls: object, answer: (socket: TLSSocket, response: string) => void): Promise<number> {
  const server = tlsServer({ ...selfSigned('localhost', 'P-256'), ...tls }, (socket) => {
    socket.on('error', () => {});
    socket.setNoDelay(true);
    let request = '';
    socket.on('data', (data) => {
      if (request.endsWith('\r\n\r\n')) return;
      request += data.toString('latin1');
      const value = finishedValue(tlsFacts(socket), pure.hash)!;
      if (request.endsWith('\r\n\r\n')) answer(socket, responseOf({ 'Network-Time': networkNow() }, { value }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('over %s', (version) => {
  const tls = { minVersion: version, maxVersion: version };

  it('our two sides agree, one on each core, and messages go both ways', async () => {
    const { server, port } = await serve({ tls });
    const theirs = accepted(server);
    const core = native ?? pure;
    const ours = await connect({
      protocol: 'xrpl',
      core,
      identity: identityOf(ALICE_SECRET, core),
      host: HOST,
      port,
      tls,
      peer: identityOf(BOB_SECRET).id,
    });
    closing.push(() => ours.destroy());
    const other = await theirs;
    expect(ours.info.tlsVersion).toBe(version);
    expect(ours.binding).toEqual(other.binding);
    expect(other.peer.id).toBe(identityOf(ALICE_SECRET).id);
    await ours.send(Uint8Array.of(1), { kind: 'validation' });
    await other.send(Uint8Array.of(2), { kind: 'propose-ledger' });
    for (const [session, kind, byte] of [
      [other, 'validation', 1],
      [ours, 'propose-ledger', 2],
    ] as const) {
      const { value } = await session[Symbol.asyncIterator]().next();
      expect([value!.kind, value!.bytes[0]]).toEqual([kind, byte]);
    }
  });

  it('a request that comes byte by byte, each in a record of its own, is answered by a 101 alone; then each frame comes in a record of its own', async () => {
    const manifests = new Uint8Array(20_000).fill(9);
    const { server, port } = await serve({ tls, start: { manifests, validatorListCollections: [Uint8Array.of(1), Uint8Array.of(2)] } });
    const { socket, request } = await bareClient(port, tls);
    const reads: Buffer[] = [];
    socket.on('data', (data) => reads.push(data));
    const theirs = accepted(server);
    for (const byte of latin1Bytes(request)) await new Promise((resolve) => socket.write(Uint8Array.of(byte), resolve));
    const session = await theirs;
    const sends = Array.from({ length: 50 }, (_, i) => session.send(Uint8Array.of(i), { kind: 'validation' }));
    await Promise.all(sends);
    const total = (): number => reads.reduce((sum, { length }) => sum + length, 0);
    const head = (): number => Buffer.concat(reads).indexOf('\r\n\r\n') + 4;
    await until(() => reads.length > 0 && total() >= head() + 2 * 7 + 20_006 + 50 * 7);
    expect(reads[0].toString('latin1')).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\n$/);
    // No read holds more than one frame: each begins where a frame does, or goes on with a long one.
    const header = emptyHeader();
    let missing = 0;
    let frames = 0;
    for (const read of reads.slice(1)) {
      if (missing === 0) {
        expect(readHeader(read, 0, read.length, header)).toBe('whole');
        missing = header.headerBytes + header.payloadBytes;
        frames++;
      }
      expect(read.length).toBeLessThanOrEqual(missing);
      missing -= read.length;
    }
    expect([frames, missing]).toEqual([53, 0]);
  });

  it('a response that comes byte by byte opens the link', async () => {
    const port = await bareServer(tls, (socket, response) => {
      void (async () => {
        for (const byte of latin1Bytes(response)) await new Promise((resolve) => socket.write(Uint8Array.of(byte), resolve));
      })();
    });
    const session = await connect({ protocol: 'xrpl', core: pure, identity: identityOf(ALICE_SECRET), host: HOST, port, tls });
    expect(session.peer.id).toBe(identityOf(BOB_SECRET).id);
    session.destroy();
  });

  it('a 101 and the first frames in one read lose nothing', async () => {
    const frames = [frameOf(41, Uint8Array.of(7)), frameOf(3, Uint8Array.of(8, 0, 16, 5)), frameOf(41, Uint8Array.of(8)).subarray(0, 3)];
    let answer = '';
    const port = await bareServer(tls, (socket, response) => {
      socket.on('data', (data) => {
        answer += data.toString('hex');
      });
      socket.write(Buffer.concat([latin1Bytes(response), ...frames]));
      setImmediate(() => socket.write(frameOf(41, Uint8Array.of(8)).subarray(3)));
    });
    const session = await connect({ protocol: 'xrpl', core: pure, identity: identityOf(ALICE_SECRET), host: HOST, port, tls });
    const messages = session[Symbol.asyncIterator]();
    for (const byte of [7, 8]) expect((await messages.next()).value!.bytes).toEqual(Uint8Array.of(byte));
    await until(() => answer !== '');
    expect(answer).toBe(Buffer.from(frameOf(3, Uint8Array.of(8, 1, 16, 5))).toString('hex'));
    session.destroy();
  });

  it('what was signed over one session is refused on another', async () => {
    const { server, port } = await serve({ tls });
    const first = await bareClient(port, tls);
    const second = await bareClient(port, tls);
    const code = refused(server);
    let answer = '';
    second.socket.on('data', (data) => (answer += data.toString('latin1')));
    second.socket.write(first.request);
    expect(await code).toBe('HF_INVALID_SIGNATURE');
    await until(() => answer.includes('\r\n\r\n'));
    expect(answer).toContain('HTTP/1.1 400 Bad Request (Failed to verify session)\r\n');
  });

  it('bytes behind the request close the connection without an answer', async () => {
    const { server, port } = await serve({ tls });
    const { socket, request } = await bareClient(port, tls);
    let heard = 0;
    socket.on('data', ({ length }) => (heard += length));
    const code = refused(server);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(`${request}\0`);
    expect(await code).toBe('HF_EARLY_DATA');
    await closed;
    expect(heard).toBe(0);
  });
});

it('a client without TLS is no peer', async () => {
  const { server, port } = await serve();
  const code = refused(server);
  const socket = tcpConnect(port, HOST, () => socket.write('GET / HTTP/1.1\r\n\r\n'));
  socket.on('error', () => {});
  closing.push(() => socket.destroy());
  expect(await code).toBe('HF_MALFORMED');
});

async function until(reached: () => boolean): Promise<void> {
  while (!reached()) await new Promise((resolve) => setImmediate(resolve));
}
