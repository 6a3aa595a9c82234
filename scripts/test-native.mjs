// Builds the C++ tests of native/core, without Node, and runs them by ctest.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, 'build', 'tests');

run('cmake', ['-S', root, '-B', out, '-DHANDFAST_TESTS=ON'], 'quiet');
run('cmake', ['--build', out, '--parallel', '2'], 'quiet');
run('ctest', ['--test-dir', out, '--output-on-failure', '--no-tests=error'], 'shown');

function run(command, args, output) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', stdio: output === 'quiet' ? 'pipe' : 'inherit' });
  if (status === 0) return;
  console.error(error ? `${command}: ${error.message}` : `${stdout ?? ''}${stderr ?? ''}`);
  process.exit(1);
}
