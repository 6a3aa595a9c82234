/** `handfast doctor`: which core and lanes run here and why, whether both cores still give the right answers, and the limits in force. */
import { chooseCore } from '../core/choice.ts';
import type { Core } from '../core/core.ts';
import { setDefaultCore } from '../core/default.ts';
import { loadNative } from '../core/native-load.ts';
import { core as pure } from '../core/pure.ts';
import type { HandfastError } from '../errors.ts';
import type { Command } from './command.ts';
import { limitsInForce } from './limits.ts';
import { type Check, selfTest } from './self-test.ts';
import { SUMMARIES } from './summaries.ts';
import { colour, duration, packageVersion, print, printJson, size, table, thousands, wrap } from './terminal.ts';

export const doctor: Command = {
  name: 'doctor',
  summary: SUMMARIES.doctor,
  usage: '[options]',
  help: [
    'Says which core runs (native or pure) and why, which vector lanes it uses, and which library does what. Then tests both cores with built-in known answers, forgeries and whole handshakes, and lists the limits in force. The exit code is 1 when a test fails or the core asked for is not there.',
    'Slow, and you expected the native core? The line "why" says what is missing. HANDFAST_CORE=native turns a missing native core into an error instead of a slower node; HANDFAST_LANES=off switches the vector lanes off.',
  ],
  options: {},
  examples: ['handfast doctor', 'HANDFAST_CORE=native handfast doctor --json'],
  positionals: [0, 0],
  async run(call) {
    const report = examine();
    if (call.flag('json')) printJson(report);
    else show(report);
    return report.ok ? 0 : 1;
  },
};

interface CoreReport {
  name: 'native' | 'pure';
  available: boolean;
  /** Why it is not there. */
  why?: string;
  lanes?: string;
  fastAes?: boolean;
  parts?: Readonly<Record<string, string>>;
  tests?: { passed: number; failed: readonly Check[]; ms: number };
}

interface Doctored {
  ok: boolean;
  handfast: string;
  node: string;
  platform: string;
  /** The one that runs; `none` when the one asked for is not there. */
  core: 'native' | 'pure' | 'none';
  lanes: string;
  why: string;
  environment: Readonly<Record<string, string>>;
  cores: readonly CoreReport[];
  limits: Readonly<Record<string, number>>;
}

function examine(): Doctored {
  setDefaultCore(pure);
  const native = loadNative();
  const cores: CoreReport[] = [
    'why' in native ? { name: 'native', available: false, why: native.why } : examineCore(native.core),
    examineCore(pure),
  ];
  const chosen = choose();
  return {
    ok: chosen.core !== 'none' && cores.every(({ tests }) => !tests || tests.failed.length === 0),
    handfast: packageVersion(),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    ...chosen,
    environment: Object.fromEntries(VARIABLES.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
    cores,
    limits: limitsInForce(chosen.core === 'native' && !('why' in native) ? native.core : pure),
  };
}

function choose(): Pick<Doctored, 'core' | 'lanes' | 'why'> {
  try {
    const { core, choice } = chooseCore(process.env.HANDFAST_CORE, loadNative);
    return { core: core.name, lanes: core.lanes, why: choice.why };
  } catch (error) {
    return { core: 'none', lanes: 'off', why: (error as HandfastError).message };
  }
}

function examineCore(core: Core): CoreReport {
  const startedAt = performance.now();
  const checks = selfTest(core);
  const ms = Math.round((performance.now() - startedAt) * 10) / 10;
  const failed = checks.filter(({ ok }) => !ok);
  const { name, lanes, fastAes, parts } = core;
  return { name, available: true, lanes, fastAes, parts, tests: { passed: checks.length - failed.length, failed, ms } };
}

function show(report: Doctored): void {
  print(`${colour.bold('handfast')} ${report.handfast}, Node ${report.node}, ${report.platform}`);
  print();
  const [why, ...more] = wrap(report.why, 66);
  print(`  core    ${report.core === 'none' ? colour.red('none') : colour.bold(report.core)}`);
  print(`  lanes   ${report.lanes}`);
  print(`  why     ${why}`);
  for (const line of more) print(`          ${line}`);
  for (const [name, value] of Object.entries(report.environment)) print(`  set     ${name}=${value}`);
  for (const core of report.cores) {
    print();
    showCore(core);
  }
  print();
  print(colour.bold('limits'));
  for (const line of table(
    Object.entries(report.limits).map(([name, value]) => [spoken(name), amount(name, value)]),
    [1],
  ))
    print(line);
  print();
  print(report.ok ? colour.green('all well') : colour.red('not well: see the lines in red'));
}

function showCore({ name, available, why, lanes, fastAes, parts, tests }: CoreReport): void {
  if (!available || !parts || !tests) {
    for (const line of wrap(`${colour.bold(name)}  not available: ${why}`, 78)) print(line);
    return;
  }
  const { passed, failed, ms } = tests;
  const verdict =
    failed.length === 0 ? colour.green(`self-test ${passed} passed`) : colour.red(`self-test ${failed.length} FAILED, ${passed} passed`);
  print(`${colour.bold(name)}  lanes ${lanes}, AES on hardware ${fastAes ? 'yes' : 'no'}, ${verdict} in ${duration(ms)}`);
  for (const line of table(Object.entries(parts))) print(line);
  for (const check of failed) print(colour.red(`  failed: ${check.name}: ${check.why}`));
}

/** `halfOpenPerAddress` as `half open per address`. */
function spoken(name: string): string {
  return name.replace(/(Ms|Bytes|Records)$/, '').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function amount(name: string, value: number): string {
  if (name.endsWith('Ms')) return `${thousands(value / 1000)} s`;
  if (name.endsWith('Bytes')) return size(value);
  return name.endsWith('Records') ? `${thousands(value)} records` : thousands(value);
}

const VARIABLES = ['HANDFAST_CORE', 'HANDFAST_LANES', 'HANDFAST_REQUIRE_NATIVE', 'HANDFAST_ADDON'];
