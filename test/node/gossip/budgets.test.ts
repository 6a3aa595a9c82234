/** Budgets delay what is honest and lose nothing of it: what came too fast is asked for when there is room. Signatures are not what these tests are about: all of them pass. */
import { afterEach, describe, expect, it } from 'vitest';
import type { GossipLimits } from '../../../src/node/gossip/limits.ts';
import { Kind } from '../../../src/protocols/handfast/format.ts';
import { toHex } from '../../support/bytes.ts';
import { cores } from '../../support/cores.ts';
import { GossipNet, NETWORK, type TestLink, type TestNode, trusting, unsignedBody } from '../../support/gossip.ts';
import { type Bytes, cat, hash, labelled, tagOf, text } from '../../support/reference.ts';

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
const key = (name: string | number) => hash(text(`origin ${name}`)).slice(0, 32);
const PAYLOAD = new Uint8Array(256).fill(9);

describe.each(cores.map((core) => [core.name, core] as const))('what comes beyond a budget, %s core', (_name, core) => {
  let net: GossipNet;
  let trust: ReturnType<typeof trusting>;
  afterEach(() => net.close());

  const start = (...limits: Partial<GossipLimits>[]): TestNode[] => {
    trust = trusting(core);
    net = new GossipNet(trust.core);
    return limits.map((each) => net.add(each));
  };

  /** What is said to a node waits until it is let in, all at once. */
  const stall = (node: TestNode): (() => void) => {
    const held: [TestLink, Bytes][] = [];
    const fly = net.fly.bind(net);
    net.fly = (from, to, record) => void (to.owner === node ? held.push([to, record.slice()]) : fly(from, to, record));
    return () => {
      net.fly = fly;
      for (const [to, record] of held) node.hear(to, record[0], record.subarray(1));
    };
  };

  const publish = (node: TestNode, count: number): Promise<Bytes[]> =>
    Promise.all(Array.from({ length: count }, () => node.gossip.publish('news', PAYLOAD)));

  const expectOnce = (node: TestNode, ids: readonly Bytes[]): void => {
    expect(node.messages).toHaveLength(ids.length);
    expect([...node.times.values()].every((times) => times === 1)).toBe(true);
    expect(ids.every((id) => node.times.has(toHex(id)))).toBe(true);
    expect(node.gossip.use).toMatchObject({ wanted: 0, waiting: 0 });
  };

  it('is not lost by a node that stalls for 3 s and goes on being told', async () => {
    const [a, b] = start({}, {});
    net.connect(a, b);
    const letIn = stall(b);
    const ids = publish(a, 8000);
    await net.advance(3000);
    expect(b.messages).toHaveLength(0);
    letIn();
    await net.settle();
    expect(b.messages).toHaveLength(2048);
    await net.advance(9000);
    expectOnce(b, await ids);
  });

  it('is not lost when 10,000 messages were sent at once and come 3 s late', async () => {
    const [a, b] = start({ publishedPerSecond: 20_000 }, {});
    net.connect(a, b);
    const letIn = stall(b);
    const ids = publish(a, 10_000);
    await net.advance(3000);
    letIn();
    await net.settle();
    for (let second = 1; second < 6; second++) {
      const before = b.messages.length;
      expect(before).toBeLessThanOrEqual(2048 * second);
      await net.advance(1000);
      expect(b.messages.length - before).toBeLessThanOrEqual(2048);
    }
    expectOnce(b, await ids);
    expect(net.arrived[Kind.iwant]).toBeGreaterThan(0);
  });

  it('reaches whoever is behind it: 10,000 messages over a relay', async () => {
    const [a, b, c] = start({ publishedPerSecond: 20_000 }, {}, {});
    net.connect(a, b);
    net.connect(b, c);
    const ids = await publish(a, 10_000);
    await net.advance(9000);
    expectOnce(b, ids);
    expectOnce(c, ids);
  });

  it('is not lost for want of room to wait', async () => {
    const [a, b] = start({}, { waiting: 90 });
    net.connect(a, b);
    const ids = await publish(a, 300);
    await net.settle();
    expect(b.messages.length).toBeLessThan(150);
    await net.advance(5000);
    expectOnce(b, ids);
  });

  it('is not lost when it came as the answer to what was announced', async () => {
    const [a, b] = start({ publishedPerSecond: 20_000 }, {});
    const [ab] = net.connect(a, b);
    ab.full = true;
    const ids = await publish(a, 4000);
    ab.full = false;
    await net.advance(6000);
    expectOnce(b, ids);
  });

  it('is asked of another announcer when the session that it came by is over', async () => {
    const [a, b, c] = start({}, {}, { perSecond: 100 });
    net.connect(a, b);
    net.connect(b, c);
    const [ac] = net.connect(a, c);
    const ids = await publish(a, 400);
    await net.settle();
    net.cut(ac);
    await net.advance(9000);
    expectOnce(c, ids);
  });

  it('is asked for at most so often that budgets are kept, and each id twice of one session', async () => {
    const [one] = start({ perSecond: 100 });
    const link = one.link();
    for (let i = 0; i < 500; i++) one.hear(link, Kind.broadcast, unsignedBody(key('a'), i, net.clock.now()));
    await net.settle();
    expect(one.messages).toHaveLength(50);
    const asked = new Map<string, number>();
    for (let i = 0; i < 30; i++) {
      link.sent.length = 0;
      await net.advance(1000);
      const ids = idsOf(link.bodies(Kind.iwant));
      for (const id of ids) asked.set(id, (asked.get(id) ?? 0) + 1);
      // Those of this second, and those of the last one again.
      expect(ids.length).toBeLessThanOrEqual(100);
    }
    expect(asked.size).toBe(450);
    expect(Math.max(...asked.values())).toBe(2);
    expect(one.gossip.use.wanted).toBe(0);
  });

  it('of a flood is hashed, verified, remembered and asked for within bounds, and others are heard', async () => {
    const [one] = start({});
    const [loud, quiet] = [one.link(), one.link()];
    const bodies = new Map<string, Bytes>();
    let sequence = 0;
    let [answered, few] = [0, 0];
    const speak = (link: TestLink): void => {
      few++;
      one.hear(link, Kind.broadcast, unsignedBody(key('few words'), sequence++, net.clock.now(), text('few')));
    };
    for (let second = 0; second < 4; second++) {
      const [hashesBefore, verifiedBefore] = [trust.hashes.count, sum(trust.batches)];
      loud.sent.length = 0;
      // One origin, then ever new ones.
      for (let i = 0; i < 25_000; i++) {
        const body = unsignedBody(key(second % 2 === 0 ? 'loud' : sequence), sequence++, net.clock.now());
        one.hear(loud, Kind.broadcast, body);
        if (second === 0 && i >= 2048 && i < 4048) bodies.set(idOf(body), body);
      }
      if (second % 2 === 0) speak(loud);
      speak(quiet);
      expect(trust.hashes.count - hashesBefore).toBeLessThanOrEqual(4096 + 16_384 + 2);
      expect(one.gossip.use.wanted).toBeLessThanOrEqual(16_384);
      await net.advance(1000);
      expect(one.messages.filter(({ bytes }) => bytes.length === 3)).toHaveLength(few);
      const asked = idsOf(loud.bodies(Kind.iwant));
      expect(asked.length).toBeLessThanOrEqual(2 * 4096);
      for (const id of asked) {
        const body = bodies.get(id);
        if (!body) continue;
        one.hear(loud, Kind.broadcast, body);
        answered++;
      }
      await net.settle();
      expect(sum(trust.batches) - verifiedBefore).toBeLessThanOrEqual(2 * 4096 + 2);
    }
    expect(answered).toBeGreaterThan(1000);
    expect([...one.times.values()].every((times) => times === 1)).toBe(true);
  });

  it('is asked for, too, when it is the true copy of what waits and is found bad', async () => {
    const [one] = start({ perSecond: 4 });
    const [forger, honest] = [one.link(), one.link()];
    const bodies = Array.from({ length: 3 }, (_, i) => unsignedBody(key('a'), i, net.clock.now()));
    one.hear(forger, Kind.broadcast, Object.assign(bodies[2].slice(), { [bodies[2].length - 64]: 0 }));
    for (const body of bodies) one.hear(honest, Kind.broadcast, body);
    await net.settle();
    expect(one.messages).toHaveLength(2);
    await net.advance(1500);
    expect(idsOf(honest.bodies(Kind.iwant))).toEqual([idOf(bodies[2])]);
    one.hear(honest, Kind.broadcast, bodies[2]);
    await net.settle();
    expect(one.messages).toHaveLength(3);
  });

  it('of an origin that is refused, or of a message that was had, is not asked for', async () => {
    const [one] = start({ perSecond: 4 });
    const [link, other] = [one.link(), one.link()];
    const bodies = Array.from({ length: 4 }, (_, i) => unsignedBody(key('a'), i, net.clock.now()));
    for (const body of bodies) one.hear(link, Kind.broadcast, body);
    expect(one.gossip.use.wanted).toBe(2);
    for (const body of bodies.slice(2)) one.hear(other, Kind.broadcast, body);
    await net.settle();
    expect(one.messages).toHaveLength(4);
    expect(one.gossip.use.wanted).toBe(0);
    one.refused.add(one.messages[0].origin);
    for (let i = 10; i < 20; i++) one.hear(link, Kind.broadcast, unsignedBody(key('a'), i, net.clock.now()));
    expect(one.gossip.use.wanted).toBe(0);
    await net.advance(3000);
    expect(link.bodies(Kind.iwant)).toEqual([]);
  });
});

function idsOf(bodies: readonly Bytes[]): string[] {
  return bodies.flatMap((body) => Array.from({ length: body.length / 32 }, (_, i) => toHex(body.slice(32 * i, 32 * (i + 1)))));
}

/** By the second implementation. */
function idOf(body: Bytes): string {
  return toHex(hash(cat(labelled('broadcast'), tagOf(NETWORK), body.slice(1, -64))).slice(0, 32));
}
