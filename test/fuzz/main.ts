/** Runs the fuzzers of the TypeScript side; scripts/fuzz.mjs bundles and starts it, and says what its options are. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cores } from '../support/cores.ts';
import { Random } from '../support/random.ts';
import { Coverage } from './coverage.ts';
import { fuzz } from './engine.ts';
import { machines } from './machines.ts';
import { readers } from './readers.ts';
import { sessions } from './sessions.ts';
import type { Target } from './target.ts';

export interface Orders {
  /** Where inputs are kept. */
  folder: string;
  seconds: number | undefined;
  executions: number | undefined;
  seed: number;
  core: 'native' | 'pure' | undefined;
  /** A file with one input, to be run once. */
  input: string | undefined;
}

/** Names of what can be fuzzed. */
export function names(): string[] {
  return targets(undefined).map(({ name }) => name);
}

/** Fuzzes one target. In a process of its own: V8 tells of new code once, whichever target ran it. @returns whether no input failed. */
export function main(name: string, orders: Orders): boolean {
  const target = targets(orders.core).find((one) => one.name === name)!;
  if (orders.input === undefined) return run(target, orders);
  Error.stackTraceLimit = 20;
  target.run(new Uint8Array(readFileSync(orders.input)));
  console.log('it holds');
  return true;
}

export const HEAD = `${'target'.padEnd(26)}${'executions'.padStart(12)}${'a second'.padStart(10)}${'covered'.padStart(8)}${'corpus'.padStart(8)}`;

function targets(coreName: Orders['core']): Target[] {
  const core = cores.find(({ name }) => name === coreName) ?? cores.at(-1)!;
  return [...readers, ...machines(core), ...sessions(core)];
}

function run(target: Target, { folder, seconds = 60, executions, seed }: Orders): boolean {
  const [corpus, findings] = ['corpus', 'findings'].map((kind) => join(folder, kind, target.name.replace(/\W+/g, '-')));
  mkdirSync(corpus!, { recursive: true });
  const coverage = new Coverage();
  const began = performance.now();
  let shown = began;
  const ran = fuzz(target, {
    random: new Random(seed, target.name),
    coverage,
    until: executions === undefined ? began + 1000 * seconds : Number.POSITIVE_INFINITY,
    executions: executions ?? Number.POSITIVE_INFINITY,
    corpus: readdirSync(corpus!).map((file) => new Uint8Array(readFileSync(join(corpus!, file)))),
    keep: (input) => writeFileSync(join(corpus!, nameOf(input)), input),
    progress({ executions: done }) {
      if (!process.stderr.isTTY || performance.now() - shown < 500) return;
      shown = performance.now();
      process.stderr.write(`\r\x1b[K${target.name}: ${done}`);
    },
  });
  coverage.end();
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const rate = Math.round(ran.executions / ((performance.now() - began) / 1000));
  console.log(
    `${target.name.padEnd(26)}${String(ran.executions).padStart(12)}${String(rate).padStart(10)}${String(ran.blocks).padStart(8)}${String(ran.corpus).padStart(8)}`,
  );
  if (!ran.finding) return true;
  mkdirSync(findings!, { recursive: true });
  const file = join(findings!, nameOf(ran.finding.input));
  writeFileSync(file, ran.finding.input);
  console.error(ran.finding.error);
  console.error(`once more: npm run fuzz -- --only '${target.name}' --input ${file}`);
  return false;
}

const nameOf = (input: Uint8Array): string => createHash('sha256').update(input).digest('hex').slice(0, 16);
