/** `handfast bench compare`: whether anything is slower than it was. */
import { appendFileSync } from 'node:fs';
import { loadBenchmarks, told } from './benchmarks.ts';
import { type Call, type Command, UsageError } from './command.ts';
import { print, printJson } from './terminal.ts';

export const benchCompare: Command = {
  name: 'bench compare',
  summary: 'is anything slower than in an earlier run?',
  usage: 'BASE HEAD [options]',
  help: [
    'Takes two files of handfast bench --json (or of npm run bench:instructions) and compares each subject of handfast by its ratio to the reference that ran with it. Slower is a median slower by more than the threshold and by more than three times the spread.',
    'Exit codes: 0 nothing is slower, 1 something is, 3 nothing is known to be slower but a change above the threshold is within the spread: undecided, to be measured again. Cases that only one file has are listed, and are no failure.',
  ],
  options: {
    threshold: {
      type: 'string',
      value: 'PERCENT',
      help: '10 by default; 2 for counts of instructions, which hardly differ by themselves.',
    },
    markdown: { type: 'string', value: 'FILE', help: 'Append a summary in Markdown to FILE, as to "$GITHUB_STEP_SUMMARY".' },
  },
  examples: [
    'handfast bench compare base.json head.json',
    'handfast bench compare base.json head.json --threshold 5 --markdown summary.md',
  ],
  positionals: [2, 2],
  async run(call) {
    const threshold = thresholdOf(call);
    const benchmarks = await loadBenchmarks();
    const [base, head] = await told(() => call.positionals.map((path) => benchmarks.readRun(path)));
    const comparison = benchmarks.compareRuns(base, head, { threshold });
    if (call.flag('json')) printJson(comparison);
    else print(benchmarks.comparisonText(comparison).trimEnd());
    const markdown = call.text('markdown');
    if (markdown !== undefined) appendFileSync(markdown, `${benchmarks.comparisonMarkdown(comparison)}\n`);
    if (comparison.regressions > 0) return 1;
    return comparison.undecided > 0 ? 3 : 0;
  },
};

function thresholdOf(call: Call): number | undefined {
  const text = call.text('threshold');
  if (text === undefined) return undefined;
  const percent = /^\d{1,3}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(percent > 0)) throw new UsageError(`--threshold ${text}: expected percent above 0, as in --threshold 10`);
  return percent;
}
