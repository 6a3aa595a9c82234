/** Gossip among many nodes: delivered at most once everywhere, and exactly once where the graph is connected and nothing is lost. */
import { afterEach, describe, expect, it } from 'vitest';
import { Kind } from '../../../src/protocols/handfast/format.ts';
import { cores } from '../../support/cores.ts';
import { GossipNet, randomEdges, type TestNode } from '../../support/gossip.ts';
import { Random, seedOfRun } from '../../support/random.ts';

const seed = seedOfRun();
console.log(`HANDFAST_TEST_SEED=${seed}`);

const SHAPES: Record<string, (count: number, random: Random) => [number, number][]> = {
  'a line': (count) => Array.from({ length: count - 1 }, (_, i) => [i, i + 1]),
  'a ring': (count) => Array.from({ length: count }, (_, i) => [i, (i + 1) % count]),
  'a star': (count) => Array.from({ length: count - 1 }, (_, i) => [0, i + 1]),
  'a clique': (count) => Array.from({ length: count }, (_, a) => Array.from({ length: a }, (_, b): [number, number] => [b, a])).flat(),
  'a random graph': (count, random) => randomEdges(random, count, 2 * count),
  'a sparse random graph': (count, random) => randomEdges(random, count, 3),
};
/** A line longer than the hops allow is crossed by telling, a hop a second. */
const SIZES: Record<string, number> = {
  'a line': 30,
  'a ring': 50,
  'a star': 50,
  'a clique': 20,
  'a random graph': 50,
  'a sparse random graph': 50,
};

let net: GossipNet;
afterEach(() => net.close());

/** Every id published reached every node but its origin, once. */
function expectExactlyOnce(published: Map<string, TestNode>): void {
  for (const node of net.nodes) {
    for (const [id, origin] of published) {
      const times = node.times.get(id) ?? 0;
      expect(times, `node ${net.nodes.indexOf(node)} had a message of node ${net.nodes.indexOf(origin)}`).toBe(node === origin ? 0 : 1);
    }
    expect(node.times.size).toBe([...published.values()].filter((origin) => origin !== node).length);
    expect(node.charges).toEqual([]);
    for (const link of node.links) expect(link.failure).toBeUndefined();
  }
}

function expectAtMostOnce(published: Map<string, TestNode>): void {
  for (const node of net.nodes) {
    for (const [id, times] of node.times) {
      expect(times).toBe(1);
      expect(published.get(id)).toBeDefined();
      expect(published.get(id)).not.toBe(node);
    }
  }
}

async function publish(published: Map<string, TestNode>, node: TestNode, what: string): Promise<void> {
  const id = await node.gossip.publish('news', new TextEncoder().encode(what));
  published.set(Buffer.from(id).toString('hex'), node);
}

it("carries what one node publishes all at once over two hops, every message once, within everybody's budgets", async () => {
  net = new GossipNet(cores.at(-1)!);
  const [a, b, c] = net.addMany(3);
  net.connect(a, b);
  net.connect(b, c);
  const published = new Map<string, TestNode>();
  const all = Promise.all(Array.from({ length: 2000 }, (_, i) => publish(published, a, `${i}`)));
  await net.advance(2000, 50);
  await all;
  expectExactlyOnce(published);
});

for (const core of cores) {
  describe(`gossip among many, ${core.name} core`, () => {
    for (const [shape, edgesOf] of Object.entries(SHAPES)) {
      it(`reaches everybody exactly once in ${shape}`, async () => {
        const random = new Random(seed, shape);
        net = new GossipNet(core);
        const nodes = net.addMany(SIZES[shape]);
        for (const [a, b] of edgesOf(nodes.length, random)) net.connect(nodes[a], nodes[b]);
        const published = new Map<string, TestNode>();
        for (let i = 0; i < 4; i++) await publish(published, random.pick(nodes), `${shape} ${i}`);
        await net.settle();
        await net.advance(shape === 'a line' || shape === 'a ring' ? 30_000 : 3000, 500);
        expectExactlyOnce(published);
      });
    }

    it('repairs by telling and asking what a lost push has left out', async () => {
      const random = new Random(seed, 'loss');
      net = new GossipNet(core);
      const nodes = net.addMany(core.name === 'native' ? 50 : 20);
      for (const [a, b] of randomEdges(random, nodes.length, nodes.length)) net.connect(nodes[a], nodes[b]);
      // Queues that are full: the first push does not go out, and the session is told a second later.
      let lost = 0;
      for (const link of nodes.flatMap(({ links }) => links)) {
        const tried = new Set<string>();
        const send = link.sendShared.bind(link);
        link.sendShared = (record) => {
          const text = Buffer.from(record.subarray(2)).toString('latin1');
          if (tried.has(text) || random.chance(0.5)) return send(record);
          tried.add(text);
          lost++;
          return false;
        };
      }
      const published = new Map<string, TestNode>();
      for (let i = 0; i < 6; i++) await publish(published, random.pick(nodes), `lost ${i}`);
      await net.advance(20_000, 500);
      expect(lost).toBeGreaterThan(0);
      expect(net.arrived[Kind.iwant]).toBeGreaterThan(0);
      expectExactlyOnce(published);
    });

    it('delivers at most once, and only what was published, whatever is lost on the way', async () => {
      const random = new Random(seed, 'wild');
      net = new GossipNet(core);
      const nodes = net.addMany(30);
      for (const [a, b] of randomEdges(random, nodes.length, 40)) net.connect(nodes[a], nodes[b]);
      let lost = 0;
      net.loses = () => random.chance(0.3) && ++lost > 0;
      const published = new Map<string, TestNode>();
      for (let i = 0; i < 10; i++) {
        await publish(published, random.pick(nodes), `wild ${i}`);
        const link = random.pick(random.pick(nodes).links);
        if (link.open) net.cut(link);
        const [a, b] = [random.pick(nodes), random.pick(nodes)];
        if (a !== b) net.connect(a, b);
        await net.advance(random.below(1500), 500);
      }
      await net.advance(15_000, 500);
      expect(lost).toBeGreaterThan(0);
      expectAtMostOnce(published);
    });

    it('heals a network that was cut in two, from the stores of the last seconds', async () => {
      net = new GossipNet(core);
      const nodes = net.addMany(12);
      const half = (first: number) => {
        for (let i = first; i < first + 5; i++) net.connect(nodes[i], nodes[i + 1]);
      };
      half(0);
      half(6);
      const published = new Map<string, TestNode>();
      await publish(published, nodes[0], 'left');
      await publish(published, nodes[11], 'right');
      await net.advance(4000, 500);
      expect([...nodes[11].times.values(), ...nodes[0].times.values()]).toEqual([]);
      net.connect(nodes[5], nodes[6]);
      await net.advance(4000, 500);
      expectExactlyOnce(published);
    });
  });
}
