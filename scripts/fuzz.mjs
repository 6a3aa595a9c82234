/**
 * Fuzzes the TypeScript side: readers, the machines of every protocol in both roles, sessions. Which inputs go on is decided by which blocks of the sources they run first.
 *
 *   npm run fuzz -- [--seconds 60 | --executions 10000000 [--resume]] [--only json] [--core native|pure] [--seed N] [--input FILE]
 *
 * Targets are in test/fuzz; --only takes part of a name; --resume counts executions of earlier runs with --resume too, so that a long run may be interrupted. What is found new stays in build/fuzz-inputs/corpus and is where the next run starts. An input that fails, or whose run has no end, is kept
 * under build/fuzz-inputs/findings, with how to run it again. Exit code 1 when one fails.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { readArguments, wrongNumber } from './arguments.mjs';
import { PRELUDE, withBlocks } from './fuzz/blocks.mjs';

const USAGE =
  'usage: npm run fuzz -- [--seconds 60 | --executions N [--resume]] [--only NAME] [--core native|pure] [--seed N] [--input FILE]';
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const text = { type: /** @type {const} */ ('string') };
const values = readArguments(
  USAGE,
  {
    seconds: text,
    executions: text,
    only: text,
    core: text,
    seed: text,
    input: text,
    exactly: text,
    resume: { type: /** @type {const} */ ('boolean') },
  },
  (given) => wrongNumber(given, ['seconds', 'executions', 'seed'], /^\d+$/, 'a whole number'),
);
const number = (given) => (given === undefined ? undefined : Number(given));
// One file, made of the sources themselves: packages stay outside, and with them what is nobody's to cover.
const outfile = join(root, 'build/fuzz-inputs/fuzz.mjs');
if (values.exactly === undefined)
  await build({
    entryPoints: [join(root, 'test/fuzz/main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
    banner: { js: PRELUDE },
    plugins: [{ name: 'sources', setup: prepareSources }],
  });

/** A file finds vectors and the addon from where it lies, not from where it is bundled; and ours are marked block by block. */
function prepareSources({ onLoad }) {
  let blocks = 0;
  onLoad({ filter: /\/(src|test)\/.*\.ts$/ }, ({ path }) => {
    const text = readFileSync(path, 'utf8').replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href));
    return { contents: path.startsWith(join(root, 'src')) ? withBlocks(text, () => blocks++) : text, loader: 'ts' };
  });
}

const { HEAD, main, names } = await import(pathToFileURL(outfile).href);
const orders = {
  folder: dirname(outfile),
  seconds: number(values.seconds),
  executions: number(values.executions),
  resume: values.resume === true,
  seed: number(values.seed) ?? Math.floor(Math.random() * 2 ** 32),
  core: values.core,
  input: values.input,
};
if (values.exactly !== undefined) process.exit(main(values.exactly, orders) ? 0 : 1);

const chosen = names().filter((name) => !values.only || name.includes(values.only));
if (chosen.length === 0) {
  console.error(`fuzz: no target has a name with "${values.only}" in it`);
  process.exit(2);
}
console.log(`seed ${orders.seed}\n${HEAD}`);
const failed = chosen.filter((name) => {
  const again = [fileURLToPath(import.meta.url), ...process.argv.slice(2), '--exactly', name, '--seed', String(orders.seed)];
  const { status, signal } = spawnSync(process.execPath, again, { stdio: 'inherit' });
  if (signal) console.error(`${name}: ended by ${signal}`);
  return status !== 0;
});
console.log(failed.length === 0 ? `${chosen.length} targets, no findings` : `FAILED: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
