/** The benchmark at the end of the demo: the repository's where it is there, else a short one of both cores. Some 20 seconds either way. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { clearProgress, colour, progress, table, thousands, wrap } from '../terminal.ts';
import type { Report } from './report.ts';
import { measureCores } from './short-bench.ts';

/** What `bench/index.mjs` exports; it is JavaScript outside of this package. */
interface Benchmarks {
  quickTable(options: { progress: (line: string) => void; signal: AbortSignal }): Promise<{ run: Run }>;
}

interface Run {
  results: readonly Result[];
  absent: readonly { subject: string }[];
}

interface Result {
  suite: string;
  case: string;
  subject: string;
  operation: string;
  opsPerSecond: number;
  nsPerOp: { p50: number; p99: number };
  /** The subject that ratios are to; absent ratio: the rounds differ too much to say. */
  reference: string;
  ratio?: number;
}

/** @param signal ends it early. */
export async function playTable(report: Report, limitMs: number, signal: AbortSignal): Promise<void> {
  report.heading('Benchmark of this machine, now');
  const late = AbortSignal.timeout(Math.max(1, Math.round(limitMs)));
  const either = AbortSignal.any([signal, late]);
  await report.scene('benchmark', async () => {
    try {
      const benchmarks = await repositoryBenchmarks();
      if (benchmarks) await showRepository(report, benchmarks, either);
      else await showShort(report, either);
    } catch (error) {
      if (signal.aborted || !late.aborted) throw error;
      // A busy machine is no broken promise.
      report.say(`   ${colour.yellow('cut short: this machine is too busy; run handfast bench by itself')}`);
      report.add('benchmark', true, { cutShort: true });
    } finally {
      clearProgress();
    }
  });
}

/** Undefined where it is not there or what it compares with is not installed. */
async function repositoryBenchmarks(): Promise<Benchmarks | undefined> {
  const url = new URL('../../../bench/index.mjs', import.meta.url);
  if (!existsSync(fileURLToPath(url))) return undefined;
  try {
    return (await import(url.href)) as Benchmarks;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

async function showRepository(report: Report, { quickTable }: Benchmarks, signal: AbortSignal): Promise<void> {
  const { run } = await quickTable({ progress, signal });
  clearProgress();
  for (const name of new Set(run.results.map(({ suite, case: of }) => `${suite}, ${of}`))) {
    showCase(
      report,
      name,
      run.results.filter((result) => `${result.suite}, ${result.case}` === name),
    );
  }
  const absent = [...new Set(run.absent.map(({ subject }) => subject))];
  if (absent.length > 0) report.say(colour.dim(`   not measured, as it is not there: ${absent.join(', ')}`));
  report.add('benchmark', run.results.length > 0, { results: run.results }, 'nothing was measured');
}

/** The fastest first. */
function showCase(report: Report, name: string, results: readonly Result[]): void {
  const [{ operation, reference }] = results;
  report.say(`   ${name}`);
  for (const line of wrap(`${operation}; ratios to ${reference}`, 74)) report.say(colour.dim(`     ${line}`));
  const rows = [...results]
    .sort((a, b) => b.opsPerSecond - a.opsPerSecond)
    .map(({ subject, opsPerSecond, nsPerOp, ratio }) => {
      return [
        subject,
        thousands(opsPerSecond),
        ...[nsPerOp.p50, nsPerOp.p99].map(nanoseconds),
        ratio === undefined ? '-' : `${thousands(ratio, 2)} x`,
      ];
    });
  const head = ['', 'a second', 'p50', 'p99', 'ratio'].map(colour.dim);
  for (const line of table([head, ...rows], [1, 2, 3, 4], 5)) report.say(line);
  report.say();
}

function nanoseconds(ns: number): string {
  if (ns < 10_000) return `${thousands(ns)} ns`;
  return ns < 10_000_000 ? `${thousands(ns / 1000, 1)} us` : `${thousands(ns / 1e6, 1)} ms`;
}

async function showShort(report: Report, signal: AbortSignal): Promise<void> {
  const rows = await measureCores(20_000, progress, signal);
  clearProgress();
  const both = rows.some(({ native }) => native !== undefined);
  const cells = rows.map(({ name, native = 0, pure }) => {
    return both ? [name, thousands(native), thousands(pure), `${thousands(native / pure, 1)} x`] : [name, thousands(pure)];
  });
  const head = both ? ['a second, one thread', 'native', 'pure', 'ratio'] : ['a second, one thread', 'pure'];
  for (const line of table([head.map(colour.dim), ...cells], [1, 2, 3], 3)) report.say(line);
  report.add('benchmark', true, { results: rows });
}
