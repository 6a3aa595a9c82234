/** The parent's end of a peer: starts its process, gives it orders, and ends it whatever happens. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answer, Order, OrderName, Request, Response } from './orders.ts';

export type CoreName = 'native' | 'pure';

export class PeerProcess {
  readonly name: string;
  readonly core: CoreName;
  readonly #child: ChildProcess;
  readonly #open = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  #last = 0;
  #complaints = '';
  #gone: Error | undefined;
  readonly exited: Promise<void>;

  constructor(name: string, core: CoreName) {
    this.name = name;
    this.core = core;
    this.#child = fork(fileURLToPath(new URL('./peer.js', import.meta.url)), [], {
      env: { ...process.env, HANDFAST_CORE: core },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#complaints = (this.#complaints + text.toString()).slice(-2000);
    });
    this.#child.on('message', (response: Response) => this.#answered(response));
    this.exited = new Promise((resolve) => {
      this.#child.on('error', (error) => {
        this.#lost(error.message);
        // A process that never was never exits.
        if (this.#child.pid === undefined) resolve();
      });
      this.#child.once('exit', (code, signal) => {
        this.#lost(`process ended by ${signal ?? `code ${code}`}${this.#complaints ? `: ${this.#complaints.trim()}` : ''}`);
        resolve();
      });
    });
  }

  /** @throws Error when the order fails, the process is gone, or no answer comes within `limitMs`. */
  ask<Name extends OrderName>(name: Name, order: Order[Name], limitMs = 15_000): Promise<Answer[Name]> {
    return new Promise((resolve, reject) => {
      if (this.#gone) return reject(this.#gone);
      const number = ++this.#last;
      const timer = setTimeout(() => {
        this.#open.delete(number);
        reject(new Error(`${this.name}: no answer to "${name}" within ${limitMs / 1000} s`));
      }, limitMs);
      const settle = (): void => {
        clearTimeout(timer);
        this.#open.delete(number);
      };
      this.#open.set(number, {
        resolve(answer) {
          settle();
          resolve(answer as Answer[Name]);
        },
        reject(error) {
          settle();
          reject(error);
        },
      });
      this.#child.send({ number, name, order } satisfies Request, (error) => {
        if (error) this.#lost(error.message);
      });
    });
  }

  /** At once and without a word: SIGKILL. */
  kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    return this.exited;
  }

  #answered({ number, answer, error }: Response): void {
    const waiting = this.#open.get(number);
    if (error === undefined) waiting?.resolve(answer);
    else waiting?.reject(new Error(`${this.name}: ${error}`));
  }

  #lost(why: string): void {
    this.#gone ??= new Error(`${this.name}: ${why}`);
    for (const { reject } of [...this.#open.values()]) reject(this.#gone);
  }
}
