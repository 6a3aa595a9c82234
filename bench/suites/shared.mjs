/** What several processes of one identity carry, and what their store costs: requests and handshakes over TCP on 127.0.0.1, counted by the processor time of everything that serves, the primary and Redis too. */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { startOther } from '../lib/other-process.mjs';
import { startRedis } from '../lib/redis.mjs';
import { quantile } from '../lib/statistics.mjs';
import { loadCore, sameBytes } from '../lib/suite.mjs';

const HOST = '127.0.0.1';
const NETWORK = 'bench';
const PAYLOAD = 256;
const PEERS = 8;
const SERVER = fileURLToPath(new URL('../lib/shared-server.mjs', import.meta.url));

/** @type {import('../lib/suite.mjs').Suite} */
export const suite = {
  name: 'shared',
  title: 'One identity by one process or two, and what they share: as much as so many cores carry, by the processor time of all that serve',
  cases: [
    {
      name: 'request-64',
      operation: `a request of ${PAYLOAD} bytes and its answer, 8 peers with 8 in flight each`,
      reference: '1 process',
    },
    { name: 'request-1', operation: `a request of ${PAYLOAD} bytes and its answer, one at a time`, reference: '1 process' },
    { name: 'storm-16', operation: 'a new connection, its handshake and its end, 16 at once', reference: '1 process', timeFactor: 2 },
  ],
  subjects: [
    { name: '1 process', prepare: (caseName) => shared(caseName, 1, 'none') },
    { name: '1 process, memory store', prepare: (caseName) => shared(caseName, 1, 'memory') },
    { name: '1 process, Redis', prepare: (caseName) => shared(caseName, 1, 'redis') },
    { name: '2 processes, nothing shared', prepare: (caseName) => shared(caseName, 2, 'none') },
    { name: '2 processes, primary store', prepare: (caseName) => shared(caseName, 2, 'primary') },
    { name: '2 processes, Redis', prepare: (caseName) => shared(caseName, 2, 'redis') },
  ],
};

/** @param {string} caseName @param {number} processes @param {'none' | 'memory' | 'primary' | 'redis'} store */
async function shared(caseName, processes, store) {
  const core = await loadCore('native');
  if (core.missing) return core;
  const { connect, createNode, Identity } = await import('handfast');
  const redis = store === 'redis' ? await startRedis() : undefined;
  if (redis && 'missing' in redis) return redis;
  const server = startOther(SERVER);
  const seed = randomBytes(32).toString('hex');
  const { id, address } = await server.ask({ do: 'start', processes, seed, port: 0, store: redis ? redis.url : store });
  const port = Number(address.split(':').at(-1));
  const peer = id;
  const common = { network: NETWORK, core };
  const storm = caseName.startsWith('storm');
  const atOnce = Number(caseName.split('-').at(-1));
  /** @type {import('handfast').Node[]} */
  const nodes = [];
  for (let i = 0; !storm && i < Math.min(PEERS, atOnce); i++) {
    const node = await createNode({ ...common, identity: Identity.generate({ core }) });
    await node.connect(address, { peer });
    nodes.push(node);
  }
  const identities = Array.from({ length: storm ? atOnce : 0 }, () => Identity.generate({ core }));
  const payload = randomBytes(PAYLOAD);
  const expected = Buffer.from(payload).reverse();
  const once = storm
    ? async (i) => {
        const session = await connect({ ...common, protocol: 'handfast', identity: identities[i], host: HOST, port, peer });
        session.destroy();
        await session.closed;
      }
    : (i) => nodes[i % nodes.length].request(peer, payload);
  /** Microseconds of each process that serves. @returns {Promise<number[]>} */
  const used = async () => [...(await server.ask({ do: 'used' })).used, redis?.used() ?? 0];
  return {
    operations: 1,
    async sample(ms) {
      const took = [];
      const before = await used();
      const startedAt = performance.now();
      const loop = async (i) => {
        for (let now = performance.now(); now - startedAt < ms; ) {
          await once(i);
          const done = performance.now();
          took.push(done - now);
          now = done;
        }
      };
      await Promise.all(Array.from({ length: atOnce }, (_, i) => loop(i)));
      const seconds = (performance.now() - startedAt) / 1000;
      const usedSeconds = (await used()).map((now, i) => (now - before[i]) / 1e6);
      const allSeconds = usedSeconds.reduce((sum, one) => sum + one, 0);
      // Neither can so many cores do more than that in a second, nor can the process that has the most to do.
      const full = Math.max(allSeconds / processes, ...usedSeconds);
      const ns = (percent) => 1e6 * quantile(took, percent / 100);
      const latency = Object.fromEntries([1, 10, 25, 50, 75, 90, 99].map((percent) => [`p${percent}`, ns(percent)]));
      return {
        opsPerSecond: took.length / full,
        nsPerOp: { p50: latency.p50, p99: latency.p99 },
        latency,
        figures: { perSecondByClock: took.length / seconds, processorMicrosecondsEach: (1e6 * allSeconds) / took.length },
      };
    },
    async check() {
      if (storm) await once(0);
      else for (let i = 0; i < nodes.length; i++) sameBytes(await once(i), expected, 'answer');
    },
    async close() {
      await Promise.all(nodes.map((node) => node.close({ drainMs: 100 })));
      await server.end();
      await redis?.end();
    },
    facts: {
      core: core.name,
      processes,
      store,
      rates: 'by the processor time of all that serve, on as many cores as there are processes, and of the busiest of them',
    },
  };
}
