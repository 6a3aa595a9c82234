import { connect as netConnect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Identity } from '../../src/core/identity.ts';
import { core } from '../../src/core/pure.ts';
import type { HandfastError } from '../../src/errors.ts';
import { handfast } from '../../src/protocols/handfast/index.ts';
import type { AnyProtocol } from '../../src/protocols/registry.ts';
import { connect } from '../../src/transport/connect.ts';
import { listen, type Server } from '../../src/transport/listen.ts';
import { readAll, type ServeOptions } from '../support/pair.ts';
import { toy, toyCore } from '../support/toy.ts';

const HOST = '127.0.0.1';
let server: Server;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.close({ drainMs: 0 });
});

async function serve(options: ServeOptions & { protocol?: AnyProtocol } = {}): Promise<number> {
  const { protocol = toy, ...rest } = options;
  server = await listen<AnyProtocol>({ protocol, core: toyCore(), host: HOST, port: 0, ...rest });
  return server.address!.port;
}

/** A bare socket; resolves with all it got once the other side has closed it. */
function knock(port: number, bytes = ''): { socket: Socket; connected: Promise<void>; said: Promise<string> } {
  const socket = netConnect({ host: HOST, port });
  sockets.push(socket);
  const connected = new Promise<void>((resolve) => socket.once('connect', () => socket.write(bytes, () => resolve())));
  const said = new Promise<string>((resolve) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(Buffer.concat(chunks).subarray(1).toString()));
  });
  return { socket, connected, said };
}

it('a signal that comes while the address is being bound cancels listening', async () => {
  const abort = new AbortController();
  const listening = listen<AnyProtocol>({ protocol: toy, core: toyCore(), host: HOST, port: 0, signal: abort.signal });
  abort.abort();
  const outcome = await listening.then(
    (late) => late.close().then(() => 'listening'),
    (error: HandfastError) => error.code,
  );
  expect(outcome).toBe('HF_ABORTED');
});

describe('over TCP', () => {
  it('messages go both ways, and a clean close is seen as one', async () => {
    const port = await serve();
    server.on('session', async (session) => {
      for await (const message of session) await session.send(message.bytes);
    });
    const session = await connect({ protocol: toy, core: toyCore(), host: HOST, port });
    expect(session.remoteAddress).toBe(`${HOST}:${port}`);
    const echoes: number[] = [];
    const reading = (async () => {
      for await (const message of session) {
        echoes.push(message.length);
        if (echoes.length === 200) await session.close();
      }
    })();
    for (let i = 0; i < 200; i++) void session.send(new Uint8Array(i * 100));
    await reading;
    await session.closed;
    expect(echoes).toEqual(Array.from({ length: 200 }, (_, i) => i * 100));
    expect(session.error).toBeUndefined();
  });

  it('handfast/1 itself runs', async () => {
    const identity = Identity.generate({ core });
    const port = await serve({ protocol: handfast, core, identity, network: 'demo' });
    const accepted = (async () => {
      for await (const session of server) return session;
      return undefined;
    })();
    const session = await connect({
      protocol: 'handfast/1',
      core,
      identity: Identity.generate({ core }),
      network: 'demo',
      peer: identity.id,
      host: HOST,
      port,
    });
    const theirs = (await accepted)!;
    expect(session.peer.id).toBe(identity.id);
    expect(session.binding).toEqual(theirs.binding);
    void session.send(Buffer.from('one'));
    void session.send(Buffer.from('two'));
    const closed = session.close();
    expect(await readAll(theirs)).toEqual(['one', 'two']);
    await closed;
    await theirs.closed;
    expect([session.error, theirs.error]).toEqual([undefined, undefined]);
  });

  it('a port where nobody listens, and one that is taken, are coded errors', async () => {
    const port = await serve();
    await expect(listen({ protocol: toy, core: toyCore(), host: HOST, port })).rejects.toMatchObject({ code: 'HF_LISTEN_FAILED' });
    await server.close();
    await expect(connect({ protocol: toy, core: toyCore(), host: HOST, port })).rejects.toMatchObject({
      code: 'HF_CONNECT_FAILED',
      blame: 'network',
    });
  });

  it('a peer that dies in mid-transfer is TRUNCATED', async () => {
    const port = await serve();
    const { socket, connected } = knock(port, '\x09hello ann');
    await connected;
    const session: Awaited<ReturnType<typeof connect>> = await new Promise((resolve) => server.once('session', resolve));
    socket.write(Uint8Array.of(0, 0, 1, 0, 65, 66));
    socket.end();
    const error = await readAll(session).catch((error: HandfastError) => error.code);
    expect(error).toBe('HF_TRUNCATED');
    await session.closed;
  });
});

describe('limits at the door', () => {
  it('half-open handshakes of one address, then of all', async () => {
    const port = await serve({ limits: { halfOpenPerAddress: 3, handshakeBurst: 100 } });
    const held = [knock(port, '\x09hel'), knock(port, '\x09hel'), knock(port, '\x09hel')];
    await Promise.all(held.map(({ connected }) => connected));
    expect(await knock(port).said).toBe('no TOO_MANY_CONNECTIONS');
    expect(server.load.halfOpen).toBe(3);
    // One that ends makes room.
    held[0].socket.end();
    await held[0].said;
    const again = await connect({ protocol: toy, core: toyCore(), host: HOST, port });
    expect(again.peer.id).toBe('responder');
    again.destroy();
  });

  it('new ones a second', async () => {
    const port = await serve({ limits: { handshakeBurst: 2 } });
    for (let i = 0; i < 2; i++) (await connect({ protocol: toy, core: toyCore(), host: HOST, port })).destroy();
    await expect(connect({ protocol: toy, core: toyCore(), host: HOST, port })).rejects.toMatchObject({
      code: 'HF_RATE_LIMITED',
      remote: 'claimed',
    });
  });

  it('banned addresses', async () => {
    const port = await serve({ bans: new Set([HOST]) });
    await expect(connect({ protocol: toy, core: toyCore(), host: HOST, port })).rejects.toMatchObject({ code: 'HF_BANNED' });
  });

  it('beyond what may linger, without a word', async () => {
    const port = await serve({ limits: { halfOpen: 1, lingering: 0 } });
    const { connected } = knock(port, '\x09hel');
    await connected;
    expect(await knock(port).said).toBe('');
  });
});

describe('a thousand connections that say a little and stop', () => {
  it.each([
    ['toy', { protocol: toy, core: toyCore() }, '\xc8hel'],
    ['handfast/1', { protocol: handfast, core, identity: Identity.generate({ core }), network: 'demo' }, '\x00\x00\x08\x00\x01\x01'],
  ])('%s holds nothing for what they declare', async (_name, options, bytes) => {
    const port = await serve({ ...options, limits: { halfOpen: 1000, halfOpenPerAddress: 1000, handshakeBurst: 1000 } });
    const before = options.core.slabs.bytes;
    for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 100 }, () => knock(port, bytes).connected));
    while (server.load.halfOpen < 1000) await new Promise((resolve) => setImmediate(resolve));
    const held = server.load.heldBytes + options.core.slabs.bytes - before;
    expect(held / 1000).toBeLessThan(32 * 1024);
    expect(options.core.slabs.leased).toBe(0);
  });
});
