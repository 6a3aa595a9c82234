/** Sees to it that an input whose run has no end is a finding like any other: a thread beside it writes it down and ends the process. */
import { Worker } from 'node:worker_threads';
import type { Mutant } from './mutant.ts';

/** Of the processor, not of the clock: a machine may have other things to do. */
const LONGEST_RUN_MS = 20_000;

export class Watch {
  /** How many were run, and the length of the one that runs. */
  readonly #now = new Int32Array(new SharedArrayBuffer(8));
  readonly #file: string;
  readonly #says: string;
  #worker: Worker | undefined;

  /** @param file where an input goes that has no end. @param says what is printed then. */
  constructor(file: string, says: string) {
    this.#file = file;
    this.#says = says;
  }

  over(mutant: Mutant): void {
    const workerData = { now: this.#now, memory: mutant.memory, file: this.#file, says: this.#says, longest: LONGEST_RUN_MS };
    this.#worker = new Worker(WATCHING, { eval: true, workerData });
    this.#worker.unref();
  }

  /** An input of this length runs now. */
  next(length: number): void {
    this.#now[1] = length;
    this.#now[0]!++;
  }

  end(): void {
    void this.#worker?.terminate();
  }
}

const WATCHING = `
const { workerData: { now, memory, file, says, longest } } = require('node:worker_threads');
const { writeFileSync, writeSync } = require('node:fs');
const used = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
let seen = -1;
let since = used();
setInterval(() => {
  if (now[0] !== seen) {
    seen = now[0];
    since = used();
  } else if (used() - since > longest) {
    writeFileSync(file, new Uint8Array(memory).slice(0, now[1]));
    writeSync(2, says);
    process.kill(process.pid, 'SIGKILL');
  }
}, 500);`;
