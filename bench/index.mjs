/** The benchmark as a module: `runBenchmarks` for everything, `quickTable` for 20 seconds of it. The package must be built (`npm run build`). */
import { machine, versions } from './lib/environment.mjs';
import { runSuite } from './lib/runner.mjs';
import { MOST_SPREAD } from './lib/statistics.mjs';
import { table } from './lib/table.mjs';
import { SUITES } from './suites/index.mjs';

/**
 * @param {object} [options]
 * @param {readonly string[]} [options.suites] names; all by default. @param {readonly string[]} [options.cases] names; all by default.
 * @param {number} [options.rounds] 5 by default; fewer than 5 are for trying things out.
 * @param {boolean} [options.quick] shorter rounds.
 * @param {number} [options.roundMs] @param {number} [options.warmMs]
 * @param {(line: string) => void} [options.progress] @param {AbortSignal} [options.signal]
 * @returns {Promise<Run>}
 * @throws {Error} for an unknown suite or case, and when a subject makes wrong bytes.
 */
export async function runBenchmarks(options = {}) {
  const { suites = Object.keys(SUITES), rounds = 5, quick = false, cases, progress, signal } = options;
  const roundMs = options.roundMs ?? (quick ? 60 : 300);
  const warmMs = options.warmMs ?? (quick ? 400 : 800);
  for (const name of suites) {
    if (!Object.hasOwn(SUITES, name)) throw new Error(`no suite is called ${name}: there are ${Object.keys(SUITES).join(', ')}`);
  }
  const started = Date.now();
  const where = machine();
  const results = [];
  const absent = [];
  for (const name of suites) {
    const part = await runSuite(SUITES[name], { rounds, roundMs, warmMs, quick, cases, progress, signal });
    results.push(...part.results);
    absent.push(...part.absent);
  }
  if (results.length === 0 && absent.length === 0) throw new Error(`no case of ${suites.join(', ')} is called ${cases?.join(', ')}`);
  return {
    machine: where,
    versions: versions(),
    method: { rounds, roundMs, warmMs, mostSpreadForRatio: MOST_SPREAD, seconds: Math.round((Date.now() - started) / 1000) },
    date: new Date(started).toISOString(),
    results,
    absent,
  };
}

/**
 * Some 20 seconds: handshakes, and small and large messages. For the demo.
 * @param {{ progress?: (line: string) => void, signal?: AbortSignal }} [options]
 * @returns {Promise<{ run: Run, text: string }>}
 */
export async function quickTable({ progress, signal } = {}) {
  const common = { roundMs: 130, warmMs: 400, progress, signal };
  const run = await runBenchmarks({
    ...common,
    suites: ['handshake', 'message'],
    cases: ['memory', 'aes-256-gcm/256-B', 'aes-256-gcm/16-KiB'],
  });
  return { run, text: table(run) };
}

export { SUITES, table };

/**
 * @typedef {object} Run
 * @property {ReturnType<typeof machine>} machine
 * @property {Record<string, string>} versions
 * @property {object} method
 * @property {string} date
 * @property {import('./lib/runner.mjs').Result[]} results
 * @property {import('./lib/runner.mjs').Absent[]} absent
 */
