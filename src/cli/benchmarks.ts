/** The benchmarks of the repository, loaded where they are there: they are not part of the installed package, since their subjects are development dependencies. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeError, Failure } from './command.ts';

/** A run as `bench/index.mjs` makes it and its files hold it; nothing here looks inside. */
export type Run = object;

export interface Comparison {
  regressions: number;
  undecided: number;
}

/** What `bench/index.mjs` exports; it is JavaScript outside of this package. */
export interface Benchmarks {
  runBenchmarks(options: Record<string, unknown>): Promise<Run>;
  compareRuns(base: Run, head: Run, options: { threshold: number | undefined }): Comparison;
  comparisonText(comparison: Comparison): string;
  comparisonMarkdown(comparison: Comparison): string;
  reportPage(run: Run): string;
  readRun(path: string): Run;
  runText(run: Run): string;
  heading(run: Run): string;
  table(run: Run): string;
}

/** @throws Failure when they are not in this installation, or what they measure is not installed. */
export async function loadBenchmarks(): Promise<Benchmarks> {
  const url = new URL('../../bench/index.mjs', import.meta.url);
  if (!existsSync(fileURLToPath(url))) {
    throw new Failure(
      'the benchmarks are not in this installation',
      'Clone the repository, run npm ci and npm run build there, then npx handfast bench',
    );
  }
  return (await import(url.href)) as Benchmarks;
}

/** What the benchmarks throw is one line for people: a name that is not there, a file that is none, bytes that are wrong. */
export async function told<Made>(work: () => Made | Promise<Made>): Promise<Made> {
  try {
    return await work();
  } catch (error) {
    throw new Failure(describeError(error).message);
  }
}
