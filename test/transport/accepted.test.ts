import { EventEmitter, once } from 'node:events';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { carrierOfAccepted } from '../../src/transport/accepted.ts';
import type { Carrier } from '../../src/transport/carrier.ts';

const HOST = '127.0.0.1';
let server: Server;
let far: Socket;

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true });
  server.listen(0, HOST);
  await once(server, 'listening');
});

afterEach(() => {
  far.destroy();
  server.close();
});

/** A connection, and the carrier made of its accepted end before anything else is done. @param before what is done to that end even earlier. */
function carrier(before: (socket: Socket) => void = () => {}, countedBy = server): Promise<Carrier> {
  return new Promise((resolve) => {
    server.once('connection', (socket: Socket) => {
      before(socket);
      resolve(carrierOfAccepted(socket, countedBy, { address: HOST, port: 1 }));
    });
    far = dial({ host: HOST, port: (server.address() as { port: number }).port, allowHalfOpen: true });
  });
}

interface Told {
  readonly chunks: { text: string; memory: ArrayBufferLike }[];
  readonly ended: Promise<unknown>;
  readonly closed: Promise<unknown>;
}

function attach(to: Carrier): Told {
  const chunks: Told['chunks'] = [];
  const happened = new EventEmitter();
  const told = { chunks, ended: once(happened, 'end'), closed: once(happened, 'closed') };
  to.attach({
    data: (bytes) => void chunks.push({ text: new TextDecoder().decode(bytes), memory: bytes.buffer }),
    drained() {},
    end: () => void happened.emit('end'),
    closed: () => void happened.emit('closed'),
  });
  return told;
}

/** That everything that a carrier does is done, whatever is below it. */
async function works(one: Carrier): Promise<Told> {
  const told = attach(one);
  const echo = once(far, 'data');
  one.write(new TextEncoder().encode('there'));
  expect(String(await echo)).toBe('there');
  for (const text of ['here', 'and here']) {
    const had = told.chunks.length;
    far.write(text);
    while (told.chunks.length === had) await new Promise(setImmediate);
  }
  expect(told.chunks.map(({ text }) => text)).toEqual(['here', 'and here']);
  far.end();
  await told.ended;
  one.end(() => one.destroy());
  await told.closed;
  return told;
}

const connections = (): Promise<number> =>
  new Promise((resolve, reject) => server.getConnections((error, n) => (error ? reject(error) : resolve(n))));

describe('an accepted socket', () => {
  it('is read into memory that is there already', async () => {
    const one = await carrier();
    const { chunks } = await works(one);
    expect(chunks[0].memory).toBe(chunks[1].memory);
    expect(chunks[0].memory.byteLength).toBe(64 * 1024);
  });

  it('is read by nobody before somebody is told', async () => {
    const one = await carrier();
    const written = new Promise((resolve) => far.write('early', resolve));
    await written;
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
    const { chunks } = attach(one);
    while (chunks.length === 0) await new Promise(setImmediate);
    expect(chunks[0].text).toBe('early');
  });

  it('counts as one connection of its server until it has gone, and the server then closes', async () => {
    const one = await carrier();
    expect(await connections()).toBe(1);
    await works(one);
    expect(await connections()).toBe(0);
    const closed = once(server, 'close');
    server.close();
    await closed;
  });

  it.each([
    [
      'whose handle cannot be told where to read to',
      (socket: Socket) => void Object.defineProperty(handleOf(socket), 'useUserBuffer', { value: undefined }),
      undefined,
    ],
    ['that another counts', undefined, createServer()],
  ])('%s is read as a stream', async (_, before, countedBy) => {
    const one = await carrier(before, countedBy);
    const { chunks } = await works(one);
    expect(chunks[0].memory).not.toBe(chunks[1].memory);
    expect(await connections()).toBe(0);
  });
});

const handleOf = (socket: Socket): object => (socket as unknown as { _handle: object })._handle;
