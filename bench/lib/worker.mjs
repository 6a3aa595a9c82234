// @ts-check
/**
 * The process of one subject: loads its suite, prepares cases and measures a round when told to. Ends when the channel closes.
 * Started as `node worker.mjs SUITE-FILE SUBJECT`; talks by messages of child_process.
 */
import { Bench } from 'tinybench';

const [suiteUrl, subjectName] = process.argv.slice(2);
const { suite } = await import(suiteUrl);
const subject = /** @type {import('./suite.mjs').Subject} */ (
  suite.subjects.find((/** @type {{ name: string }} */ { name }) => name === subjectName)
);
/** @type {import('./suite.mjs').Prepared | undefined} */
let prepared;

process.on('message', async (/** @type {any} */ message) => {
  try {
    process.send?.(await answer(message));
  } catch (error) {
    process.send?.({ error: error instanceof Error ? `${error.message}` : String(error) });
  }
});
process.on('disconnect', () => process.exit());
process.send?.({ ready: true });

/** @param {any} message */
async function answer(message) {
  switch (message.do) {
    case 'prepare': {
      await prepared?.close?.();
      prepared = undefined;
      const made = await subject.prepare(message.case);
      if (made === undefined) return { absent: true };
      if ('missing' in made) return { missing: made.missing };
      prepared = made;
      await prepared.check();
      return { facts: made.facts ?? {} };
    }
    case 'warm':
      await sample(message.ms);
      return {};
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
 * Calls for `ms` milliseconds. Tinybench times each call; the rate is by the processor time of the whole process, garbage collection included, which is the wall time as long as
 * nothing else runs on the core, and stays true when something does.
 * @param {number} ms @returns {Promise<import('./suite.mjs').Sample>}
 */
async function sample(ms) {
  if (!prepared) throw new Error('no case is prepared');
  const { call, operations } = prepared;
  if (prepared.sample) return prepared.sample(ms);
  const bench = new Bench({ time: ms, iterations: 1, warmup: false, throws: true, timestampProvider: 'hrtimeNow' });
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
  bench.add('call', /** @type {() => unknown} */ (call), hooks);
  await bench.run();
  const result = /** @type {any} */ (bench.tasks[0].result);
  if (result.state !== 'completed') throw result.error ?? new Error(`round ended as ${result.state}`);
  const { samplesCount, p50, p99 } = result.latency;
  const ns = 1e6 / operations;
  return { opsPerSecond: (operations * samplesCount * 1e6) / (used.user + used.system), nsPerOp: { p50: p50 * ns, p99: p99 * ns } };
}
