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
  const node = await createNode({
    identity: Identity.fromSeed(Buffer.from(seed, 'hex'), { core }),
    network: NETWORK,
    core,
    listen: { host: HOST, port },
    maxPeers: 512,
    limits: { handshakesPerSecond: MANY, handshakeBurst: MANY, halfOpenPerAddress: 256 },
    store: stores[store] ? stores[store]() : redisStore(store),
  });
  node.handle('', ({ bytes }) => bytes.reverse());
  return { id: node.id, address: node.address };
}

/** Microseconds of processor time so far. */
const used = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** @type {import('node:cluster').Worker[]} */
const workers = [];

/** @type {Record<string, (order: any) => Promise<object>>} */
const orders = {
  async start({ processes, ...setup }) {
    if (processes === 1) return serve(setup);
    const { PrimaryStore } = await import('handfast');
    const store = new PrimaryStore();
    // As `handfast listen --processes` has it.
    if (process.env.NODE_CLUSTER_SCHED_POLICY === undefined) cluster.schedulingPolicy = cluster.SCHED_NONE;
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

  /** Of each process that serves. */
  async used() {
    const all = [used()];
    for (const worker of workers) all.push((await ask(worker, { used: true })).used);
    return { used: all };
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
    else process.send?.({ bench: message.bench.start ? await serve(message.bench.start) : { used: used() } });
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
