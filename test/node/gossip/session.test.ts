import { describe, expect, it } from 'vitest';
import { gossipLimits } from '../../../src/node/gossip/limits.ts';
import { GossipSession } from '../../../src/node/gossip/session.ts';
import { pure } from '../../support/cores.ts';
import { hash, text } from '../../support/reference.ts';

const key = (name: string) => hash(text(name)).slice(0, 32);
const made = (limits = {}) => new GossipSession(pure, gossipLimits(pure, limits), undefined as never, 0, 0, 0, 0);

describe('what a session may do in a second', () => {
  it('is to send so many new envelopes, of one origin as many as are left', () => {
    const session = made({ perSecond: 100 });
    let read = 0;
    let now = 0;
    const say = (origin: Uint8Array, times: number) => {
      for (let i = 0; i < times && session.reads(origin, 0, now); i++) {
        session.read(origin, 0);
        read++;
      }
    };
    say(key('a'), 200);
    expect(read).toBe(50);
    say(key('b'), 200);
    expect(read).toBe(75);
    for (let i = 0; i < 40; i++) say(key(`c ${i}`), 1);
    expect(read).toBe(100);
    expect(session.reads(key('d'), 0, 999)).toBe(false);
    now = 1000;
    expect(session.reads(key('a'), 0, now)).toBe(true);
    say(key('a'), 200);
    expect(read).toBe(150);
  });

  it('counts copies', () => {
    const session = made({ perSecond: 3 });
    for (let i = 0; i < 3; i++) {
      expect(session.reads(key('a'), 0, 0)).toBe(true);
      session.readCopy();
    }
    expect(session.reads(key('a'), 0, 0)).toBe(false);
  });

  it('is to have so many more hashed', () => {
    const session = made({ latePerSecond: 3 });
    session.reads(key('a'), 0, 0);
    expect([1, 2, 3, 4].map(() => session.remembers())).toEqual([true, true, true, false]);
    session.reads(key('a'), 0, 999);
    expect(session.remembers()).toBe(false);
    session.reads(key('a'), 0, 1000);
    expect(session.remembers()).toBe(true);
  });

  it('is to announce and to ask for so many ids', () => {
    const session = made({ announcedPerSecond: 10, askedPerSecond: 5 });
    expect([session.heeds(6, 0), session.heeds(6, 1), session.heeds(6, 2)]).toEqual([6, 4, 0]);
    expect([session.answers(6, 3), session.answers(1, 4)]).toEqual([5, 0]);
    expect([session.heeds(6, 1000), session.answers(2, 1000)]).toEqual([6, 2]);
  });

  it('keeps apart what waits of each origin beyond the second, and forgets origins of which nothing does', () => {
    const session = made();
    session.reads(key('a'), 0, 0);
    const a = session.read(key('a'), 0);
    const b = session.read(key('b'), 0);
    session.wait(a, 1);
    expect([session.waitingOf(a), session.waitingOf(b)]).toEqual([1, 0]);
    session.reads(key('a'), 0, 1000);
    expect(session.read(key('a'), 0)).toBe(a);
    expect(session.numberOf(key('a'), 0)).toBe(a);
    expect(session.waitingOf(a)).toBe(1);
    // The number of b was given back.
    expect(session.read(key('c'), 0)).toBe(b);
    session.wait(a, -1);
    expect(session.waitingOf(a)).toBe(0);
  });
});
