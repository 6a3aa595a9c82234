// @ts-check
/**
 * What the documents show of the published runs, one file a suite: two charts, and tables between marks. All of it comes from the JSON that lies beside them, so that a test can make it again.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SUITES } from '../suites/index.mjs';
import { byCase, rateBars, times } from './chart-data.mjs';
import { amount, barChart, shortTime } from './charts.mjs';
import { readRun } from './run-file.mjs';

/** @typedef {Map<string, import('../index.mjs').Run>} Published runs by suite. */

/** Where the run of a suite lies. @param {string} suite */
export function runFile(suite) {
  return `docs/benchmarks/${suite}.json`;
}

/** Those that are there, in the order of the suites. @param {URL} root of the repository. @returns {Published} @throws {Error} for a file that is no run of its suite alone. */
export function publishedRuns(root) {
  /** @type {Published} */
  const runs = new Map();
  for (const suite of Object.keys(SUITES)) {
    const path = fileURLToPath(new URL(runFile(suite), root));
    if (!existsSync(path)) continue;
    const run = readRun(path);
    if (run.results.some((result) => result.suite !== suite)) throw new Error(`${path} has results of other suites than ${suite}`);
    runs.set(suite, run);
  }
  return runs;
}

/** @param {Published} runs @returns {Record<string, string>} SVG by file name. */
export function publishedCharts(runs) {
  return Object.fromEntries(
    charted(runs).map(({ run, rows, file, title, unit }) => {
      const [{ operation, node }] = rows;
      const notes = [
        ...lines(`One operation: ${operation}.`),
        ...lines(`${made(run)}, Node ${node}. Mark: the middle half of the rounds.`),
      ];
      return [file, barChart(rateBars(rows), { unit, describe: title, frame: { title, notes } })];
    }),
  );
}

/** What stands in README.md between the marks. @param {Published} runs */
export function readmeFigures(runs) {
  const pictures = charted(runs).flatMap(({ run, rows, file, title, suite }) => [
    `![${title}: ${inWords(rows)}](docs/charts/${file})`,
    `${made(run)}; from [${runFile(suite)}](${runFile(suite)}).`,
  ]);
  return [...pictures, 'Every figure: [docs/benchmarks.md](docs/benchmarks.md#figures).'].join('\n\n');
}

/** What stands in docs/benchmarks.md between the marks. @param {Published} runs */
export function documentFigures(runs) {
  return [...runs].map(([suite, run]) => suiteFigures(suite, run)).join('\n\n');
}

/** @param {string} suite @param {import('../index.mjs').Run} run */
function suiteFigures(suite, run) {
  const nodes = [...new Set(run.results.map(({ node }) => node))];
  const file = runFile(suite).replace('docs/', '');
  const head = [
    `### ${suite}`,
    '',
    `From [${file}](${file}).`,
    `${made(run)}; ${run.machine.cores} cores, ${run.machine.pinnedTo}, ${run.machine.memoryGiB} GiB, ${run.machine.system}, load at the start ${run.machine.loadAverage.toFixed(2)}.`,
    `handfast ${run.versions.handfast}; ${Object.entries(run.versions)
      .filter(([name, version]) => !['handfast', 'commit', 'node', 'v8', 'openssl'].includes(name) && version !== 'not installed')
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}; ${run.nodes.map(({ node, openssl }) => `Node ${node} with OpenSSL ${openssl}`).join(', ')}.`,
    'A second, p50 and p99 of one operation, spread of the rounds, ratio to the reference; no ratio above 25 % of spread.',
  ];
  const tables = [...byCase(run.results).values()].map((results) => caseTable(results, nodes));
  return [head.join('\n'), ...tables].join('\n\n');
}

/** @param {string} text @param {string} figures @returns {string} the document with other figures between its marks. @throws {Error} when it has no marks. */
export function withFigures(text, figures) {
  const [start, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`the document has no ${BEGIN} ... ${END}`);
  return `${text.slice(0, start + BEGIN.length)}\n\n${figures}\n\n${text.slice(end)}`;
}

/** The text without what stands between its marks. @param {string} text */
export function withoutFigures(text) {
  return withFigures(text, '');
}

/** @param {import('./runner.mjs').Result[]} results of one case. @param {string[]} nodes */
function caseTable(results, nodes) {
  const [{ suite, case: name, operation, reference, measures }] = results;
  const several = nodes.length > 1;
  const rows = [...results].sort((a, b) => nodes.indexOf(a.node) - nodes.indexOf(b.node) || b.opsPerSecond - a.opsPerSecond);
  const columns = measures === undefined ? ['a second', 'p50', 'p99', 'spread', `to ${reference}`] : [measures, 'spread'];
  return [
    `**${suite} ${name}**: ${operation}`,
    '',
    `| subject |${several ? ' Node |' : ''} ${columns.join(' | ')} |`,
    `| --- |${several ? ' ---: |' : ''}${' ---: |'.repeat(columns.length)}`,
    ...rows.map((row) => `| ${row.subject} |${several ? ` ${row.node.split('.')[0]} |` : ''} ${cells(row).join(' | ')} |`),
  ].join('\n');
}

/** @param {import('./runner.mjs').Result} result */
function cells({ measures, figures, opsPerSecond, nsPerOp, spread, ratio }) {
  if (measures !== undefined) {
    const figure = figures?.[measures];
    return figure === undefined ? ['-', '-'] : [amount(figure.median), `${Math.round(100 * figure.spread)} %`];
  }
  return [
    amount(opsPerSecond),
    shortTime(nsPerOp.p50),
    shortTime(nsPerOp.p99),
    `${Math.round(100 * spread)} %`,
    ratio === undefined ? '-' : times(ratio),
  ];
}

/** The charts that there is a run for. @param {Published} runs */
function charted(runs) {
  return CHARTS.flatMap((chart) => {
    const run = runs.get(chart.suite);
    const rows = run ? rowsOf(run, chart.suite, chart.case) : [];
    return run && rows.length > 0 ? [{ ...chart, run, rows }] : [];
  });
}

/** Of the newest Node in the run: where the others are at their best. @param {import('../index.mjs').Run} run @param {string} suite @param {string} name */
function rowsOf(run, suite, name) {
  const rows = run.results.filter((result) => result.suite === suite && result.case === name);
  const newest = Math.max(...rows.map(({ node }) => Number(node.split('.')[0])));
  return rows.filter(({ node }) => Number(node.split('.')[0]) === newest);
}

/** @param {import('./runner.mjs').Result[]} rows */
function inWords(rows) {
  return [...rows]
    .sort((a, b) => b.opsPerSecond - a.opsPerSecond)
    .map(({ subject, opsPerSecond }) => `${subject} ${amount(opsPerSecond)}`)
    .join(', ');
}

/** @param {import('../index.mjs').Run} run */
function made({ machine, date, command, versions }) {
  return `${date.slice(0, 10)}, ${machine.cpu}, commit ${versions.commit}, ${command ?? 'handfast bench'}`;
}

/** For a picture, which cannot break its lines. @param {string} words */
function lines(words) {
  const made = [''];
  for (const word of words.split(' ')) {
    const last = made[made.length - 1];
    if (last.length + word.length > 115) made.push(word);
    else made[made.length - 1] = last ? `${last} ${word}` : word;
  }
  return made;
}

const BEGIN = '<!-- figures: npm run bench:publish -->';
const END = '<!-- end of figures -->';
const CHARTS = [
  {
    file: 'handshakes.svg',
    suite: 'handshake',
    case: 'memory',
    title: 'Handshakes in memory, both sides on one core',
    unit: 'handshakes a second; more is better',
  },
  {
    file: 'messages.svg',
    suite: 'message',
    case: 'aes-256-gcm/256-B',
    title: 'Messages of 256 bytes sealed and opened, one core',
    unit: 'messages a second; more is better',
  },
];
