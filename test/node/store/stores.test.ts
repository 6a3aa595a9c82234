/** The contract of a store, by everything that keeps it. */
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/node/store/memory.ts';
import { PrimaryStore, primaryStore } from '../../../src/node/store/primary.ts';
import { redisStore } from '../../../src/node/store/redis.ts';
import { RESERVED_MS, type RequestTaken, type Store, type StoreConnection, type StoredBan } from '../../../src/node/store/store.ts';
import { systemClock } from '../../../src/transport/clock.ts';
import { channelPair } from '../../support/process-channel.ts';
import { RedisServer, redisServer } from '../../support/redis.ts';

const life = (): string => randomBytes(16).toString('hex');
const ban = (key: string, changes: Partial<StoredBan> = {}): StoredBan => {
  return { key, text: `text of ${key}`, agoMs: 0, leftMs: undefined, reason: 'noise "\u00e9', automatic: false, ...changes };
};
const LONG = 60_000;

/** Processes of one identity, or of several. */
function contract(open: () => Promise<Store>): void {
  let store: Store;
  const open_: StoreConnection[] = [];
  const letters = new Map<string, string[]>();

  beforeAll(async () => {
    store = await open();
  });

  afterEach(async () => {
    await Promise.all(open_.splice(0).map((one) => one.close()));
    letters.clear();
  });

  async function processes(count: number, identity = life()): Promise<{ at: StoreConnection; name: string; life: string }[]> {
    const made = [];
    for (let i = 0; i < count; i++) {
      const name = life();
      letters.set(name, []);
      const received = (letter: Uint8Array): void => void letters.get(name)!.push(Buffer.from(letter).toString());
      const at = await store.open({ network: 'demo', identity, process: name, clock: systemClock, received });
      open_.push(at);
      const pulse = await at.beat(life());
      made.push({ at, name, life: pulse.life });
    }
    return made;
  }

  it('one life for all, which the first one brings, and which no beat changes', async () => {
    const [one, other] = await processes(2);
    expect(other.life).toBe(one.life);
    expect(await one.at.beat(life())).toMatchObject({ life: one.life, forgotten: false });
    const [stranger] = await processes(1);
    expect(stranger.life).not.toBe(one.life);
  });

  it('bans are seen by all, change the version, and end', async () => {
    const [{ at: one }, { at: other }] = await processes(2);
    const before = await other.version();
    await one.ban([ban('4a'), ban('4b', { leftMs: LONG, agoMs: 50 }), ban('4c', { leftMs: 1 })]);
    expect(await other.version()).not.toBe(before);
    let { bans } = await other.bans();
    while (bans.length > 2) ({ bans } = await other.bans());
    expect(
      bans.map(({ key, text, reason, automatic }) => ({ key, text, reason, automatic })).sort((a, b) => (a.key < b.key ? -1 : 1)),
    ).toEqual([
      { key: '4a', text: 'text of 4a', reason: 'noise "\u00e9', automatic: false },
      { key: '4b', text: 'text of 4b', reason: 'noise "\u00e9', automatic: false },
    ]);
    const { leftMs, agoMs } = bans.find(({ key }) => key === '4b')!;
    expect(leftMs).toBeGreaterThan(LONG / 2);
    expect(leftMs).toBeLessThanOrEqual(LONG);
    expect(agoMs).toBeGreaterThanOrEqual(49);
    const version = await one.version();
    await other.unban(['4a', 'none']);
    expect(await one.version()).not.toBe(version);
    expect((await one.bans()).bans.map(({ key }) => key)).toEqual(['4b']);
  });

  it('a ban says how long other processes may still trust the bans that they know', async () => {
    const [{ at: one }, { at: other }, third] = await processes(3);
    await one.version();
    expect(await other.ban([ban('4a')])).toBe(0);
    expect(await one.trust()).toBe(await other.version());
    // Itself it knows of the ban.
    expect(await one.ban([ban('4b')])).toBe(0);
    const trusted = async (trusts: () => Promise<unknown>): Promise<void> => {
      let waitMs = 0;
      // Between the two more time may go by than that.
      for (let tries = 0; tries < 20 && waitMs === 0; tries++) {
        await trusts();
        waitMs = await other.ban([ban('4c')]);
      }
      expect(waitMs).toBeGreaterThan(0);
      expect(waitMs).toBeLessThanOrEqual(RESERVED_MS);
    };
    for (const trusts of [() => one.trust(), () => one.enter(['10.0.0.9'], { perSecond: 1e6, burst: 1e6 })]) {
      await trusted(trusts);
      while ((await other.ban([ban('4c')])) > 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await trusted(() => third.at.trust());
    await third.at.close();
    expect(await other.ban([ban('4e')])).toBe(0);
  });

  it('an automatic ban takes the place of none that lasts, one by hand does', async () => {
    const [{ at: one }] = await processes(1);
    await one.ban([ban('4a', { leftMs: LONG })]);
    await one.ban([ban('4a', { leftMs: 2 * LONG, automatic: true })]);
    expect((await one.bans()).bans).toMatchObject([{ automatic: false }]);
    await one.ban([ban('4a', { reason: 'other' })]);
    expect((await one.bans()).bans).toMatchObject([{ leftMs: undefined, reason: 'other' }]);
  });

  it('balances add up over processes, and fade', async () => {
    const [{ at: one }, { at: other }] = await processes(2);
    expect(await one.charge('x', 6_000, 1e9)).toBeCloseTo(6_000, 0);
    expect(await other.charge('x', 6_000, 1e9)).toBeCloseTo(12_000, 0);
    expect(await other.charge('y', 50, 1e9)).toBeCloseTo(50, 1);
    await one.charge('z', 6_000, 1);
    await one.version();
    let balance = await one.charge('z', 1, 1);
    while (balance > 100) balance = await one.charge('z', 1, 1);
    expect(balance).toBeLessThan(100);
  });

  it('attempts of an address are counted over processes', async () => {
    const [{ at: one }, { at: other }] = await processes(2);
    const rate = { perSecond: 0.001, burst: 3 };
    expect((await one.enter(['10.0.0.1', '10.0.0.3'], rate)).waitsMs).toEqual([0, 0]);
    for (const at of [other, one]) expect((await at.enter(['10.0.0.1'], rate)).waitsMs).toEqual([0]);
    for (const at of [one, other]) {
      const [free, waitMs] = (await at.enter([`10.0.1.${at === one ? 1 : 2}`, '10.0.0.1'], rate)).waitsMs;
      expect(free).toBe(0);
      expect(waitMs).toBeGreaterThan(900_000);
      expect(waitMs).toBeLessThanOrEqual(1_000_000);
    }
  });

  describe('a request', () => {
    const request = (id: bigint): RequestTaken => ({ peer: 'P', peerLife: 'L', id, ms: LONG });
    const claim = async (at: StoreConnection, of: string, ...ids: bigint[]): Promise<unknown> => {
      const claims = await at.claim(
        of,
        ids.map((id) => request(id)),
      );
      return claims.length === 1 ? claims[0] : claims;
    };
    const FIRST = 2n ** 63n + 5n;

    it('is taken by one, answered to the other, and never taken again', async () => {
      const [one, other] = await processes(2);
      expect(await claim(one.at, one.life, FIRST)).toEqual({ is: 'mine' });
      expect(await claim(other.at, one.life, FIRST)).toEqual({ is: 'elsewhere', by: one.name });
      // Sent once more to the process that is at it, which has forgotten: it does not begin anew.
      expect(await claim(one.at, one.life, FIRST)).toEqual({ is: 'lost' });
      const bytes = Uint8Array.of(0, 255, 10, 13, 128);
      await other.at.answer(request(FIRST), Uint8Array.of(1));
      await one.at.answer(request(FIRST), bytes);
      expect(await claim(other.at, one.life, FIRST)).toEqual({ is: 'answer', answer: bytes });
      expect(await claim(other.at, one.life, FIRST + 1n)).toEqual({ is: 'mine' });
      await other.at.answer(request(FIRST + 1n), undefined);
      expect(await claim(one.at, one.life, FIRST + 1n, FIRST + 2n, FIRST)).toEqual([
        { is: 'lost' },
        { is: 'mine' },
        { is: 'answer', answer: bytes },
      ]);
    });

    it('of a process that is gone, and an answer that is too long, are lost', async () => {
      const [one, other] = await processes(2);
      await claim(one.at, one.life, 1n);
      await claim(one.at, one.life, 2n);
      await one.at.answer(request(2n), new Uint8Array(65_537));
      expect(await claim(other.at, one.life, 2n)).toEqual({ is: 'lost' });
      await one.at.close();
      expect(await claim(other.at, one.life, 1n)).toEqual({ is: 'lost' });
    });

    it('is taken only in this life, and from nobody who is banned', async () => {
      const [one] = await processes(1);
      expect(await claim(one.at, life(), 1n)).toEqual({ is: 'past' });
      await one.at.ban([ban('P', { leftMs: LONG })]);
      expect(await claim(one.at, one.life, 1n)).toEqual({ is: 'banned' });
      await one.at.unban(['P']);
      expect(await claim(one.at, one.life, 1n)).toEqual({ is: 'mine' });
    });

    it('far below the newest counts as taken', async () => {
      const [one] = await processes(1);
      for (let page = 0n; page < 130n; page++) {
        expect(await claim(one.at, one.life, 1n + page * 8_192n)).toEqual({ is: 'mine' });
      }
      expect(await claim(one.at, one.life, 2n)).toEqual({ is: 'lost' });
      expect(await claim(one.at, one.life, 2n + 129n * 8_192n)).toEqual({ is: 'mine' });
    });
  });

  describe('requests that have not come yet', () => {
    const named = (id: bigint): RequestTaken => ({ peer: 'P', peerLife: 'L', id, ms: LONG });
    const of = { peer: 'P', peerLife: 'L' };
    const claim = async (at: StoreConnection, inLife: string, id: bigint): Promise<unknown> => (await at.claim(inLife, [named(id)]))[0];
    const reserve = async (at: StoreConnection, inLife: string, from: bigint, count: number): Promise<unknown> =>
      (await at.reserve(inLife, [{ ...of, from, count }]))[0];
    const FIRST = 2n ** 63n + 8_185n;

    it('are one process’s until it gives them up; then what it has not used is free, and what it is at is known', async () => {
      const [one, other] = await processes(2);
      expect(await reserve(one.at, one.life, FIRST, 5)).toBe(5);
      for (let id = FIRST; id < FIRST + 5n; id++) expect(await claim(other.at, one.life, id)).toEqual({ is: 'elsewhere', by: one.name });
      expect(await reserve(other.at, one.life, FIRST + 5n, 5)).toBeUndefined();
      expect(await claim(other.at, one.life, FIRST + 5n)).toEqual({ is: 'mine' });
      await one.at.giveUp(one.life, of, [{ from: FIRST + 4n, count: 1 }]);
      expect(await claim(other.at, one.life, FIRST + 4n)).toEqual({ is: 'mine' });
      expect(await claim(other.at, one.life, FIRST)).toEqual({ is: 'elsewhere', by: one.name });
      expect(await reserve(other.at, one.life, FIRST + 6n, 5)).toBeUndefined();
      await one.at.giveUp(
        one.life,
        of,
        [
          { from: FIRST + 2n, count: 1 },
          { from: FIRST + 3n, count: 1 },
        ],
        [named(FIRST + 1n)],
      );
      expect(await claim(other.at, one.life, FIRST)).toEqual({ is: 'lost' });
      expect(await claim(other.at, one.life, FIRST + 1n)).toEqual({ is: 'elsewhere', by: one.name });
      await one.at.answer(named(FIRST + 1n), Uint8Array.of(7));
      expect(await claim(other.at, one.life, FIRST + 1n)).toEqual({ is: 'answer', answer: Uint8Array.of(7) });
      for (const id of [FIRST + 2n, FIRST + 3n]) expect(await claim(other.at, one.life, id)).toEqual({ is: 'mine' });
      expect(await reserve(other.at, one.life, FIRST + 6n, 1)).toBe(1);
    });

    it('are reserved up to what somebody has taken, a few at a time, and given up across whatever lies between', async () => {
      const [one, other] = await processes(2);
      expect(await claim(other.at, one.life, FIRST + 3n)).toEqual({ is: 'mine' });
      expect(await reserve(one.at, one.life, FIRST, 10)).toBe(3);
      expect(await reserve(one.at, one.life, FIRST + 3n, 10)).toBe(0);
      let end = FIRST + 4n;
      while (end < FIRST + 20n) {
        const some = (await reserve(one.at, one.life, end, Number(FIRST + 20n - end))) as number;
        expect(some).toBeGreaterThan(0);
        end += BigInt(some);
      }
      expect(await claim(other.at, one.life, FIRST + 19n)).toEqual({ is: 'elsewhere', by: one.name });
      await one.at.giveUp(one.life, of, [{ from: FIRST + 4n, count: 16 }], []);
      for (const id of [FIRST + 4n, FIRST + 10n, FIRST + 19n]) expect(await claim(other.at, one.life, id)).toEqual({ is: 'mine' });
      expect(await claim(one.at, one.life, FIRST)).toEqual({ is: 'lost' });
    });

    it('of a process that is gone are lost, and others may reserve what comes after', async () => {
      const [one, other] = await processes(2);
      expect(await reserve(one.at, one.life, FIRST, 3)).toBe(3);
      await one.at.close();
      expect(await claim(other.at, one.life, FIRST)).toEqual({ is: 'lost' });
      expect(await reserve(other.at, one.life, FIRST, 9)).toBe(0);
      expect(await reserve(other.at, one.life, FIRST + 3n, 2)).toBe(2);
    });

    it('are reserved and given up only in this life', async () => {
      const [one] = await processes(1);
      expect(await reserve(one.at, life(), FIRST, 3)).toBeUndefined();
      expect(await claim(one.at, one.life, FIRST)).toEqual({ is: 'mine' });
      await one.at.giveUp(life(), of, [{ from: FIRST, count: 1 }], []);
      expect(await claim(one.at, one.life, FIRST)).toEqual({ is: 'lost' });
    });

    it('of somebody who is banned are not reserved, and a ban says how long those that were may still be used', async () => {
      const [one, other] = await processes(2);
      expect(await other.at.ban([ban('P')])).toBe(0);
      expect(await reserve(one.at, one.life, FIRST, 3)).toBeUndefined();
      let waitMs = 0;
      // Between the two more time may go by than that.
      for (let from = FIRST; waitMs === 0; from += 3n) {
        await other.at.unban(['P']);
        expect(await reserve(one.at, one.life, from, 2)).toBeGreaterThan(0);
        waitMs = await other.at.ban([ban('Q'), ban('P')]);
      }
      expect(waitMs).toBeGreaterThan(0);
      expect(waitMs).toBeLessThanOrEqual(RESERVED_MS);
      expect(await other.at.ban([ban('Q')])).toBe(0);
      expect(await reserve(one.at, one.life, FIRST + 10_000n, 3)).toBeUndefined();
    });
  });

  it('ids are first once', async () => {
    const [{ at: one }, { at: other }] = await processes(2);
    const [a, b, c] = [randomBytes(32), randomBytes(32), randomBytes(32)];
    expect(await one.first([a, b, a], LONG)).toEqual([true, true, false]);
    expect(await other.first([b, c], LONG)).toEqual([false, true]);
  });

  it('a peer is held by one process, as long as that lives', async () => {
    const [one, other] = await processes(2);
    await one.at.hold(['P', 'Q']);
    expect(await other.at.holder('P')).toBe(one.name);
    await other.at.hold(['P']);
    await one.at.release(['P', 'none']);
    expect(await one.at.holder('P')).toBe(other.name);
    await other.at.close();
    expect(await one.at.holder('P')).toBeUndefined();
    expect(await one.at.holder('Q')).toBe(one.name);
    expect(await one.at.alive(other.name)).toBe(false);
    expect(await one.at.alive(one.name)).toBe(true);
  });

  it('a task is one process’s until it gives it up or is gone', async () => {
    const [one, other, third] = await processes(3);
    expect(await one.at.lease('dial')).toBe(true);
    expect(await one.at.lease('dial')).toBe(true);
    expect(await other.at.lease('dial')).toBe(false);
    await other.at.yield('dial');
    expect(await other.at.lease('dial')).toBe(false);
    await one.at.yield('dial');
    expect(await other.at.lease('dial')).toBe(true);
    await other.at.close();
    expect(await third.at.lease('dial')).toBe(true);
  });

  it('letters reach the process they are for, or all others', async () => {
    const [one, other, third] = await processes(3);
    const [stranger] = await processes(1);
    await one.at.send(other.name, Buffer.from('to one'));
    await one.at.send(undefined, Buffer.from('to all'));
    while (letters.get(third.name)!.length < 1 || letters.get(other.name)!.length < 2)
      await new Promise((resolve) => setImmediate(resolve));
    expect(letters.get(other.name)).toEqual(['to one', 'to all']);
    expect(letters.get(third.name)).toEqual(['to all']);
    expect(letters.get(one.name)).toEqual([]);
    expect(letters.get(stranger.name)).toEqual([]);
  });
}

describe('in memory', () => contract(async () => memoryStore()));

describe('in a primary', () =>
  contract(async () => {
    const primary = new PrimaryStore();
    return {
      open(opening) {
        const { primary: end, worker } = channelPair();
        primary.serve(end);
        return primaryStore(worker).open(opening);
      },
    };
  }));

describe.skipIf(!redisServer)('in Redis (redis-server)', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  afterAll(() => server?.stop());

  contract(async () => redisStore(server.url));

  it('everything it keeps lies under one prefix, and ends by itself but for bans', async () => {
    const keys = (await server.ask(['KEYS', '*'])) as string[];
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) {
      expect(key).toMatch(/^handfast:\{[0-9a-f]{16}:\w+\}:/);
      const ttl = (await server.ask(['PTTL', key])) as number;
      if (!/:(?:bans|bans-until|bans-automatic|changes)$/.test(key)) expect(ttl, key).toBeGreaterThan(0);
    }
  });
});
