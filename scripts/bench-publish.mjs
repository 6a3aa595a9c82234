/**
 * Measures, and puts the figures into the documents: docs/benchmarks/run.json, the charts under docs/charts, and what stands between the marks in README.md and docs/benchmarks.md.
 *
 *   npm run bench:publish                          measures all suites on the pinned releases of Node 20, 22 and 24; on a machine with nothing else to do
 *   npm run bench:publish -- handshake --node 24   anything that handfast bench takes
 *   npm run bench:publish -- --from FILE           from a run that is there: FILE becomes docs/benchmarks/run.json
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { documentFigures, publishedCharts, RUN_FILE, readmeFigures, withFigures } from '../bench/lib/publish.mjs';
import { readRun, writeRun } from '../bench/lib/run-file.mjs';

const root = new URL('../', import.meta.url);
const args = process.argv.slice(2);
if (args.includes('--help')) {
  console.log('npm run bench:publish -- [--from FILE | what handfast bench takes; --node 20,22,24 by default]');
  process.exit(0);
}
const file = fileURLToPath(new URL(RUN_FILE, root));
mkdirSync(new URL('docs/benchmarks/', root), { recursive: true });
mkdirSync(new URL('docs/charts/', root), { recursive: true });

if (args[0] === '--from') {
  writeRun(file, readRun(args[1]));
} else {
  const wish = args.includes('--node') ? args : [...args, '--node', '20,22,24'];
  const command = [fileURLToPath(new URL('dist/cli/main.js', root)), 'bench', ...wish, '--json', file];
  const { status } = spawnSync(process.execPath, command, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

const run = readRun(file);
for (const [name, svg] of Object.entries(publishedCharts(run))) writeFileSync(new URL(`docs/charts/${name}`, root), svg);
put('README.md', readmeFigures(run));
put('docs/benchmarks.md', documentFigures(run));
console.log(`${RUN_FILE}, docs/charts, README.md and docs/benchmarks.md say what this run measured`);

function put(name, figures) {
  const url = new URL(name, root);
  writeFileSync(url, withFigures(readFileSync(url, 'utf8'), figures));
}
