/**
 * Changes the sources of wire and protocols at random, one place at a time, and says how many of these mutants the tests notice. `npm run test:mutants` is the other way: checks chosen by hand.
 *
 *   npm ci --prefix test/mutants && npm run test:random-mutants -- [--share 0.09] [--seed 1] [--only wire/json] [--jobs 1] [--least 85]
 *
 * StrykerJS makes the mutants of a share of the lines, the same for the same seed: some 1,000 with 0.09. Words of errors are left as they are, and so is what runs once when a module is read.
 * Each meets those tests of the folder that mirrors its own that reach it, in a process of its own, until one fails (test/mutants).
 * Exit code 1 where fewer than 85 % are noticed, or none was made.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { readArguments, wrongNumber } from './arguments.mjs';

const USAGE = 'usage: npm run test:random-mutants -- [--share 0.09] [--seed 1] [--only NAME] [--jobs 1] [--least 85]';
const root = fileURLToPath(new URL('..', import.meta.url));
const own = join(root, 'test/mutants');
const out = join(root, 'build/mutants');
const tool = join(own, 'node_modules/@stryker-mutator/instrumenter/dist/src/index.js');
const LONGEST_WINDOW = 12;
const LEAST_SECONDS = 10;
const NOTICED = ['Killed', 'Timeout'];
const SURVIVED = ['Survived', 'NoCoverage'];
/** As long as all the others together; and those that read modules anew, which are one here. What only they would notice counts as a survivor. */
const LEFT_OUT = /^test\/protocols\/(hivemind\/(v3-websocket|websocket|vectors)|handfast\/key-log)\.test\.ts$/;
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
const { Instrumenter } = await import(pathToFileURL(tool).href);
const { words } = await import(pathToFileURL(join(own, 'words.mjs')).href);
mkdirSync(out, { recursive: true });
const mutants = [];
for (const part of parts()) mutants.push(...(await runPart(part)));
console.log(`${summary(mutants)}; seed ${values.seed}, ${values.share} of the lines`);
const [noticed, survived] = tally(mutants);
process.exitCode = noticed > 0 && 100 * noticed >= Number(values.least) * (noticed + survived) ? 0 : 1;

/** Folders of sources, each with its tests. */
function parts() {
  const folders = readdirSync(join(root, 'src/protocols'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [
    { sources: 'src/wire', tests: testsIn('test/wire', true) },
    { sources: 'src/protocols', tests: testsIn('test/protocols', false) },
    ...folders.map(({ name }) => ({ sources: `src/protocols/${name}`, tests: testsIn(`test/protocols/${name}`, true) })),
  ];
}

function testsIn(folder, deep) {
  return readdirSync(join(root, folder), { recursive: deep })
    .map((name) => `${folder}/${name}`)
    .filter((file) => file.endsWith('.test.ts') && !LEFT_OUT.test(file))
    .sort();
}

/** @returns its mutants, and what became of them. */
async function runPart({ sources, tests }) {
  const files = chosen(sources);
  if (files.length === 0) return [];
  const logger = Object.fromEntries(['debug', 'info', 'warn', 'error', 'isDebugEnabled'].map((name) => [name, () => false]));
  const made = await new Instrumenter(logger).instrument(files, { plugins: null, excludedMutations: [], ignorers: [words] });
  const name = sources.replace(/\W+/g, '-');
  const bundle = join(out, `${name}.mjs`);
  await bundled(bundle, tests, new Map(made.files.map(({ name: file, content }) => [file, content])));
  const reached = reachedBy(bundle, name, tests);
  const all = made.mutants.map((mutant) => ({ ...mutant, file: relative(root, mutant.fileName), ...runsOf(mutant, reached) }));
  const waiting = all.filter(({ status }) => status === undefined);
  const jobs = Array.from({ length: Number(values.jobs) }, async (_, job) => {
    for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
      mutant.status = await meets(bundle, join(out, `${name}-${job}.json`), mutant);
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${sources}: ${waiting.length} left`);
      else if (waiting.length > 0 && waiting.length % 50 === 0) console.error(`${sources}: ${waiting.length} left`);
    }
  });
  await Promise.all(jobs);
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  all.filter(({ status }) => SURVIVED.includes(status)).forEach(show);
  console.log(`${sources}: ${summary(all)}`);
  return all;
}

/** All tests of a part in one file, with mutants in their sources; each test file is read when it is asked for. */
async function bundled(outfile, tests, sources) {
  await build({
    stdin: {
      contents: `export const files = [${tests.map((file) => `() => import('./${file}')`)}];\nexport { runTests } from './test/mutants/harness.mjs';`,
      resolveDir: root,
    },
    outfile,
    bundle: true,
    // A test is its side effects, whatever package.json says of ours.
    ignoreAnnotations: true,
    platform: 'node',
    format: 'esm',
    // Node 20 knows no `await using`.
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
    plugins: [
      {
        name: 'mutants',
        setup({ onLoad, onResolve }) {
          onResolve({ filter: /^vitest$/ }, () => ({ path: join(own, 'harness.mjs') }));
          onResolve({ filter: /\/support\/cores\.ts$|^\.\/cores\.ts$/ }, () => ({ path: join(own, 'cores.ts') }));
          // A file finds vectors and the addon from where it lies, not from where it is bundled.
          onLoad({ filter: /\/(src|test)\/.*\.ts$/ }, ({ path }) => ({
            contents: (sources.get(path) ?? readFileSync(path, 'utf8'))
              .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
              .replaceAll('import.meta.dirname', JSON.stringify(dirname(path))),
            loader: 'ts',
          }));
        },
      },
    ],
  });
}

/** Runs all tests once, without a mutant, each file in a process of its own. @returns of each file which mutants its tests reach and how often, how long they take, and which run when modules are read. */
function reachedBy(bundle, name, tests) {
  const [orders, answer] = ['orders', 'reached'].map((kind) => join(out, `${name}-${kind}.json`));
  return tests.map((test, file) => {
    writeFileSync(orders, JSON.stringify({ file, out: answer }));
    const { status } = spawnSync(process.execPath, [join(own, 'run.mjs'), bundle, orders], { stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0) {
      console.error(`test:random-mutants: ${test} fails without a mutant`);
      process.exit(1);
    }
    return JSON.parse(readFileSync(answer, 'utf8'));
  });
}

/** Which tests of which files a mutant meets, how often it may run, and how long they may take. */
function runsOf({ id, status }, reached) {
  if (status === 'Ignored') return { status };
  const runs = reached.flatMap(({ perTest, times }, file) => {
    const tests = Object.keys(perTest).filter((test) => perTest[test][id] > 0);
    const sum = (of) => tests.reduce((total, test) => total + of(test), 0);
    const hitLimit = 100 + 100 * sum((test) => perTest[test][id]);
    return tests.length === 0 ? [] : [{ file, tests: tests.map(Number), hitLimit, ms: sum((test) => times[test] ?? 0) }];
  });
  if (runs.length === 0) return { status: reached.some(({ static: once }) => once[id] > 0) ? 'Ignored' : 'NoCoverage' };
  return { status: undefined, runs: runs.sort((a, b) => a.ms - b.ms) };
}

/** One mutant and the tests that reach it, the quickest file first. */
async function meets(bundle, orders, { id, runs }) {
  for (const { file, tests, hitLimit, ms } of runs) {
    writeFileSync(orders, JSON.stringify({ mutant: id, file, tests, hitLimit }));
    const status = await survives(bundle, orders, LEAST_SECONDS + Math.ceil(ms / 100));
    if (status !== 'Survived') return status;
  }
  return 'Survived';
}

/** What has no end is known by how often it runs, or by the time of the processor that it takes: no mutant is noticed because the machine is busy. */
function survives(bundle, orders, seconds) {
  const command = `ulimit -t ${seconds}; exec "$0" "$@"`;
  const child = spawn('sh', ['-c', command, process.execPath, join(own, 'run.mjs'), bundle, orders], { stdio: 'ignore' });
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve(signal ? 'Timeout' : code === 0 ? 'Survived' : 'Killed'));
  });
}

/** Of each file some windows of lines. What another file has in it changes nothing here. */
function chosen(folder) {
  return readdirSync(join(root, folder))
    .map((name) => `${folder}/${name}`)
    .filter((file) => file.endsWith('.ts') && file.includes(values.only))
    .sort()
    .flatMap((file) => {
      const content = readFileSync(join(root, file), 'utf8');
      const lines = content.split('\n').length;
      const random = generator(Number(values.seed), file);
      const mutate = [];
      for (let first = 1; first <= lines; ) {
        const last = Math.min(lines, first + Math.floor(random() * LONGEST_WINDOW));
        if (random() < Number(values.share)) mutate.push({ start: { line: first - 1, column: 0 }, end: { line: last, column: 0 } });
        first = last + 1;
      }
      return mutate.length === 0 ? [] : [{ name: join(root, file), mutate, content }];
    });
}

function tally(all) {
  return [NOTICED, SURVIVED].map((states) => all.filter(({ status }) => states.includes(status)).length);
}

function summary(all) {
  const [noticed, survived] = tally(all);
  const tried = noticed + survived;
  const share = tried === 0 ? 0 : (100 * noticed) / tried;
  const late = all.filter(({ status }) => status === 'Timeout').length;
  return `${noticed} of ${tried} mutants were noticed (${share.toFixed(1)} %; ${late} had no end), ${survived} survive, ${all.length - tried} left out`;
}

function show({ file, location, mutatorName, replacement, status }) {
  const line = readFileSync(join(root, file), 'utf8').split('\n')[location.start.line].trim();
  const how = status === 'Survived' ? 'survives' : 'reached by none';
  console.log(`${how}  ${file}:${location.start.line + 1}:${location.start.column + 1}  ${mutatorName}`);
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
