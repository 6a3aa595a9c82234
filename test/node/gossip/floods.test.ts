/** Gossip under those who mean harm: how much they get, and that others are heard all the same. Signatures are not what these tests are about: where floods need thousands, all of them pass. */
import { afterEach, describe, expect, it } from 'vitest';
import type { GossipLimits } from '../../../src/node/gossip/limits.ts';
import { Kind } from '../../../src/protocols/handfast/format.ts';
import { toHex } from '../../support/bytes.ts';
import { cores, pure } from '../../support/cores.ts';
import { broadcastBody, GossipNet, seedOf, stranger, type TestLink, type TestNode, trusting, unsignedBody } from '../../support/gossip.ts';
import { Random, seedOfRun } from '../../support/random.ts';
import { cat, hash, text } from '../../support/reference.ts';

const seed = seedOfRun();
console.log(`HANDFAST_TEST_SEED=${seed}`);

let net: GossipNet;
let batches: number[];
afterEach(() => net.close());

function node(limits: Partial<GossipLimits> = {}): TestNode {
  const trust = trusting(pure);
  batches = trust.batches;
  net = new GossipNet(trust.core);
  return net.add(limits);
}

const key = (name: string | number) => hash(text(`origin ${name}`)).slice(0, 32);
const forged = (body: Uint8Array) => Object.assign(body.slice(), { [body.length - 64]: 0 });

describe('a flood', () => {
  it('of new envelopes from one session is read at most 4,096 times a second, by one origin half of it', async () => {
    const one = node({ waiting: 100_000 });
    const link = one.link();
    let sequence = 0;
    const flood = async (origin: Uint8Array, count: number) => {
      const before = one.messages.length;
      for (let i = 0; i < count; i++) one.hear(link, Kind.broadcast, unsignedBody(origin, sequence++, net.clock.now()));
      await net.settle();
      return one.messages.length - before;
    };
    expect(await flood(key('loud'), 5000)).toBe(2048);
    expect(await flood(key('second'), 5000)).toBe(1024);
    expect(await flood(key('quiet'), 100)).toBe(100);
    for (let i = 0; i < 3000; i++) one.hear(link, Kind.broadcast, unsignedBody(key(`many ${i}`), sequence++, net.clock.now()));
    await net.settle();
    expect(one.messages).toHaveLength(4096);
    await net.advance(999, 999);
    expect(link.sent).toEqual([]);
    expect(await flood(key('one'), 10)).toBe(0);
    await net.advance(1);
    // What was not read is asked for, and counts for the new second: of this, too, there is something left for others.
    const asked = link.bodies(Kind.iwant).reduce((sum, body) => sum + body.length / 32, 0);
    expect(asked).toBeGreaterThan(3000);
    expect(await flood(key('loud'), 10)).toBe(0);
    const fresh = await flood(key('fresh'), 4096);
    expect(fresh).toBeGreaterThan(100);
    expect(asked + fresh).toBeLessThanOrEqual(4096);
  });

  it('of copies counts too, and nothing is delivered twice', async () => {
    const one = node();
    const link = one.link();
    const body = unsignedBody(key('a'), 1, net.clock.now());
    for (let i = 0; i < 5000; i++) one.hear(link, Kind.broadcast, body);
    expect(one.gossip.use.waiting).toBe(1);
    // One is left of the 4,096.
    for (let i = 0; i < 5; i++) one.hear(link, Kind.broadcast, unsignedBody(key('b'), i, net.clock.now()));
    await net.settle();
    expect(one.messages).toHaveLength(2);
  });

  it('of one session does not keep another session waiting, and no call verifies more than its limit', async () => {
    const one = node({ verifiedPerTurn: 64 });
    const [loud, quiet] = [one.link(), one.link()];
    for (let i = 0; i < 2000; i++) one.hear(loud, Kind.broadcast, unsignedBody(key(i % 20), i, net.clock.now()));
    for (let i = 0; i < 20; i++) one.hear(quiet, Kind.broadcast, unsignedBody(key('quiet'), i, net.clock.now()));
    const [run] = net.deferred.splice(0);
    run();
    expect(batches).toEqual([64]);
    expect(one.messages.filter(({ origin }) => origin === one.messages[1].origin)).toHaveLength(20);
    await net.settle();
    expect(Math.max(...batches)).toBe(64);
    expect(one.gossip.use).toMatchObject({ waiting: 0, waitingBytes: 0 });
  });

  it('finds at most as much waiting as there may, and leaves room for other sessions and origins', () => {
    const one = node({ waiting: 1024 });
    const [loud, quiet] = [one.link(), one.link()];
    for (let i = 0; i < 1000; i++) one.hear(loud, Kind.broadcast, unsignedBody(key('loud'), i, net.clock.now()));
    const first = one.gossip.use.waiting;
    expect(first).toBeLessThanOrEqual(512);
    for (let i = 0; i < 100; i++) one.hear(loud, Kind.broadcast, unsignedBody(key('other'), i, net.clock.now()));
    expect(one.gossip.use.waiting).toBeGreaterThanOrEqual(first + 100);
    for (let i = 0; i < 100; i++) one.hear(quiet, Kind.broadcast, unsignedBody(key('quiet'), i, net.clock.now()));
    expect(one.gossip.use.waiting).toBeGreaterThanOrEqual(first + 200);
    expect(one.gossip.use.waiting).toBeLessThanOrEqual(1024);
  });

  it('of large envelopes takes no more bytes than may wait and be stored', async () => {
    const one = node({ waitingBytes: 1_000_000, storeBytes: 1_000_000 });
    const link = one.link();
    for (let i = 0; i < 200; i++) {
      one.hear(link, Kind.broadcast, unsignedBody(key(i), i, net.clock.now(), new Uint8Array(30_000)));
      if (i % 10 === 9) await net.settle();
      expect(one.gossip.use.waitingBytes).toBeLessThanOrEqual(1_000_000);
      expect(one.gossip.use.storedBytes).toBeLessThanOrEqual(1_000_000 + 16_384);
    }
    expect(one.gossip.use.stored).toBeGreaterThan(10);
    expect(one.messages).toHaveLength(200);
  });

  it('of forged envelopes delivers nothing, is charged one by one, and hides no true message', async () => {
    const one = node({ waiting: 100_000 });
    const [forger, honest] = [one.link(), one.link()];
    const bodies = Array.from({ length: 500 }, (_, i) => unsignedBody(key('victim'), i, net.clock.now()));
    for (const body of bodies) one.hear(forger, Kind.broadcast, forged(body));
    for (const body of bodies) one.hear(honest, Kind.broadcast, body);
    await net.settle();
    expect(one.messages).toHaveLength(500);
    expect(one.charges).toHaveLength(500);
    expect(new Set(one.charges.map(({ link }) => link))).toEqual(new Set([forger]));
  });

  it('of spoilt copies keeps at most an eighth of what may wait for one session', async () => {
    const one = node({ waiting: 80 });
    const [first, second] = [one.link(), one.link()];
    const bodies = Array.from({ length: 20 }, (_, i) => unsignedBody(key(i), i, net.clock.now()));
    for (const body of bodies) one.hear(first, Kind.broadcast, forged(body));
    for (const body of bodies) one.hear(second, Kind.broadcast, body);
    await net.settle();
    expect(one.messages).toHaveLength(10);
    // Those that found no room come when they are sent again.
    for (const body of bodies) one.hear(second, Kind.broadcast, body);
    await net.settle();
    expect(one.messages).toHaveLength(20);
  });

  it('stamped ahead by one origin silences nobody else, and is never delivered twice', async () => {
    const one = node({ messages: 2000, origins: 1000, sessions: 10 });
    const [loud, quiet] = [one.link(), one.link()];
    one.hear(quiet, Kind.broadcast, unsignedBody(key('known'), 0, net.clock.now()));
    const bodies: Uint8Array[] = [];
    for (let second = 0; second < 5; second++) {
      for (let i = 0; i < 1500; i++) bodies.push(unsignedBody(key('loud'), bodies.length, net.clock.now() + 30_000 - (i % 100)));
      for (const body of bodies.slice(-1500)) one.hear(loud, Kind.broadcast, body);
      await net.advance(1000, 1000);
      expect(one.gossip.use.seen).toBeLessThanOrEqual(2000);
    }
    const before = one.messages.length;
    one.hear(quiet, Kind.broadcast, unsignedBody(key('known'), 1, net.clock.now()));
    one.hear(quiet, Kind.broadcast, unsignedBody(key('new'), 1, net.clock.now()));
    await net.settle();
    expect(one.messages.length - before).toBe(2);
    for (const body of bodies) one.hear(quiet, Kind.broadcast, body);
    await net.advance(1000, 1000);
    for (const body of bodies.toReversed()) one.hear(quiet, Kind.broadcast, body);
    await net.settle();
    expect([...one.times.values()].filter((times) => times !== 1)).toEqual([]);
  });

  it('of invented origins from one session shuts out neither known ones nor those of other sessions, nor the session of a new peer itself', async () => {
    const one = node({ messages: 200, origins: 100, sessions: 10 });
    const [loud, quiet] = [one.link(), one.link()];
    const known = key('known');
    one.hear(loud, Kind.broadcast, unsignedBody(known, 0, net.clock.now()));
    for (let i = 0; i < 3000; i++) one.hear(loud, Kind.broadcast, unsignedBody(key(i), i, net.clock.now() + 30_000));
    await net.settle();
    expect(one.gossip.use.origins).toBe(10);
    const before = one.messages.length;
    one.hear(loud, Kind.broadcast, unsignedBody(known, 1, net.clock.now()));
    one.hear(quiet, Kind.broadcast, unsignedBody(key('new'), 1, net.clock.now()));
    // Ever new names on the same place: none of them brings in more, but each is heard itself.
    for (let i = 0; i < 20; i++) {
      net.cut(one.links.at(-1)!);
      const peer = stranger(1000 + i);
      const next = one.link(peer);
      one.hear(next, Kind.broadcast, unsignedBody(peer.publicKey, 1, net.clock.now()));
      for (let j = 0; j < 20; j++) one.hear(next, Kind.broadcast, unsignedBody(key(`${i} ${j}`), j, net.clock.now()));
      await net.settle();
    }
    expect(one.messages.length - before).toBeLessThanOrEqual(2 + 20 + 10);
    expect(one.messages.length - before).toBeGreaterThanOrEqual(2 + 20);
  });

  it('of announcements is heeded 4,096 times a second, and never fills the room of others', async () => {
    const one = node({ wanted: 6000 });
    const [loud, quiet] = [one.link(), one.link()];
    const list = (what: string) => cat(...Array.from({ length: 1000 }, (_, i) => hash(text(`${what} ${i}`)).slice(0, 32)));
    for (let i = 0; i < 6; i++) one.hear(loud, Kind.ihave, list(`loud ${i}`));
    const asked = (link: TestLink) => link.bodies(Kind.iwant).reduce((sum, body) => sum + body.length / 32, 0);
    expect(asked(loud)).toBe(3000);
    one.hear(quiet, Kind.ihave, list('quiet'));
    expect(asked(quiet)).toBe(1000);
    for (const link of [loud, quiet]) for (const body of link.bodies(Kind.iwant)) expect(body.length).toBeLessThanOrEqual(32_000);
    await net.advance(3000);
    expect(one.gossip.use.wanted).toBe(0);
    const roomy = net.add({ wanted: 100_000 });
    const link = roomy.link();
    for (let i = 0; i < 6; i++) roomy.hear(link, Kind.ihave, list(`roomy ${i}`));
    expect(asked(link)).toBe(4096);
  });

  it('of IWANT gets each message twice, and 8,192 looks a second', async () => {
    const one = node({ waiting: 100_000 });
    const [from, thief] = [one.link(), one.link()];
    thief.full = true;
    for (let i = 0; i < 50; i++) one.hear(from, Kind.broadcast, unsignedBody(key(i), i, net.clock.now(), new Uint8Array(1000)));
    await net.settle();
    thief.full = false;
    const all = cat(...one.messages.map(({ id }) => id));
    for (let i = 0; i < 100; i++) one.hear(thief, Kind.iwant, all);
    expect(thief.sent).toHaveLength(100);
    await net.advance(1000);
    const nothing = cat(...Array.from({ length: 1000 }, (_, i) => hash(text(`no ${i}`)).slice(0, 32)));
    for (let i = 0; i < 9; i++) one.hear(from, Kind.iwant, nothing);
    one.hear(from, Kind.iwant, one.messages[0].id);
    expect(from.sent).toHaveLength(0);
    await net.advance(1000);
    one.hear(from, Kind.iwant, one.messages[0].id);
    expect(from.sent).toHaveLength(1);
  });
});

describe('a wild mix', () => {
  it('of everything delivers nothing twice and nothing forged, and stays within its memory', async () => {
    const limits = { messages: 500, origins: 200, sessions: 8, waiting: 400, waitingBytes: 200_000, storeBytes: 200_000, wanted: 300 };
    const one = node(limits);
    const random = new Random(seed, 'wild');
    const links = Array.from({ length: 8 }, () => one.link());
    const old: Uint8Array[] = [];
    let sequence = 0;
    for (let i = 0; i < 6000; i++) {
      const from = random.below(links.length);
      if (!links[from].open) links[from] = one.link();
      const link = links[from];
      const origin = random.chance(0.3) ? random.bytes(32) : key(random.below(30));
      const stamp = net.clock.now() + random.between(-130_000, 35_000);
      const body = unsignedBody(origin, sequence++, stamp, new Uint8Array(random.below(2000)));
      switch (random.below(8)) {
        case 0:
          if (old.length > 0) one.hear(link, Kind.broadcast, random.pick(old));
          break;
        case 1:
          one.hear(link, Kind.broadcast, forged(random.chance(0.5) && old.length > 0 ? random.pick(old) : body));
          break;
        case 2:
          one.hear(link, random.pick([Kind.ihave, Kind.iwant]), random.bytes(32 * random.between(1, 40)));
          break;
        case 3:
          one.hear(link, random.pick([Kind.broadcast, Kind.ihave, Kind.iwant]), random.mutated(random.pick([body, random.bytes(64)])));
          break;
        case 4:
          if (random.chance(0.2)) await net.advance(random.below(8000), 1000);
          break;
        case 5:
          if (random.chance(0.05)) net.clock.set(random.between(-200_000, 200_000));
          break;
        default:
          old.push(body);
          one.hear(link, Kind.broadcast, body);
      }
      if (random.chance(0.1)) await net.settle();
      const { use } = one.gossip;
      expect(use.seen).toBeLessThanOrEqual(limits.messages);
      expect(use.origins).toBeLessThanOrEqual(limits.origins);
      expect(use.waiting).toBeLessThanOrEqual(limits.waiting);
      expect(use.waitingBytes).toBeLessThanOrEqual(limits.waitingBytes);
      expect(use.storedBytes).toBeLessThanOrEqual(limits.storeBytes + 16_384);
      expect(use.wanted).toBeLessThanOrEqual(limits.wanted);
    }
    await net.advance(3000);
    expect(one.messages.length).toBeGreaterThan(100);
    expect([...one.times.values()].filter((times) => times !== 1)).toEqual([]);
    expect(one.gossip.use).toMatchObject({ waiting: 0, waitingBytes: 0 });
  });
});

describe.each(cores.map((core) => [core.name, core] as const))('with real signatures, %s core', (_name, core) => {
  it('replays, loops, forgeries and other networks among nodes in a ring: each message once, and only true ones', async () => {
    net = new GossipNet(core);
    const random = new Random(seed, 'ring');
    const nodes = net.addMany(8);
    for (let i = 0; i < 8; i++) net.connect(nodes[i], nodes[(i + 1) % 8]);
    const evil = nodes.map((one) => one.link());
    const honest = nodes.map((one) => one.link());
    const published = new Set<string>();
    const truth = Array.from({ length: 12 }, (_, i) =>
      broadcastBody({ seed: seedOf(`true ${i % 3}`), sequence: BigInt(i), timestamp: net.clock.now() - 1000 * i }),
    );
    for (const { id } of truth) published.add(toHex(id));
    // Each is said once by somebody who spoils none, right behind a spoilt copy: one that only forgers named is nobody's to deliver, and who spoils a copy is not heard on it until that is found out.
    const unsaid = [...truth];
    for (let i = 0; i < 150; i++) {
      const at = random.below(8);
      const said = i % 12 === 11 ? unsaid.splice(random.below(unsaid.length), 1)[0] : undefined;
      // The last four are never truly said by anybody else.
      const { body } = said ?? random.pick(truth.slice(0, 8));
      const kind = said ? 0 : random.below(5);
      if (kind === 0)
        nodes[at].hear(evil[at], Kind.broadcast, Object.assign(body.slice(), { [body.length - random.between(1, 64)]: random.below(256) }));
      else if (kind === 1)
        nodes[at].hear(
          evil[at],
          Kind.broadcast,
          broadcastBody({ seed: seedOf('true 0'), network: 'other', timestamp: net.clock.now() }).body,
        );
      else if (kind === 2)
        nodes[at].hear(evil[at], Kind.broadcast, broadcastBody({ seed: seedOf('true 0'), timestamp: net.clock.now() - 125_000 }).body);
      else nodes[at].hear(evil[at], Kind.broadcast, cat([random.below(256)], body.slice(1)));
      if (said) nodes[at].hear(honest[at], Kind.broadcast, cat([random.below(256)], body.slice(1)));
      if (random.chance(0.2)) await net.settle();
      if (random.chance(0.05)) await net.advance(random.below(3000));
    }
    expect(unsaid).toEqual([]);
    await net.advance(20_000, 1000);
    for (const one of nodes) {
      expect([...one.times].filter(([id, times]) => times !== 1 || !published.has(id))).toEqual([]);
      expect(one.times.size).toBe(published.size);
      expect(new Set(one.charges.map(({ link }) => evil.includes(link)))).not.toContain(false);
    }
  });
});
