/** Many peers in a second process that reconnect to one listener again and again. Measured at the listener: how many a second, and how long its event loop stands still; at the peers: how long each waits. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { controlSubject, peerSubjects } from '../lib/peers/index.mjs';
import { TcpProcess } from '../lib/tcp-process.mjs';
import { checkPair, cut, loopback, welcome } from '../lib/transport.mjs';

const PEERS = [64, 256];
/** Shorter rounds are only there to see whether it works, and need no more than this. */
const SHORT_MS = 20;
const FEW = 4;

/** @type {import('../lib/suite.mjs').Suite} */
export const suite = {
  name: 'storm',
  title: 'Peers in a second process, on another core, reconnecting to one listener',
  cases: PEERS.map((peers) => ({
    name: `peers-${peers}`,
    operation: `a new connection, its handshake, one message back, and its end, ${peers} peers at once; p50 and p99: from dialling to that message`,
    reference: 'node:net',
    timeFactor: 2,
  })),
  subjects: [
    ...peerSubjects(subjectOf).map((subject) =>
      // A quick run has no time for it: some hundred connections take it a second.
      subject.name === 'handfast pure' ? { ...subject, quick: false } : subject,
    ),
    // What lanes save, and what they could save at most.
    controlSubject('handfast native, lanes off', subjectOf),
    controlSubject('handfast native, keys for nothing', subjectOf),
  ],
};

/** @param {import('../lib/transport.mjs').Transport} transport @param {string} caseName @param {{ name: string }} peer */
function subjectOf(transport, caseName, { name }) {
  return storm(transport, name, Number(caseName.slice('peers-'.length)));
}

/** @param {import('../lib/transport.mjs').Transport} transport @param {string} name @param {number} peers */
async function storm(transport, name, peers) {
  const { port, close } = await transport.listen(welcome);
  const diallers = await TcpProcess.start(name, transport.credentials);
  return {
    operations: 1,
    async sample(ms) {
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      const before = process.cpuUsage();
      const { count, seconds, latency } = await diallers.ask('storm', { port, peers: ms < SHORT_MS ? FEW : peers, ms });
      const { user, system } = process.cpuUsage(before);
      delay.disable();
      return {
        // By the listener's processor time: what one core takes. The clock also sees whether the diallers keep up.
        opsPerSecond: (count * 1e6) / (user + system),
        nsPerOp: { p50: latency.p50, p99: latency.p99 },
        latency,
        figures: {
          handshakesPerSecondByClock: count / seconds,
          eventLoopDelayP50Ms: delay.percentile(50) / 1e6,
          eventLoopDelayP99Ms: delay.percentile(99) / 1e6,
          eventLoopDelayMaxMs: delay.max / 1e6,
        },
      };
    },
    async check() {
      const ends = await loopback(transport);
      const pair = await ends.open();
      await checkPair(transport, pair);
      await cut(pair);
      await ends.close();
    },
    async close() {
      await diallers.end();
      await close();
    },
    facts: { ...transport.facts, peers },
  };
}
