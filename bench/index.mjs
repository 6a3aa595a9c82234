/** The benchmark as a module: `runBenchmarks` for everything, `quickTable` for 20 seconds of it. The package must be built (`npm run build`). */
import { machine, versions } from './lib/environment.mjs';
import { nodeBinary } from './lib/node-versions.mjs';
import { runSuite } from './lib/runner.mjs';
import { MOST_SPREAD } from './lib/statistics.mjs';
import { heading, table } from './lib/table.mjs';
import { SUITES } from './suites/index.mjs';

/**
 * @param {object} [options]
 * @param {readonly string[]} [options.suites] names; all by default. @param {readonly string[]} [options.cases] names; all by default.
 * @param {readonly string[]} [options.subjects] names; all by default, else these and what they are compared with.
 * @param {number} [options.rounds] 6 by default, 5 when quick; fewer than 5 are for trying things out.
 * @param {number} [options.processes] how many sets of fresh processes share the rounds; 3 by default, 1 when quick.
 * @param {number} [options.mostPasses] how often a restless case may be measured, each time in fresh processes and with longer rounds; 2 by default, 1 when quick.
 * @param {boolean} [options.quick] chosen cases and shorter rounds: under a minute for all suites.
 * @param {readonly string[]} [options.nodes] versions of Node, `22` or exact; that of this process by default. Others are installed into build/node.
 * @param {string} [options.command] that the run is to say it was made by.
 * @param {number} [options.roundMs] @param {number} [options.warmMs]
 * @param {(line: string) => void} [options.progress] @param {AbortSignal} [options.signal]
 * @returns {Promise<Run>}
 * @throws {Error} for an unknown suite, case or Node, and when a subject makes wrong bytes.
 */
export async function runBenchmarks(options = {}) {
  const { suites = Object.keys(SUITES), quick = false, cases, progress, signal, nodes, command, subjects } = options;
  const rounds = options.rounds ?? (quick ? 5 : 6);
  const processes = Math.min(rounds, options.processes ?? (quick ? 1 : 3));
  const roundMs = options.roundMs ?? (quick ? 50 : 300);
  const warmMs = options.warmMs ?? (quick ? 100 : 400);
  const mostPasses = options.mostPasses ?? (quick ? 1 : 2);
  for (const name of suites) {
    if (!Object.hasOwn(SUITES, name)) throw new Error(`no suite is called ${name}: there are ${Object.keys(SUITES).join(', ')}`);
  }
  const started = Date.now();
  const where = machine();
  const binaries = nodes ? await Promise.all(nodes.map((version) => nodeBinary(version, progress))) : [undefined];
  /** @type {Pick<Run, 'results' | 'absent' | 'nodes'>} */
  const all = { results: [], absent: [], nodes: [] };
  for (const node of binaries) {
    for (const name of suites) {
      const part = await runSuite(SUITES[name], {
        rounds,
        processes,
        mostPasses,
        roundMs,
        warmMs,
        quick,
        cases,
        subjects,
        node,
        progress,
        signal,
      });
      all.results.push(...part.results);
      all.absent.push(...part.absent);
      for (const versions of part.nodes) if (!all.nodes.some((known) => known.node === versions.node)) all.nodes.push(versions);
    }
  }
  if (all.results.length === 0 && all.absent.length === 0)
    throw new Error(`no case of ${suites.join(', ')} is called ${cases?.join(', ') ?? 'anything'}`);
  return {
    machine: where,
    versions: versions(),
    method: {
      rounds,
      processes,
      mostPasses,
      roundMs,
      warmMs,
      quick,
      mostSpreadForRatio: MOST_SPREAD,
      seconds: Math.round((Date.now() - started) / 1000),
    },
    date: new Date(started).toISOString(),
    ...(command && { command }),
    ...all,
  };
}

/**
 * Some 20 seconds: handshakes, and small and large messages. For the demo.
 * @param {{ progress?: (line: string) => void, signal?: AbortSignal }} [options]
 * @returns {Promise<{ run: Run, text: string }>}
 */
export async function quickTable({ progress, signal } = {}) {
  const common = { quick: true, roundMs: 80, warmMs: 150, progress, signal };
  const run = await runBenchmarks({
    ...common,
    suites: ['handshake', 'message'],
    cases: ['memory', 'aes-256-gcm/256-B', 'aes-256-gcm/16-KiB'],
  });
  return { run, text: table(run) };
}

export { compareRuns } from './lib/compare.mjs';
export { comparisonMarkdown, comparisonText } from './lib/comparison-text.mjs';
export { reportPage } from './lib/report.mjs';
export { readRun, runText } from './lib/run-file.mjs';
export { heading, SUITES, table };

/**
 * @typedef {object} Run
 * @property {ReturnType<typeof machine>} machine
 * @property {Record<string, string>} versions
 * @property {{ rounds: number, processes?: number, mostPasses: number, roundMs: number, warmMs: number, quick: boolean, mostSpreadForRatio: number, seconds: number }} method
 * @property {string} date
 * @property {string} [command]
 * @property {import('./lib/runner.mjs').NodeVersions[]} nodes
 * @property {import('./lib/runner.mjs').Result[]} results
 * @property {import('./lib/runner.mjs').Absent[]} absent
 */
