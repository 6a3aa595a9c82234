/** Runs the built command line as a user would: a process of its own, nothing on its terminal. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  input?: string;
  env?: Record<string, string>;
}

/** @returns when the process has ended and all it said was read. */
export function handfast(args: readonly string[], { input = '', env = {} }: RunOptions = {}): Promise<Outcome> {
  const child = start(args, env);
  const outcome: Outcome = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (text) => (outcome.stdout += text));
  child.stderr.on('data', (text) => (outcome.stderr += text));
  child.stdin.on('error', () => {}).end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ ...outcome, code }));
  });
}

/** A command that goes on: its events, one JSON object a line. */
export class Reading {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterableIterator<string>;
  readonly #exited: Promise<number | null>;

  constructor(args: readonly string[], env: Record<string, string> = {}) {
    this.#child = start(args, env);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#exited = new Promise((resolve) => this.#child.once('exit', resolve));
    running.add(this.#child);
    this.#child.once('exit', () => running.delete(this.#child));
  }

  /** The next event. */
  async event(): Promise<Record<string, unknown>> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the command has ended');
    return JSON.parse(value) as Record<string, unknown>;
  }

  /** When it ends by itself. @returns its exit code. */
  ended(): Promise<number | null> {
    return this.#exited;
  }

  /** Asks it to end. @returns its exit code. */
  stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    this.#child.kill(signal);
    return this.#exited;
  }
}

/** A listener that is running. */
export class Listening extends Reading {
  constructor(args: readonly string[], env: Record<string, string> = {}) {
    super(['listen', '--json', '--port', '0', ...args], env);
  }
}

const directory = mkdtempSync(join(tmpdir(), 'handfast-test-'));
const running = new Set<ChildProcessWithoutNullStreams>();

afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

/** A path in a directory that is removed after the tests of this file. */
export function temporary(name: string): string {
  return join(directory, name);
}

/** An identity file. @returns its path and id. */
export async function newIdentity(name: string): Promise<{ path: string; id: string }> {
  const path = temporary(name);
  const { stdout } = await handfast(['keygen', path]);
  return { path, id: stdout.trim() };
}

function start(args: readonly string[], env: Record<string, string>): ChildProcessWithoutNullStreams {
  const { HANDFAST_PASSPHRASE: _, HANDFAST_CORE: __, HANDFAST_CONTROL: ___, XDG_RUNTIME_DIR: ____, ...inherited } = process.env;
  return spawn(process.execPath, [MAIN, ...args], { env: { ...inherited, NO_COLOR: '1', ...env } });
}
