// @ts-check
/** A run as text: one table a case, best subject first. */

/**
 * @param {{ results: readonly import('./runner.mjs').Result[], absent: readonly import('./runner.mjs').Absent[] }} run
 * @returns {string}
 */
export function table({ results, absent }) {
  const cases = new Map();
  for (const result of results) {
    const name = `${result.suite}  ${result.case}`;
    const rows = cases.get(name) ?? [];
    rows.push(result);
    cases.set(name, rows);
  }
  const parts = [...cases].map(([name, rows]) => caseTable(name, rows));
  const missing = new Map(absent.map(({ subject, install }) => [subject, install]));
  for (const [subject, install] of missing) parts.push(`${subject}: not there; to measure it: ${install}`);
  return `${parts.join('\n\n')}\n`;
}

/** @param {string} name @param {import('./runner.mjs').Result[]} results */
function caseTable(name, results) {
  const rows = [...results].sort((a, b) => b.opsPerSecond - a.opsPerSecond);
  const { reference, operation } = rows[0];
  const head = ['subject', 'ops/s', 'p50', 'p99', 'spread', `to ${reference}`];
  const cells = rows.map((row) => [
    row.subject,
    grouped(row.opsPerSecond),
    duration(row.nsPerOp.p50),
    duration(row.nsPerOp.p99),
    `${Math.round(row.spread * 100)} %`,
    row.ratio === undefined ? '-' : `${row.ratio.toFixed(row.ratio < 10 ? 2 : 1)} x`,
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column].length)));
  const line = (/** @type {string[]} */ row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  ');
  return [`${name}: ${operation}`, line(head), ...cells.map(line)].map((text, i) => (i === 0 ? text : `  ${text}`)).join('\n');
}

/** @param {number} rate */
function grouped(rate) {
  return rate < 100 ? rate.toFixed(1) : Math.round(rate).toLocaleString('en');
}

/** @param {number} ns */
function duration(ns) {
  if (ns < 10_000) return `${ns.toFixed(0)} ns`;
  if (ns < 10_000_000) return `${(ns / 1000).toFixed(1)} us`;
  return `${(ns / 1e6).toFixed(1)} ms`;
}
