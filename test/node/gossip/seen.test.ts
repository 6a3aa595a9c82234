import { describe, expect, it } from 'vitest';
import { ITSELF, SeenSet } from '../../../src/node/gossip/seen.ts';
import { toHex } from '../../support/bytes.ts';
import { pure } from '../../support/cores.ts';
import { Random, seedOfRun } from '../../support/random.ts';

const seed = seedOfRun();
console.log(`HANDFAST_TEST_SEED=${seed}`);
const NOW = 1_700_000_000_000;

function made({ messages = 64, origins = 32, sessions = 4 } = {}) {
  const set = new SeenSet(pure, { messages, origins, sessions });
  const random = new Random(seed, `${messages}`);
  const key = () => random.bytes(32);
  /** A new message. */
  const say = (origin: Uint8Array, stamp: number, place = 0, id = key()) => ({ id, added: set.add(id, origin, 0, stamp, place) });
  return { set, random, key, say };
}

describe('the seen-set', () => {
  it('knows what was added, and nothing else', () => {
    const { set, key, say } = made();
    const { id, added } = say(key(), NOW);
    expect(added).toBe(true);
    expect(set.has(id)).toBe(true);
    expect(set.has(key())).toBe(false);
  });

  it('forgets an id once it is too old to be accepted, and takes it back no more', () => {
    const { set, key, say } = made();
    const origin = key();
    const { id } = say(origin, NOW);
    set.forget(NOW + 120_000);
    expect(set.has(id)).toBe(true);
    set.forget(NOW + 120_001);
    expect(set.has(id)).toBe(false);
    expect([set.size, set.origins]).toEqual([0, 0]);
    // The clock was set back: the floor stays.
    expect(set.add(id, origin, 0, NOW, 0)).toBe(false);
    expect(set.add(id, key(), 0, NOW, 0)).toBe(false);
    expect(say(origin, NOW + 1).added).toBe(true);
  });

  it('never holds more than it may, whoever fills it', () => {
    const { set, random, key, say } = made();
    const origins = Array.from({ length: 40 }, key);
    for (let i = 0; i < 5000; i++) {
      say(random.pick(origins.slice(0, 1 + (i % 40))), NOW + random.below(30_000), random.below(4));
      expect(set.size).toBeLessThanOrEqual(64);
      expect(set.origins).toBeLessThanOrEqual(32);
    }
  });

  it('delivers nothing twice, whatever was forgotten', () => {
    const { set, random, key, say } = made();
    const origins = Array.from({ length: 20 }, key);
    const delivered: [Uint8Array, Uint8Array, number][] = [];
    for (let i = 0; i < 3000; i++) {
      const now = NOW + i * 40;
      const origin = random.pick(origins);
      const stamp = now + random.between(-100_000, 30_000);
      const { id, added } = say(origin, stamp, random.below(4));
      if (added) delivered.push([id, origin, stamp]);
      if (i % 25 === 0) set.forget(now);
      const [oldId, oldOrigin, oldStamp] = random.pick(delivered);
      // Asked as gossip asks: only what was not seen, at whatever time the clock shows.
      if (!set.has(oldId)) expect(set.add(oldId, oldOrigin, 0, oldStamp, random.below(4)), toHex(oldId)).toBe(false);
    }
    expect(delivered.length).toBeGreaterThan(400);
    expect(set.size).toBeLessThan(delivered.length / 4);
  });

  it('lets one origin that fills it silence nobody but itself', () => {
    const { set, key, say } = made({ messages: 1000, origins: 500 });
    const [loud, quiet, late] = [key(), key(), key()];
    expect(say(quiet, NOW).added).toBe(true);
    for (let i = 0; i < 5000; i++) say(loud, NOW + 30_000 - (i % 3));
    // Whatever the loud one stamps ahead, the others' stamps of now are good, those of known origins and of new ones.
    expect(say(quiet, NOW + 1).added).toBe(true);
    expect(say(late, NOW + 1).added).toBe(true);
    expect(set.size).toBeLessThanOrEqual(1000);
    // Its own are not: it has forgotten up to its last stamp.
    expect(say(loud, NOW + 1).added).toBe(false);
  });

  it('takes from a loud origin the older half of its ids, and keeps the younger', () => {
    const { set, key, say } = made({ messages: 100, origins: 20 });
    const loud = key();
    const ids = Array.from({ length: 41 }, (_, i) => say(loud, NOW + i).id);
    expect(set.size).toBe(41);
    say(loud, NOW + 41);
    expect(ids.map((id) => set.has(id))).toEqual(ids.map((_, i) => i > 20));
    expect(say(loud, NOW + 20).added).toBe(false);
    expect(say(loud, NOW + 21).added).toBe(true);
  });

  it('lets invented origins fill the share of the session that brings them, and no other', () => {
    const { set, key, say } = made({ messages: 64, origins: 32, sessions: 4 });
    const known = key();
    say(known, NOW, 1);
    let taken = 0;
    for (let i = 0; i < 1000; i++) if (say(key(), NOW + 30_000, 0).added) taken++;
    expect(taken).toBe(8);
    expect(set.admits(key(), 0, NOW, 0)).toBe(false);
    expect(say(known, NOW + 1, 0).added).toBe(true);
    expect(say(key(), NOW, 1).added).toBe(true);
    expect(say(key(), NOW, ITSELF).added).toBe(true);
    // They are gone when their messages are too old.
    set.forget(NOW + 30_000 + 120_001);
    expect(say(key(), NOW + 150_002, 0).added).toBe(true);
  });

  it('takes no more origins than it may, not even of peers that speak for themselves', () => {
    const { set, key, say } = made();
    expect(Array.from({ length: 40 }, () => say(key(), NOW, ITSELF).added).filter(Boolean)).toHaveLength(32);
    expect(set.origins).toBe(32);
  });

  it('keeps an origin whose ids are gone as long as its floor matters', () => {
    const { set, key, say } = made({ messages: 100, origins: 20 });
    const loud = key();
    const ids = Array.from({ length: 41 }, () => say(loud, NOW).id);
    // All stamped alike are forgotten together, for the sake of one stamped a little earlier.
    expect(say(loud, NOW - 5).added).toBe(true);
    expect(set.size).toBe(1);
    set.forget(NOW - 5 + 120_001);
    expect([set.size, set.origins]).toEqual([0, 1]);
    expect(set.add(ids[0], loud, 0, NOW, 0)).toBe(false);
    set.forget(NOW + 120_001);
    expect(set.origins).toBe(0);
    expect(set.add(ids[0], loud, 0, NOW, 0)).toBe(false);
  });

  it('gives the place that was left last to the next session', () => {
    const { set } = made({ sessions: 3 });
    const places = [set.takePlace(), set.takePlace(), set.takePlace()];
    expect(new Set(places).size).toBe(3);
    const shared = set.takePlace();
    expect(places).not.toContain(shared);
    expect(set.takePlace()).toBe(shared);
    set.leavePlace(shared);
    set.leavePlace(places[0]);
    set.leavePlace(places[2]);
    expect([set.takePlace(), set.takePlace(), set.takePlace()]).toEqual([places[2], places[0], shared]);
  });
});
