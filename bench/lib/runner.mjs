// @ts-check
/**
 * Runs suites: every subject of a case in the same rounds, one after the other, and medians over the rounds. The rounds are shared out to several sets of fresh processes: the JIT compiles
 * some code one way in one process and another way in the next, for good, and a figure of one process would hide that from its spread.
 */
import { QUICK_CASES } from './quick.mjs';
import { median, paired, ratio, ratioSpread, spread } from './statistics.mjs';
import { SubjectProcess } from './subject-process.mjs';

/**
 * @typedef {object} Options
 * @property {number} rounds 5 or more for figures that are to be believed.
 * @property {number} [processes] how many sets of fresh processes share the rounds; 1 by default, never more than rounds.
 * @property {number} [mostPasses] a case whose ratios differ too much is measured again in fresh processes, each round joined with the one of before, up to so many times; 1 by default.
 * @property {number} roundMs how long a subject is measured in a round.
 * @property {number} warmMs how long it runs before the first one, again and again until it gets no faster.
 * @property {readonly string[]} [cases] only these. @property {readonly string[]} [subjects] only these, and the reference of each case.
 * @property {boolean} [quick] only the cases and subjects that are for it.
 * @property {string} [node] the binary to run subjects with; this process's own by default.
 * @property {((line: string) => void) | undefined} [progress]
 * @property {AbortSignal} [signal]
 *
 * @typedef {object} Result
 * @property {string} suite
 * @property {string} case
 * @property {string} subject
 * @property {string} node the version it ran on.
 * @property {string} operation
 * @property {string} [protocol]
 * @property {string} [measures] which of `figures` the case is about, instead of opsPerSecond.
 * @property {number} opsPerSecond median over the rounds.
 * @property {{ p50: number, p99: number }} nsPerOp medians over the rounds of each round's quantile.
 * @property {Record<string, number>} [latency] nanoseconds an operation, medians over the rounds of `p1` to `p99`.
 * @property {Record<string, { median: number, spread: number }>} [figures] whatever else the suite measured.
 * @property {number} spread of opsPerSecond over the rounds.
 * @property {number[]} rounds opsPerSecond of each.
 * @property {number} passes how often the rounds were made, each the longer for it.
 * @property {string} reference
 * @property {number} [ratio] to the reference; absent when the spread of either is too large.
 * @property {number} [ratioOfRounds] the same, whatever the spread: for comparing runs, which has a limit of its own by `ratioSpread`.
 * @property {number} [ratioSpread] of the ratios of the rounds; there with the reference, whatever it is.
 * @property {Record<string, string | number>} facts
 *
 * @typedef {{ suite: string, case: string, subject: string, node: string, install: string }} Absent
 * @typedef {{ node: string, v8: string, openssl: string }} NodeVersions
 * @typedef {{ name: string, process: SubjectProcess, versions: NodeVersions }} Running
 */

/**
 * @param {string} suiteUrl the file of a suite. @param {Options} options
 * @returns {Promise<{ results: Result[], absent: Absent[], nodes: NodeVersions[] }>}
 * @throws {Error} when a subject makes wrong bytes, or fails.
 */
export async function runSuite(suiteUrl, options) {
  /** @type {{ suite: import('./suite.mjs').Suite }} */
  const { suite } = await import(suiteUrl);
  const cases = chosenCases(suite, options);
  const wanted = options.subjects && [...options.subjects, ...cases.map(({ reference }) => reference)];
  const subjects = suite.subjects.filter(({ name, quick }) => (wanted ? wanted.includes(name) : !options.quick || quick !== false));
  /** @type {{ results: Result[], absent: Absent[], nodes: NodeVersions[] }} */
  const all = { results: [], absent: [], nodes: [] };
  if (cases.length === 0) return all;
  const gathered = cases.map((one) => ({ one, subjects: /** @type {Measured[]} */ ([]), absent: /** @type {Absent[]} */ ([]), passes: 0 }));
  const shares = sharesOf(options.rounds, options.processes ?? 1);
  for (let pass = 1, open = gathered; open.length > 0; pass++) {
    /** @type {Measured[][]} */
    const before = open.map((kept) => kept.subjects);
    for (const [set, rounds] of shares.entries()) {
      const progress = said(options.progress, shares.length, set, pass);
      await inProcesses(suite, suiteUrl, subjects, options.node, async (running) => {
        for (const { versions } of running) if (!all.nodes.some(({ node }) => node === versions.node)) all.nodes.push(versions);
        for (const kept of open) {
          const part = await runCase(suite, kept.one, running, { ...options, rounds, progress });
          kept.subjects = set === 0 ? part.subjects : kept.subjects.map((subject) => withRoundsOf(subject, part.subjects));
          kept.absent = part.absent;
        }
      });
    }
    for (const [i, kept] of open.entries()) {
      if (pass > 1) kept.subjects = before[i].map((subject) => joinedWith(subject, kept.subjects));
      kept.passes = pass;
    }
    open = open.filter(({ one, subjects: some }) => !one.measures && pass < (options.mostPasses ?? 1) && restless(one, some));
  }
  for (const { one, subjects, absent, passes } of gathered) {
    all.results.push(...summed(suite, one, subjects, passes));
    all.absent.push(...absent);
  }
  return all;
}

/** How many rounds each set of processes plays: as even as may be. @param {number} rounds @param {number} processes */
export function sharesOf(rounds, processes) {
  const sets = Math.max(1, Math.min(rounds, processes));
  return Array.from({ length: sets }, (_, set) => Math.floor((rounds + sets - 1 - set) / sets));
}

/** @param {Measured} subject @param {Measured[]} others of the same case, in other processes. @returns {Measured} */
function withRoundsOf(subject, others) {
  const other = others.find(({ name }) => name === subject.name);
  if (!other) throw new Error(`${subject.name}: took part in one process and not in the next`);
  return { ...subject, parts: [...subject.parts, ...other.parts] };
}

/** Each round joined with the same round of another pass: it spans more time, and differs less. @param {Measured} subject @param {Measured[]} others of the same case. @returns {Measured} */
function joinedWith(subject, others) {
  const other = others.find(({ name }) => name === subject.name);
  if (!other) throw new Error(`${subject.name}: took part in one pass and not in the next`);
  return { ...subject, parts: subject.parts.map((part, round) => [...part, ...other.parts[round]]) };
}

/** @param {Options['progress']} progress @param {number} sets @param {number} set @param {number} pass */
function said(progress, sets, set, pass) {
  const where = `${sets === 1 ? '' : `processes ${set + 1} of ${sets}, `}${pass === 1 ? '' : `again as the rounds differ (${pass}), `}`;
  return progress && ((/** @type {string} */ line) => progress(where + line));
}

/**
 * @param {import('./suite.mjs').Suite} suite @param {string} suiteUrl @param {import('./suite.mjs').Subject[]} subjects @param {string | undefined} node
 * @param {(running: Running[]) => Promise<void>} use
 */
async function inProcesses(suite, suiteUrl, subjects, node, use) {
  const processes = subjects.map(({ name }) => ({ name, process: new SubjectProcess(suiteUrl, name, { node }) }));
  try {
    /** @type {Running[]} */
    const running = [];
    for (const { name, process } of processes) {
      const { versions } = await named(`${suite.name}, ${name}`, process.ready());
      running.push({ name, process, versions });
    }
    await use(running);
  } finally {
    for (const { process } of processes) process.end();
  }
}

/** @param {import('./suite.mjs').Suite} suite @param {Options} options */
function chosenCases({ name, cases }, { cases: asked, quick }) {
  const wanted = asked ?? (quick ? QUICK_CASES[name] : undefined);
  return wanted ? cases.filter((one) => wanted.includes(one.name)) : quick ? [] : cases;
}

/** @param {import('./suite.mjs').Suite} suite @param {import('./suite.mjs').Case} one @param {Running[]} processes @param {Options} options */
async function runCase(suite, one, processes, options) {
  const { rounds, mostPasses = 1, progress, signal } = options;
  const factor = one.timeFactor ?? 1;
  /** @type {Absent[]} */
  const absent = [];
  /** @type {(Running & Measured & { ownSample: boolean })[]} */
  const running = [];
  const ask = (/** @type {Running} */ { name, process }, /** @type {object} */ message) => {
    signal?.throwIfAborted();
    return named(`${suite.name}, ${one.name}, ${name}`, process.ask(message));
  };

  progress?.(`${suite.name} ${one.name}: warming up`);
  for (const subject of processes) {
    const { needsNode, protocol } = /** @type {import('./suite.mjs').Subject} */ (suite.subjects.find(({ name }) => name === subject.name));
    const { node } = subject.versions;
    const gap = { suite: suite.name, case: one.name, subject: subject.name, node };
    if (needsNode !== undefined && older(node, needsNode)) {
      absent.push({ ...gap, install: `it needs Node ${needsNode}: handfast bench ${suite.name} --node ${needsNode}` });
      continue;
    }
    const answer = await ask(subject, { do: 'prepare', case: one.name });
    if (answer.missing) absent.push({ ...gap, install: answer.missing });
    if (!answer.facts) continue;
    // Bytes do not get fewer by being counted often.
    if (!one.measures) await warm((ms) => ask(subject, { do: 'round', ms }), options.warmMs * factor, options.quick ? 8 : 10);
    running.push({ ...subject, node, protocol: protocol ?? one.protocol, parts: [], facts: answer.facts, ownSample: answer.ownSample });
  }
  const most = one.measures || mostPasses === 1 ? 1 : MOST_WARMING;
  for (let tries = 1; tries === 1 || (tries <= most && running.some(warming)); tries++) {
    // It got faster all the time: that was warming up, and is no part of the figure.
    for (const subject of running) subject.parts = [];
    for (let round = 0; round < rounds; round++) {
      progress?.(`${suite.name} ${one.name}: round ${round + 1} of ${rounds}`);
      await playRound(running, round, options.roundMs * factor, ask);
    }
  }
  for (const subject of running) await ask(subject, { do: 'check' });
  const subjects = running.map(({ name, node, protocol, parts, facts }) => ({ name, node, protocol, parts, facts }));
  return { absent, subjects };
}

/**
 * Subjects take many short turns in a round: what slows the machine for half a second slows them alike, and their ratio stays what it was.
 * What measures by itself may need its whole time at once, and has one turn. What takes longer than a turn for a single call waits until the others have had as much.
 * @param {(Running & Measured & { ownSample: boolean })[]} running @param {number} round @param {number} ms of each subject.
 * @param {(subject: Running, message: object) => Promise<any>} ask
 */
export async function playRound(running, round, ms, ask) {
  const turns = Math.max(1, Math.round(ms / TURN_MS));
  const turnMs = ms / turns;
  const parts = running.map(() => /** @type {import('./suite.mjs').Sample[]} */ ([]));
  const usedMs = running.map(() => 0);
  for (let turn = 0; turn < turns; turn++) {
    // Each turn begins with another subject, so that none is always the one after the same neighbour.
    for (let i = 0; i < running.length; i++) {
      const at = (i + round + turn) % running.length;
      const subject = running[at];
      if (turn > 0 && (subject.ownSample || usedMs[at] > (turn + 0.5) * turnMs)) continue;
      const sample = await ask(subject, { do: 'round', ms: subject.ownSample ? ms : turnMs });
      parts[at].push(sample);
      usedMs[at] += sample.usedMs ?? turnMs;
    }
  }
  for (const [i, { parts: kept }] of running.entries()) kept[round] = [...(kept[round] ?? []), joined(parts[i])];
}

/** One sample of several turns of the same length. @param {import('./suite.mjs').Sample[]} parts @returns {import('./suite.mjs').Sample} */
function joined(parts) {
  if (parts.length === 1) return parts[0];
  const { latency, figures } = parts[0];
  return {
    opsPerSecond: parts.reduce((sum, { opsPerSecond }) => sum + opsPerSecond, 0) / parts.length,
    nsPerOp: { p50: median(parts.map(({ nsPerOp }) => nsPerOp.p50)), p99: median(parts.map(({ nsPerOp }) => nsPerOp.p99)) },
    ...(latency && { latency: medians(parts.map((part) => part.latency ?? {})) }),
    ...(figures && { figures: medians(parts.map((part) => part.figures ?? {})) }),
  };
}

/**
 * Whether the rounds of a subject of ours differ so much that a comparison would pass over what it should see. Joined rounds differ less, since each spans more time.
 * @param {import('./suite.mjs').Case} one @param {Measured[]} subjects
 */
function restless(one, subjects) {
  const reference = subjects.find(({ name }) => name === one.reference);
  return subjects.some((subject) => {
    if (!isOurs(subject.name)) return false;
    const own = ratesOf(subject);
    return (reference ? ratioSpread(own, ratesOf(reference)) : spread(own)) > CALM_SPREAD;
  });
}

/** Whether every one of the last rounds is faster than all of the first ones, by more than a little. @param {Measured} subject */
function warming(subject) {
  const rates = ratesOf(subject);
  const half = Math.floor(rates.length / 2);
  return half > 0 && Math.min(...rates.slice(-half)) > Math.max(...rates.slice(0, half)) * WARMING;
}

/** The others are measured for comparison: no verdict is passed on them. @param {string} subject */
export function isOurs(subject) {
  return subject.startsWith('handfast');
}

/**
 * @typedef {object} Measured
 * @property {string} name
 * @property {string} node
 * @property {string | undefined} [protocol]
 * @property {import('./suite.mjs').Sample[][]} parts by round: one of each pass.
 * @property {Record<string, string | number>} facts
 */

/** @param {import('./suite.mjs').Suite} suite @param {import('./suite.mjs').Case} one @param {Measured[]} subjects @param {number} passes @returns {Result[]} */
export function summed(suite, one, subjects, passes) {
  const reference = subjects.find(({ name }) => name === one.reference);
  return subjects.map((subject) => {
    const { parts, protocol } = subject;
    const samples = parts.map(joined);
    const own = ratesOf(subject);
    const toReference = reference && ratio(own, ratesOf(reference));
    return {
      suite: suite.name,
      case: one.name,
      subject: subject.name,
      node: subject.node,
      operation: one.operation,
      ...(protocol && { protocol }),
      ...(one.measures && { measures: one.measures }),
      opsPerSecond: median(own),
      nsPerOp: { p50: median(samples.map(({ nsPerOp }) => nsPerOp.p50)), p99: median(samples.map(({ nsPerOp }) => nsPerOp.p99)) },
      ...(samples[0].latency && { latency: medians(samples.map(({ latency }) => latency ?? {})) }),
      ...(samples[0].figures && { figures: figuresOf(samples.map(({ figures }) => figures ?? {})) }),
      spread: spread(own),
      rounds: own,
      passes,
      reference: one.reference,
      ...(toReference === undefined ? {} : { ratio: toReference }),
      ...(reference && { ratioOfRounds: median(paired(own, ratesOf(reference))), ratioSpread: ratioSpread(own, ratesOf(reference)) }),
      facts: subject.facts,
    };
  });
}

/** @param {Measured} subject */
function ratesOf({ parts }) {
  return parts.map((part) => joined(part).opsPerSecond);
}

/** Of each name. @param {Record<string, number>[]} rounds */
function medians(rounds) {
  return Object.fromEntries(Object.keys(rounds[0]).map((name) => [name, median(rounds.map((round) => round[name]))]));
}

/** @param {Record<string, number>[]} rounds */
function figuresOf(rounds) {
  return Object.fromEntries(
    Object.keys(rounds[0]).map((name) => {
      const values = rounds.map((round) => round[name]);
      return [name, { median: median(values), spread: spread(values) }];
    }),
  );
}

/** @param {string} version @param {string} needed `22` or `22.4.0` */
function older(version, needed) {
  const [own, least] = [version, needed].map((text) => text.split('.').map(Number));
  for (const [i, part] of least.entries()) if (own[i] !== part) return own[i] < part;
  return false;
}

/**
 * Runs a subject until it gets no faster: much JavaScript takes seconds to be compiled for good, and longer on a busy machine.
 * @param {(ms: number) => Promise<import('./suite.mjs').Sample>} sample @param {number} ms of processor time of one try. @param {number} most tries, or what they would take where a call is longer.
 */
async function warm(sample, ms, most) {
  let best = 0;
  let idle = 0;
  let usedMs = 0;
  while (usedMs < most * ms && idle < 3) {
    const made = await sample(ms);
    usedMs += Math.max(ms, made.usedMs ?? ms);
    idle = made.opsPerSecond > best * 1.02 ? 0 : idle + 1;
    best = Math.max(best, made.opsPerSecond);
  }
}

/** Says whose failure it was. @template T @param {string} whose @param {Promise<T>} promise @returns {Promise<T>} */
async function named(whose, promise) {
  try {
    return await promise;
  } catch (error) {
    throw new Error(`${whose}: ${/** @type {Error} */ (error).message}`, { cause: error });
  }
}

/** Long beside a switch of processes, short beside what else happens on a machine. */
const TURN_MS = 40;
/** Below it a slow-down of 15 % is seen for sure, and one of 10 % mostly. */
const CALM_SPREAD = 0.05;
/** Rounds that only got faster are played again so many times. */
const MOST_WARMING = 3;
/** How much faster the last rounds of a pass must be than the first ones to be called warmer. */
const WARMING = 1.04;
