import { describe, expect, it } from 'vitest';
import { gossipLimits } from '../../../src/node/gossip/limits.ts';
import { GossipSession } from '../../../src/node/gossip/session.ts';
import { GossipStore, hold, holds } from '../../../src/node/gossip/store.ts';
import { pure } from '../../support/cores.ts';
import { hash, text } from '../../support/reference.ts';

const id = (name: string | number) => hash(text(`${name}`)).slice(0, 32);
const sessionOf = (index: number) => new GossipSession(pure, gossipLimits(pure), undefined as never, index, 0, 0, 0);

function made(limits = {}) {
  const store = new GossipStore(pure, gossipLimits(pure, limits));
  const put = (name: string | number, length: number, now: number) => {
    const room = store.room(length, now);
    room.fill(String(name).length);
    return store.add(id(name), room, now);
  };
  return { store, put };
}

describe('the store', () => {
  it('gives rooms that do not overlap, many in one block', () => {
    const { store } = made();
    const rooms = Array.from({ length: 100 }, (_, i) => store.room(100, 0).fill(i));
    rooms.forEach((room, i) => {
      expect(room.every((byte) => byte === i)).toBe(true);
    });
    expect(new Set(rooms.map(({ buffer }) => buffer)).size).toBe(1);
    expect(store.bytes).toBe(16_384);
    expect(store.room(20_000, 0)).toHaveLength(20_000);
    expect(store.bytes).toBe(36_384);
  });

  it('finds messages for 10 s, and then holds nothing of them', () => {
    const { store, put } = made();
    const held = put('a', 50, 0);
    put('b', 50, 5000);
    store.expire(9999);
    expect(store.find(id('a'))).toBe(held);
    store.expire(10_000);
    expect(store.find(id('a'))).toBeUndefined();
    expect(held.record).toHaveLength(0);
    expect(store.find(id('b'))).toBeDefined();
    expect([store.size, store.oldest, store.next]).toEqual([1, 1, 2]);
    store.expire(15_000);
    expect([store.size, store.bytes, store.oldest]).toEqual([0, 0, 2]);
  });

  it('lets the oldest blocks go when there are too many bytes', () => {
    const { store, put } = made({ storeBytes: 100_000 });
    for (let i = 0; i < 50; i++) {
      put(i, 10_000, i);
      expect(store.bytes).toBeLessThanOrEqual(100_000);
    }
    expect(store.find(id(0))).toBeUndefined();
    expect(store.find(id(49))).toBeDefined();
    expect(store.numbered(store.oldest)).toBeDefined();
    expect(store.numbered(store.oldest - 1)).toBeUndefined();
  });

  it('knows messages by their numbers, in order, and copies their ids', () => {
    const { store, put } = made();
    for (let i = 0; i < 5000; i++) {
      put(i, 20, 10 * i);
      store.expire(10 * i);
    }
    const ids = new Uint8Array(64);
    for (let number = store.oldest; number < store.next; number++) {
      const held = store.numbered(number)!;
      expect(held.number).toBe(number);
      store.copyId(held, ids, 32);
      expect(ids.slice(32)).toEqual(id(number));
    }
    expect(store.next - store.oldest).toBe(1000);
  });

  it('does not hold what waited for longer than its block was there', () => {
    const { store } = made({ storeBytes: 20_000 });
    const room = store.room(100, 0);
    for (let i = 0; i < 5; i++) store.room(10_000, 1);
    const held = store.add(id('late'), room, 2);
    expect(store.find(id('late'))).toBeUndefined();
    expect(store.numbered(held.number)).toBeUndefined();
  });

  it('remembers who has a message, for any number of sessions, and forgets it when a bit gets another session', () => {
    const { store, put } = made();
    const held = put('a', 20, 0);
    const sessions = [0, 1, 29, 30, 31, 64, 200].map(sessionOf);
    for (const session of sessions) {
      expect(holds(held, session)).toBe(false);
      hold(held, session);
      expect(holds(held, session)).toBe(true);
    }
    expect(holds(held, sessionOf(2))).toBe(false);
    store.clearHolder(30);
    expect(sessions.map((session) => holds(held, session))).toEqual([true, true, true, false, true, true, true]);
  });
});
