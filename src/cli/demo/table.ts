/** The benchmark at the end of the demo: the repository's where it is there, else a short one of both cores. Some 20 seconds either way. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { clearProgress, colour, progress, table, thousands } from '../terminal.ts';
import { mark, type Report } from './report.ts';
import { measureCores } from './short-bench.ts';

/** What `bench/index.mjs` exports; it is JavaScript outside of this package. */
interface Benchmarks {
  quickTable(options: {
    progress: (line: string) => void;
    signal: AbortSignal;
  }): Promise<{ run: { results: readonly unknown[] }; text: string }>;
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
  const { run, text } = await quickTable({ progress, signal });
  clearProgress();
  for (const line of text.trimEnd().split('\n')) report.say(line && `   ${line}`);
  report.add('benchmark', run.results.length > 0, { results: run.results }, 'nothing was measured');
}

async function showShort(report: Report, signal: AbortSignal): Promise<void> {
  const rows = await measureCores(20_000, progress, signal);
  clearProgress();
  const figure = (rate: number | undefined): string => (rate === undefined ? '-' : thousands(rate));
  const cells = rows.map(({ name, native, pure }) => [
    name,
    figure(native),
    figure(pure),
    native === undefined ? '-' : `${thousands(native / pure, 1)} x`,
  ]);
  for (const line of table([['a second, one thread', 'native', 'pure', 'ratio'].map(colour.dim), ...cells], [1, 2, 3], 3)) report.say(line);
  report.say(`   ${mark(true)}`);
  report.add('benchmark', true, { results: rows });
}
