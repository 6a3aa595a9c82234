// @ts-check
/** The serving side of the suite `shared`: one node, or several processes of one identity with this one as their primary. Started by other-process.mjs, and by itself as a worker. */
import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { loadCore } from './suite.mjs';

const HOST = '127.0.0.1';
const NETWORK = 'bench';
const MANY = 1e9;

/** @param {{ seed: string, port: number, store: string }} setup */
async function serve({ seed, port, store }) {
  const { createNode, Identity, memoryStore, primaryStore, redisStore } = await import('handfast');
  const core = await loadCore('native');
  /** @type {Record<string, () => import('handfast').Store | undefined>} */
  const stores = {
    none: () => undefined,
    memory: memoryStore,
    primary: () => primaryStore(/** @type {import('handfast').Channel} */ (process)),
  };
  const identity = Identity.fromSeed(Buffer.from(seed, 'hex'), { core });
  const node = await createNode({
    identity,
    network: NETWORK,
    core,
    listen: { host: HOST, port },
    maxPeers: 512,
    limits: { handshakesPerSecond: MANY, handshakeBurst: MANY, halfOpenPerAddress: 256 },
    store: stores[store] ? stores[store]() : redisStore(store),
  });
  node.handle('', ({ bytes }) => {
    handled++;
    return bytes.reverse();
  });
  opened = () => node.status().opened.inbound;
  return { id: node.id, publicKey: Buffer.from(identity.publicKey).toString('hex'), address: node.address };
}

let handled = 0;
let opened = () => 0;

/** So far: microseconds of processor time, requests handled and sessions that have opened. */
const done = () => {
  const { user, system } = process.cpuUsage();
  return { used: user + system, handled, opened: opened() };
};

/** @type {import('node:cluster').Worker[]} */
const workers = [];

/** @type {Record<string, (order: any) => Promise<object>>} */
const orders = {
  /** @param options `inTurn`: the primary hands connections out, so that each process has as many. */
  async start({ processes, inTurn, ...setup }) {
    if (processes === 1) return serve(setup);
    const { PrimaryStore } = await import('handfast');
    const store = new PrimaryStore();
    // Otherwise as `handfast listen --processes` has it.
    cluster.schedulingPolicy = inTurn ? cluster.SCHED_RR : cluster.SCHED_NONE;
    cluster.setupPrimary({ exec: fileURLToPath(import.meta.url), args: [], serialization: 'advanced' });
    let started;
    for (let i = 0; i < processes; i++) {
      const worker = cluster.fork();
      workers.push(worker);
      store.serve(worker);
      // What it is told before it listens would be lost.
      await said(worker);
      started = await ask(worker, { start: setup });
    }
    return started;
  },

  /** Of each process that serves, this one first. */
  async done() {
    const all = [done()];
    for (const worker of workers) all.push((await ask(worker, { done: true })).done);
    return { done: all };
  },
};

/** @param {import('node:cluster').Worker} worker @param {object} question @returns {Promise<any>} one at a time. */
function ask(worker, question) {
  const answer = said(worker);
  worker.send({ bench: question });
  return answer;
}

/** @param {import('node:cluster').Worker} worker @returns {Promise<any>} the next thing that it says itself. */
function said(worker) {
  return new Promise((resolve, reject) => {
    // What is said to the store comes between.
    const answered = (/** @type {any} */ { bench }) => {
      if (!bench) return;
      worker.off('message', answered);
      if (bench.error) reject(new Error(bench.error));
      else resolve(bench);
    };
    worker.on('message', answered);
  });
}

process.on('message', async (/** @type {any} */ message) => {
  if (cluster.isWorker && !message.bench) return;
  try {
    if (!cluster.isWorker) process.send?.(await orders[message.do](message));
    else process.send?.({ bench: message.bench.start ? await serve(message.bench.start) : { done: done() } });
  } catch (error) {
    const failed = { error: String(Object(error).message ?? error) };
    process.send?.(cluster.isWorker ? { bench: failed } : failed);
  }
});
process.on('disconnect', () => {
  for (const worker of workers) worker.process.kill('SIGKILL');
  process.exit();
});
if (cluster.isWorker) process.send?.({ bench: { ready: true } });
