import { describe, expect, it } from 'vitest';
import { gossipLimits } from '../../../src/node/gossip/limits.ts';
import { GossipSession } from '../../../src/node/gossip/session.ts';
import { GossipWants, idsAt } from '../../../src/node/gossip/wants.ts';
import { pure } from '../../support/cores.ts';
import { cat, hash, text } from '../../support/reference.ts';

const id = (name: string | number) => hash(text(`${name}`)).slice(0, 32);

function made(wanted = 100) {
  const limits = gossipLimits(pure, { wanted });
  const sessions = Array.from({ length: 10 }, (_, i) => new GossipSession(pure, limits, undefined as never, i, 0, 0, 0));
  return { wants: new GossipWants(pure, limits), sessions };
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

  it('are joined from where they lie', () => {
    const body = cat(id(0), id(1), id(2));
    expect(idsAt(body, [64, 0])).toEqual(cat(id(2), id(0)));
  });
});
