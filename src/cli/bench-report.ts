/** `handfast bench report`: one page of one run. */
import { writeFileSync } from 'node:fs';
import { loadBenchmarks, told } from './benchmarks.ts';
import type { Command } from './command.ts';
import { print, printJson } from './terminal.ts';

export const benchReport: Command = {
  name: 'bench report',
  summary: 'a page of charts of one run, all in one file',
  usage: 'FILE [options]',
  help: [
    'Makes one HTML page of a file of handfast bench --json: bars with their spread, how long single operations took, handshakes a second by protocol, and where and how it was measured. The page needs nothing but itself: no network, no scripts.',
  ],
  options: {
    output: { type: 'string', short: 'o', value: 'PAGE', help: 'Where to write it; report.html by default, - for standard output.' },
  },
  examples: ['handfast bench report results.json -o report.html'],
  positionals: [1, 1],
  async run(call) {
    const benchmarks = await loadBenchmarks();
    const [path] = call.positionals;
    const page = await told(() => benchmarks.reportPage(benchmarks.readRun(path)));
    const output = call.text('output') ?? 'report.html';
    if (output === '-') process.stdout.write(page);
    else {
      writeFileSync(output, page);
      if (call.flag('json')) printJson({ written: output, bytes: Buffer.byteLength(page) });
      else print(output);
    }
    return 0;
  },
};
