/**
 * Runs all tests and says how many lines of src/ they reach, those of processes that tests start included (the command line runs built, in processes of its own); writes docs/reached.md.
 * Needs a build. Exit code 1 below 92 %, or when tests fail.
 *
 *   npm run coverage -- [--keep FOLDER] [--from FOLDER]
 *
 * `--keep`: where what was measured stays; `--from`: no tests are run, what lies there is added up.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedPositionFor, LEAST_UPPER_BOUND, TraceMap } from '@jridgewell/trace-mapping';
import { readArguments } from './arguments.mjs';
import { reachedPage } from './reached-page.mjs';

const LEAST = 92;
const text = /** @type {const} */ ('string');
const values = readArguments('usage: npm run coverage -- [--keep FOLDER | --from FOLDER]', { keep: { type: text }, from: { type: text } });
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = values.from ?? values.keep ?? mkdtempSync(join(tmpdir(), 'handfast-coverage-'));
const places = { children: join(folder, 'children'), reached: join(folder, 'reached'), report: join(folder, 'report') };

let failed = false;
if (!values.from) {
  for (const place of Object.values(places)) mkdirSync(place, { recursive: true });
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const args = [
    vitest,
    'run',
    '--coverage',
    '--coverage.reporter=json',
    `--coverage.reportsDirectory=${places.report}`,
    '--coverage.reportOnFailure',
  ];
  const env = { ...process.env, HANDFAST_REACHED: places.reached, HANDFAST_CHILDREN: places.children };
  failed = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' }).status !== 0;
}

const report = JSON.parse(readFileSync(join(places.report, 'coverage-final.json'), 'utf8'));
const inChildren = rangesOfChildren();
let lines = 0;
let reached = 0;
const worst = [];
for (const [path, { statementMap, s }] of Object.entries(report)) {
  const file = relative(root, path);
  const child = inChildren.get(file.replace(/^src\//, 'dist/').replace(/\.ts$/, '.js'));
  const byLine = new Map();
  for (const [id, { start }] of Object.entries(statementMap)) {
    const hit = s[id] > 0 || (child?.(start) ?? false);
    byLine.set(start.line, (byLine.get(start.line) ?? false) || hit);
  }
  const hits = [...byLine.values()].filter(Boolean).length;
  lines += byLine.size;
  reached += hits;
  if (hits < byLine.size)
    worst.push({ file, missing: [...byLine].filter(([, hit]) => !hit).map(([line]) => line), share: hits / byLine.size });
}
const share = (100 * reached) / lines;
for (const { file, missing, share } of worst.sort((a, b) => b.missing.length - a.missing.length).slice(0, 25)) {
  console.log(
    `  ${(100 * share).toFixed(1).padStart(5)} %  ${file}: ${missing.slice(0, 12).join(', ')}${missing.length > 12 ? ` and ${missing.length - 12} more` : ''}`,
  );
}
console.log(`${reached} of ${lines} lines of src/ are reached: ${share.toFixed(2)} % (at least ${LEAST} %)`);

const notes = new Map();
for (const name of readdirSync(places.reached)) {
  for (const [what, by] of JSON.parse(readFileSync(join(places.reached, name), 'utf8'))) {
    const before = notes.get(what);
    if (before === undefined || by < before) notes.set(what, by);
  }
}
writeFileSync(join(root, 'docs/reached.md'), await reachedPage(notes));
if (!values.keep && !values.from) rmSync(folder, { recursive: true, force: true });
process.exit(failed || share < LEAST ? 1 : 0);

/** Of each file under dist/ that a process has run: whether it came to a place of the source. */
function rangesOfChildren() {
  /** @type {Map<string, { functions: object[][] }>} */
  const found = new Map();
  for (const name of existsSync(places.children) ? readdirSync(places.children) : []) {
    if (!name.startsWith('coverage-')) continue;
    let dump;
    try {
      dump = JSON.parse(readFileSync(join(places.children, name), 'utf8'));
    } catch {
      continue; // cut short with its process
    }
    for (const { url, functions } of dump.result) {
      if (!url.startsWith('file://')) continue;
      const file = relative(root, fileURLToPath(url));
      if (!file.startsWith('dist/')) continue;
      const runs = found.get(file) ?? [];
      found.set(file, runs);
      runs.push(functions.flatMap(({ ranges }) => ranges));
    }
  }
  return new Map([...found].map(([file, runs]) => [file, placesReached(file, runs)]));
}

function placesReached(file, runs) {
  const code = readFileSync(join(root, file), 'utf8');
  const map = new TraceMap(readFileSync(join(root, `${file}.map`), 'utf8'));
  const starts = [0];
  for (let at = code.indexOf('\n'); at >= 0; at = code.indexOf('\n', at + 1)) starts.push(at + 1);
  const ran = (offset, ranges) => {
    let inner;
    for (const range of ranges) {
      if (range.startOffset > offset || range.endOffset <= offset) continue;
      if (!inner || range.endOffset - range.startOffset <= inner.endOffset - inner.startOffset) inner = range;
    }
    return inner !== undefined && inner.count > 0;
  };
  return ({ line, column }) => {
    const { line: at, column: within } = generatedPositionFor(map, { source: map.sources[0], line, column, bias: LEAST_UPPER_BOUND });
    if (at === null) return false;
    const offset = starts[at - 1] + within;
    return runs.some((ranges) => ran(offset, ranges));
  };
}
