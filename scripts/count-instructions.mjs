/**
 * Counts the instructions of native kernels under callgrind: the same to a few in a million from run to run, on a busy machine too, where times are not.
 *
 *   npm run bench:instructions -- [--json FILE] [--kernel NAME ...]
 *   npx handfast bench compare base.json head.json          2 % is the threshold for counts
 *
 * Valgrind has no AVX-512, and the processor it shows has none: what is counted are the paths that machines without it take. Needs valgrind, cmake and a C++ compiler.
 */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { machine, versions } from '../bench/lib/environment.mjs';
import { runText, writeRun } from '../bench/lib/run-file.mjs';
import { columns } from '../bench/lib/table.mjs';

const { values } = parseArgs({
  options: { json: { type: 'string' }, kernel: { type: 'string', multiple: true }, help: { type: 'boolean', default: false } },
});
if (values.help) {
  console.log('npm run bench:instructions -- [--json FILE, - for the standard output] [--kernel NAME ...]');
  process.exit(0);
}
const root = fileURLToPath(new URL('..', import.meta.url));
const binary = `${root}build/bench/bench-instructions`;
try {
  await main();
} catch (error) {
  console.error(error.message.split('\n')[0]);
  process.exitCode = 1;
}

async function main() {
  const tool = spawnSync('valgrind', ['--version'], { encoding: 'utf8' });
  if (tool.status !== 0) throw new Error('valgrind is not there; Debian: apt-get install valgrind');
  build();
  // Asked under valgrind: what it shows of the processor decides which engines run.
  const { kernels, ...engines } = JSON.parse((await valgrind(['--tool=none'], [])).stdout);
  const names = values.kernel ?? kernels;
  const unknown = names.find((name) => !kernels.includes(name));
  if (unknown !== undefined) throw new Error(`no kernel is called ${unknown}: there are ${kernels.join(', ')}`);
  const started = Date.now();
  const results = [];
  for (const name of names) {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${name}`);
    results.push({
      suite: 'instructions',
      case: name,
      subject: 'handfast native core, paths without AVX-512',
      operation: `${name}, called from C++`,
      instructions: await perOperation(name),
      facts: { ...engines, valgrind: tool.stdout.trim() },
    });
  }
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  const run = {
    machine: machine(),
    versions: { ...versions(), libsodium: engines.libsodium, valgrind: tool.stdout.trim().replace('valgrind-', ''), compiler: compiler() },
    method: { tool: 'callgrind', seconds: Math.round((Date.now() - started) / 1000) },
    date: new Date(started).toISOString(),
    command: 'npm run bench:instructions',
    nodes: [],
    results,
    absent: [],
  };
  if (values.json === '-') process.stdout.write(runText(run));
  else {
    const rows = results.map(({ case: name, instructions }) => [name, Math.round(instructions).toLocaleString('en')]);
    console.log(columns(['kernel', 'instructions'], rows).join('\n'));
    console.log(
      `paths without AVX-512, as valgrind has none; ChaCha20-Poly1305 by ${engines['chacha20-poly1305']}, AES-256-GCM by ${engines['aes-256-gcm']}`,
    );
    if (values.json !== undefined) writeRun(values.json, run);
  }
}

/** What 20 operations more take: starting and preparing are in both counts. */
async function perOperation(name) {
  const [few, many] = [await count(name, 2), await count(name, 22)];
  return (many - few) / 20;
}

async function count(name, times) {
  const { stderr } = await valgrind(['--tool=callgrind', '--callgrind-out-file=/dev/null'], [name, String(times)]);
  const found = /Collected : (\d+)/.exec(stderr);
  if (!found) throw new Error(`callgrind counted nothing for ${name}: ${stderr.trim().split('\n').at(-1)}`);
  return Number(found[1]);
}

function valgrind(options, args) {
  return promisify(execFile)('valgrind', [...options, binary, ...args], { encoding: 'utf8' });
}

function build() {
  const quiet = { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' };
  execFileSync('cmake', ['-S', '.', '-B', 'build/bench', '-DHANDFAST_BENCH=ON'], quiet);
  execFileSync('cmake', ['--build', 'build/bench', '--target', 'bench-instructions'], quiet);
}

function compiler() {
  const { stdout } = spawnSync(process.env.CXX || 'c++', ['--version'], { encoding: 'utf8' });
  return (stdout ?? '').split('\n')[0] || 'unknown';
}
