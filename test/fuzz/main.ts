/** Runs the fuzzers of the TypeScript side; scripts/fuzz.mjs bundles and starts it, and says what its options are. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cores } from '../support/cores.ts';
import { Random } from '../support/random.ts';
import { fuzz } from './engine.ts';
import { machines } from './machines.ts';
import { readers } from './readers.ts';
import { sessions } from './sessions.ts';
import type { Target } from './target.ts';
import { Watch } from './watch.ts';

export interface Orders {
  /** Where inputs are kept. */
  folder: string;
  seconds: number | undefined;
  executions: number | undefined;
  /** Counts what earlier runs of the target did in this folder among its executions. */
  resume: boolean;
  seed: number;
  core: 'native' | 'pure' | undefined;
  /** A file with one input, to be run once. */
  input: string | undefined;
}

/** Names of what can be fuzzed. */
export function names(): string[] {
  return targets(undefined).map(({ name }) => name);
}

/** Fuzzes one target. In a process of its own: a block is new once, whichever target ran it. @returns whether no input failed. */
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

function run(target: Target, { folder, seconds = 60, executions, resume, seed }: Orders): boolean {
  const name = target.name.replace(/\W+/g, '-');
  const [corpus, findings, counts] = ['corpus', 'findings', 'executions'].map((kind) => join(folder, kind, name));
  for (const each of [corpus!, findings!, join(folder, 'executions')]) mkdirSync(each, { recursive: true });
  const earlier = resume && existsSync(counts!) ? Number(readFileSync(counts!, 'utf8')) : 0;
  const endless = join(findings!, 'no-end');
  const watch = new Watch(endless, `${target.name}: an input whose run has no end; ${again(target.name, endless)}\n`);
  const began = performance.now();
  let shown = began;
  const ran = fuzz(target, {
    // What ran earlier is not run again.
    random: new Random(seed, `${target.name}${earlier || ''}`),
    watch,
    until: executions === undefined ? began + 1000 * seconds : Number.POSITIVE_INFINITY,
    executions: executions === undefined ? Number.POSITIVE_INFINITY : executions - earlier,
    corpus: readdirSync(corpus!)
      .sort()
      .map((file) => new Uint8Array(readFileSync(join(corpus!, file)))),
    keep: (input) => writeFileSync(join(corpus!, nameOf(input)), input),
    progress({ executions: done }) {
      if (performance.now() - shown < 500) return;
      shown = performance.now();
      if (resume) writeFileSync(counts!, String(earlier + done));
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${target.name}: ${earlier + done}`);
    },
  });
  watch.end();
  const total = earlier + ran.executions;
  if (resume) writeFileSync(counts!, String(total));
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const rate = Math.round(ran.executions / ((performance.now() - began) / 1000));
  console.log(
    `${target.name.padEnd(26)}${String(total).padStart(12)}${String(rate).padStart(10)}${String(ran.blocks).padStart(8)}${String(ran.corpus).padStart(8)}`,
  );
  if (!ran.finding) return true;
  const file = join(findings!, nameOf(ran.finding.input));
  writeFileSync(file, ran.finding.input);
  console.error(ran.finding.error);
  console.error(again(target.name, file));
  return false;
}

/** How a finding is run again. */
const again = (name: string, file: string): string => `once more: npm run fuzz -- --only '${name}' --input ${file}`;

const nameOf = (input: Uint8Array): string => createHash('sha256').update(input).digest('hex').slice(0, 16);
