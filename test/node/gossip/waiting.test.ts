import { describe, expect, it } from 'vitest';
import { gossipLimits } from '../../../src/node/gossip/limits.ts';
import { GossipSession } from '../../../src/node/gossip/session.ts';
import { type Pending, Waiting } from '../../../src/node/gossip/waiting.ts';
import { pure } from '../../support/cores.ts';
import { hash, text } from '../../support/reference.ts';

const id = (name: string | number) => hash(text(`${name}`));
const signature = (byte: number) => new Uint8Array(64).fill(byte);

function made(limits = {}) {
  const all = gossipLimits(pure, { verifiedPerTurn: 100, ...limits });
  const waiting = new Waiting(pure, all);
  const sessions = Array.from({ length: 4 }, (_, i) => new GossipSession(pure, all, undefined as never, i, 0, 0, 0));
  const add = (session: GossipSession, name: string | number, origin = 'origin', length = 200): Pending | undefined => {
    if (!session.reads(id(origin), 0, 0)) return undefined;
    const number = session.read(id(origin), 0);
    if (!waiting.admits(session, number, length)) return undefined;
    const whole = new Uint8Array(length).fill(1);
    const common = { timestamp: 0, topicLength: 1, hops: 3, others: [] };
    const pending = { digest: id(name), whole, ...common, session, origin: number, senders: [session], holders: [session] };
    waiting.add(pending);
    return pending;
  };
  return { waiting, sessions, add };
}

describe('envelopes that wait', () => {
  it('are taken a session after the other, each in its order', () => {
    const { waiting, sessions, add } = made({ verifiedPerTurn: 3 });
    const [a, b, c] = sessions;
    for (let i = 0; i < 4; i++) add(a, `a${i}`);
    add(b, 'b0');
    add(c, 'c0');
    add(c, 'c1');
    const order = ['a0', 'b0', 'c0', 'a1', 'c1', 'a2', 'a3'].map((name) => id(name));
    const take = () => waiting.take().map(({ digest }) => digest);
    expect(take()).toEqual(order.slice(0, 3));
    expect(waiting.count).toBe(4);
    expect([take(), take(), take()]).toEqual([order.slice(3, 6), order.slice(6), []]);
    expect([waiting.count, a.waiting, c.waiting, a.queue.length]).toEqual([0, 0, 0, 0]);
  });

  it('are taken no more of in one turn once they have its bytes', () => {
    const { waiting, sessions, add } = made({ verifiedBytesPerTurn: 1000 });
    for (const length of [400, 400, 400, 400, 5000, 100]) add(sessions[0], `${sessions[0].waiting}`, 'o', length);
    expect([1, 2, 3, 4].map(() => waiting.take().map(({ whole }) => whole.length))).toEqual([[400, 400, 400], [400, 5000], [100], []]);
  });

  it('are held by nobody once they were taken, however long the queue', () => {
    const { waiting, sessions, add } = made({ perSecond: 100_000 });
    for (let i = 0; i < 700; i++) add(sessions[0], i);
    const taken: Pending[] = [];
    for (let i = 0; i < 6; i++) taken.push(...waiting.take());
    expect(taken.map(({ digest }) => digest)).toEqual(Array.from({ length: 600 }, (_, i) => id(i)));
    expect(sessions[0].queue.filter((pending) => pending !== undefined)).toHaveLength(100);
    expect(sessions[0].queue.length).toBeLessThan(500);
  });

  it('leave room for other sessions, and within one for other origins', () => {
    const { sessions, add } = made({ waiting: 100 });
    const fill = (session: GossipSession, origin: string) =>
      Array.from({ length: 200 }, (_, i) => add(session, `${session.index} ${origin} ${i}`, origin)).filter(Boolean).length;
    expect(fill(sessions[0], 'loud')).toBe(34);
    expect(fill(sessions[0], 'second')).toBe(11);
    expect(fill(sessions[1], 'loud')).toBe(19);
    expect(fill(sessions[2], 'loud')).toBe(12);
  });

  it('are no more bytes than may wait; bytes are free again when they are settled', () => {
    const { waiting, sessions, add } = made({ waitingBytes: 1000, verifiedPerTurn: 1 });
    expect([1, 2, 3].map((name) => add(sessions[0], name, 'o', 400) !== undefined)).toEqual([true, true, false]);
    const [first] = waiting.take();
    expect(waiting.count).toBe(1);
    expect(add(sessions[0], 3, 'o', 400)).toBeUndefined();
    waiting.settle(first);
    expect(waiting.bytes).toBe(400);
    expect(add(sessions[0], 3, 'o', 400)).toBeDefined();
    expect(waiting.find(first.digest)).toBeUndefined();
  });

  it('try the copies with another signature one after the other, and know who sent which', () => {
    const { waiting, sessions, add } = made();
    const [a, b, c, d] = sessions;
    const pending = add(a, 'x')!;
    waiting.copy(pending, b, 9, signature(2));
    waiting.copy(pending, c, 5, signature(1)); // the same as the first
    waiting.copy(pending, d, 7, signature(2));
    waiting.copy(pending, b, 9, signature(3)); // a session's second
    expect(pending.senders).toEqual([a, c]);
    expect(pending.holders).toEqual([a, b, c, d]);
    expect([b.copies, d.copies]).toEqual([1, 1]);
    waiting.take();
    expect(waiting.retry(pending)).toBe(true);
    expect(pending).toMatchObject({ session: b, hops: 9, senders: [b, d], others: [] });
    expect(pending.whole.slice(-64)).toEqual(signature(2));
    expect([b.copies, d.copies, waiting.count]).toEqual([0, 0, 1]);
    expect(waiting.take()).toEqual([pending]);
    expect(waiting.retry(pending)).toBe(false);
    waiting.settle(pending);
    expect([waiting.count, waiting.bytes]).toEqual([0, 0]);
  });

  it('give back the copies that are not needed any more', () => {
    const { waiting, sessions, add } = made();
    const pending = add(sessions[0], 'x')!;
    waiting.copy(pending, sessions[1], 9, signature(2));
    waiting.take();
    waiting.settle(pending);
    expect(sessions[1].copies).toBe(0);
  });
});
