#!/usr/bin/env node
/** `handfast ...`: finds the command, reads its arguments, runs it and turns what it throws into one line and an exit code: 1 it failed, 2 the command line was wrong, 130 Ctrl-C. */
import { CODES, HandfastError } from '../errors.ts';
import { adviceFor, whereToRead } from './advice.ts';
import { type Command, describeError, Failure, helpOf, Interrupted, meant, readArguments, UsageError } from './command.ts';
import { explainCode } from './explain-code.ts';
import { type CommandName, isCommand, SUMMARIES } from './summaries.ts';
import { clearProgress, packageVersion, print, printError, printJson } from './terminal.ts';

/** Loaded when asked for, so that help does not wait for a core. */
const COMMANDS: Readonly<Record<CommandName, () => Promise<Command>>> = {
  keygen: async () => (await import('./keygen.ts')).keygen,
  id: async () => (await import('./id.ts')).id,
  listen: async () => (await import('./listen.ts')).listen,
  connect: async () => (await import('./connect.ts')).connect,
  probe: async () => (await import('./probe.ts')).probe,
  request: async () => (await import('./request.ts')).request,
  broadcast: async () => (await import('./broadcast.ts')).broadcast,
  subscribe: async () => (await import('./subscribe.ts')).subscribe,
  peers: async () => (await import('./peers.ts')).peers,
  top: async () => (await import('./top.ts')).top,
  ban: async () => (await import('./bans.ts')).ban,
  unban: async () => (await import('./bans.ts')).unban,
  bans: async () => (await import('./bans.ts')).bans,
  hivemind: async () => (await import('./hivemind.ts')).hivemind,
  bench: async () => (await import('./bench.ts')).bench,
  doctor: async () => (await import('./doctor.ts')).doctor,
  conformance: async () => (await import('./conformance.ts')).conformance,
  demo: async () => (await import('./demo.ts')).demo,
};

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever read our output has gone (`| head`): nothing to say and nobody to say it to.
  if (error.code === 'EPIPE') process.exit(141);
  throw error;
});

process.exitCode = await main(process.argv.slice(2));

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === 'help' && args.length > 0) {
    const [word, ...more] = args;
    if (isCommand(word)) return runCommand(word, [...more, '--help']);
    if (explainCode(word)) return 0;
    return /^HF_/i.test(word) ? unknownCode(word) : unknown(word);
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    printOverview();
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-v') {
    print(packageVersion());
    return 0;
  }
  if (!isCommand(name)) return unknown(name);
  return runCommand(name, args);
}

function unknown(name: string): number {
  printError('handfast', `unknown command ${name}${meant(name, Object.keys(COMMANDS))}`, 'handfast --help lists the commands');
  return 2;
}

function unknownCode(word: string): number {
  const codes = Object.keys(CODES).map((name) => `HF_${name}`);
  printError('handfast', `unknown code ${word}${meant(word.toUpperCase(), codes)}`, 'docs/errors.md lists them all');
  return 2;
}

async function runCommand(name: CommandName, args: readonly string[]): Promise<number> {
  const interrupted = new AbortController();
  let json = args.includes('--json');
  let who: string = name;
  let speaks: string | undefined;
  try {
    const found = await COMMANDS[name]();
    const part = Object.entries(found.commands ?? {}).find(([word]) => word === args[0])?.[1];
    const command = part ?? found;
    who = command.name;
    const call = readArguments(command, part ? args.slice(1) : args, interrupted.signal);
    json = call.flag('json');
    speaks = command.protocols?.find((part) => part.name === call.text('protocol'))?.title;
    if (call.flag('help')) {
      print(helpOf(command, call.text('protocol')));
      return 0;
    }
    if (command.interruptible) abortOnSignals(interrupted);
    return await command.run(call);
  } catch (error) {
    clearProgress();
    if (interrupted.signal.aborted || error instanceof Interrupted) return 130;
    return explain(who, error, json, speaks);
  }
}

/** The first signal asks, the second one does not. */
function abortOnSignals(interrupted: AbortController): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupted.signal.aborted) process.exit(130);
      interrupted.abort(new HandfastError('ABORTED', `interrupted by ${signal}`));
    });
  }
}

function explain(name: string, error: unknown, json: boolean, speaks: string | undefined): number {
  if (error instanceof UsageError) {
    printError(`handfast ${name}`, error.message, `handfast ${name} --help explains`);
    return 2;
  }
  const { code, message } = describeError(error);
  const advice = error instanceof Failure ? error.advice : adviceFor(error, speaks);
  const known = error instanceof Failure || error instanceof HandfastError || (code !== 'ERROR' && !code.startsWith('ERR_'));
  if (json) printJson({ error: { ...(error instanceof Failure ? {} : { code }), message, ...(advice && { advice }) } });
  if (error instanceof HandfastError) printError(`handfast ${name}`, `${message} (${code})`, advice ?? whereToRead(code));
  else printError(`handfast ${name}`, message, advice);
  // What nobody foresaw is a fault of ours: the stack helps to find it.
  if (!known && error instanceof Error && error.stack) process.stderr.write(`${error.stack}\n`);
  return 1;
}

function printOverview(): void {
  print(`handfast ${packageVersion()}: authenticated handshakes and encrypted sessions between peers`);
  print();
  print('usage: handfast COMMAND [options]');
  print();
  for (const [name, summary] of Object.entries(SUMMARIES)) print(`  ${name.padEnd(13)}${summary}`);
  print();
  print('handfast COMMAND --help explains each with an example. Every command takes --json.');
  print('handfast help HF_CODE says what an error means, whose doing it is, and what to do.');
  print('HANDFAST_CORE=native|pure picks the core; handfast doctor says which one runs, and why.');
}
