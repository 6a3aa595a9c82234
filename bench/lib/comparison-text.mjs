// @ts-check
/** A comparison for people: as a table on the terminal, and as Markdown for the summary of a CI job. */
import { WHY_NO_RATIO } from './compare.mjs';
import { columns } from './table.mjs';

/** @param {import('./compare.mjs').Comparison} comparison @returns {string} */
export function comparisonText(comparison) {
  const { rows, notes } = comparison;
  const lines = [
    ...columns(HEAD, rows.map(cells)),
    '',
    `base, head: ratio to the reference of the same run, or instructions or bytes. change: of the time (instructions, bytes) of an operation. limit: ${comparison.threshold} % or 3 x spread, whichever is more.`,
    ...notes.map((note) => `note: ${note}`),
    ...onlyIn(comparison),
    ...advice(comparison),
    conclusion(comparison),
  ];
  return `${lines.join('\n')}\n`;
}

/** @param {import('./compare.mjs').Comparison} comparison @returns {string} */
export function comparisonMarkdown(comparison) {
  const { rows, notes } = comparison;
  // What is not as before comes first; the rest is there for whoever wants it.
  const moved = rows.filter(({ verdict }) => ['slower', 'undecided', 'faster'].includes(verdict));
  const others = rows.filter((row) => !moved.includes(row));
  const table = (/** @type {import('./compare.mjs').Row[]} */ some) => [
    `| ${HEAD.join(' | ')} |`,
    `| --- | --- | --- | ---: | ---: | ---: | ---: | --- |`,
    ...some.map((row) => `| ${cells(row).map(escaped).join(' | ')} |`),
  ];
  const lines = [`### Benchmarks: ${conclusion(comparison)}`, ''];
  if (moved.length > 0) lines.push(...table(moved), '');
  if (others.length > 0)
    lines.push(`<details><summary>${others.length} as before, or not ours</summary>`, '', ...table(others), '', '</details>', '');
  lines.push(
    `By ratio to the reference of the same run; slower counts above ${comparison.threshold} % and above three times the spread.`,
    ...[...notes, ...onlyIn(comparison), ...advice(comparison)].map((line) => `- ${escaped(line)}`),
  );
  return `${lines.join('\n')}\n`;
}

/** @param {import('./compare.mjs').Comparison} comparison */
function conclusion({ regressions, undecided, rows }) {
  const judged = rows.filter(({ verdict }) => verdict !== 'control').length;
  if (regressions > 0) return `${regressions} of ${judged} slower${undecided > 0 ? `, ${undecided} undecided` : ''}`;
  if (undecided > 0) return `nothing is known to be slower, but ${undecided} of ${judged} undecided`;
  return judged === 0 ? 'nothing to compare' : `none of ${judged} slower`;
}

/** @param {import('./compare.mjs').Comparison} comparison */
function onlyIn({ onlyInBase, onlyInHead }) {
  return [...onlyInBase.map((name) => `only in base: ${name}`), ...onlyInHead.map((name) => `only in head: ${name}`)];
}

/** The line that measures again what has no verdict. @param {import('./compare.mjs').Comparison} comparison */
function advice({ rows }) {
  const open = rows.filter(({ verdict }) => verdict === 'undecided');
  if (open.length === 0) return [];
  const suites = [...new Set(open.map(({ suite }) => suite))];
  const cases = [...new Set(open.map((row) => row.case))];
  return [
    `undecided: the change is above the threshold but within the spread, or there is no ratio because of ${WHY_NO_RATIO}; measure both again: handfast bench ${suites.join(' ')} ${cases.map((name) => `--case ${name}`).join(' ')} --rounds 15 --processes 15 --json FILE`,
  ];
}

/** @param {import('./compare.mjs').Row} row */
function cells({ suite, case: name, subject, node, base, head, change, limit, verdict }) {
  return [
    `${suite} ${name}`,
    subject,
    node ?? '-',
    amount(base),
    amount(head),
    change === undefined ? '-' : `${change > 0 ? '+' : ''}${(100 * change).toFixed(1)} %`,
    `${(100 * limit).toFixed(0)} %`,
    verdict === 'slower' || verdict === 'faster' ? verdict.toUpperCase() : verdict,
  ];
}

/** @param {number | undefined} value */
function amount(value) {
  if (value === undefined) return '-';
  return value < 1000 ? value.toPrecision(3) : Math.round(value).toLocaleString('en');
}

/** @param {string} text */
function escaped(text) {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

const HEAD = ['case', 'subject', 'Node', 'base', 'head', 'change', 'limit', 'verdict'];
