// Builds the addon and the C++ tests with AddressSanitizer and UndefinedBehaviorSanitizer (gcc) and runs the C++ tests and the tests of the cores on them.
// Usage: node scripts/test-sanitize.mjs [test file...]; test/core by default. The sanitized addon stays in build/asan, where nothing finds it by itself.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const sanitizers = 'address,undefined';
const tests = process.argv.slice(2);
if (tests.some((name) => name.startsWith('-'))) {
  console.log('usage: npm run test:sanitize [-- TEST FILE...]');
  process.exit(tests.includes('--help') ? 0 : 2);
}

const cmakeJs = require.resolve('cmake-js/bin/cmake-js');
run(process.execPath, [cmakeJs, 'build', '--out', 'build/asan', '--debug', '--target', 'handfast', `--CDHANDFAST_SANITIZE=${sanitizers}`]);
run('cmake', ['-S', '.', '-B', 'build/asan-tests', '-DHANDFAST_TESTS=ON', `-DHANDFAST_SANITIZE=${sanitizers}`, '-DCMAKE_BUILD_TYPE=Debug']);
run('cmake', ['--build', 'build/asan-tests', '--parallel', '2']);
run('ctest', ['--test-dir', 'build/asan-tests', '--output-on-failure', '--no-tests=error'], { stdio: 'inherit' });

// Reading all of a process's memory has no end where AddressSanitizer has reserved terabytes of it.
const OF_CORES = ['test/core', '--exclude', 'test/core/process-memory.test.ts'];
// Leak checking fails on vitest's own bundler; the addon refuses to load unless the sanitizer was there first.
const preload = spawnSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout.trim();
run(
  process.execPath,
  [join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs'), 'run', ...(tests.length > 0 ? tests : OF_CORES)],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      LD_PRELOAD: preload,
      ASAN_OPTIONS: 'detect_leaks=0',
      UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
      HANDFAST_ADDON: join(root, 'build', 'asan', 'handfast.node'),
      HANDFAST_REQUIRE_NATIVE: '1',
    },
  },
);

function run(command, args, options = {}) {
  const { status, stdout, stderr, error, signal } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    ...options,
  });
  if (status === 0) return;
  console.error(
    `${stdout ?? ''}${stderr ?? ''}\ntest-sanitize: ${command} ${args.join(' ')}: ${error?.message ?? signal ?? `exit code ${status}`}`,
  );
  process.exit(1);
}
