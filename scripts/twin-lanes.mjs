/**
 * Compares the vector kernels with libsodium and libsecp256k1 on many random inputs, in C++.
 *
 *   npm run twin:lanes -- [--count 1000000] [--seed N]
 *
 * Public keys, shared secrets, signatures, hashes of messages, and verdicts of both curves on valid, mutated and hand-made signatures: `count` of each. Exit code 1 at any difference.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments, wrongNumber } from './arguments.mjs';

const text = { type: /** @type {const} */ ('string') };
const values = readArguments('usage: npm run twin:lanes -- [--count 1000000] [--seed N]', { count: text, seed: text }, (given) =>
  wrongNumber(given, ['count', 'seed'], /^[1-9]\d*$/, 'a whole number from 1'),
);
const { count = '1000000', seed } = values;

const out = join(dirname(dirname(fileURLToPath(import.meta.url))), 'build', 'tests');
run('cmake', ['-S', join(out, '..', '..'), '-B', out, '-DHANDFAST_TESTS=ON'], 'pipe');
run('cmake', ['--build', out, '--parallel', '2'], 'pipe');
run(join(out, 'handfast_tests'), ['twin: '], 'inherit', { HANDFAST_TWIN: count, ...(seed !== undefined && { HANDFAST_SEED: seed }) });

function run(command, args, stdio, environment = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', stdio, env: { ...process.env, ...environment } });
  if (status === 0) return;
  if (error || stdio === 'pipe') console.error(error ? `${command}: ${error.message}` : `${stdout ?? ''}${stderr ?? ''}`);
  process.exit(1);
}
