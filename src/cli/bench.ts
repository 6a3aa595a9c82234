/** `handfast bench`: the benchmarks of the repository, run; `bench compare` and `bench report` work on the files that it writes. */
import { writeFileSync } from 'node:fs';
import { benchCompare } from './bench-compare.ts';
import { benchReport } from './bench-report.ts';
import { loadBenchmarks, told } from './benchmarks.ts';
import { type Call, type Command, UsageError } from './command.ts';
import { SUMMARIES } from './summaries.ts';
import { clearProgress, note, print, progress } from './terminal.ts';

/** Named for the help, also where there are none: a test compares them with those of bench/. */
const SUITES = [
  ...['primitives', 'lanes', 'aead', 'handshake', 'message', 'storm', 'gossip', 'node', 'shared'],
  ...['xrpl', 'lwstcp', 'sdmp', 'hivemind', 'adapters', 'memory'],
];

export const bench: Command = {
  name: 'bench',
  summary: SUMMARIES.bench,
  usage: '[SUITE...] [options]',
  help: [
    'Runs the benchmarks under bench/, on both cores and beside other libraries and node:tls. Takes minutes: close what else uses the processor first.',
    `Suites can be named; all of them run otherwise: ${SUITES.join(', ')}. docs/benchmarks.md says what each measures.`,
    'The installed package has no benchmarks. Clone the repository, run npm ci and npm run build there, then this.',
  ],
  options: {
    json: {
      type: 'string',
      value: 'FILE',
      help: 'Also write { machine, versions, results } to FILE; - for standard output instead of the table.',
    },
    case: { type: 'string', multiple: true, value: 'NAME', help: 'Only this case, as memory or aes-256-gcm/256-B; may be repeated.' },
    subject: {
      type: 'string',
      multiple: true,
      value: 'NAME',
      help: 'Only this subject and what it is compared with; may be repeated.',
    },
    rounds: { type: 'string', value: 'N', help: 'Interleaved rounds; 6 unless given.' },
    processes: {
      type: 'string',
      value: 'N',
      help: 'Processes that a subject has its rounds in, one after the other; 3 unless given. With 6, runs compare best: code is compiled differently from one process to the next.',
    },
    node: {
      type: 'string',
      value: 'VERSIONS',
      help: 'On these versions of Node, as 22,24 or 22.23.5; npm installs them into build/node. This one by default.',
    },
    quick: { type: 'boolean', help: 'Chosen cases in short rounds: under a minute for all suites, and less exact.' },
  },
  examples: [
    'handfast bench handshake',
    'handfast bench --json results.json --node 20,22,24',
    'handfast bench compare base.json head.json',
    'handfast bench report results.json -o report.html',
  ],
  positionals: [0, 16],
  interruptible: true,
  commands: { compare: benchCompare, report: benchReport },
  async run(call) {
    const benchmarks = await loadBenchmarks();
    const rounds = call.whole('rounds', 1, 1000);
    const processes = call.whole('processes', 1, 1000);
    const run = await told(() =>
      benchmarks.runBenchmarks({
        ...(call.positionals.length > 0 && { suites: call.positionals }),
        ...(call.list('case').length > 0 && { cases: call.list('case') }),
        ...(call.list('subject').length > 0 && { subjects: call.list('subject') }),
        ...(rounds !== undefined && { rounds }),
        ...(processes !== undefined && { processes }),
        ...(call.text('node') !== undefined && { nodes: nodesOf(call) }),
        quick: call.flag('quick'),
        command: commandLine(call),
        progress: progressOrLog,
        signal: call.signal,
      }),
    );
    clearProgress();
    const file = call.text('json');
    const text = benchmarks.runText(run);
    if (file === '-') process.stdout.write(text);
    else print(`${benchmarks.heading(run)}\n\n${benchmarks.table(run).trimEnd()}`);
    if (file !== undefined && file !== '-') writeFileSync(file, text);
    return 0;
  },
};

/** Where nobody sees a line replaced, as in a log of CI, a line for each case as it begins: a run takes long. */
function progressOrLog(line: string): void {
  if (process.stderr.isTTY) progress(line);
  else if (line.endsWith(': warming up')) note(line.slice(0, -': warming up'.length));
}

function nodesOf(call: Call): readonly string[] {
  const versions = (call.text('node') ?? '').split(',').map((version) => version.trim());
  if (versions.some((version) => version === ''))
    throw new UsageError(`--node ${call.text('node')}: expected versions, as in --node 22,24`);
  return versions;
}

/** As somebody else would repeat it; where the JSON goes is nobody's business. */
function commandLine(call: Call): string {
  const quoted = (text: string): string => (/^[\w./:@,-]+$/.test(text) ? text : `'${text}'`);
  const words = ['handfast bench', ...call.positionals];
  for (const name of ['case', 'subject']) for (const value of call.list(name)) words.push(`--${name} ${quoted(value)}`);
  for (const name of ['rounds', 'processes', 'node']) {
    const value = call.text(name);
    if (value !== undefined) words.push(`--${name} ${value}`);
  }
  if (call.flag('quick')) words.push('--quick');
  return words.join(' ');
}
