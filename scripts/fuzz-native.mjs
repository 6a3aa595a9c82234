/**
 * Fuzzes the native core with libFuzzer under AddressSanitizer and UndefinedBehaviorSanitizer: each entry beside libsodium, or beside itself without vector kernels, as its oracle.
 *
 *   npm run fuzz:native -- [--seconds 60 | --executions 10000000] [--only frames] [--jobs 1] [--seed N]
 *
 * Needs clang with its runtime (Debian: clang, libclang-rt-14-dev). Targets are test/fuzz/native/*.cpp, their seeds test/fuzz/seeds; what a run finds new stays in build/fuzz/corpus and is where
 * the next one starts. An input that fails is kept under build/fuzz/findings, with how to run it again. Exit code 1 when one fails; 0, and a line that says so, where there is no clang.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments, wrongNumber } from './arguments.mjs';

const USAGE = 'usage: npm run fuzz:native -- [--seconds 60 | --executions N] [--only NAME] [--jobs 1] [--seed N]';
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, 'build', 'fuzz');
const LARGEST_INPUT = 4096;
const text = { type: /** @type {const} */ ('string') };
const values = readArguments(USAGE, { seconds: text, executions: text, only: text, jobs: { ...text, default: '1' }, seed: text }, (given) =>
  wrongNumber(given, ['seconds', 'executions', 'jobs', 'seed'], /^[1-9]\d*$/, 'a whole number from 1'),
);
const compiler = whole();
if (!compiler) {
  console.log(
    'fuzz:native: skipped, since there is no clang with libFuzzer here (Debian, Ubuntu: apt-get install clang libclang-rt-14-dev)',
  );
  process.exit(0);
}
const targets = readdirSync(join(root, 'test/fuzz/native'))
  .filter((file) => file.endsWith('.cpp'))
  .map((file) => basename(file, '.cpp'))
  .filter((name) => !values.only || name === values.only);
if (targets.length === 0) {
  console.error(`fuzz:native: no target is called ${values.only}`);
  process.exit(2);
}

build();
for (const folder of ['corpus', 'findings']) mkdirSync(join(out, folder), { recursive: true });
console.log(`${'target'.padEnd(12)}${'executions'.padStart(12)}${'a second'.padStart(10)}${'edges'.padStart(8)}${'corpus'.padStart(8)}`);
const waiting = [...targets];
const failed = [];
await Promise.all(
  Array.from({ length: Number(values.jobs) }, async () => {
    for (let name = waiting.shift(); name; name = waiting.shift()) if (!(await fuzz(name))) failed.push(name);
  }),
);
console.log(failed.length === 0 ? `${targets.length} targets, no findings` : `FAILED: ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);

/** A clang that links libFuzzer, by trying. */
function whole() {
  for (const cxx of ['clang++', 'clang++-19', 'clang++-16', 'clang++-14']) {
    const tried = spawnSync(cxx, ['-x', 'c++', '-', '-fsanitize=fuzzer,address', '-o', '/dev/null'], {
      input: '#include <cstddef>\n#include <cstdint>\nextern "C" int LLVMFuzzerTestOneInput(const uint8_t*, size_t) { return 0; }',
    });
    if (tried.status === 0) return { cxx, c: cxx.replace('++', '') };
  }
  return undefined;
}

function build() {
  const configure = [
    '-S',
    root,
    '-B',
    out,
    '-DHANDFAST_FUZZ=ON',
    '-DHANDFAST_SANITIZE=address,undefined',
    '-DCMAKE_BUILD_TYPE=RelWithDebInfo',
  ];
  run('cmake', [...configure, `-DCMAKE_C_COMPILER=${compiler.c}`, `-DCMAKE_CXX_COMPILER=${compiler.cxx}`]);
  run('cmake', ['--build', out, '--parallel', '2', ...targets.flatMap((name) => ['--target', `fuzz_${name}`])]);
}

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status === 0) return;
  console.error(error ? `${command}: ${error.message}` : `${stdout}${stderr}`);
  process.exit(1);
}

/** @returns whether no input failed. */
function fuzz(name) {
  const corpus = join(out, 'corpus', name);
  const seeds = join(root, 'test/fuzz/seeds', name);
  mkdirSync(corpus, { recursive: true });
  const bound = values.executions ? `-runs=${values.executions}` : `-max_total_time=${values.seconds ?? 60}`;
  const args = [
    corpus,
    ...(existsSync(seeds) ? [seeds] : []),
    bound,
    `-max_len=${LARGEST_INPUT}`,
    '-print_final_stats=1',
    `-artifact_prefix=${join(out, 'findings')}/${name}-`,
  ];
  const child = spawn(join(out, `fuzz_${name}`), [...args, ...(values.seed ? [`-seed=${values.seed}`] : [])], {
    env: { ...process.env, UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said = (said + chunk).slice(-200_000);
  });
  return new Promise((resolve) => {
    child.on('close', (code) => {
      const last = (pattern) => [...said.matchAll(pattern)].at(-1)?.[1] ?? '-';
      const [count, rate] = [last(/number_of_executed_units:\s+(\d+)/g), last(/average_exec_per_sec:\s+(\d+)/g)];
      console.log(
        `${name.padEnd(12)}${count.padStart(12)}${rate.padStart(10)}${last(/cov: (\d+)/g).padStart(8)}${last(/corp: (\d+)/g).padStart(8)}`,
      );
      if (code !== 0) {
        const where = last(/Test unit written to (\S+)/g);
        console.error(
          `${said.split('\n').slice(-60).join('\n')}\n${name} fails (exit code ${code}). Once more: build/fuzz/fuzz_${name} ${where}`,
        );
      }
      resolve(code === 0);
    });
  });
}
