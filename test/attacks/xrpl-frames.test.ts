/** Bytes behind a head and around frames: what comes too early is refused, what comes in any cut is read, and what we send is one frame a TLS record. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as TcpServer, connect as tcpConnect } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterAll, describe, expect, it } from 'vitest';
import type { Session } from '../../src/transport/session.ts';
import { cores } from '../support/cores.ts';
import {
  dial,
  expectNothingLeft,
  frame,
  HOST,
  headText,
  identityOf,
  knock,
  REQUEST_LINE,
  RESPONSE_LINE,
  readHead,
  requestFields,
  responseFields,
  serve,
  trap,
  VERSIONS,
} from '../support/xrpl-tls.ts';

const core = cores.at(-1)!;
const VALIDATION = 41;
const payloadOf = (i: number): Uint8Array => new Uint8Array(20 + i).fill(i);

async function received(session: Session, count: number): Promise<string[]> {
  const lengths: string[] = [];
  if (count === 0) return lengths;
  for await (const message of session) {
    lengths.push(`${message.kind} ${message.length} ${message.bytes[0]}`);
    if (lengths.length === count) return lengths;
  }
  return lengths;
}

const expected = (count: number): string[] => Array.from({ length: count }, (_, i) => `validation ${20 + i} ${i}`);

describe.each(VERSIONS)('over %s', (version) => {
  afterAll(() => expectNothingLeft(core));

  it.each([1, 5, 6, 100])('%i bytes behind the request end the attempt, without an answer', async (count) => {
    const listener = await serve({ core, version });
    const refused = listener.refused();
    const socket = await knock(listener.port, { version });
    const head = headText(REQUEST_LINE, requestFields(socket, identityOf(2)));
    const behind = frame(VALIDATION, new Uint8Array(94)).subarray(0, count);
    socket.write(Buffer.concat([Buffer.from(head, 'latin1'), behind]));
    expect(await readHead(socket)).toBe('');
    expect(await refused).toMatchObject({ code: 'HF_EARLY_DATA', blame: 'peer' });
    expect(listener.sessions).toEqual([]);
    socket.destroy();
    await listener.close();
  });

  it('frames in the same record as the 101 are the first of the link, in any cut', async () => {
    const frames = Buffer.concat([0, 1, 2].map((i) => frame(VALIDATION, payloadOf(i))));
    // The third frame may be cut anywhere.
    for (const cut of [0, 1, 25, 26, 27, 60, frames.length - 1, frames.length]) {
      const server = await trap(async (victim: TLSSocket) => {
        await readHead(victim);
        const head = Buffer.from(headText(RESPONSE_LINE, responseFields(victim, identityOf(1))), 'latin1');
        victim.write(Buffer.concat([head, frames.subarray(0, cut)]), () => victim.write(frames.subarray(cut)));
      }, version);
      const session = await dial({ core, port: server.port, version });
      expect(await received(session, 3), `cut at ${cut}`).toEqual(expected(3));
      session.destroy();
      await server.close();
    }
  });

  it('two frames in one record, and one frame in many, are read as what they are', async () => {
    const listener = await serve({ core, version });
    const accepted = listener.accepted();
    const socket = await knock(listener.port, { version });
    socket.write(headText(REQUEST_LINE, requestFields(socket, identityOf(2))));
    await readHead(socket);
    const session = await accepted;
    const messages = received(session, 6);
    socket.write(Buffer.concat([0, 1].map((i) => frame(VALIDATION, payloadOf(i)))));
    for (const byte of frame(VALIDATION, payloadOf(2))) await new Promise((resolve) => socket.write(Buffer.of(byte), resolve));
    const rest = Buffer.concat([3, 4, 5].map((i) => frame(VALIDATION, payloadOf(i))));
    socket.write(rest.subarray(0, 40));
    socket.write(rest.subarray(40));
    expect(await messages).toEqual(expected(6));
    socket.destroy();
    await listener.close();
  });

  it('messages sent in one turn leave as one TLS record each, since the reference closes on two in one read', async () => {
    const listener = await serve({ core, version });
    const accepted = listener.accepted();
    const tap = await tapped(listener.port);
    const socket = await knock(tap.port, { version });
    socket.write(headText(REQUEST_LINE, requestFields(socket, identityOf(2))));
    expect(await readHead(socket)).toMatch(/^HTTP\/1\.1 101 /);
    const session = await accepted;
    const before = tap.records().length;
    const reads: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => reads.push(chunk));
    const count = 40;
    await Promise.all(Array.from({ length: count }, (_, i) => session.send(payloadOf(i), { kind: 'validation' })));
    const total = Array.from({ length: count }, (_, i) => 6 + 20 + i).reduce((a, b) => a + b);
    while (Buffer.concat(reads).length < total) await once(socket, 'data');
    const records = tap.records().slice(before);
    const overhead = records[0] - 26;
    expect(overhead).toBeGreaterThan(0);
    expect(records).toEqual(Array.from({ length: count }, (_, i) => 26 + i + overhead));
    socket.destroy();
    await listener.close();
    await tap.close();
  });
});

/** A TCP relay that reads the lengths of the TLS records of application data which the listener sends. */
async function tapped(port: number): Promise<{ port: number; records(): number[]; close(): Promise<void> }> {
  let stream = Buffer.alloc(0);
  const relay: TcpServer = createServer((near) => {
    const far = tcpConnect(port, HOST);
    far.on('data', (chunk) => {
      stream = Buffer.concat([stream, chunk]);
    });
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on('error', () => {});
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
  });
  relay.listen(0, HOST);
  await once(relay, 'listening');
  return {
    port: (relay.address() as AddressInfo).port,
    records() {
      const lengths: number[] = [];
      for (let at = 0; at + 5 <= stream.length; at += 5 + stream.readUInt16BE(at + 3)) {
        if (stream[at] === APPLICATION_DATA) lengths.push(stream.readUInt16BE(at + 3));
      }
      return lengths;
    },
    close: () => new Promise((resolve) => relay.close(() => resolve())),
  };
}

const APPLICATION_DATA = 23;
