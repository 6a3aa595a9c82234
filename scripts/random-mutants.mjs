/**
 * Changes the sources of wire and protocols at random, one place at a time, and says how many of these mutants the tests notice. `npm run test:mutants` is the other way: checks chosen by hand.
 *
 *   npm ci --prefix test/mutants && npm run test:random-mutants -- [--share 0.09] [--seed 1] [--only wire/json] [--jobs 1] [--least 85]
 *
 * StrykerJS makes the mutants of a share of the lines, the same for the same seed: some 1,000 with 0.09. Words of errors are left as they are. Each meets the tests
 * in the folder that mirrors its own.
 * Exit code 1 where fewer than 85 % are noticed, or none was made. The report of StrykerJS stays in build/mutants.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments, wrongNumber } from './arguments.mjs';

const USAGE = 'usage: npm run test:random-mutants -- [--share 0.09] [--seed 1] [--only NAME] [--jobs 1] [--least 85]';
const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'build', 'mutants');
const tool = join(root, 'test/mutants/node_modules/@stryker-mutator/core/bin/stryker.js');
const LONGEST_WINDOW = 12;
const NOTICED = ['Killed', 'Timeout'];
const SURVIVED = ['Survived', 'NoCoverage'];
const values = readArguments(USAGE, { share: text('0.09'), seed: text('1'), only: text(''), jobs: text('1'), least: text('85') }, (given) =>
  wrongNumber(given, ['share', 'seed', 'jobs', 'least'], /^(?=.*[1-9])\d*\.?\d+$/, 'a number above 0'),
);

function text(fallback) {
  return { type: /** @type {const} */ ('string'), default: fallback };
}

if (!existsSync(tool)) {
  console.error('test:random-mutants: npm ci --prefix test/mutants comes before it');
  process.exit(2);
}
mkdirSync(out, { recursive: true });
const [config, report] = ['stryker.json', 'report.json'].map((name) => join(out, name));
const mutants = parts().flatMap(runPart);
console.log(`${summary(mutants)}; seed ${values.seed}, ${values.share} of the lines`);
const [noticed, survived] = [NOTICED, SURVIVED].map((states) => mutants.filter(({ status }) => states.includes(status)).length);
process.exitCode = noticed > 0 && 100 * noticed >= Number(values.least) * (noticed + survived) ? 0 : 1;

/** Folders of sources, each with its tests. */
function parts() {
  const folders = readdirSync(join(root, 'src/protocols'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [
    { sources: 'src/wire', tests: 'test/wire/**/*.test.ts' },
    { sources: 'src/protocols', tests: 'test/protocols/*.test.ts' },
    ...folders.map(({ name }) => ({ sources: `src/protocols/${name}`, tests: `test/protocols/${name}/**/*.test.ts` })),
  ];
}

/** @returns its mutants, and what became of them. */
function runPart({ sources, tests }) {
  const mutate = windows(sources);
  if (mutate.length === 0) return [];
  rmSync(report, { force: true });
  writeFileSync(config, JSON.stringify(settings(mutate), null, 2));
  const env = { ...process.env, HANDFAST_MUTANTS_TESTS: tests };
  spawnSync(process.execPath, [tool, 'run', config], { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
  if (!existsSync(report)) {
    console.error(`test:random-mutants: nothing came of ${sources}`);
    process.exit(1);
  }
  const { files } = JSON.parse(readFileSync(report, 'utf8'));
  const made = Object.entries(files).flatMap(([file, { mutants, source }]) => mutants.map((mutant) => ({ file, source, ...mutant })));
  made.filter(({ status }) => SURVIVED.includes(status)).forEach(show);
  console.log(`${sources}: ${summary(made)}`);
  return made;
}

function settings(mutate) {
  return {
    testRunner: 'vitest',
    plugins: ['@stryker-mutator/vitest-runner', join(root, 'test/mutants/words.mjs')],
    ignorers: ['words'],
    vitest: { configFile: 'test/mutants/vitest.config.ts', related: false },
    // Only what is needed is copied; its compiler of types would want another one than ours.
    ignorePatterns: [
      '/*',
      '!/src',
      '!/test',
      '/test/mutants/node_modules',
      '!/docs',
      '!/package.json',
      '!/build',
      '/build/*',
      '!/build/Release',
    ],
    tsconfigFile: 'none',
    tempDirName: 'build/mutants/copy',
    mutate,
    coverageAnalysis: 'perTest',
    // What runs when a module is read would want all tests for each mutant, nine tenths of the time; constants have tests of limits.
    ignoreStatic: true,
    concurrency: Number(values.jobs),
    // Ten times what the tests took, and more for a busy machine; most of those that loop are known sooner, by how often they run.
    timeoutMS: 15_000,
    timeoutFactor: 10,
    dryRunTimeoutMinutes: 60,
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: report },
    allowConsoleColors: false,
    checkers: [],
  };
}

/** Of each file some windows of lines. What another file has in it changes nothing here. */
function windows(folder) {
  return readdirSync(join(root, folder))
    .map((name) => `${folder}/${name}`)
    .filter((file) => file.endsWith('.ts') && file.includes(values.only))
    .sort()
    .flatMap((file) => {
      const lines = readFileSync(join(root, file), 'utf8').split('\n').length;
      const random = generator(Number(values.seed), file);
      const chosen = [];
      for (let first = 1; first <= lines; ) {
        const last = Math.min(lines, first + Math.floor(random() * LONGEST_WINDOW));
        if (random() < Number(values.share)) chosen.push(`${file}:${first}-${last}`);
        first = last + 1;
      }
      return chosen;
    });
}

function summary(mutants) {
  const [noticed, survived] = [NOTICED, SURVIVED].map((states) => mutants.filter(({ status }) => states.includes(status)).length);
  const all = noticed + survived;
  const share = all === 0 ? 0 : (100 * noticed) / all;
  const late = mutants.filter(({ status }) => status === 'Timeout').length;
  return `${noticed} of ${all} mutants were noticed (${share.toFixed(1)} %; ${late} had no end), ${survived} survive, ${mutants.length - all} left out`;
}

function show({ file, source, location, mutatorName, replacement, status }) {
  const line = source.split('\n')[location.start.line - 1].trim();
  const how = status === 'Survived' ? 'survives' : 'reached by none';
  console.log(`${how}  ${file}:${location.start.line}:${location.start.column}  ${mutatorName}`);
  console.log(`    ${line}\n    -> ${replacement.replace(/\s+/g, ' ').slice(0, 100)}`);
}

/** mulberry32: numbers from 0 to 1 out of a seed and a name. */
function generator(seed, name) {
  let state = seed >>> 0;
  for (const letter of name) state = Math.imul(state ^ letter.charCodeAt(0), 0x01000193) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
