// @ts-check
/** A subject in a process of its own, so that what one does to the JIT and the heap is not paid by another; pinned to one core where `taskset` is there. */
import { spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { coresAllowed } from './all-cores.mjs';

export class SubjectProcess {
  /** @type {import('node:child_process').ChildProcess} */
  #child;
  /** @type {((answer: any) => void) | undefined} */
  #waiting;
  /** @type {string | undefined} */
  #ended;
  /** @type {Promise<any>} */
  #loaded;

  /** @param {string} suiteUrl @param {string} subject @param {{ node?: string | undefined }} [options] another node binary than this one. */
  constructor(suiteUrl, subject, { node = process.execPath } = {}) {
    const command = [node, ...NODE_FLAGS, WORKER, suiteUrl, subject];
    const cpu = pinnedCpu();
    if (cpu !== undefined) command.unshift('taskset', '-c', String(cpu));
    this.#child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#loaded = this.#answer();
    // Whoever waits for it hears of a failure; nobody else has to.
    this.#loaded.catch(() => {});
    this.#child.on('message', (message) => this.#settle(message));
    this.#child.on('error', (error) => this.#end(error.message));
    this.#child.on('exit', (code, signal) => this.#end(`its process ended (${signal ?? `exit code ${code}`})`));
  }

  /** Resolves when the process has loaded its suite. @returns {Promise<{ versions: { node: string, v8: string, openssl: string } }>} */
  async ready() {
    return this.#loaded;
  }

  /** @param {object} message @returns {Promise<any>} @throws what the other process threw. */
  async ask(message) {
    const answer = this.#answer();
    if (this.#child.connected) this.#child.send(message);
    return answer;
  }

  end() {
    if (this.#child.connected) this.#child.disconnect();
    this.#child.kill();
  }

  /** @returns {Promise<any>} */
  async #answer() {
    const answer = await new Promise((resolve) => {
      if (this.#ended) resolve({ error: this.#ended });
      else this.#waiting = resolve;
    });
    if (answer.error) throw new Error(answer.error);
    return answer;
  }

  /** @param {any} answer */
  #settle(answer) {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(answer);
  }

  /** @param {string} why */
  #end(why) {
    this.#ended ??= why;
    this.#settle({ error: why });
  }
}

/** The core that every subject is pinned to: the last one, or HANDFAST_BENCH_CPU. @returns {number | undefined} undefined where nothing is pinned. */
export function pinnedCpu() {
  pinned ??= findCpu();
  return pinned.cpu;
}

/** @returns {{ cpu: number | undefined }} */
function findCpu() {
  const cpu = Number(process.env.HANDFAST_BENCH_CPU || lastAllowed());
  const tried = spawnSync('taskset', ['-c', String(cpu), 'true']);
  return { cpu: tried.status === 0 ? cpu : undefined };
}

/** By its number: a process that was given only some of the cores keeps to them. */
function lastAllowed() {
  const last = /(\d+)$/.exec(coresAllowed() ?? '')?.[1];
  return last ?? availableParallelism() - 1;
}

/** @type {{ cpu: number | undefined } | undefined} */
let pinned;
const WORKER = fileURLToPath(new URL('./worker.mjs', import.meta.url));
// Nothing that a user would not have.
const NODE_FLAGS = ['--no-warnings'];
