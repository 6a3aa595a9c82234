/** Inputs made of those that led somewhere new: mutated, crossed, cut. An input is kept when code ran that had not run before. */
import type { Random } from '../support/random.ts';
import type { Coverage } from './coverage.ts';
import type { Target } from './target.ts';

export interface Ran {
  executions: number;
  blocks: number;
  corpus: number;
  /** The input that made the target throw, and what it threw. */
  finding?: { input: Uint8Array; error: unknown } | undefined;
}

export interface FuzzOptions {
  random: Random;
  coverage: Coverage;
  /** Until when, in milliseconds of `performance.now()`, or how often. */
  until: number;
  executions: number;
  /** What earlier runs kept. */
  corpus: readonly Uint8Array[];
  /** Called with each input that is kept. */
  keep(input: Uint8Array): void;
  /** Called now and then. */
  progress(ran: Ran): void;
}

const LARGEST = 4096;
/** To ask V8 costs as much as hundreds of the quicker targets' inputs, so it is asked more seldom while there is nothing new. */
const [SMALLEST_BATCH, LARGEST_BATCH] = [256, 2048];

/** Errors are most of what hostile inputs come to, and their stacks most of what errors cost: only a finding gets one. */
Error.stackTraceLimit = 0;

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

export function fuzz(target: Target, { random, coverage, until, executions, corpus, keep, progress }: FuzzOptions): Ran {
  const pool = [...target.seeds(), ...corpus];
  if (pool.length === 0) pool.push(new Uint8Array(0));
  const ran: Ran = { executions: 0, blocks: 0, corpus: pool.length };
  const words = dictionary(pool);
  const run = (input: Uint8Array): boolean => {
    ran.executions++;
    try {
      target.run(input.slice());
      return true;
    } catch (error) {
      ran.finding = { input, error: withStack(target, input) ?? error };
      return false;
    }
  };
  for (const input of pool) if (!run(input)) return ran;
  ran.blocks = coverage.take();
  let size = SMALLEST_BATCH;
  while (ran.executions < executions && performance.now() < until) {
    const batch = Array.from({ length: Math.min(size, executions - ran.executions) }, () => made(pool, words, random));
    for (const input of batch) if (!run(input)) return ran;
    const fresh = coverage.take();
    size = fresh > 0 ? SMALLEST_BATCH : Math.min(2 * size, LARGEST_BATCH);
    if (fresh > 0) {
      // Which of them it was is not known, and the block is never reported again: a few that were long enough to matter stay.
      ran.blocks += fresh;
      for (const input of distinct(batch, random)) {
        pool.push(input);
        keep(input);
      }
      ran.corpus = pool.length;
    }
    progress(ran);
  }
  return ran;
}

function made(pool: readonly Uint8Array[], words: readonly Uint8Array[], random: Random): Uint8Array {
  let input = random.pick(pool);
  for (let times = random.between(1, 4); times > 0; times--) {
    switch (random.below(8)) {
      case 0:
        input = crossed(input, random.pick(pool), random);
        break;
      case 1:
        input = inserted(input, words.length > 0 ? random.pick(words) : random.bytes(2), random);
        break;
      case 2:
        input = inserted(input, random.bytes(random.between(1, 16)), random);
        break;
      case 3: {
        const start = random.below(input.length + 1);
        const end = random.between(start, Math.min(input.length, start + 64));
        input = Uint8Array.of(...input.subarray(0, start), ...input.subarray(end));
        break;
      }
      default:
        input = random.mutated(input);
    }
  }
  return input.length > LARGEST ? input.slice(0, LARGEST) : input;
}

/** The beginning of the one and the end of the other. */
function crossed(one: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const [head, tail] = [one.subarray(0, random.below(one.length + 1)), other.subarray(random.below(other.length + 1))];
  const input = new Uint8Array(head.length + tail.length);
  input.set(head);
  input.set(tail, head.length);
  return input;
}

function inserted(input: Uint8Array, word: Uint8Array, random: Random): Uint8Array {
  const at = random.below(input.length + 1);
  // Over what is there as often as between it.
  const behind = input.subarray(random.chance(0.5) ? at : Math.min(input.length, at + word.length));
  const out = new Uint8Array(at + word.length + behind.length);
  out.set(input.subarray(0, at));
  out.set(word, at);
  out.set(behind, at + word.length);
  return out;
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

/** One of so many stays. */
const KEPT = 32;
function distinct(batch: readonly Uint8Array[], random: Random): Uint8Array[] {
  return Array.from({ length: Math.ceil(batch.length / KEPT) }, () => random.pick(batch));
}
