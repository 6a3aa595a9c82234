import { once } from 'node:events';
import { createServer, connect as netConnect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { setDefaultCore } from '../../src/core/default.ts';
import { Identity } from '../../src/core/identity.ts';
import { core } from '../../src/core/pure.ts';
import type { HandfastError } from '../../src/errors.ts';
import { handfast } from '../../src/protocols/handfast/index.ts';
import type { AnyProtocol } from '../../src/protocols/registry.ts';
import type { Carrier } from '../../src/transport/carrier.ts';
import { systemClock } from '../../src/transport/clock.ts';
import { connect } from '../../src/transport/connect.ts';
import { listen, type Server } from '../../src/transport/listen.ts';
import { dialTcp } from '../../src/transport/tcp.ts';
import { cores } from '../support/cores.ts';
import { readAll, type ServeOptions } from '../support/pair.ts';
import { Random, seedOfRun } from '../support/random.ts';
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

  it("the caller's options are left as they are, frozen ones too, with a core and without", async () => {
    const port = await serve();
    setDefaultCore(toyCore());
    for (const more of [{ core: toyCore() }, {}]) {
      const options = Object.freeze({ protocol: toy, host: HOST, port, ...more });
      const before = Object.keys(options);
      (await connect(options)).destroy();
      expect(Object.keys(options)).toEqual(before);
    }
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

describe('a dialled socket', () => {
  /** A carrier, and the other end of its socket. */
  async function dialled(): Promise<{ carrier: Carrier; far: Socket; close: () => void }> {
    const bare = createServer({ allowHalfOpen: true });
    const accepted = once(bare, 'connection');
    bare.listen(0, HOST);
    await once(bare, 'listening');
    const { port } = bare.address() as { port: number };
    const carrier = await dialTcp({ host: HOST, port, clock: systemClock, deadline: Date.now() + 60_000 });
    const [far] = await accepted;
    far.on('error', () => {});
    sockets.push(far);
    return { carrier, far, close: () => bare.close() };
  }

  const heard = (carrier: Carrier) => {
    const all = { bytes: 0, sum: 0, ended: false, closed: false };
    let moved: () => void = () => {};
    carrier.attach({
      data(chunk) {
        all.bytes += chunk.length;
        for (const byte of chunk) all.sum += byte;
        moved();
      },
      end() {
        all.ended = true;
        moved();
      },
      drained() {},
      closed() {
        all.closed = true;
        moved();
      },
    });
    const until = async (is: () => boolean): Promise<void> => {
      while (!is()) {
        await new Promise<void>((resolve) => {
          moved = resolve;
        });
      }
    };
    return { all, until };
  };

  it('is read only once somebody listens, whole, and its end is told', async () => {
    const { carrier, far, close } = await dialled();
    const said = new Uint8Array(300_000).map((_, i) => i);
    far.end(said);
    // The other end has sent before anybody listens here: a turn or two of the loop would bring it.
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    const { all, until } = heard(carrier);
    await until(() => all.ended);
    expect(all).toEqual({ bytes: said.length, sum: said.reduce((sum, byte) => sum + byte, 0), ended: true, closed: false });
    carrier.destroy();
    await until(() => all.closed);
    close();
  });

  it('tells bytes of which a slice is a copy, which what comes next does not overwrite', async () => {
    const { carrier, far, close } = await dialled();
    const slices: Uint8Array[] = [];
    let came: () => void = () => {};
    carrier.attach({
      data(chunk) {
        slices.push(chunk.slice(0, 4));
        came();
      },
      end() {},
      drained() {},
      closed: () => came(),
    });
    for (const byte of [1, 2]) {
      const told = new Promise<void>((resolve) => {
        came = resolve;
      });
      far.write(Buffer.alloc(4, byte));
      await told;
    }
    expect(slices).toEqual([Uint8Array.of(1, 1, 1, 1), Uint8Array.of(2, 2, 2, 2)]);
    const gone = new Promise<void>((resolve) => {
      came = resolve;
    });
    carrier.destroy();
    await gone;
    close();
  });

  it('that is paused is not read, and the other end feels it', async () => {
    const { carrier, far, close } = await dialled();
    const { all, until } = heard(carrier);
    far.write(Buffer.alloc(1000, 1));
    await until(() => all.bytes === 1000);
    carrier.pause();
    let sent = 0;
    // As much as the system holds.
    while (far.write(Buffer.alloc(64 * 1024, 1)) || sent === 0) sent++;
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(all.bytes).toBe(1000);
    carrier.resume();
    // Its stream keeps what the system did not take.
    const whole = far.bytesWritten;
    await until(() => all.bytes === whole);
    expect(all.sum).toBe(all.bytes);
    carrier.destroy();
    await until(() => all.closed);
    close();
  });

  it('shares the place that it is read to with others, and nothing of theirs gets into its messages', async () => {
    const port = await serve({ limits: { handshakeBurst: 100, sessions: 100 } });
    server.on('session', async (session) => {
      for await (const message of session) void session.send(message.bytes);
    });
    const dialled = await Promise.all(Array.from({ length: 8 }, () => connect({ protocol: toy, core: toyCore(), host: HOST, port })));
    const echoes = dialled.map(async (session, i) => {
      const sent = Array.from({ length: 200 }, (_, k) => `${i}: ${'x'.repeat(k * 7)}`);
      for (const text of sent) void session.send(Buffer.from(text));
      const seen: string[] = [];
      for await (const message of session) if (seen.push(message.text()) === sent.length) break;
      await session.close();
      return [sent, seen];
    });
    for (const [sent, seen] of await Promise.all(echoes)) expect(seen).toEqual(sent);
  });

  it.each(cores.map((each) => [each.name, each] as const))(
    'reads straight into slabs, %s core: every message whole, and no lease is left',
    async (_name, each) => {
      const seed = seedOfRun();
      const random = new Random(seed, 'dialled');
      const sent = Array.from({ length: 3000 }, () =>
        new Uint8Array(random.between(1, random.below(50) === 0 ? 100_000 : 2000)).fill(random.below(256)),
      );
      const identity = Identity.generate({ core: each });
      const before = each.slabs.leased;
      const port = await serve({ protocol: handfast, core: each, identity, network: 'demo' });
      server.on('session', async (theirs) => {
        for (let i = 0; i < sent.length; ) {
          // Some in one turn, then a wait: chunks of all sizes.
          let left: Promise<void> | undefined;
          for (const last = i + random.between(1, 200); i < Math.min(last, sent.length); i++) left = theirs.send(sent[i]);
          await left;
        }
        await theirs.close();
      });
      const session = await connect({
        protocol: handfast,
        core: each,
        identity: Identity.generate({ core: each }),
        network: 'demo',
        host: HOST,
        port,
      });
      let count = 0;
      let largest = 0;
      for await (const batch of session.batches()) {
        largest = Math.max(largest, batch.bytes.length);
        for (let i = 0; i < batch.count; i++, count++) {
          if (Buffer.compare(batch.message(i), sent[count]) !== 0) expect.fail(`seed ${seed}: message ${count}`);
        }
      }
      await session.closed;
      await server.close();
      expect([count, session.error], `seed ${seed}`).toEqual([sent.length, undefined]);
      // Node reads 64 KiB at a time where nobody says otherwise.
      expect(largest).toBeGreaterThanOrEqual(512 * 1024);
      expect(each.slabs.leased).toBe(before);
    },
  );
});
