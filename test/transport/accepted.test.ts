import { channel } from 'node:diagnostics_channel';
import { EventEmitter, once } from 'node:events';
import { createServer, connect as dial, type Server, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { acceptFrom } from '../../src/transport/accepted.ts';
import type { Carrier } from '../../src/transport/carrier.ts';
import { carrierOf } from '../../src/transport/duplex.ts';
import type { Over } from '../../src/transport/tcp.ts';

const HOST = '127.0.0.1';
let server: Server;
let far: Socket;

beforeEach(() => {
  server = createServer({ allowHalfOpen: true });
});

afterEach(() => {
  vi.restoreAllMocks();
  far.destroy();
  server.close();
});

/** A connection, and the carrier made of its accepted end. @param before what is done when the server listens. */
async function carrier(before: () => void = () => {}, over?: Over): Promise<Carrier> {
  let take: (one: Carrier) => void;
  const taken = new Promise<Carrier>((resolve) => {
    take = resolve;
  });
  await listening((one) => take(one), over);
  before();
  far = dial({ host: HOST, port: port(), allowHalfOpen: true });
  return taken;
}

async function listening(accept: (one: Carrier) => void, over?: Over): Promise<void> {
  acceptFrom(server, accept, over);
  server.listen(0, HOST);
  await once(server, 'listening');
}

const port = (): number => (server.address() as { port: number }).port;

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

  it('has no delay, and the address of the other end', async () => {
    const noDelay = vi.spyOn(Socket.prototype, 'setNoDelay');
    const one = await carrier();
    expect(one.remote).toEqual({ address: HOST, port: (far.address() as { port: number }).port });
    expect(noDelay.mock.calls).toEqual([[true]]);
    await works(one);
  });

  it('is not made by Node first, nor where something runs over it, which reads it as a stream', async () => {
    const made = vi.fn();
    server.on('connection', made);
    const noDelay = vi.spyOn(Socket.prototype, 'setNoDelay');
    const remotes: unknown[] = [];
    const one = await carrier(undefined, (socket, remote) => {
      remotes.push(remote);
      return carrierOf(socket, remote);
    });
    expect(remotes).toEqual([{ address: HOST, port: (far.address() as { port: number }).port }]);
    expect(noDelay.mock.calls).toEqual([[true]]);
    await isReadAsStream(one);
    expect(made).not.toHaveBeenCalled();
  });

  it('is nobody where it has gone before it could be asked for its address', async () => {
    const taken = vi.fn();
    await listening(taken);
    vi.spyOn(Object.getPrototypeOf(inside(server)._handle), 'getpeername').mockReturnValue(NOT_CONNECTED);
    far = dial({ host: HOST, port: port(), allowHalfOpen: true });
    far.resume();
    await once(far, 'end');
    expect(taken).not.toHaveBeenCalled();
    expect(await connections()).toBe(0);
  });

  it('is made by Node where somebody traces connections', async () => {
    const told = vi.fn();
    channel('net.server.socket').subscribe(told);
    try {
      await isReadAsStream(await carrier());
    } finally {
      channel('net.server.socket').unsubscribe(told);
    }
    expect(told).toHaveBeenCalledOnce();
  });

  describe('of a Node that is another inside is made by it:', () => {
    it('one whose servers do not count by a number', async () => {
      const counted = inside(server);
      server.once('listening', () => Object.defineProperty(counted, '_connections', { value: undefined, writable: true }));
      const one = await carrier(() => Object.defineProperty(counted, '_connections', { value: 0, writable: true }));
      await isReadAsStream(one);
    });

    it('one whose sockets do not count themselves out', async () => {
      server.once('listening', () => void vi.spyOn(Socket.prototype, 'destroy').mockReturnThis());
      await isReadAsStream(await carrier(() => vi.restoreAllMocks()));
    });

    it('one that takes connections in another way', async () => {
      let theirs: unknown;
      server.once('listening', () => {
        const handle = inside(server)._handle;
        theirs = handle.onconnection;
        handle.onconnection = undefined;
      });
      const one = await carrier(() => {
        expect(inside(server)._handle.onconnection).toBeUndefined();
        inside(server)._handle.onconnection = theirs;
      });
      await isReadAsStream(one);
    });
  });
});

async function isReadAsStream(one: Carrier): Promise<void> {
  const { chunks } = await works(one);
  expect(chunks[0].memory).not.toBe(chunks[1].memory);
  expect(await connections()).toBe(0);
}

const NOT_CONNECTED = -107;

interface Inside {
  _handle: { onconnection: unknown };
  _connections: unknown;
}

const inside = (of: Server): Inside => of as unknown as Inside;
