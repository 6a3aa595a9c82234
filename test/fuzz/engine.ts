/** Inputs made of those that led somewhere new. An input is kept when a block ran that had not run before; scripts/fuzz/blocks.mjs counts them. */
import type { Random } from '../support/random.ts';
import { Mutant } from './mutant.ts';
import type { Target } from './target.ts';
import type { Watch } from './watch.ts';

export interface Ran {
  executions: number;
  blocks: number;
  corpus: number;
  /** The input that made the target throw, and what it threw. */
  finding?: { input: Uint8Array; error: unknown } | undefined;
}

export interface FuzzOptions {
  random: Random;
  /** Until when, in milliseconds of `performance.now()`, or how often. */
  until: number;
  executions: number;
  /** What earlier runs kept. */
  corpus: readonly Uint8Array[];
  /** Is told of each input before it is run. */
  watch: Watch;
  /** Called with each input that is kept. */
  keep(input: Uint8Array): void;
  /** Called now and then. */
  progress(ran: Ran): void;
}

/** Executions between two looks at the clock. */
const BATCH = 256;

/** Errors are most of what hostile inputs come to, and their stacks most of what errors cost: only a finding gets one. */
Error.stackTraceLimit = 0;

/** Those that ran at least once since all were forgotten. */
const { blocks } = globalThis as unknown as { blocks: { ran: number; forget(): void } };

export function fuzz(target: Target, { random, until, executions, corpus, watch, keep, progress }: FuzzOptions): Ran {
  const seeds = [...target.seeds()];
  if (seeds.length === 0) seeds.push(new Uint8Array(0));
  blocks.forget();
  const pool: Uint8Array[] = [];
  const ran: Ran = { executions: 0, blocks: 0, corpus: 0 };
  const mutant = new Mutant();
  watch.over(mutant);
  /** @returns whether it led somewhere new. */
  const run = (): boolean => {
    const before = blocks.ran;
    watch.next(mutant.length);
    ran.executions++;
    try {
      target.run(mutant.take());
    } catch (error) {
      const input = mutant.take();
      ran.finding = { input, error: withStack(target, input) ?? error };
    }
    return blocks.ran > before;
  };
  for (const [i, input] of [...seeds, ...corpus].entries()) {
    mutant.become(input);
    if (run() || i < seeds.length) pool.push(input);
    if (ran.finding) return ran;
  }
  const words = dictionary(pool);
  while (ran.executions < executions && performance.now() < until) {
    for (let left = Math.min(BATCH, executions - ran.executions); left > 0; left--) {
      mutant.draw(pool, words, random);
      const isNew = run();
      if (ran.finding) return ran;
      if (!isNew) continue;
      const input = mutant.take();
      pool.push(input);
      keep(input);
    }
    ran.blocks = blocks.ran;
    ran.corpus = pool.length;
    progress(ran);
  }
  return ran;
}

function withStack(target: Target, input: Uint8Array): unknown {
  Error.stackTraceLimit = 20;
  try {
    target.run(input.slice());
    return undefined;
  } catch (error) {
    return error;
  } finally {
    Error.stackTraceLimit = 0;
  }
}

/** Pieces of the seeds: names, numbers and separators that the target looks for. */
function dictionary(pool: readonly Uint8Array[]): Uint8Array[] {
  const words = new Map<string, Uint8Array>();
  for (const input of pool) {
    const text = Buffer.from(input).toString('latin1');
    for (const [word] of text.matchAll(/[A-Za-z_-]{2,24}|[0-9]+|[^\w\s]/g)) words.set(word, Buffer.from(word, 'latin1'));
    if (words.size > 2_000) break;
  }
  return [...words.values()];
}
