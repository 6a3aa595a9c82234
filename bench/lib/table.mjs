// @ts-check
/** A run as text: one table a case, best subject first. */

/**
 * @param {{ results: readonly import('./runner.mjs').Result[], absent: readonly import('./runner.mjs').Absent[] }} run
 * @returns {string}
 */
export function table({ results, absent }) {
  const cases = new Map();
  const several = new Set(results.map(({ node }) => node)).size > 1;
  for (const result of results) {
    const name = `${result.suite}  ${result.case}${several ? `  Node ${result.node}` : ''}`;
    const rows = cases.get(name) ?? [];
    rows.push(result);
    cases.set(name, rows);
  }
  const parts = [...cases].map(([name, rows]) => caseTable(name, rows));
  const missing = new Map(absent.map(({ subject, install }) => [subject, install]));
  for (const [subject, install] of missing) parts.push(`${subject}: not there; to measure it: ${install}`);
  return `${parts.join('\n\n')}\n`;
}

/** Where and how, in a few lines. @param {import('../index.mjs').Run} run */
export function heading({ machine, versions, method, nodes }) {
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.pinnedTo}, load ${machine.loadAverage.toFixed(2)}, ${machine.system}`,
    `handfast ${versions.handfast} (${versions.commit}), sodium-native ${versions['sodium-native']}, @noble/curves ${versions['@noble/curves']}; ${nodes
      .map(({ node, openssl }) => `Node ${node} with OpenSSL ${openssl}`)
      .join(', ')}`,
    `${method.rounds} interleaved rounds of ${method.roundMs} ms${(method.processes ?? 1) > 1 ? ` in ${method.processes} processes a subject` : ''}${method.mostPasses > 1 ? `, up to ${method.mostPasses} times as long where they differ` : ''}; medians; spread: middle half of the rounds over the median; "-": no ratio above ${100 * method.mostSpreadForRatio} % of spread`,
  ].join('\n');
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
  return [`${name}: ${operation}`, ...columns(head, cells).map((line) => `  ${line}`), ...rows.flatMap(figureLines)].join('\n');
}

/** What a suite measured besides, a line a subject. @param {import('./runner.mjs').Result} result */
function figureLines({ subject, figures }) {
  if (!figures) return [];
  const parts = Object.entries(figures).map(([name, { median, spread }]) => `${name} ${grouped(median)} (${Math.round(spread * 100)} %)`);
  return [`  ${subject}: ${parts.join(', ')}`];
}

/** Lines of a table: words to the left, figures to the right. @param {string[]} head @param {string[][]} rows */
export function columns(head, rows) {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const right = head.map((_title, column) => column > 0 && rows.every((row) => /^[-+\d]/.test(row[column])));
  return [head, ...rows].map((row) =>
    row
      .map((cell, column) => (right[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join('  ')
      .trimEnd(),
  );
}

/** @param {number} rate */
export function grouped(rate) {
  return rate < 100 ? rate.toFixed(1) : Math.round(rate).toLocaleString('en');
}

/** @param {number} ns */
export function duration(ns) {
  if (ns < 10_000) return `${ns.toFixed(0)} ns`;
  if (ns < 10_000_000) return `${(ns / 1000).toFixed(1)} us`;
  return `${(ns / 1e6).toFixed(1)} ms`;
}
