/** `handfast listen --processes N`: a primary that starts as many workers, starts again what dies, takes orders for all of them, and ends them all. Each worker runs the node that one process would run. */
import cluster, { type Worker } from 'node:cluster';
import { rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { HandfastError } from '../errors.ts';
import { ControlServer } from '../node/control/control.ts';
import { PrimaryStore } from '../node/store/primary.ts';
import { type Call, Failure } from './command.ts';
import { ControlClient } from './control-client.ts';
import { aborted } from './listening.ts';
import type { NodeLog } from './node-log.ts';
import { AllWorkers } from './workers.ts';

/** What a worker says once it listens. */
export interface Ready {
  readonly handfast: 'ready';
  readonly id: string;
  readonly network: string;
  readonly address: string;
  readonly control: string;
}

export interface Processes {
  readonly count: number;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Where orders for all are taken; undefined: nowhere. */
  readonly control: string | undefined;
  /** Each worker's own socket, on which it takes the primary's orders. */
  readonly ownControl: (worker: number) => string;
}

/** The environment of a worker: where its own socket is, and the port of all. */
export const WORKER_CONTROL = 'HANDFAST_WORKER_CONTROL';
const WORKER_PORT = 'HANDFAST_WORKER_PORT';

/** Until Ctrl-C or SIGTERM, and until the last worker is gone. @returns the exit code. @throws Failure when not one worker comes up. */
export async function runProcesses(call: Call, log: NodeLog, processes: Processes): Promise<number> {
  const store = new PrimaryStore();
  const workers = new AllWorkers();
  const failed = new AbortController();
  // Those that begin when no other one is left get the same.
  const port = processes.port === 0 ? await freePort(processes.host) : processes.port;
  let started = 0;
  // Handed out by the primary, each connection costs two messages more. Where workers take turns on a core, though, whoever has it takes most of what comes.
  if (process.env.NODE_CLUSTER_SCHED_POLICY === undefined && processes.count <= availableParallelism())
    cluster.schedulingPolicy = cluster.SCHED_NONE;
  // Their standard input is nobody's: each would take some of what is typed.
  cluster.setupPrimary({ args: process.argv.slice(2), serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });

  const start = (pauseMs: number): Promise<Ready | undefined> =>
    new Promise((resolve) => {
      const own = processes.ownControl(++started);
      const worker = cluster.fork({ [WORKER_CONTROL]: own, [WORKER_PORT]: String(port) });
      const startedAt = performance.now();
      store.serve(worker);
      worker.on('message', (message: Partial<Ready>) => {
        if (message?.handfast !== 'ready') return;
        void join(worker, message as Ready, workers).then(() => {
          resolve(message as Ready);
          log.workerReady(worker.process.pid);
        });
      });
      worker.once('exit', (code, signal) => {
        resolve(undefined);
        workers.gone(worker.id);
        // One that was killed leaves it behind.
        rmSync(own, { force: true });
        if (call.signal.aborted || failed.signal.aborted) return;
        const lasted = performance.now() - startedAt > LASTING_MS;
        const pause = lasted ? LEAST_PAUSE_MS : pauseMs;
        log.workerGone(worker.process.pid, signal ?? code, pause);
        const again = setTimeout(() => {
          if (!call.signal.aborted && !failed.signal.aborted) void start(Math.min(MOST_PAUSE_MS, 2 * pause));
        }, pause);
        call.signal.addEventListener('abort', () => clearTimeout(again), { once: true });
      });
    });

  // One first: what is wrong with the options is said once.
  const first = await firstOf(start, call.signal, failed);
  if (!first) return call.signal.aborted ? 0 : 1;
  try {
    for (let i = 1; i < processes.count; i++) void start(LEAST_PAUSE_MS);
    await using control = processes.control === undefined ? undefined : await ControlServer.open(processes.control, workers);
    log.listening(first, control?.path, processes.count);
    await aborted(call.signal);
    return 0;
  } finally {
    failed.abort();
    await endAll();
  }
}

/** @throws (by rejection) Failure */
function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => reject(new Failure(`${host}: cannot be listened on: ${error.message}`)));
    server.listen({ host, port: 0, exclusive: true }, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function firstOf(
  start: (pauseMs: number) => Promise<Ready | undefined>,
  signal: AbortSignal,
  failed: AbortController,
): Promise<Ready | undefined> {
  const ready = await Promise.race([start(LEAST_PAUSE_MS), aborted(signal).then(() => undefined)]);
  if (!ready) {
    failed.abort();
    await endAll();
  }
  return ready;
}

async function join(worker: Worker, ready: Ready, workers: AllWorkers): Promise<void> {
  try {
    const client = await ControlClient.connect(ready.control);
    if (worker.isDead()) await client[Symbol.asyncDispose]();
    else workers.joined(worker.id, client);
  } catch {
    // It has died meanwhile, and is started again.
  }
}

/** Each says goodbye to its peers first; one that does not end is ended. */
async function endAll(): Promise<void> {
  const living = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  await Promise.all(
    living.map(async (worker) => {
      const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
      if (worker.isDead()) return;
      worker.process.kill('SIGTERM');
      const late = setTimeout(() => worker.process.kill('SIGKILL'), ENDED_MS);
      await gone;
      clearTimeout(late);
    }),
  );
}

/** In a worker: tells the primary that this process listens, and where it takes orders. */
export async function tellReady(node: { id: string; network: string; address: string | undefined }): Promise<void> {
  const { id, network, address } = node;
  const ready: Ready = { handfast: 'ready', id, network, address: address!, control: process.env[WORKER_CONTROL]! };
  await new Promise<void>((resolve, reject) => {
    process.send!(ready, (error: Error | null) => {
      if (error) reject(new HandfastError('STORE_UNAVAILABLE', 'the primary process is gone', { cause: error }));
      else resolve();
    });
  });
}

/** In a worker: where all listen. */
export function workerPort(): number | undefined {
  const port = process.env[WORKER_PORT];
  return port === undefined ? undefined : Number(port);
}

/** @throws Failure */
export function checkedForMany(call: Call): void {
  if (call.text('bans') !== undefined)
    throw new Failure(
      '--bans cannot be kept by several processes',
      'Leave it away: all of them share their bans. With --store they outlive the processes',
    );
}

const LEAST_PAUSE_MS = 500;
const MOST_PAUSE_MS = 30_000;
/** One that ends sooner has not come up: the next one waits longer. */
const LASTING_MS = 10_000;
/** Longer than a node takes to say goodbye. */
const ENDED_MS = 10_000;
