// Takes the checks of the handfast/1 machine out, one at a time, in a copy, and demands that a test fails for each. Exit code 1: one survives, or an edit no longer matches.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { readArguments } from './arguments.mjs';
import { MUTANTS } from './mutants.mjs';

const USAGE = 'usage: node scripts/remove-checks.mjs [--only text] [--jobs 2]';
const text = { type: /** @type {const} */ ('string') };
const values = readArguments(USAGE, { only: text, jobs: { ...text, default: '2' } });
const root = fileURLToPath(new URL('..', import.meta.url));
const base = mkdtempSync(join(tmpdir(), 'handfast-mutants-'));
const chosen = MUTANTS.filter(({ name, file }) => !values.only || `${file} ${name}`.includes(values.only));

/** A copy without the native addon: the tests run on the pure core alone, which is where the machine is the same. */
function copyOf(number) {
  const copy = join(base, String(number));
  mkdirSync(copy);
  for (const name of ['src', 'test', 'scripts', 'package.json', 'vitest.config.ts', 'tsconfig.json'])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** Groups of processes, since a test that never ends runs in one that vitest has started. @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
const endGroup = ({ pid }) => {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
};
process.on('exit', () => running.forEach(endGroup));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

/** @param timeout in milliseconds: whoever hangs for want of a check is noticed too. */
function runTests(copy, files, timeout = 240_000) {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  // Records by the ten thousand take seconds, and no check hangs on them.
  const args = [vitest, 'run', '--bail=1', '--maxWorkers=1', '-t', '^(?!.*key changes at record)', ...files];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: copy, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      endGroup(child);
    }, timeout);
    child.once('close', (code) => {
      clearTimeout(timer);
      running.delete(child);
      const failed = /FAIL\s+(.* > .*)/.exec(stripVTControlCharacters(said))?.[1] ?? (late ? 'no end within the time' : '');
      resolve({ passed: code === 0, failed, said });
    });
  });
}

/** @returns why the edit cannot be made, or undefined. */
function edit(copy, { file, old, now }) {
  const path = join(copy, 'src', file);
  const text = readFileSync(path, 'utf8');
  const count = text.split(old).length - 1;
  if (count !== 1) return `the edit matches ${count} times`;
  writeFileSync(
    path,
    text.replace(old, () => now),
  );
  return undefined;
}

function restore(copy, { file }) {
  cpSync(join(root, 'src', file), join(copy, 'src', file));
}

let bad = 0;
const started = Date.now();
try {
  const copies = Array.from({ length: Number(values.jobs) }, (_, i) => copyOf(i));
  const files = [...new Set(chosen.flatMap((mutant) => mutant.tests))];
  const whole = await runTests(copies[0], files, 1_800_000);
  if (!whole.passed) {
    console.log(whole.said);
    throw new Error('the tests fail without any change');
  }
  const queue = [...chosen];
  await Promise.all(
    copies.map(async (copy) => {
      for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
        const wrong = edit(copy, mutant);
        const { passed, failed } = wrong ? { passed: true, failed: '' } : await runTests(copy, mutant.tests);
        restore(copy, mutant);
        if (passed) bad++;
        console.log(
          `${passed ? 'SURVIVES' : 'killed  '}  ${mutant.file.padEnd(36)} ${mutant.name}${wrong ? `: ${wrong}` : ''}${failed ? `  <- ${failed.split(' > ').at(-1)}` : ''}`,
        );
      }
    }),
  );
} finally {
  rmSync(base, { recursive: true, force: true });
}
console.log(
  `${chosen.length - bad} of ${chosen.length} removed checks were noticed, ${bad} were not, in ${Math.round((Date.now() - started) / 1000)} s`,
);
process.exit(bad === 0 ? 0 : 1);
