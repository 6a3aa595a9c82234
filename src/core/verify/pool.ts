/** A few worker threads for curves that only JavaScript computes: started when they are first needed, ended when they had nothing to do for a while. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { pack, type Verification } from './packed.ts';

interface Task {
  readonly checks: readonly Verification[];
  readonly done: (valid: Uint8Array | undefined) => void;
}

interface Thread {
  readonly worker: Worker;
  task: Task | undefined;
  idle: ReturnType<typeof setTimeout> | undefined;
}

export class VerifyPool {
  /** Threads at most: one a processor, and no more than the native core uses. */
  readonly size: number;
  readonly #file: URL;
  readonly #idleMs: number;
  readonly #threads = new Set<Thread>();
  readonly #waiting: Task[] = [];
  #usable = true;

  /** @param file the module that a thread runs. @param idleMs after which a thread without work ends. */
  constructor(file: URL, { size = Math.min(availableParallelism(), MOST_THREADS), idleMs = 10_000 } = {}) {
    this.#file = file;
    this.size = size;
    this.#idleMs = idleMs;
  }

  /** Threads that run now. */
  get running(): number {
    return this.#threads.size;
  }

  /**
   * Copied when a thread is free for it, not before.
   * @returns a byte for each, or undefined when no thread could do it.
   */
  verify(checks: readonly Verification[]): Promise<Uint8Array | undefined> {
    return new Promise((done) => {
      if (!this.#usable) return done(undefined);
      this.#waiting.push({ checks, done });
      this.#assign();
    });
  }

  #assign(): void {
    while (this.#waiting.length > 0) {
      let thread: Thread | undefined;
      try {
        thread = this.#free();
      } catch {
        // Not permitted, or no memory for one more: whoever waits does without, unless a thread runs that will come to it.
        if (this.#threads.size === 0) this.#giveUp();
        return;
      }
      if (thread === undefined) return;
      const task = this.#waiting.shift()!;
      thread.task = task;
      clearTimeout(thread.idle);
      // Only a thread at work keeps the process alive.
      thread.worker.ref();
      const packed = pack(task.checks);
      thread.worker.postMessage(packed, [packed.buffer]);
    }
  }

  #free(): Thread | undefined {
    for (const thread of this.#threads) if (thread.task === undefined) return thread;
    return this.#threads.size < this.size ? this.#start() : undefined;
  }

  #start(): Thread {
    const thread: Thread = { worker: new Worker(this.#file), task: undefined, idle: undefined };
    let answered = false;
    thread.worker.on('message', (valid: Uint8Array) => {
      answered = true;
      this.#finish(thread, valid);
      this.#assign();
    });
    // Told by `exit` too, which comes in every case.
    thread.worker.on('error', () => {});
    thread.worker.on('exit', () => {
      clearTimeout(thread.idle);
      this.#threads.delete(thread);
      // One that never worked would not the next time.
      if (!answered) this.#giveUp();
      this.#finish(thread, undefined);
      this.#assign();
    });
    this.#threads.add(thread);
    return thread;
  }

  #finish(thread: Thread, valid: Uint8Array | undefined): void {
    const { task } = thread;
    thread.task = undefined;
    thread.worker.unref();
    if (valid !== undefined) thread.idle = setTimeout(() => this.#end(thread), this.#idleMs).unref();
    task?.done(valid);
  }

  #end(thread: Thread): void {
    this.#threads.delete(thread);
    void thread.worker.terminate();
  }

  #giveUp(): void {
    this.#usable = false;
    for (const task of this.#waiting.splice(0)) task.done(undefined);
  }
}

/** As many as the native core's batches take. */
const MOST_THREADS = 4;
