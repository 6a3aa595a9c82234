// @ts-check
/** Runs suites: every subject of a case in the same rounds, one after the other, and medians over the rounds. */
import { median, ratio, spread } from './statistics.mjs';
import { SubjectProcess } from './subject-process.mjs';

/**
 * @typedef {object} Options
 * @property {number} rounds 5 or more for figures that are to be believed.
 * @property {number} roundMs how long a subject is measured in a round.
 * @property {number} warmMs how long it runs before the first one.
 * @property {readonly string[]} [cases] only these.
 * @property {boolean} [quick] leaves out subjects that say so.
 * @property {(line: string) => void} [progress]
 * @property {AbortSignal} [signal]
 *
 * @typedef {object} Result
 * @property {string} suite
 * @property {string} case
 * @property {string} subject
 * @property {string} operation
 * @property {number} opsPerSecond median over the rounds.
 * @property {{ p50: number, p99: number }} nsPerOp medians over the rounds of each round's quantile.
 * @property {number} spread of opsPerSecond over the rounds.
 * @property {number[]} rounds opsPerSecond of each.
 * @property {string} reference
 * @property {number} [ratio] to the reference; absent when the spread of either is too large.
 * @property {Record<string, string | number>} facts
 *
 * @typedef {{ suite: string, case: string, subject: string, install: string }} Absent
 */

/**
 * @param {string} suiteUrl the file of a suite. @param {Options} options
 * @returns {Promise<{ results: Result[], absent: Absent[] }>}
 * @throws {Error} when a subject makes wrong bytes, or fails.
 */
export async function runSuite(suiteUrl, options) {
  /** @type {{ suite: import('./suite.mjs').Suite }} */
  const { suite } = await import(suiteUrl);
  const cases = suite.cases.filter(({ name }) => !options.cases || options.cases.includes(name));
  const subjects = suite.subjects.filter((subject) => !options.quick || subject.quick !== false);
  /** @type {{ results: Result[], absent: Absent[] }} */
  const all = { results: [], absent: [] };
  if (cases.length === 0) return all;
  const processes = subjects.map(({ name }) => ({ name, process: new SubjectProcess(suiteUrl, name) }));
  try {
    for (const { name, process } of processes) await named(`${suite.name}, ${name}`, process.ready());
    for (const one of cases) {
      const { results, absent } = await runCase(suite, one, processes, options);
      all.results.push(...results);
      all.absent.push(...absent);
    }
  } finally {
    for (const { process } of processes) process.end();
  }
  return all;
}

/**
 * @param {import('./suite.mjs').Suite} suite @param {import('./suite.mjs').Case} one
 * @param {{ name: string, process: SubjectProcess }[]} processes @param {Options} options
 */
async function runCase(suite, one, processes, options) {
  const { rounds, progress, signal } = options;
  const factor = one.timeFactor ?? 1;
  /** @type {Absent[]} */
  const absent = [];
  /** @type {{ name: string, process: SubjectProcess, samples: import('./suite.mjs').Sample[], facts: Record<string, string | number> }[]} */
  const running = [];
  const ask = (/** @type {typeof processes[number]} */ { name, process }, /** @type {object} */ message) =>
    named(`${suite.name}, ${one.name}, ${name}`, process.ask(message));

  progress?.(`${suite.name} ${one.name}: warming up`);
  for (const subject of processes) {
    signal?.throwIfAborted();
    const answer = await ask(subject, { do: 'prepare', case: one.name });
    if (answer.missing) absent.push({ suite: suite.name, case: one.name, subject: subject.name, install: answer.missing });
    if (!answer.facts) continue;
    await ask(subject, { do: 'warm', ms: options.warmMs * factor });
    running.push({ ...subject, samples: [], facts: answer.facts });
  }
  for (let round = 0; round < rounds; round++) {
    progress?.(`${suite.name} ${one.name}: round ${round + 1} of ${rounds}`);
    // Each round begins with another subject, so that none is always the one after the same neighbour.
    for (let i = 0; i < running.length; i++) {
      signal?.throwIfAborted();
      const subject = running[(i + round) % running.length];
      subject.samples.push(await ask(subject, { do: 'round', ms: options.roundMs * factor }));
    }
  }
  for (const subject of running) await ask(subject, { do: 'check' });
  return { absent, results: summed(suite, one, running) };
}

/**
 * @param {import('./suite.mjs').Suite} suite @param {import('./suite.mjs').Case} one
 * @param {{ name: string, samples: import('./suite.mjs').Sample[], facts: Record<string, string | number> }[]} subjects
 * @returns {Result[]}
 */
export function summed(suite, one, subjects) {
  const rates = (/** @type {{ samples: import('./suite.mjs').Sample[] }} */ { samples }) => samples.map(({ opsPerSecond }) => opsPerSecond);
  const reference = subjects.find(({ name }) => name === one.reference);
  return subjects.map((subject) => {
    const own = rates(subject);
    const toReference = reference && ratio(own, rates(reference));
    return {
      suite: suite.name,
      case: one.name,
      subject: subject.name,
      operation: one.operation,
      opsPerSecond: median(own),
      nsPerOp: {
        p50: median(subject.samples.map(({ nsPerOp }) => nsPerOp.p50)),
        p99: median(subject.samples.map(({ nsPerOp }) => nsPerOp.p99)),
      },
      spread: spread(own),
      rounds: own,
      reference: one.reference,
      ...(toReference === undefined ? {} : { ratio: toReference }),
      facts: subject.facts,
    };
  });
}

/** Says whose failure it was. @template T @param {string} whose @param {Promise<T>} promise @returns {Promise<T>} */
async function named(whose, promise) {
  try {
    return await promise;
  } catch (error) {
    throw new Error(`${whose}: ${/** @type {Error} */ (error).message}`, { cause: error });
  }
}
