/** Peers that were let in and mean harm: what their requests, answers, pings and sessions may take, and that others are served all the same. */
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import { NodeLink } from '../../src/node/link.ts';
import { Handlers } from '../../src/node/requests/handlers.ts';
import { Requests } from '../../src/node/requests/requests.ts';
import { Kind } from '../../src/protocols/handfast/format.ts';
import type { HandfastOptions } from '../../src/protocols/handfast/settings.ts';
import type { Session } from '../../src/transport/session.ts';
import { native, pure } from '../support/cores.ts';
import { NodeStory } from '../support/network.ts';
import { cat, text, u16, u32, u64 } from '../support/reference.ts';

const core = native ?? pure;
const bytesOf = (value: string) => new TextEncoder().encode(value);
const shown = (value: Uint8Array | string) => (typeof value === 'string' ? value : new TextDecoder().decode(value));
const MiB = 1024 * 1024;

let story: NodeStory;
const sessions: Session[] = [];
let links: MockInstance<NodeLink['start']>;
let handlers: MockInstance<Handlers['opened']>;
let requests: MockInstance<Requests['opened']>;

beforeEach(() => {
  story = new NodeStory(core);
  links = vi.spyOn(NodeLink.prototype, 'start');
  handlers = vi.spyOn(Handlers.prototype, 'opened');
  requests = vi.spyOn(Requests.prototype, 'opened');
});

afterEach(async () => {
  vi.restoreAllMocks();
  for (const session of sessions.splice(0)) session.destroy();
  expect(await story.finish()).toEqual({ timers: 0, secrets: 0, slabs: 0 });
});

/** What the first node holds of all who asked it. */
const held = (): Handlers['held'] => (handlers.mock.contexts[0] as Handlers).held;
/** Links of all sessions there have been. */
const allLinks = (): NodeLink[] => links.mock.contexts as NodeLink[];
/** Peers that requests are remembered for. */
const askedPeers = (): number => (requests.mock.contexts[0] as Requests).peers;
/** Bytes that wait to be sent to all sessions there are, or that came of records not whole. */
const waiting = (): number => allLinks().reduce((sum, link) => sum + link.pendingBytes + link.session.heldBytes, 0);

/** Somebody with a session of its own, who sends whatever records it likes and writes down what it hears. */
class Hostile {
  readonly session: Session;
  /** Kind and body, in hex. */
  readonly heard: string[] = [];

  constructor(session: Session) {
    this.session = session;
    sessions.push(session);
  }

  static async of(
    name: string,
    { reads = true, remote, ...options }: { reads?: boolean; remote?: string } & Partial<HandfastOptions> = {},
  ): Promise<Hostile> {
    const boot = new Uint8Array(16).fill(name.length);
    const hostile = new Hostile(await story.session(name, 'b', { node: true, bootId: boot, ...options }, remote));
    if (reads) void hostile.#read();
    return hostile;
  }

  send(kind: number, ...parts: Uint8Array[]): void {
    void this.session.send(cat([kind], ...parts)).catch(() => {});
  }

  direct(id: bigint, payload: Uint8Array, topic = '', millisecondsLeft = 60_000): void {
    this.send(Kind.direct, u64(id), u32(millisecondsLeft), cat([topic.length]), text(topic), payload);
  }

  /** Answers to that request. */
  answers(id: bigint): string[] {
    const hex = Buffer.from(u64(id)).toString('hex');
    return this.heard
      .filter((record) => /^0[23]/.test(record) && record.slice(2, 18) === hex)
      .map((record) => record.slice(0, 2) + record.slice(18));
  }

  async #read(): Promise<void> {
    try {
      for await (const message of this.session) this.heard.push(Buffer.from(message.bytes).toString('hex'));
    } catch {
      // It was turned out.
    }
  }
}

describe('requests by the thousand', () => {
  it('run 1,024 handlers, the rest is BUSY, and another peer is answered', async () => {
    const b = await story.node('b');
    let runs = 0;
    b.handle('slow', () => {
      runs++;
      return new Promise(() => {});
    });
    b.handle('', ({ bytes }) => bytes);
    const hostile = await Hostile.of('hostile');
    for (let i = 1n; i <= 3_000n; i++) hostile.direct(i, bytesOf('x'), 'slow');
    const a = await story.node('a', { peers: ['b:1'] });
    expect(shown(await story.outcome(a.request(b.id, bytesOf('honest'))))).toBe('honest');
    expect(runs).toBe(1_024);
    expect(held()).toMatchObject({ running: 1_024, remembered: 1_025 });
    expect(hostile.heard.filter((record) => record.startsWith('03') && record.endsWith('0403')).length).toBe(3_000 - 1_024);
    await story.pass(60_000, 20_000);
    expect(held()).toMatchObject({ running: 1_024, remembered: 0 });
  });

  it('with long payloads take half of 64 MiB, the next peer half of what is left, and all of it comes back', async () => {
    const b = await story.node('b');
    const ends: (() => void)[] = [];
    b.handle('', () => new Promise((resolve) => ends.push(() => resolve(undefined))));
    const payload = new Uint8Array(MiB);
    const hostiles = [await Hostile.of('one'), await Hostile.of('another'), await Hostile.of('a third')];
    let id = 0n;
    const flood = async (hostile: Hostile): Promise<number> => {
      const before = ends.length;
      for (let i = 0; i < 40; i++) hostile.direct(++id, payload);
      await story.settle();
      return ends.length - before;
    };
    expect([await flood(hostiles[0]), await flood(hostiles[1]), await flood(hostiles[2])]).toEqual([32, 16, 8]);
    expect(held()).toMatchObject({ running: 56, payloadBytes: 56 * MiB });
    expect(hostiles[0].heard.filter((record) => record.endsWith('0403')).length).toBe(8);
    // A deadline that has passed gives nothing back: the handler still has the bytes.
    await story.pass(60_000, 20_000);
    expect(await flood(hostiles[0])).toBe(0);
    for (const end of ends) end();
    await story.settle();
    expect(held()).toMatchObject({ running: 0, payloadBytes: 0 });
    expect(await flood(hostiles[2])).toBe(32);
    for (const end of ends) end();
    await story.settle();
  });

  it('with ids of earlier ones and other payloads are answered as the first one, whose handler ran once', async () => {
    const b = await story.node('b');
    const asked: string[] = [];
    b.handle('', ({ bytes }) => {
      asked.push(shown(bytes));
      return bytes;
    });
    const hostile = await Hostile.of('hostile');
    for (const payload of ['first', 'second', 'third']) hostile.direct(7n, bytesOf(payload));
    await story.settle();
    hostile.direct(7n, bytesOf('fourth'), 'elsewhere');
    await story.settle();
    expect(asked).toEqual(['first']);
    expect(new Set(hostile.answers(7n))).toEqual(new Set([`02${Buffer.from('first').toString('hex')}`]));
  });

  it('and a CLOSE behind them are answered for 5 s, then it is over', async () => {
    const b = await story.node('b');
    let answer: (bytes: Uint8Array) => void = () => {};
    b.handle('', () => new Promise((resolve) => (answer = resolve)));
    b.handle('never', () => new Promise(() => {}));
    const hostile = await Hostile.of('hostile');
    hostile.direct(1n, bytesOf('x'));
    for (let i = 2n; i < 100n; i++) hostile.direct(i, bytesOf('x'), 'never');
    void hostile.session.close({ drainMs: 60_000 });
    await story.settle();
    expect(b.peers()).toEqual([]);
    answer(bytesOf('in time'));
    await story.pass(1_000, 50);
    expect(hostile.answers(1n)).toEqual([`02${Buffer.from('in time').toString('hex')}`]);
    await story.pass(6_000, 50);
    expect(story.taken()).toContain('b peerGone hostile well');
    expect(allLinks()[0].session.writable).toBe(false);
  });
});

describe('answers and pings that nobody asked for', () => {
  it('end no request, not even that of another peer with the same id', async () => {
    const b = await story.node('b');
    const honest = await Hostile.of('honest');
    const hostile = await Hostile.of('hostile');
    const asked = b.request(honest.session.peer.id === b.id ? story.id('honest') : '', bytesOf('x'), { deadlineMs: 60_000 });
    await story.settle();
    const id = Buffer.from(honest.heard.find((record) => record.startsWith('01'))!.slice(2, 18), 'hex');
    for (const number of [id, u64(1n), u64(2n ** 64n - 1n)]) {
      hostile.send(Kind.response, number, bytesOf('a lie'));
      hostile.send(Kind.error, number, u16(0x0402));
    }
    expect(await story.outcome(asked)).toBe('nothing yet');
    honest.send(Kind.response, id, bytesOf('the truth'));
    expect(shown(await story.outcome(asked))).toBe('the truth');
    // Once more is once too often, and harmless.
    honest.send(Kind.response, id, bytesOf('another'));
    await story.settle();
    expect(b.peers().length).toBe(2);
    expect(story.taken().filter((line) => /warn|ban|peerGone/.test(line))).toEqual([]);
  });

  it.each([0x0000, 0x0104, 0x020a, 0x0306, 0x0500, 0xffff])(
    'with a code of another table (%i) are misshapen: the session ends, the id is charged',
    async (code) => {
      const b = await story.node('b');
      for (let i = 0; i < 5; i++) {
        const hostile = await Hostile.of('hostile');
        hostile.send(Kind.error, u64(1n), u16(code));
        await story.settle();
      }
      expect(
        story
          .taken()
          .filter((line) => /warn|b ban|peerGone/.test(line))
          .sort(),
      ).toEqual(['b ban hostile', ...Array(5).fill('b peerGone hostile HF_MALFORMED'), 'b warn hostile HF_MALFORMED']);
      expect(b.bans()).toMatchObject([{ subject: story.id('hostile'), automatic: true }]);
      expect(await Hostile.of('hostile').catch((error) => error.code)).toBe('HF_BANNED');
    },
  );

  it('declared longer than is accepted are charged to the address, since anybody on the way may have written them', async () => {
    const b = await story.node('b');
    const hostile = await Hostile.of('hostile');
    story.network.connections.at(-1)!.pair.ends[0].write(Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 1, 2, 3));
    await story.settle();
    expect(story.taken().filter((line) => line.includes('peerGone'))).toEqual(['b peerGone hostile HF_TOO_LARGE']);
    for (let i = 0; i < 4; i++) {
      await Hostile.of('hostile');
      story.network.connections.at(-1)!.pair.ends[0].write(Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 1, 2, 3));
      await story.settle();
    }
    expect(b.bans().map(({ subject }) => subject)).toEqual(['10.0.0.1']);
    expect(hostile.heard.at(-1)).not.toBe('');
  });

  it('confirm no answer: it is there when it is asked for again', async () => {
    const b = await story.node('b');
    let runs = 0;
    b.handle('', () => bytesOf(`run ${++runs}`));
    const hostile = await Hostile.of('hostile');
    const pongs = [0n, 1n, 2n, 2n ** 56n, 2n ** 56n + 1n, 2n ** 56n + 2n ** 53n, 2n ** 62n + 1n, 2n ** 63n, 2n ** 64n - 1n];
    for (const pong of pongs) hostile.send(Kind.pong, u64(pong));
    hostile.direct(1n, bytesOf('x'));
    for (const pong of pongs) hostile.send(Kind.pong, u64(pong));
    await story.settle();
    hostile.direct(1n, bytesOf('x'));
    await story.settle();
    const answer = `02${Buffer.from('run 1').toString('hex')}`;
    expect(hostile.answers(1n)).toEqual([answer, answer]);
    expect(held().remembered).toBe(1);
  });
});

describe('a peer that reads nothing', () => {
  it('makes the node hold no more for it than may wait, whatever it asks', async () => {
    const outgoingBytes = MiB;
    const b = await story.node('b', { limits: { outgoingBytes } });
    const large = new Uint8Array(300_000).fill(1);
    b.handle('large', () => large);
    b.handle('small', ({ bytes }) => bytes);
    const hostile = await Hostile.of('hostile', { reads: false });
    let most = 0;
    let id = 0n;
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 50; i++) hostile.direct(++id, bytesOf('x'.repeat(1_000)), i % 5 === 0 ? 'large' : 'small');
      for (let i = 0; i < 200; i++) hostile.send(Kind.ping, u64(BigInt(i)));
      for (let i = 0; i < 200; i++) hostile.direct(++id, bytesOf(''), 'nobody');
      await story.settle();
      most = Math.max(most, waiting());
    }
    expect(most).toBeGreaterThan(outgoingBytes / 2);
    expect(most).toBeLessThan(outgoingBytes + 256 * 1024 + 2 * MiB);
    expect(held().answerBytes).toBeLessThanOrEqual(4 * MiB);
    const a = await story.node('a', { peers: ['b:1'] });
    expect(shown(await story.outcome(a.request(b.id, bytesOf('honest'), { topic: 'small' })))).toBe('honest');
  });
});

describe('sessions without end', () => {
  it('of one id with ever new lives leave behind what one peer may', async () => {
    const b = await story.node('b');
    b.handle('', ({ bytes }) => bytes);
    for (let life = 0; life < 200; life++) {
      const bootId = new Uint8Array(16).fill(life);
      const hostile = await Hostile.of('hostile', { bootId });
      for (let i = 0n; i < 5n; i++) hostile.direct(1n + i * 10_000n, bytesOf('x'));
      await story.settle();
      hostile.session.destroy();
      await story.pass(1_000);
      story.network.tidy();
    }
    expect(b.peers()).toEqual([]);
    expect(held()).toMatchObject({ peers: 1, running: 0, remembered: 5 });
    expect(askedPeers()).toBe(0);
    await story.pass(60_000);
    expect(held().remembered).toBe(0);
  });

  it('of ids invented by the hundred leave behind no more than may be remembered', async () => {
    const b = await story.node('b', { limits: { handlers: { departedPeers: 20 } } });
    b.handle('', ({ bytes }) => bytes);
    const honest = await story.node('honest', { peers: ['b:1'] });
    await story.settle();
    for (let i = 0; i < 200; i++) {
      const hostile = await Hostile.of(`invented ${i}`);
      hostile.direct(1n, bytesOf('x'));
      await story.settle();
      hostile.session.destroy();
      await story.pass(1_000);
      story.network.tidy();
    }
    expect(b.peers().map(({ id }) => id)).toEqual([honest.id]);
    expect(held().peers).toBeLessThanOrEqual(21);
    expect(held().remembered).toBeLessThanOrEqual(20);
    expect(askedPeers()).toBe(1);
    expect(shown(await story.outcome(honest.request(b.id, bytesOf('still here'))))).toBe('still here');
  });

  it('of one id that says it is no node take a quarter of the places, and another peer is let in', async () => {
    const b = await story.node('b', { maxPeers: 32 });
    const codes: string[] = [];
    for (let i = 0; i < 40; i++) {
      const session = await story.session('hostile', 'b', {}, `10.0.1.${i}`).catch((error) => error.code as string);
      if (typeof session === 'string') codes.push(session);
      else sessions.push(session);
    }
    expect(b.peers().length).toBe(8);
    expect(codes).toEqual(Array(32).fill('HF_TOO_MANY_CONNECTIONS'));
    const a = await story.node('a', { peers: ['b:1'] });
    await story.settle();
    expect(a.peers().length).toBe(1);
  });

  it('that say goodbye and leave requests open do not pile up beside those that are counted', async () => {
    const b = await story.node('b', { maxPeers: 4 });
    b.handle('', () => new Promise(() => {}));
    for (let i = 0; i < 60; i++) {
      const hostile = await Hostile.of(`invented ${i}`, { remote: `10.0.1.${i}` }).catch(() => undefined);
      hostile?.direct(1n, bytesOf('x'));
      void hostile?.session.close({ drainMs: 600_000 });
      await story.settle();
    }
    expect(b.peers()).toEqual([]);
    expect(allLinks().filter(({ session }) => session.writable).length).toBeLessThanOrEqual(2 * 4 + 16);
    await story.pass(7_000, 50);
    expect(allLinks().filter(({ session }) => session.writable).length).toBe(0);
    const a = await story.node('a', { peers: ['b:1'] });
    await story.settle();
    expect(a.peers().length).toBe(1);
  });
});
