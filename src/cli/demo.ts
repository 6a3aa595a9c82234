/** `handfast demo`: the main job on one screen, between separate processes over loopback TCP. */
import '../core/choose.ts';
import { loadNative } from '../core/native-load.ts';
import type { Command } from './command.ts';
import { playKilled } from './demo/killed.ts';
import { playMeetings } from './demo/meeting.ts';
import { playNodes } from './demo/nodes.ts';
import { playPair } from './demo/pairs.ts';
import type { CoreName } from './demo/process.ts';
import { playRefusals } from './demo/refusals.ts';
import { Report } from './demo/report.ts';
import { type Actor, Stage } from './demo/stage.ts';
import { playTable } from './demo/table.ts';
import { PROTOCOLS } from './protocols/index.ts';
import { SUMMARIES } from './summaries.ts';
import { clearProgress, colour, duration, packageVersion, print, printError, progress } from './terminal.ts';

const NAMES = PROTOCOLS.map(({ protocol }) => protocol.name);

export const demo: Command = {
  name: 'demo',
  summary: SUMMARIES.demo,
  usage: '[options]',
  help: [
    'Starts peers as separate processes with keys of their own and lets them shake hands over 127.0.0.1: with handfast, native and pure core in both directions where the native core is there. Shows each step of each handshake with its bytes and microseconds and who was authenticated as whom, sends a 16 MiB file both ways and up to 100,000 messages, and compares what came.',
    'Then the ones that must fail: impostors, a stranger, a wrong network, a stale clock, a replayed recording, a peer killed in mid-transfer; each with the code that both sides see. Then a pair for each other protocol, over its own carrier: its handshake, a message both ways, a wrong key refused. Then three nodes: a request, 5,000 broadcasts, a ban and its end, one node killed and back. At the end a benchmark of about 20 seconds.',
    'Takes under a minute; on a busy machine the benchmark is cut short. Files are temporary and removed. The exit code is 1 if anything is not as promised; with --json the steps are printed as one array at the end.',
  ],
  options: {
    protocol: { type: 'string', value: 'NAME', help: `Play only what is of this protocol, without the benchmark: ${NAMES.join(', ')}.` },
    'no-bench': { type: 'boolean', help: 'Leave out the benchmark at the end.' },
  },
  examples: ['handfast demo', 'handfast demo --json --no-bench', `handfast demo --protocol ${NAMES[NAMES.length - 1]}`],
  positionals: [0, 0],
  interruptible: true,
  async run(call) {
    const only = call.choice('protocol', NAMES);
    const benchmark = only === undefined && !call.flag('no-bench');
    const report = new Report(call.flag('json'), call.signal);
    const startedAt = performance.now();
    const stage = await Stage.build();
    // Whatever hangs: processes are ended, and what they were asked then fails.
    const stop = (): void => void stage.clear();
    const limit = setTimeout(stop, benchmark ? LIMIT_MS : PATIENT_MS);
    call.signal.addEventListener('abort', stop, { once: true });
    try {
      await play(report, stage, only);
    } finally {
      clearTimeout(limit);
      clearProgress();
      await stage.clear();
    }
    call.signal.throwIfAborted();
    if (benchmark && report.failed.length === 0) {
      await playTable(report, WHOLE_MS - (performance.now() - startedAt), call.signal);
    }
    return conclude(report, performance.now() - startedAt, call.flag('json'));
  },
};

async function play(report: Report, stage: Stage, only: string | undefined): Promise<void> {
  const native = !('why' in loadNative());
  const fast = native ? 'native' : 'pure';
  progress('starting processes...');
  await Promise.all(['alice', 'bob', 'carol', 'dave'].map((name) => stage.identity(name)));
  const [alice, erin] = await Promise.all([stage.enter('alice', fast), stage.enter('erin', 'pure')]);
  clearProgress();
  report.say(`${colour.bold('handfast demo')} ${packageVersion()}: separate processes, real keys, all on 127.0.0.1`);
  report.say(
    native ? `native core, lanes ${alice.lanes}, and pure core` : 'pure core only: the native core is not there (handfast doctor says why)',
  );
  await report.within(only ?? 'handfast', async () =>
    report.add('cores', true, { cores: native ? ['native', 'pure'] : ['pure'], lanes: alice.lanes }),
  );
  const asked = (name: string): boolean => only === undefined || only === name;
  if (asked('handfast')) await playHandfast(report, stage, fast, alice, erin);
  for (const commands of PROTOCOLS) {
    if (asked(commands.protocol.name)) await playMeetings(report, stage, commands, { dialler: alice, listener: erin });
  }
  if (asked('handfast')) await playNodes(report, stage, fast);
}

async function playHandfast(report: Report, stage: Stage, fast: CoreName, alice: Actor, erin: Actor): Promise<void> {
  const allow = [stage.idOf('alice'), stage.idOf('carol'), stage.idOf('dave')];
  const listening = async (actor: Actor) => ({ ...actor, port: (await actor.process.ask('listen', { allow })).port });
  const native = fast === 'native';
  const [file, bob, dave] = await Promise.all([
    stage.randomFile(),
    stage.enter('bob', fast).then(listening),
    native ? stage.enter('dave', 'pure') : undefined,
  ]);
  await playPair(report, stage, alice, bob, file);
  if (dave) {
    await playPair(report, stage, alice, await listening(erin), file);
    await playPair(report, stage, dave, bob, file);
  }
  await playRefusals(report, stage, fast, { alice, bob });
  await playKilled(report, stage, fast, bob);
}

function conclude(report: Report, ms: number, json: boolean): number {
  const { steps, failed } = report;
  if (json) print(JSON.stringify(steps, null, 2));
  report.say();
  if (failed.length > 0) {
    // Not thrown: a program that asked for JSON gets the array and nothing else.
    printError('handfast demo', `${failed.length} of ${steps.length} steps were not as promised`, `First: ${failed[0].step}`);
    return 1;
  }
  report.say(colour.green(`all ${steps.length} steps as promised, in ${duration(ms)}`));
  return 0;
}

/** For the processes, and for everything; without the benchmark nobody is promised less than a minute. */
const LIMIT_MS = 55_000;
const WHOLE_MS = 58_000;
const PATIENT_MS = 110_000;
