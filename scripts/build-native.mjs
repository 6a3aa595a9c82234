// Builds the addon with cmake-js: configure, then build, both every time, because `build` alone stays broken after one failed configure.
// Quiet when all is well. On failure: the end of the log and what cures it; exit code 0, since the pure core carries on, unless HANDFAST_REQUIRE_NATIVE=1.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const addon = join(root, 'build', 'Release', 'handfast.node');
const started = performance.now();

forgetElsewhere();
const failure = run(['configure', '--out', 'build/cmake']) ?? run(['build', '--out', 'build/cmake', '--target', 'handfast']);
if (failure === undefined && existsSync(addon)) {
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`native core: build/Release/handfast.node (${seconds} s)`);
} else {
  console.error(tail(failure ?? 'the build ended without build/Release/handfast.node', 30));
  console.error(notice());
  process.exitCode = process.env.HANDFAST_REQUIRE_NATIVE === '1' ? 1 : 0;
}

/** A clone that was moved or copied: cmake refuses what it remembers of another place. */
function forgetElsewhere() {
  const remembered = join(root, 'build', 'cmake');
  const cache = join(remembered, 'CMakeCache.txt');
  if (existsSync(cache) && !readFileSync(cache, 'utf8').includes(`CMAKE_HOME_DIRECTORY:INTERNAL=${root.replaceAll('\\', '/')}\n`)) {
    rmSync(remembered, { recursive: true });
  }
}

/** Runs cmake-js. @returns undefined when it went well, else its output. */
function run(args) {
  let cli;
  try {
    cli = createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js');
  } catch {
    return 'cmake-js is not installed: run `npm ci` first';
  }
  const jobs = process.env.CMAKE_BUILD_PARALLEL_LEVEL ?? '2';
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [cli, ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, CMAKE_BUILD_PARALLEL_LEVEL: jobs },
  });
  return status === 0 ? undefined : `${stdout ?? ''}${stderr ?? ''}${error ? error.message : ''}`;
}

function tail(text, lines) {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

function notice() {
  const meanwhile = existsSync(addon)
    ? '; an earlier build of it is still there and is used'
    : '; the pure TypeScript core carries on, some 20 times slower';
  return `
  The native core was not built${process.env.HANDFAST_REQUIRE_NATIVE === '1' ? '' : meanwhile}. To get it:
    Debian, Ubuntu:  apt-get install build-essential cmake libsodium-dev libsecp256k1-dev libipsec-mb-dev
                     (libsecp256k1-dev and libipsec-mb-dev are optional; the latter exists on x86-64 only)
    macOS:           xcode-select --install; brew install cmake libsodium secp256k1
  then: npm run build:native`;
}
