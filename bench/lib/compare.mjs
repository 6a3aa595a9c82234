// @ts-check
/** Two runs held against each other, by what each subject was of the reference of its own run: that much travels from one run to another. */
import { isOurs } from './runner.mjs';
import { MOST_SPREAD } from './statistics.mjs';

/**
 * @typedef {object} Row of one subject in one case.
 * @property {string} suite
 * @property {string} case
 * @property {string} subject
 * @property {string} node
 * @property {string} reference
 * @property {number} [base] ratio to the reference, or what the case measures: instructions an operation, bytes. @property {number} [head]
 * @property {number} [change] of the time an operation takes: 0.3 is 30 % slower, negative is faster.
 * @property {number} limit that a change must pass to count: the threshold or three times the spread, whichever is more.
 * @property {'slower' | 'faster' | 'same' | 'undecided' | 'control'} verdict control: not our code, shown to tell what the machine did.
 *
 * @typedef {object} Comparison
 * @property {number} threshold in percent.
 * @property {Row[]} rows
 * @property {string[]} onlyInBase @property {string[]} onlyInHead
 * @property {string[]} notes what makes the two runs unlike each other.
 * @property {number} regressions @property {number} undecided
 */

/**
 * A regression is a median slower by more than the threshold and by more than three times the spread. A change above the threshold that the spread hides is undecided: it is to be
 * measured again. Only subjects of this repository have a verdict; the change of others is that of the machine, or of their version.
 * @param {import('../index.mjs').Run} base @param {import('../index.mjs').Run} head
 * @param {{ threshold?: number | undefined }} [options] percent; 10 for times, 2 for instructions.
 * @returns {Comparison}
 */
export function compareRuns(base, head, options = {}) {
  const before = byName(base);
  const after = byName(head);
  const both = [...before.keys()].filter((name) => after.has(name));
  const counted = both.length > 0 && both.every((name) => before.get(name)?.instructions !== undefined);
  const threshold = options.threshold ?? (counted ? 2 : 10);
  const rows = both.map((name) => compareOne(before.get(name), after.get(name), threshold / 100));
  return {
    threshold,
    rows,
    onlyInBase: [...before.keys()].filter((name) => !after.has(name)),
    onlyInHead: [...after.keys()].filter((name) => !before.has(name)),
    notes: differences(base, head),
    regressions: rows.filter(({ verdict }) => verdict === 'slower').length,
    undecided: rows.filter(({ verdict }) => verdict === 'undecided').length,
  };
}

/** @param {any} before @param {any} after @param {number} threshold @returns {Row} */
function compareOne(before, after, threshold) {
  const { suite, case: name, subject, node, reference } = after;
  const row = { suite, case: name, subject, node, reference };
  const ours = isOurs(subject);
  if (after.instructions !== undefined) {
    const change = after.instructions / before.instructions - 1;
    return {
      ...row,
      base: before.instructions,
      head: after.instructions,
      change,
      limit: threshold,
      verdict: verdictOf(change, threshold, threshold, ours),
    };
  }
  if (after.measures !== undefined && before.figures?.[after.measures]) {
    // Bytes are the same on every machine: no reference is needed.
    const [one, other] = [before, after].map(({ figures }) => figures[after.measures]);
    const limit = Math.max(threshold, 3 * Math.max(one.spread, other.spread));
    const change = other.median / one.median - 1;
    return { ...row, base: one.median, head: other.median, change, limit, verdict: verdictOf(change, threshold, limit, ours) };
  }
  const limit = Math.max(threshold, 3 * Math.max(before.ratioSpread ?? before.spread, after.ratioSpread ?? after.spread));
  // Without a ratio there is nothing to compare by: the rates themselves are those of two different hours.
  const [base, head] = [ratioOf(before), ratioOf(after)];
  if (base === undefined || head === undefined) return { ...row, limit, verdict: ours ? 'undecided' : 'control' };
  const change = base / head - 1;
  const verdict = subject === reference ? 'control' : verdictOf(change, threshold, limit, ours);
  return { ...row, base, head, change, limit, verdict };
}

/** That of the rounds, where they agree: how much the rates themselves went up and down with the machine is no part of it. @param {any} result @returns {number | undefined} */
function ratioOf({ ratio, ratioOfRounds, ratioSpread }) {
  return ratioOfRounds !== undefined && ratioSpread <= MOST_SPREAD ? ratioOfRounds : ratio;
}

/** @param {number} change @param {number} threshold @param {number} limit @param {boolean} ours @returns {Row['verdict']} */
function verdictOf(change, threshold, limit, ours) {
  if (!ours) return 'control';
  if (change > limit) return 'slower';
  // As far the other way: a third slower, a quarter less time.
  if (change < 1 / (1 + limit) - 1) return 'faster';
  return change > threshold ? 'undecided' : 'same';
}

/** @param {import('../index.mjs').Run} run @returns {Map<string, any>} by suite, case, subject and major version of Node. */
function byName({ results }) {
  return new Map(
    results.map((result) => [
      `${result.suite} ${result.case}, ${result.subject}${result.node ? `, Node ${result.node.split('.')[0]}` : ''}`,
      result,
    ]),
  );
}

/** @param {import('../index.mjs').Run} base @param {import('../index.mjs').Run} head */
function differences(base, head) {
  const notes = [];
  if (base.machine.cpu !== head.machine.cpu) notes.push(`different processors: ${base.machine.cpu}, then ${head.machine.cpu}`);
  for (const [name, version] of Object.entries(base.versions)) {
    const other = head.versions[name];
    if (other !== version && !['commit', 'handfast'].includes(name)) notes.push(`different ${name}: ${version}, then ${other ?? 'none'}`);
  }
  if (base.method.quick !== head.method.quick || base.method.roundMs !== head.method.roundMs) notes.push('rounds of different length');
  return notes;
}

export const WHY_NO_RATIO = `a spread of the ratios above ${100 * MOST_SPREAD} %`;
