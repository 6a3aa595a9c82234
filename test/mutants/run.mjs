/**
 * Runs the tests of one file of a bundle, in a process of its own: `node run.mjs BUNDLE ORDERS`. Without a mutant it writes which mutants each test reaches, and how often; with one, exit code 1 says that
 * it was noticed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [, , bundle, file] = process.argv;
const { mutant, file: number, tests, hitLimit, out } = JSON.parse(readFileSync(file, 'utf8'));
const all = { activeMutant: mutant, mutantCoverage: { static: {}, perTest: {} }, hitCount: undefined, hitLimit: undefined };
globalThis.__stryker__ = all;
process.env.HANDFAST_TEST_SEED = '1';
for (const kind of ['log', 'info', 'warn', 'error']) console[kind] = () => {};
if (mutant !== undefined) {
  delete all.mutantCoverage;
  all.hitCount = 0;
  all.hitLimit = hitLimit;
}
// What is thrown where nobody waits for it is noticed as well.
for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, failed);
const wanted = tests && new Set(tests);
try {
  const { files, runTests } = await import(pathToFileURL(bundle).href);
  await files[number]();
  const times = await runTests(
    (id) => !wanted || wanted.has(id),
    (id) => {
      all.currentTestId = String(id);
    },
  );
  if (out) writeFileSync(out, JSON.stringify({ times, ...all.mutantCoverage }));
  process.exit(0);
} catch (error) {
  failed(error);
}

function failed(error) {
  if (mutant === undefined) process.stderr.write(`${error?.test ?? ''}: ${error?.stack ?? error}\n`);
  process.exit(1);
}
