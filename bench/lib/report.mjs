// @ts-check
/** A run as one page that needs nothing but itself: no script, no font, no picture from elsewhere. */
import { readFileSync } from 'node:fs';
import { byCase, figureBars, isRate, latencyDots, rateBars } from './chart-data.mjs';
import { amount, barChart, CHART_STYLE, escaped, latencyChart, shortTime } from './charts.mjs';

/** @param {import('../index.mjs').Run} run @returns {string} */
export function reportPage(run) {
  const results = run.results.filter(({ opsPerSecond }) => opsPerSecond !== undefined);
  const suites = [...new Set(run.results.map(({ suite }) => suite))].sort((a, b) => place(a) - place(b));
  const style = [new URL('./report.css', import.meta.url), CHART_STYLE].map((file) => readFileSync(file, 'utf8')).join('');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>handfast benchmarks, ${escaped(dayOf(run))}</title>
<style>
${style}</style>
</head>
<body>
<header>
<h1>handfast benchmarks</h1>
<p class="muted">${escaped(dayOf(run))}, on ${escaped(run.machine.cpu)}${nodesOf(run)}</p>
<nav>${suites.map((suite) => `<a href="#${escaped(suite)}">${escaped(suite)}</a>`).join('')}<a href="#made">how it was made</a></nav>
</header>
<p>Bars are medians over the rounds of one run and begin at 0; the dark mark at their end is the middle half of the rounds, so the longer it is, the less the figure says. Every subject ran in a process of its own,
in turn with the others. <b>x</b> is the ratio to the reference of the same run; it is left out where rounds differ by more than ${Math.round(100 * (run.method.mostSpreadForRatio ?? 0.25))} %.</p>
${suites
  .map((suite) =>
    section(
      suite,
      run.results.filter((result) => result.suite === suite),
    ),
  )
  .join('\n')}
${made(run, results)}
</body>
</html>
`;
}

/** @param {string} suite @param {import('./runner.mjs').Result[]} results */
function section(suite, results) {
  const cards = [...byCase(results).values()].map(card);
  return `<section id="${escaped(suite)}">
<h2>${escaped(TITLES[suite] ?? suite)}</h2>
<div class="grid">
${cards.join('\n')}
</div>
</section>`;
}

/** @param {import('./runner.mjs').Result[]} results of one case. */
function card(results) {
  const [{ suite, case: name, operation }] = results;
  if (results.some((result) => /** @type {any} */ (result).instructions !== undefined)) return countCard(results);
  const unit = suite === 'handshake' || suite === 'storm' ? 'handshakes a second' : 'operations a second';
  const dots = latencyDots(results);
  const figures = [...figureBars(results)].filter(([, bars]) => bars.length > 0);
  const rates = barChart(rateBars(results), { unit: `${unit}; more is better`, describe: `${suite} ${name}: ${unit} by subject` });
  const latencies =
    dots.length === 0
      ? ''
      : `<h4>How long one took: p1 to p99 thin, p10 to p90, p25 to p75 thick, median dotted</h4>
${latencyChart(dots, { describe: `${suite} ${name}: time of one operation by subject` })}`;
  const others = figures.map(
    ([figure, bars]) => `<h4>${escaped(wordsOf(figure))}</h4>
${barChart(bars, { unit: isRate(figure) ? 'more is better' : 'less is better', describe: `${suite} ${name}: ${wordsOf(figure)} by subject` })}`,
  );
  return `<figure>
<h3>${escaped(name)}</h3>
<p>One operation: ${escaped(operation)}.</p>
${results[0].measures === undefined ? rates + latencies : ''}${others.join('')}<details><summary>Figures</summary>
<div class="scroll"><table>
<tr><th>subject</th><th class="number">a second</th><th class="number">p50</th><th class="number">p99</th><th class="number">spread</th><th class="number">to ${escaped(results[0].reference)}</th></tr>
${[...results]
  .sort((a, b) => b.opsPerSecond - a.opsPerSecond)
  .map(row)
  .join('\n')}
</table></div></details>
</figure>`;
}

/** @param {import('./runner.mjs').Result} result */
function row({ subject, node, opsPerSecond, nsPerOp, spread, ratio }) {
  const numbers = [
    amount(opsPerSecond),
    shortTime(nsPerOp.p50),
    shortTime(nsPerOp.p99),
    `${(100 * spread).toFixed(1)} %`,
    ratio === undefined ? '-' : ratio.toPrecision(3),
  ];
  return `<tr><td>${escaped(subject)} <span class="muted">${escaped(node ?? '')}</span></td>${numbers.map((number) => `<td class="number">${escaped(number)}</td>`).join('')}</tr>`;
}

/** Counts of instructions: exact, so there is no spread to draw. @param {any[]} results */
function countCard(results) {
  const bars = results.map(({ subject, instructions }) => ({
    label: subject,
    subject,
    value: instructions,
    range: /** @type {[number, number]} */ ([instructions, instructions]),
    said: amount(instructions),
  }));
  const [{ case: name, operation, suite }] = results;
  return `<figure>
<h3>${escaped(name)}</h3>
<p>One operation: ${escaped(operation)}.</p>
${barChart(bars, { unit: 'instructions, counted; fewer is better', describe: `${suite} ${name}: instructions by subject` })}</figure>`;
}

/** @param {import('../index.mjs').Run} run @param {import('./runner.mjs').Result[]} results */
function made(run, results) {
  const { machine, versions, method, absent } = run;
  const facts = {
    processor: machine.cpu,
    cores: `${machine.cores}, measured on ${machine.pinnedTo}`,
    memory: `${machine.memoryGiB} GiB`,
    system: machine.system,
    'load at the start': Number(machine.loadAverage?.toFixed(2)),
    date: run.date,
    command: run.command ?? 'not recorded',
    method: `${method.rounds} interleaved rounds of ${method.roundMs} ms a subject${(method.processes ?? 1) > 1 ? ` in ${method.processes} processes each` : ''}${method.mostPasses > 1 ? `, up to ${method.mostPasses} times as long where they differ` : ''}; ${method.seconds} s in all`,
    ...versions,
  };
  const install = new Map(absent.map(({ subject, install: line }) => [subject, line]));
  const parts = new Map(
    results.map(({ subject, facts: own }) => [
      subject,
      Object.entries(own)
        .map(([name, value]) => `${name}: ${value}`)
        .join(', '),
    ]),
  );
  return `<section id="made">
<h2>How it was made</h2>
<div class="grid">
<div class="card"><dl>
${Object.entries(facts)
  .map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${name === 'command' ? `<code>${escaped(value)}</code>` : escaped(value)}</dd>`)
  .join('\n')}
</dl></div>
<div class="card"><h3>What did the work</h3><dl>
${[...parts]
  .filter(([, said]) => said !== '')
  .map(([subject, said]) => `<dt>${escaped(subject)}</dt><dd>${escaped(said)}</dd>`)
  .join('\n')}
</dl>${install.size === 0 ? '' : `\n<h3>Not there</h3><dl>\n${[...install].map(([subject, line]) => `<dt>${escaped(subject)}</dt><dd><code>${escaped(line)}</code></dd>`).join('\n')}\n</dl>`}</div>
</div>
</section>`;
}

/** @param {import('../index.mjs').Run} run */
function dayOf({ date }) {
  return (date ?? '').slice(0, 10);
}

/** @param {import('../index.mjs').Run} run */
function nodesOf({ nodes }) {
  return nodes.length === 0 ? '' : `, Node ${nodes.map(({ node }) => escaped(node)).join(', ')}`;
}

/** `eventLoopDelayP99Ms`: event loop delay p99, ms. @param {string} name */
function wordsOf(name) {
  const words = name.replace(/([a-z\d])([A-Z])/g, '$1 $2').toLowerCase();
  return words.replace(/ (ms|us|ns|bytes|kib|mib)$/, (_all, unit) => `, ${unit.replace('kib', 'KiB').replace('mib', 'MiB')}`);
}

/** @param {string} suite */
function place(suite) {
  const at = Object.keys(TITLES).indexOf(suite);
  return at < 0 ? Number.MAX_SAFE_INTEGER : at;
}

/** In the order of the page. @type {Record<string, string>} */
const TITLES = {
  handshake: 'Handshakes',
  storm: 'Storms of reconnecting peers',
  message: 'Messages',
  aead: 'Sealing and opening one message',
  memory: 'Memory',
  primitives: 'Public keys and hashes',
  lanes: 'Public keys in batches',
  instructions: 'Instructions of native kernels',
};
