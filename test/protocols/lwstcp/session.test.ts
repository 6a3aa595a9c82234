/** Whole sessions: two peers joined by memory, and over real sockets, also with a device that knows only the formulas. */
import { once } from 'node:events';
import { createServer, connect as dial, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { HandfastError } from '../../../src/errors.ts';
import { lwstcp, SessionKeyMemory } from '../../../src/protocols/lwstcp/index.ts';
import { connect } from '../../../src/transport/connect.ts';
import { listen } from '../../../src/transport/listen.ts';
import type { Session } from '../../../src/transport/session.ts';
import { cores } from '../../support/cores.ts';
import { cipher, fields, KEY, message, packet, plainOf } from '../../support/lwstcp.ts';
import { type DialOptions, readAll, type ServeOptions, Story } from '../../support/pair.ts';

const text = (of: string): Uint8Array => new TextEncoder().encode(of);
const SESSION_KEY = Uint8Array.from({ length: 32 }, (_, i) => i + 1);

describe.each(cores)('sessions on the $name core', (core) => {
  const stories: Story[] = [];
  const begin = async (dialling: DialOptions = {}, listening: ServeOptions = {}): Promise<Story> => {
    const common = { handshakeKey: KEY, allowInsecure: true };
    const story = await Story.begin({
      core,
      protocol: lwstcp,
      dial: { ...common, sessionKeys: new SessionKeyMemory(), ...dialling },
      listen: { ...common, ...listening },
    });
    stories.push(story);
    return story;
  };
  afterEach(async () => {
    for (const story of stories.splice(0)) await story.finish();
    expect(core.slabs.leased).toBe(0);
  });

  /** How often a session was told to have ended, and with what. */
  const ends = (session: Session): (string | undefined)[] => {
    const seen: (string | undefined)[] = [];
    session.on('close', (error) => seen.push((error as HandfastError | undefined)?.code));
    return seen;
  };

  it('carry messages of every length both ways, many in one write, and end well exactly once', async () => {
    const story = await begin();
    const [a, b] = await story.sessions();
    const [endsOfA, endsOfB] = [ends(a), ends(b)];
    const sent = [...Array.from({ length: 40 }, (_, i) => 'm'.repeat(i + 1)), 'l'.repeat(65_528)];
    const [readA, readB] = [readAll(a), readAll(b)];
    for (const each of sent) {
      void a.send(text(each));
      void b.send(text(each));
    }
    await story.settle();
    void a.close();
    await story.settle();
    await story.pass(2_000);
    expect(await readA).toEqual(sent);
    expect(await readB).toEqual(sent);
    expect([endsOfA, endsOfB]).toEqual([[undefined], [undefined]]);
  });

  it('refuse to send nothing, and more than fits, before a byte leaves', async () => {
    const story = await begin();
    const [a, b] = await story.sessions();
    await expect(a.send(new Uint8Array(0))).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT', blame: 'caller' });
    await expect(a.send(new Uint8Array(65_529))).rejects.toMatchObject({ code: 'HF_TOO_LARGE', blame: 'caller' });
    await expect(a.send(text('x'), { kind: 'x' })).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
    const read = readAll(b);
    void a.send(text('still here'));
    await story.settle();
    void a.close();
    await story.settle();
    expect(await read).toEqual(['still here']);
  });

  it('a cancelled message leaves no gap in what was sealed with it', async () => {
    const story = await begin();
    const [a, b] = await story.sessions();
    const read = readAll(b);
    const cancel = new AbortController();
    void a.send(text('first'));
    const second = a.send(text('second, longer'), { signal: cancel.signal });
    void a.send(text('third'));
    cancel.abort();
    await expect(second).rejects.toMatchObject({ code: 'HF_ABORTED' });
    await story.settle();
    void a.close();
    await story.settle();
    expect(await read).toEqual(['first', 'third']);
  });

  it('live on keep-alives alone, and end once when they stop', async () => {
    const story = await begin({ keepAliveMs: 300, inactivityMs: 1_000 }, { keepAliveMs: 300, inactivityMs: 1_000 });
    const [a, b] = await story.sessions();
    const [endsOfA, endsOfB] = [ends(a), ends(b)];
    for (let i = 0; i < 20; i++) await story.pass(250);
    expect([a.error, b.error, a.writable, b.writable]).toEqual([undefined, undefined, true, true]);
    for (const end of story.pairs[0].ends) end.destroy();
    await story.settle();
    expect([endsOfA.length, endsOfB.length]).toEqual([1, 1]);
  });

  it('a failed handshake is told once on each side: the promise rejects, the server says it', async () => {
    const story = await begin({ handshakeKey: KEY.slice().reverse() });
    const connected = story.dial();
    const refused = expect(connected).rejects.toMatchObject({ code: 'HF_TRUNCATED', message: expect.stringMatching(/handshake key/) });
    await story.settle();
    await refused;
    expect(story.errors.map(({ code }) => code)).toEqual([expect.stringMatching(/^HF_(WRONG_KEY|MALFORMED)$/)]);
    expect(story.accepted).toEqual([]);
    expect(core.guarded.live).toBe(0);
  });

  it('limits, bans and allow-lists go by the name of the key', async () => {
    const story = await begin({}, { limits: { sessions: 1 } });
    const [a] = await story.sessions();
    const second = expect(story.dial()).rejects.toMatchObject({ code: 'HF_TRUNCATED' });
    await story.settle();
    await second;
    expect(story.errors.map(({ code }) => code)).toEqual(['HF_TOO_MANY_CONNECTIONS']);
    const choosy = await begin({ allow: ['lwstcp:0000000000000000'] });
    const third = expect(choosy.dial()).rejects.toMatchObject({ code: 'HF_UNKNOWN_NODE' });
    await choosy.settle();
    await third;
    const open = await begin({ allow: [a.peer.id] });
    await open.sessions();
  });

  it('wait before the first message when told to', async () => {
    const story = await begin({ firstMessageDelayMs: 50 });
    const connected = story.dial();
    await story.settle();
    expect(story.accepted).toHaveLength(1);
    expect(story.dialled).toHaveLength(0);
    await story.pass(50);
    expect((await connected).writable).toBe(true);
  });

  it('leave no key behind', async () => {
    const before = core.guarded.live;
    const story = await begin();
    await story.sessions();
    expect(core.guarded.live).toBe(before + 2);
    await story.finish();
    expect(core.guarded.live).toBe(before);
  });

  describe('over real sockets', () => {
    const HOST = '127.0.0.1';
    const common = { core, protocol: lwstcp, handshakeKey: KEY, allowInsecure: true, host: HOST } as const;

    it('talk to each other', async () => {
      await using server = await listen({ ...common, port: 0 });
      const opened = once(server, 'session') as Promise<[Session]>;
      const a = await connect({ ...common, port: server.address!.port });
      const [b] = await opened;
      expect(a.binding).toEqual(b.binding);
      const read = readAll(b);
      await a.send(text('over TCP'));
      await a.close();
      expect(await read).toEqual(['over TCP']);
      expect([a.error, b.error]).toEqual([undefined, undefined]);
    });

    it('serve a device that knows the formulas alone', async () => {
      await using server = await listen({ ...common, port: 0 });
      const opened = once(server, 'session') as Promise<[Session]>;
      const socket = dial(server.address!.port, HOST);
      const bytes = reader(socket);
      const request = plainOf(await bytes(25));
      const view = new DataView(request.buffer);
      const [x, y] = [view.getBigUint64(4, true), view.getBigUint64(12, true)];
      const sum = BigInt.asUintN(64, x + y);
      socket.write(packet(3, fields(Number(BigInt.asUintN(32, BigInt(view.getUint32(0, true)) ^ sum ^ x ^ y)), sum, x ^ y)));
      const sessionKey = plainOf(await bytes(33));
      const [session] = await opened;
      socket.write(message(text('from a device'), sessionKey));
      for await (const { bytes: plain } of session) {
        await session.send(plain);
        break;
      }
      const echo = await bytes(19);
      expect([...echo.slice(0, 3)]).toEqual([1, 0, 13]);
      expect(cipher(sessionKey, echo.slice(3), true).slice(0, 13)).toEqual(text('from a device'));
      socket.write(Uint8Array.of(6));
      expect([...(await bytes(1))]).toEqual([6]);
      socket.destroy();
      await session.closed;
      expect(session.error).toBeUndefined();
    });

    it('dial a server that knows the formulas alone; its old flight, played again, is refused', async () => {
      const device = createServer(async (socket) => {
        const bytes = reader(socket);
        socket.write(packet(2, fields(9, 2n ** 64n - 2n, 3n)));
        const answer = await bytes(25).catch(() => undefined);
        if (!answer) return;
        expect(plainOf(answer).slice(0, 20)).toEqual(fields(9 ^ 1 ^ 0xffff_fffd, 1n, (2n ** 64n - 2n) ^ 3n).slice(0, 20));
        socket.write(Uint8Array.of(...packet(4, SESSION_KEY), ...message(text('hello'), SESSION_KEY), 6));
        socket.on('error', () => {});
      });
      device.listen(0, HOST);
      await once(device, 'listening');
      const { port } = device.address() as { port: number };
      const sessionKeys = new SessionKeyMemory();
      const session = await connect({ ...common, port, sessionKeys });
      expect(await readAll(session)).toEqual(['hello']);
      await session.closed;
      expect(session.error).toBeUndefined();
      await expect(connect({ ...common, port, sessionKeys })).rejects.toMatchObject({ code: 'HF_REPLAYED' });
      device.close();
    });

    it('a hostile peer ends its own session and no other', async () => {
      await using server = await listen({ ...common, port: 0 });
      const sessions: Session[] = [];
      server.on('session', (session) => sessions.push(session));
      const honest = await connect({ ...common, port: server.address!.port });
      const hostile = dial(server.address!.port, HOST);
      const failed = once(server, 'handshakeError') as Promise<[HandfastError]>;
      hostile.write(Uint8Array.of(3, ...core.random(24)));
      expect((await failed)[0].code).toMatch(/^HF_(WRONG_KEY|MALFORMED)$/);
      hostile.destroy();
      const read = readAll(sessions[0]);
      await honest.send(text('unharmed'));
      await honest.close();
      expect(await read).toEqual(['unharmed']);
    });
  });
});

/** Reads exactly so many bytes of a socket; rejects when it ends before. */
function reader(socket: Socket): (length: number) => Promise<Uint8Array> {
  let held = Buffer.alloc(0);
  let wake = (): void => {};
  let over = false;
  socket.on('data', (data) => {
    held = Buffer.concat([held, data]);
    wake();
  });
  socket.on('close', () => {
    over = true;
    wake();
  });
  return async (length) => {
    while (held.length < length) {
      if (over) throw new Error('the socket has closed');
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const taken = new Uint8Array(held.subarray(0, length));
    held = held.subarray(length);
    return taken;
  };
}
