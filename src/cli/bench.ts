/** `handfast bench`: the benchmarks of the repository. They are not part of the installed package, since their subjects are development dependencies. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Command, Failure } from './command.ts';

export const bench: Command = {
  name: 'bench',
  summary: 'measure this machine (in a clone of the repository)',
  usage: '[SUITE...] [options]',
  help: [
    'Runs the benchmarks under bench/: public-key primitives, handshakes and messages, on both cores and beside sodium-native, node:crypto and node:tls called directly. Suites can be named; all of them run otherwise. Takes minutes: close what else uses the processor first.',
    'The installed package has no benchmarks. Clone the repository, run npm ci and npm run build there, then this.',
  ],
  options: {
    json: {
      type: 'string',
      value: 'FILE',
      help: 'Also write { machine, versions, results } to FILE; - for standard output instead of the table.',
    },
    case: { type: 'string', multiple: true, value: 'NAME', help: 'Only this case, as memory or aes-256-gcm/256-B; may be repeated.' },
    rounds: { type: 'string', value: 'N', help: 'Interleaved rounds; 5.' },
    quick: { type: 'boolean', help: 'A short run: seconds instead of minutes, and less exact.' },
  },
  examples: ['handfast bench handshake', 'handfast bench --json results.json'],
  positionals: [0, 16],
  interruptible: true,
  async run(call) {
    const script = fileURLToPath(new URL('../../bench/run.mjs', import.meta.url));
    if (!existsSync(script)) {
      throw new Failure(
        'the benchmarks are not in this installation',
        'Clone the repository, run npm ci and npm run build there, then npx handfast bench',
      );
    }
    const args = [
      script,
      ...call.positionals.flatMap((suite) => ['--suite', suite]),
      ...call.list('case').flatMap((name) => ['--case', name]),
    ];
    for (const name of ['rounds', 'json']) {
      const value = call.text(name);
      if (value !== undefined) args.push(`--${name}`, value);
    }
    if (call.flag('quick')) args.push('--quick');
    const child = spawn(process.execPath, args, { stdio: 'inherit' });
    // Ctrl-C on a terminal reaches the child by itself; a signal to this process alone does not.
    call.signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => resolve(code ?? 1));
    });
  },
};
