import { describe, expect, it } from 'vitest';
import { gossipLimits } from '../../../src/node/gossip/limits.ts';
import { GossipSession } from '../../../src/node/gossip/session.ts';
import { GossipWants, idsAt } from '../../../src/node/gossip/wants.ts';
import { pure } from '../../support/cores.ts';
import { cat, hash, text } from '../../support/reference.ts';

const id = (name: string | number) => hash(text(`${name}`)).slice(0, 32);

function made(wanted = 100, room = 1000) {
  const limits = gossipLimits(pure, { wanted });
  const sessions = Array.from({ length: 10 }, (_, i) => new GossipSession(pure, limits, undefined as never, i, 0, 0, 0));
  return { wants: new GossipWants(pure, limits, () => room), sessions };
}

describe('wanted ids', () => {
  it('are asked of who announces them first, and of nobody else meanwhile', () => {
    const { wants, sessions } = made();
    expect(sessions.map((session) => wants.announced(session, id('a'), 0, 0))).toEqual([true, ...new Array(9).fill(false)]);
    expect(wants.dueAt).toBe(1000);
    expect(wants.overdue(999)).toEqual(new Map());
    expect(wants.overdue(1000)).toEqual(new Map([[sessions[1], [id('a')]]]));
    expect(wants.dueAt).toBe(2000);
  });

  it('pass by sessions that have ended, and end after two rounds', () => {
    const { wants, sessions } = made();
    for (const session of sessions.slice(0, 3)) wants.announced(session, id('a'), 0, 0);
    sessions[1].open = false;
    const asked = [1000, 2000, 3000, 4000, 5000].map((now) => [...wants.overdue(now).keys()].map((session) => sessions.indexOf(session)));
    expect(asked).toEqual([[2], [0], [2], [], []]);
    expect([wants.size, sessions[0].wanted, wants.dueAt]).toEqual([0, 0, Number.POSITIVE_INFINITY]);
  });

  it('remember eight announcers at most', () => {
    const { wants, sessions } = made();
    for (const session of sessions) wants.announced(session, id('a'), 0, 0);
    expect(wants.had(id('a'))).toEqual(sessions.slice(0, 8));
  });

  it('are forgotten once had, and no more asked for', () => {
    const { wants, sessions } = made();
    for (let i = 0; i < 50; i++) wants.announced(sessions[0], id(i), 0, i);
    for (let i = 0; i < 50; i += 2) expect(wants.had(id(i))).toEqual([sessions[0]]);
    expect(wants.had(id(0))).toEqual([]);
    expect([wants.size, sessions[0].wanted]).toEqual([25, 25]);
    expect([...wants.overdue(2000).values()][0]).toHaveLength(25);
  });

  it('are at most as many of one session as there is room left', () => {
    const { wants, sessions } = made(100);
    const asked = (session: GossipSession, name: string) =>
      Array.from({ length: 100 }, (_, i) => wants.announced(session, id(`${name} ${i}`), 0, 0)).filter(Boolean).length;
    expect([asked(sessions[0], 'a'), asked(sessions[1], 'b'), asked(sessions[2], 'c')]).toEqual([50, 25, 13]);
    expect(wants.size).toBe(88);
  });

  it('of envelopes beyond a budget are asked for when it has room, which they take up', () => {
    const { wants, sessions } = made(1000);
    const [session] = sessions;
    const fill = (now: number) => {
      while (session.reads(id('origin'), 0, now)) session.read(id('origin'), 0);
    };
    fill(0);
    for (let i = 0; i < 10; i++) wants.late(session, id(i), id('origin'), 0, 0);
    expect([wants.size, session.wanted, wants.dueAt, wants.paid(session, id(0))]).toEqual([10, 10, 250, false]);
    expect(wants.overdue(250)).toEqual(new Map());
    expect(wants.overdue(750)).toEqual(new Map());
    expect(wants.overdue(1000).get(session)).toEqual(Array.from({ length: 10 }, (_, i) => id(i)));
    let left = 0;
    for (; session.reads(id('origin'), 0, 1000); left++) session.read(id('origin'), 0);
    expect(left).toBe(2038);
    // Counted for once, and only of whom it was asked of.
    expect([wants.paid(sessions[1], id(0)), wants.paid(session, id(0)), wants.paid(session, id(0))]).toEqual([false, true, false]);
    expect(wants.dueAt).toBe(2000);
  });

  it('of envelopes beyond a budget are asked for no more than there is room', () => {
    const { wants, sessions } = made(1000, 3);
    for (let i = 0; i < 5; i++) wants.late(sessions[0], id(i), id('origin'), 0, 0);
    expect(wants.overdue(250).get(sessions[0])).toHaveLength(3);
    expect(wants.dueAt).toBe(500);
    expect(wants.overdue(500).get(sessions[0])).toHaveLength(2);
  });

  it('of envelopes beyond a budget leave as much room for other origins, and for other sessions', () => {
    const { wants, sessions } = made(200);
    const [one, two] = sessions;
    let number = 0;
    const fill = (session: GossipSession, origin: string) => {
      const before = wants.size;
      for (let i = 0; i < 200; i++) wants.late(session, id(number++), id(origin), 0, 0);
      return wants.size - before;
    };
    expect(fill(one, 'a')).toBe(67);
    expect(fill(one, 'b')).toBe(22);
    for (let i = 0; i < 100; i++) fill(one, `c ${i}`);
    expect(one.wanted).toBe(100);
    expect(fill(two, 'a')).toBe(34);
  });

  it('of envelopes beyond a budget are asked of another announcer when their session ends, and go when they are had', () => {
    const { wants, sessions } = made();
    const [one, two] = sessions;
    for (const name of ['a', 'b']) wants.late(one, id(name), id('origin'), 0, 0);
    expect(wants.announced(two, id('a'), 0, 0)).toBe(false);
    expect(wants.had(id('b'))).toEqual([one]);
    one.open = false;
    wants.closed(one, 100);
    expect(wants.overdue(1100)).toEqual(new Map([[two, [id('a')]]]));
    expect([wants.size, one.wanted]).toEqual([1, 1]);
  });

  it('whose answer came beyond a budget wait for it, and are asked for once more', () => {
    const { wants, sessions } = made();
    const [one, two] = sessions;
    wants.announced(one, id('a'), 0, 0);
    // Somebody else's copy: one is still to answer.
    wants.late(two, id('a'), id('origin'), 0, 10);
    expect(wants.dueAt).toBe(1000);
    wants.late(one, id('a'), id('origin'), 0, 20);
    expect([wants.dueAt, wants.size]).toEqual([270, 1]);
    expect(wants.overdue(270)).toEqual(new Map([[one, [id('a')]]]));
    expect(wants.dueAt).toBe(1270);
  });

  it('whose only announcer was asked twice are given up, however often it sends them beyond a budget', () => {
    const { wants, sessions } = made();
    const [one] = sessions;
    wants.late(one, id('a'), id('origin'), 0, 0);
    for (const now of [250, 600]) {
      expect(wants.overdue(now)).toEqual(new Map([[one, [id('a')]]]));
      wants.late(one, id('a'), id('origin'), 0, now + 100);
    }
    expect(wants.dueAt).toBe(1600);
    expect(wants.overdue(1600)).toEqual(new Map());
    expect([wants.size, wants.dueAt]).toEqual([0, Number.POSITIVE_INFINITY]);
  });

  it('are joined from where they lie', () => {
    const body = cat(id(0), id(1), id(2));
    expect(idsAt(body, [64, 0])).toEqual(cat(id(2), id(0)));
  });
});
