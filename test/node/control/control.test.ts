import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { ControlClient } from '../../../src/cli/control-client.ts';
import { HandfastError } from '../../../src/errors.ts';
import { type ControlLimits, ControlServer } from '../../../src/node/control/control.ts';
import { lines } from '../../../src/node/control/lines.ts';
import { FakeNode } from '../../support/controlled.ts';

const room = mkdtempSync(join(tmpdir(), 'handfast-control-'));
const ends: (() => unknown)[] = [];
let number = 0;

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => rmSync(room, { recursive: true }));

async function controlled(limits: Partial<ControlLimits> = {}): Promise<{ node: FakeNode; server: ControlServer }> {
  const node = new FakeNode();
  const server = await ControlServer.open(join(room, `${++number}.sock`), node, limits);
  ends.push(() => server.close());
  return { node, server };
}

async function command(server: ControlServer): Promise<ControlClient> {
  const client = await ControlClient.connect(server.path);
  ends.push(() => client[Symbol.asyncDispose]());
  return client;
}

/** Somebody who writes what he likes. */
class Bare {
  readonly socket: Socket;
  readonly #lines: AsyncGenerator<string>;

  constructor(server: ControlServer) {
    this.socket = connect(server.path);
    this.socket.on('error', () => {});
    this.#lines = lines(this.socket, 1 << 24);
    ends.push(() => this.socket.destroy());
  }

  say(...values: unknown[]): void {
    this.socket.write(values.map((value) => `${typeof value === 'string' ? value : JSON.stringify(value)}\n`).join(''));
  }

  /** The next line; undefined: it hung up. */
  async hear(): Promise<Record<string, unknown> | undefined> {
    const { value } = await this.#lines.next();
    return value === undefined ? undefined : JSON.parse(value);
  }
}

/** Requests of this node hang. @returns what gives the signal of the last one, once there is one. */
function hanging(node: FakeNode): () => AbortSignal | undefined {
  let last: AbortSignal | undefined;
  node.answer = (_, { signal }) => {
    last = signal;
    return never;
  };
  return () => last;
}

/** The count, once it has begun and moves no more. */
async function still(count: () => number): Promise<number> {
  let last = 0;
  await expect
    .poll(() => {
      const moved = count() - last;
      last += moved;
      return last > 0 && moved === 0;
    })
    .toBe(true);
  return last;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const COUNT = 300;
const never = new Promise<never>(() => {});

describe('orders', () => {
  it('greets with what node it is', async () => {
    const { server } = await controlled();
    expect((await command(server)).node).toEqual({
      handfast: 'control',
      version: 1,
      id: '12D3KooWfake',
      network: 'demo',
      address: '127.0.0.1:7600',
    });
  });

  it('passes a request on with its options, and its answer back', async () => {
    const { node, server } = await controlled();
    let asked: object | undefined;
    node.answer = (bytes, { peer, topic, deadlineMs, idempotent }) => {
      asked = { peer, topic, deadlineMs, idempotent };
      return bytes.map((byte) => 255 - byte);
    };
    const client = await command(server);
    const answer = await client.ask('request', { peer: 'P', payload: 'AAH/', topic: 't', deadlineMs: 5, idempotent: true });
    expect(answer).toEqual({ payload: '//4A' });
    expect(asked).toEqual({ peer: 'P', topic: 't', deadlineMs: 5, idempotent: true });
    expect(await client.ask('request', { peer: 'P', payload: '' })).toEqual({ payload: '' });
    expect(asked).toEqual({ peer: 'P' });
  });

  it('carries errors with code, blame and who said so', async () => {
    const { node, server } = await controlled();
    const client = await command(server);
    node.answer = () => {
      throw new HandfastError('NO_HANDLER', 'nobody there', { blame: 'caller', remote: 'proved' });
    };
    const error = await client.ask('request', { peer: 'P', payload: '' }).catch((refused) => refused);
    expect(error).toBeInstanceOf(HandfastError);
    expect(error).toMatchObject({ code: 'HF_NO_HANDLER', blame: 'caller', message: 'nobody there', remote: 'proved' });
    node.answer = () => {
      throw new TypeError('unforeseen');
    };
    await expect(client.ask('request', { peer: 'P', payload: '' })).rejects.toMatchObject({ code: 'HF_INTERNAL', blame: 'handfast' });
  });

  it('answers many at once, each under its own number', async () => {
    const { node, server } = await controlled();
    const open: (() => void)[] = [];
    node.answer = (bytes) => new Promise((resolve) => open.push(() => resolve(bytes)));
    const clients = [await command(server), await command(server)];
    const asked = Array.from({ length: 200 }, (_, i) => clients[i % 2].ask('request', { peer: 'P', payload: base64(`number ${i}`) }));
    await expect.poll(() => open.length).toBe(200);
    for (const answer of open.reverse()) answer();
    expect((await Promise.all(asked)).map(({ payload }) => payload)).toEqual(Array.from({ length: 200 }, (_, i) => base64(`number ${i}`)));
  });

  it('lists peers, bans and lifts bans', async () => {
    const { node, server } = await controlled();
    const client = await command(server);
    const counts = { received: { messages: 3, bytes: 70 }, sent: { messages: 1, bytes: 9 } };
    const peer = { id: 'P', address: 'a:1', direction: 'inbound', since: 5, info: { agent: 'x' }, ...counts } as const;
    node.known = [{ ...peer, latencyMs: undefined }];
    expect(await client.all('peers', {})).toEqual([peer]);
    expect(await client.ask('status', {})).toEqual(node.seen);
    expect(await client.ask('ban', { subject: 'P', ms: 9, reason: 'why' })).toEqual({
      subject: 'P',
      since: 1000,
      until: 1009,
      reason: 'why',
      automatic: false,
    });
    expect(await client.ask('ban', { subject: 'Q' })).toEqual({ subject: 'Q', since: 1000, reason: '', automatic: false });
    expect((await client.all('bans', {})).map(({ subject }) => subject)).toEqual(['P', 'Q']);
    expect(await client.ask('unban', { subject: 'P' })).toEqual({ found: true });
    expect(await client.ask('unban', { subject: 'P' })).toEqual({ found: false });
  });

  it.each([
    [{ do: 'request', payload: '' }, 'peer: expected text'],
    [{ do: 'request', peer: 'P', payload: 'not base64' }, 'payload: expected base64'],
    [{ do: 'request', peer: 'P', payload: 'AAA' }, 'payload: expected base64'],
    [{ do: 'request', peer: 'P', payload: '', deadlineMs: -1 }, 'deadlineMs: expected an integer'],
    [{ do: 'ban', subject: 'P', ms: 1e300 }, 'ms: expected an integer'],
    [{ do: 'broadcast', payload: '' }, 'topic: expected text'],
    [{ do: 'subscribe' }, 'topic: expected text'],
    [{ do: 'constructor' }, 'there is no order "constructor"'],
    [{}, 'there is no order'],
  ])('%j is refused, and the next order is heard', async (order, words) => {
    const { server } = await controlled();
    const bare = new Bare(server);
    await bare.hear();
    bare.say({ id: 1, ...order }, { id: 2, do: 'unban', subject: 'P' });
    expect([await bare.hear(), await bare.hear()].sort((a, b) => Number(a?.id) - Number(b?.id))).toMatchObject([
      { id: 1, error: { code: 'HF_BAD_ARGUMENT', blame: 'caller', message: expect.stringContaining(words) } },
      { id: 2, answer: { found: false } },
    ]);
  });
});

describe('subscriptions', () => {
  it('bring each message until they are cancelled, also while there is none', async () => {
    const { node, server } = await controlled();
    const client = await command(server);
    const cancel = new AbortController();
    const heard: string[] = [];
    const over = client.each('subscribe', { topic: 'news' }, ({ payload }) => void heard.push(payload), cancel.signal);
    await expect.poll(() => node.subscriptions.length).toBe(1);
    expect(await client.ask('broadcast', { topic: 'news', payload: base64('one') })).toEqual({ message: '03'.repeat(32), peers: 0 });
    await client.ask('broadcast', { topic: 'other', payload: base64('not this') });
    await client.ask('broadcast', { topic: 'news', payload: base64('two') });
    await expect.poll(() => heard.length).toBe(2);
    cancel.abort();
    await over;
    expect(heard).toEqual([base64('one'), base64('two')]);
    await node.subscriptions[0].givenUp();
  });

  it('are given up when the program goes away', async () => {
    const { node, server } = await controlled();
    const bare = new Bare(server);
    bare.say({ id: 1, do: 'subscribe', topic: 'news' });
    await expect.poll(() => node.subscriptions.length).toBe(1);
    bare.socket.destroy();
    await node.subscriptions[0].givenUp();
    await expect.poll(() => server.clients).toBe(0);
  });

  it('take no more messages from the node than the program reads', async () => {
    const { node, server } = await controlled();
    const client = await command(server);
    let go = (): void => {};
    const gate = new Promise<void>((resolve) => (go = resolve));
    let taken = 0;
    const cancel = new AbortController();
    const over = client.each(
      'subscribe',
      { topic: 'news' },
      async () => {
        await gate;
        if (++taken === COUNT) cancel.abort();
      },
      cancel.signal,
    );
    await expect.poll(() => node.subscriptions.length).toBe(1);
    for (let i = 0; i < COUNT; i++) node.subscriptions[0].hear(new Uint8Array(64 * 1024));
    // 64 MiB: the system's buffers are full long before.
    expect(await still(() => node.subscriptions[0].taken)).toBeLessThan(COUNT / 2);
    go();
    await over;
    expect(taken).toBe(COUNT);
  });
});

describe('limits', () => {
  it('a line that is too long ends the connection, once so much came and before it ends', async () => {
    const { server } = await controlled({ lineBytes: 1000 });
    const bare = new Bare(server);
    await bare.hear();
    bare.socket.write('x'.repeat(1001));
    expect(await bare.hear()).toMatchObject({ id: 0, error: { code: 'HF_TOO_LARGE' } });
    expect(await bare.hear()).toBeUndefined();
    await expect.poll(() => server.clients).toBe(0);
  });

  it.each([['no json'], ['7'], ['null'], ['{"id":0,"do":"peers"}'], ['{"id":"1","do":"peers"}'], ['{"do":"peers"}']])(
    '%s ends the connection with a word',
    async (line) => {
      const { server } = await controlled();
      const bare = new Bare(server);
      await bare.hear();
      bare.say(line);
      expect(await bare.hear()).toMatchObject({ id: 0, error: { code: 'HF_MALFORMED' } });
      expect(await bare.hear()).toBeUndefined();
    },
  );

  it('a number that is in use ends the connection, and what ran is cancelled', async () => {
    const { node, server } = await controlled();
    const signal = hanging(node);
    const bare = new Bare(server);
    await bare.hear();
    const order = { id: 1, do: 'request', peer: 'P', payload: '' };
    bare.say(order, order);
    expect(await bare.hear()).toMatchObject({ id: 0, error: { code: 'HF_MALFORMED' } });
    expect(signal()?.aborted).toBe(true);
  });

  it('so many orders at a time, the next is told that it was not done', async () => {
    const { node, server } = await controlled({ orders: 2 });
    const client = await command(server);
    node.answer = () => never;
    for (let i = 0; i < 2; i++) client.ask('request', { peer: 'P', payload: '' }).catch(() => {});
    await expect(client.ask('unban', { subject: 'P' })).rejects.toMatchObject({ code: 'HF_BUSY', blame: 'caller' });
  });

  it('so many programs at a time, and another one when one has left', async () => {
    const { server } = await controlled({ clients: 2 });
    const [first] = [await command(server), await command(server)];
    await expect(command(server)).rejects.toMatchObject({ code: 'HF_TOO_MANY_CONNECTIONS' });
    await first[Symbol.asyncDispose]();
    await expect.poll(() => server.clients).toBe(1);
    expect((await command(server)).node.network).toBe('demo');
  });

  it('who writes and does not read is not read for ever', async () => {
    const { node, server } = await controlled();
    let asked = 0;
    node.answer = () => {
      asked++;
      return new Uint8Array(256 * 1024);
    };
    const socket = connect(server.path);
    ends.push(() => socket.destroy());
    socket.pause();
    let sent = 0;
    const more = (): void => {
      while (sent < 2000 && socket.write(`{"id":${++sent},"do":"request","peer":"P","payload":""}\n`));
    };
    socket.on('drain', more);
    more();
    expect(await still(() => asked)).toBeLessThan(1500);
  });
});

describe('the end', () => {
  it('of the node is told to whoever waits, and the socket is gone', async () => {
    const { node, server } = await controlled();
    const client = await command(server);
    const signal = hanging(node);
    const asked = client.ask('request', { peer: 'P', payload: '' });
    await expect.poll(signal).toBeDefined();
    await Promise.all([expect(asked).rejects.toMatchObject({ code: 'HF_SHUTTING_DOWN' }), server.close()]);
    expect(signal()?.aborted).toBe(true);
    await expect(ControlClient.connect(server.path)).rejects.toMatchObject({ code: 'HF_CONNECT_FAILED' });
  });

  it('of a program cancels what it ordered', async () => {
    const { node, server } = await controlled();
    const client = await command(server);
    const signal = hanging(node);
    const asked = client.ask('request', { peer: 'P', payload: '' });
    await expect.poll(signal).toBeDefined();
    await client[Symbol.asyncDispose]();
    await expect(asked).rejects.toBeInstanceOf(Error);
    await expect.poll(() => signal()?.aborted).toBe(true);
  });
});
