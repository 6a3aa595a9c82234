// @ts-check
/**
 * The process of one subject: loads its suite, prepares cases and measures a round when told to. Ends when the channel closes.
 * Started as `node worker.mjs SUITE-FILE SUBJECT`; talks by messages of child_process.
 */
import { Bench } from 'tinybench';
import { quantiles } from './statistics.mjs';

const [suiteUrl, subjectName] = process.argv.slice(2);
const { suite } = await import(suiteUrl);
const subject = /** @type {import('./suite.mjs').Subject} */ (
  suite.subjects.find((/** @type {{ name: string }} */ { name }) => name === subjectName)
);
/** @type {import('./suite.mjs').Prepared | undefined} */
let prepared;
/** Whether its call returns a promise. */
let asynchronous = false;

process.on('message', async (/** @type {any} */ message) => {
  try {
    process.send?.(await answer(message));
  } catch (error) {
    process.send?.({ error: error instanceof Error ? `${error.message}` : String(error) });
  }
});
process.on('disconnect', () => process.exit());
process.send?.({ ready: true, versions: { node: process.versions.node, v8: process.versions.v8, openssl: process.versions.openssl } });

/** @param {any} message */
async function answer(message) {
  switch (message.do) {
    case 'prepare': {
      await prepared?.close?.();
      prepared = undefined;
      const made = await subject.prepare(message.case);
      if (made === undefined) return { absent: true };
      if ('missing' in made) return { missing: made.missing };
      prepared = made.call ? { ...made, call: slowed(made.call, message.case) } : made;
      const first = prepared.call?.();
      asynchronous = first instanceof Promise;
      await first;
      await made.check();
      return { facts: made.facts ?? {}, ownSample: made.sample !== undefined };
    }
    case 'round':
      return sample(message.ms);
    case 'check':
      await prepared?.check();
      return {};
    default:
      throw new Error(`unknown message ${JSON.stringify(message)}`);
  }
}

/**
 * Calls for `ms` milliseconds of processor time: on a busy machine a subject would otherwise get as little warming up and measuring as the scheduler leaves it. Tinybench times each call;
 * the rate is by the processor time of the whole process, garbage collection included, which is the wall time as long as nothing else runs on the core, and stays true when something does.
 * @param {number} ms @returns {Promise<import('./suite.mjs').Sample>}
 */
async function sample(ms) {
  if (!prepared) throw new Error('no case is prepared');
  const { call, operations } = prepared;
  if (prepared.sample) return prepared.sample(ms);
  const until = performance.now() + MOST_WAIT * ms;
  /** @type {number[]} */
  let took = [];
  let usedMs = 0;
  do {
    const part = await timed(/** @type {() => unknown} */ (call), ms - usedMs);
    usedMs += part.usedMs;
    took = took.length === 0 ? part.took : took.concat(part.took);
  } while (usedMs < 0.9 * ms && performance.now() < until);
  const ns = quantiles(
    took,
    QUANTILES.map((percent) => percent / 100),
  ).map((each) => (each * 1e6) / operations);
  const latency = Object.fromEntries(QUANTILES.map((percent, i) => [`p${percent}`, ns[i]]));
  return { opsPerSecond: (operations * took.length * 1000) / usedMs, nsPerOp: { p50: latency.p50, p99: latency.p99 }, latency, usedMs };
}

/** @param {() => unknown} call @param {number} ms of wall time. @returns {Promise<{ usedMs: number, took: number[] }>} processor time, and milliseconds of each call. */
async function timed(call, ms) {
  const bench = new Bench({ time: ms, iterations: 1, warmup: false, throws: true, retainSamples: true, timestampProvider: 'hrtimeNow' });
  let before = process.cpuUsage();
  let used = before;
  const hooks = {
    beforeAll() {
      before = process.cpuUsage();
    },
    afterAll() {
      used = process.cpuUsage(before);
    },
  };
  // Said, since it would find out by a call that it neither awaits nor counts, and which takes the processor from those that it does.
  bench.add('call', call, { ...hooks, async: asynchronous });
  await bench.run();
  const result = /** @type {any} */ (bench.tasks[0].result);
  if (result.state !== 'completed') throw result.error ?? new Error(`round ended as ${result.state}`);
  return { usedMs: Math.max(0.001, (used.user + used.system) / 1000), took: result.latency.samples };
}

/**
 * The call with more work than it has, for showing that a comparison notices: HANDFAST_BENCH_SLOW=CASE=SUBJECT=30 makes 30 calls more of every 100, uncounted.
 * @param {() => unknown} call @param {string} caseName @returns {() => unknown}
 */
function slowed(call, caseName) {
  const [slowCase, slowSubject, percent] = (process.env.HANDFAST_BENCH_SLOW ?? '').split('=');
  if (slowCase !== caseName || slowSubject !== subjectName) return call;
  let due = 0;
  return () => {
    const made = call();
    due += Number(percent) / 100;
    if (due < 1) return made;
    due -= 1;
    return made instanceof Promise ? made.then(call) : call();
  };
}

/** How many times its processor time a round may last: what waits for something, or never gets the processor, must end too. */
const MOST_WAIT = 8;
const QUANTILES = [1, 10, 25, 50, 75, 90, 99];
