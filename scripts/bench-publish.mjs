/**
 * Measures suites, and puts the figures into the documents: docs/benchmarks/SUITE.json, the charts under docs/charts, and what stands between the marks in README.md and docs/benchmarks.md.
 *
 *   npm run bench:publish                                   measures all suites, on a machine with nothing else to do: hours
 *   npm run bench:publish -- handshake lanes --node 20,24   these suites, and then whatever else handfast bench takes; the figures of the other suites stay as they are
 *   npm run bench:publish -- --documents                    measures nothing: the documents again, from the files that are there
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { documentFigures, publishedCharts, publishedRuns, readmeFigures, runFile, withFigures } from '../bench/lib/publish.mjs';
import { SUITES } from '../bench/suites/index.mjs';

const root = new URL('../', import.meta.url);
const args = process.argv.slice(2);
if (args.includes('--help')) {
  console.log(
    'npm run bench:publish -- [--documents | SUITE... and what handfast bench takes]   one file a suite under docs/benchmarks; all suites by default',
  );
  process.exit(0);
}
mkdirSync(new URL('docs/benchmarks/', root), { recursive: true });
mkdirSync(new URL('docs/charts/', root), { recursive: true });

// Suites come first: a case may have the name of a suite.
const ofOptions = args.findIndex((arg) => arg.startsWith('--'));
const named = ofOptions < 0 ? args : args.slice(0, ofOptions);
const options = args.slice(named.length);
if (args[0] === '--documents') write();
else {
  for (const suite of named.length > 0 ? named : Object.keys(SUITES)) {
    const file = fileURLToPath(new URL(runFile(suite), root));
    const command = [fileURLToPath(new URL('dist/cli/main.js', root)), 'bench', suite, ...options, '--json', file];
    const { status } = spawnSync(process.execPath, command, { stdio: 'inherit' });
    if (status !== 0) process.exit(status ?? 1);
    // After each, so that what was measured is shown if the next one fails.
    write();
  }
}

function write() {
  const runs = publishedRuns(root);
  for (const [name, svg] of Object.entries(publishedCharts(runs))) writeFileSync(new URL(`docs/charts/${name}`, root), svg);
  put('README.md', readmeFigures(runs));
  put('docs/benchmarks.md', documentFigures(runs));
  console.log(`docs/charts, README.md and docs/benchmarks.md say what was measured of ${[...runs.keys()].join(', ')}`);
}

function put(name, figures) {
  const url = new URL(name, root);
  writeFileSync(url, withFigures(readFileSync(url, 'utf8'), figures));
}
