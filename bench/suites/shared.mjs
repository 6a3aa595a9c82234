/**
 * What several processes of one identity carry, and what their store costs: requests and handshakes over TCP on 127.0.0.1, by the clock, all processes on all cores. The peers are on the same cores, so they are as light
 * as may be, and what they take is said beside what those who serve take, the primary and Redis too.
 */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { onAllCores } from '../lib/all-cores.mjs';
import { LightDialler } from '../lib/light-dialler.mjs';
import { LightRequests } from '../lib/light-requests.mjs';
import { startStorm } from '../lib/light-storm.mjs';
import { startOther } from '../lib/other-process.mjs';
import { startRedis } from '../lib/redis.mjs';
import { quantiles } from '../lib/statistics.mjs';
import { loadCore } from '../lib/suite.mjs';

const NETWORK = 'bench';
const PAYLOAD = 256;
const PEERS = 8;
const SERVER = fileURLToPath(new URL('../lib/shared-server.mjs', import.meta.url));

/** @type {import('../lib/suite.mjs').Suite} */
export const suite = {
  name: 'shared',
  title: 'One identity by one process or two, and what they share: by the clock, with the peers on the same cores',
  cases: [
    ...[64, 512].map((atOnce) => ({
      name: `request-${atOnce}`,
      operation: `a request of ${PAYLOAD} bytes and its answer, ${PEERS} peers with ${atOnce / PEERS} in flight each`,
      reference: '1 process',
    })),
    ...[16, 64].map((atOnce) => ({
      name: `storm-${atOnce}`,
      operation: `a new connection, its handshake as a node and its end, ${atOnce} at once`,
      reference: '1 process',
      timeFactor: 2,
    })),
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
  const pinned = onAllCores();
  const redis = store === 'redis' ? await startRedis() : undefined;
  if (redis && 'missing' in redis) return redis;
  const server = startOther(SERVER, [], { anywhere: true });
  const storms = caseName.startsWith('storm');
  const atOnce = Number(caseName.split('-').at(-1));
  const seed = randomBytes(32).toString('hex');
  const serving = await server.ask({ do: 'start', processes, inTurn: !storms, seed, port: 0, store: redis ? redis.url : store });
  const load = await (storms ? storm : requests)({
    core,
    atOnce,
    peer: serving.id,
    listener: serving.publicKey,
    port: Number(serving.address.split(':').at(-1)),
  });
  // Each that serves compiles for itself what it does often, and until then takes half as much time again for each handshake. With few at once that would take too long.
  for (let made = 0; caseName === 'storm-64' && made < COMPILED * processes; ) made += (await load.run(WARM_MS)).count;
  /** Of each that serves. @returns {Promise<{ used: number, handled: number, opened: number }[]>} */
  const done = async () => [...(await server.ask({ do: 'done' })).done, { used: redis?.used() ?? 0, handled: 0, opened: 0 }];
  const run = async (ms) => {
    const before = await done();
    const made = await load.run(ms);
    const after = await done();
    const used = after.map((now, i) => now.used - before[i].used);
    const counted = after.reduce((sum, now, i) => sum + now[load.counts] - before[i][load.counts], 0);
    // Each was served, none of them twice.
    if (counted !== made.count) throw new Error(`${made.count} ${load.counts} as the peers have it, ${counted} by those who serve`);
    return { ...made, used };
  };
  return {
    operations: 1,
    async sample(ms) {
      const { count, seconds, usedMicroseconds, latency, used } = await run(ms);
      const all = used.reduce((sum, one) => sum + one, 0);
      return {
        opsPerSecond: count / seconds,
        nsPerOp: { p50: latency.p50, p99: latency.p99 },
        latency,
        figures: {
          servingMicrosecondsEach: all / count,
          // The first one is the primary where there are several, and the last one is Redis.
          ...(processes > 1 ? { primaryMicrosecondsEach: used[0] / count } : {}),
          ...(redis ? { redisMicrosecondsEach: used.at(-1) / count } : {}),
          peersMicrosecondsEach: usedMicroseconds / count,
          // What so many cores would carry were the peers elsewhere: no more than that in a second, nor more than the process that has the most to do.
          perSecondByProcessorTime: (1e6 * count) / Math.max(all / processes, ...used),
        },
      };
    },
    check: async () => void (await run(CHECK_MS)),
    async close() {
      await load.close();
      await server.end();
      await redis?.end();
      pinned();
    },
    facts: { core: core.name, processes, store, peers: load.by, rates: 'by the clock, all processes on all cores' },
  };
}

/**
 * Both loads: what those who serve count of it, and a round. `usedMicroseconds` of the peers, `latency` in nanoseconds.
 * @typedef {{ core: any, atOnce: number, peer: string, listener: string, port: number }} Loading
 */

/** @param {Loading} loading */
async function requests({ core, atOnce, peer, port }) {
  const payload = randomBytes(PAYLOAD);
  const expected = Buffer.from(payload).reverse();
  const dialler = new LightDialler(core, port);
  /** @type {LightRequests[]} */
  const peers = [];
  for (let i = 0; i < PEERS; i++) {
    const dialled = await dialler.dial(await machineOf(core, peer));
    peers.push(new LightRequests(dialled, core, { payload, expected, atOnce: atOnce / PEERS }));
  }
  return {
    counts: 'handled',
    by: 'Node',
    /** @param {number} ms */
    async run(ms) {
      const before = process.cpuUsage();
      const start = performance.now();
      const rounds = await Promise.all(peers.map((one) => one.ask(ms)));
      const seconds = (performance.now() - start) / 1000;
      const { user, system } = process.cpuUsage(before);
      const took = rounds.flatMap(({ latency }) => latency);
      return { count: took.length, seconds, usedMicroseconds: user + system, latency: latencyOf(took, 1e6) };
    },
    async close() {
      for (const one of peers) one.close();
    },
  };
}

/** @param {Loading} loading */
async function storm({ core, atOnce, peer, listener, port }) {
  const machines = await Promise.all(Array.from({ length: 256 }, () => machineOf(core, peer)));
  const peers = startStorm({ core, port, network: NETWORK, listener, atOnce, machines });
  return {
    counts: 'opened',
    by: peers.by,
    /** @param {number} ms */
    async run(ms) {
      const { opened, seconds, usedMicroseconds, nanoseconds } = await peers.run(ms);
      return { count: opened, seconds, usedMicroseconds, latency: Array.isArray(nanoseconds) ? latencyOf(nanoseconds, 1) : nanoseconds };
    },
    close: () => peers.end(),
  };
}

/** The dialling side of a new peer. @param {any} core @param {string} peer */
async function machineOf(core, peer) {
  const { Identity } = await import('handfast');
  const { handfast } = await import('handfast/protocols');
  return handfast.initiator({ identity: Identity.generate({ core }), network: NETWORK, core, peer, node: true, bootId: randomBytes(16) });
}

/** @param {readonly number[]} took @param {number} nanoseconds of one of them. @returns {Record<string, number>} */
function latencyOf(took, nanoseconds) {
  const percents = [1, 10, 25, 50, 75, 90, 99];
  const each = quantiles(
    took,
    percents.map((percent) => percent / 100),
  );
  return Object.fromEntries(percents.map((percent, i) => [`p${percent}`, nanoseconds * each[i]]));
}

const CHECK_MS = 20;
const WARM_MS = 500;
/** By so many handshakes a process has compiled nearly all that they need. */
const COMPILED = 12_000;
