/**
 * Fuzzes the TypeScript side: readers, the machines of every protocol in both roles, sessions. What V8 says of new code that ran decides which inputs go on.
 *
 *   npm run fuzz -- [--seconds 60 | --executions 10000000] [--only json] [--core native|pure] [--seed N] [--input FILE]
 *
 * Targets are in test/fuzz; --only takes part of a name. What is found new stays in build/fuzz-inputs/corpus and is where the next run starts. An input that fails is kept under
 * build/fuzz-inputs/findings, with how to run it again. Exit code 1 when one fails.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { readArguments, wrongNumber } from './arguments.mjs';

const USAGE = 'usage: npm run fuzz -- [--seconds 60 | --executions N] [--only NAME] [--core native|pure] [--seed N] [--input FILE]';
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const text = { type: /** @type {const} */ ('string') };
const values = readArguments(
  USAGE,
  { seconds: text, executions: text, only: text, core: text, seed: text, input: text, exactly: text },
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
    plugins: [{ name: 'own-address', setup: keepAddresses }],
  });

/** A file finds vectors and the addon from where it lies, not from where it is bundled. */
function keepAddresses({ onLoad }) {
  onLoad({ filter: /\/(src|test)\/.*\.ts$/ }, ({ path }) => {
    const contents = readFileSync(path, 'utf8').replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href));
    return { contents, loader: 'ts' };
  });
}

const { HEAD, main, names } = await import(pathToFileURL(outfile).href);
const orders = {
  folder: dirname(outfile),
  seconds: number(values.seconds),
  executions: number(values.executions),
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
  return spawnSync(process.execPath, again, { stdio: 'inherit' }).status !== 0;
});
console.log(failed.length === 0 ? `${chosen.length} targets, no findings` : `FAILED: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
