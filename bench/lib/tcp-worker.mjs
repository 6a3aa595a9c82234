// @ts-check
/** The second process of tcp-process.mjs: one end of a transport, told by messages what to do. Ends when the channel closes. */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { heapOfMessages } from './heap-of-messages.mjs';
import { transportOf } from './peers/index.mjs';
import { quantile } from './statistics.mjs';
import { HOST, welcome, welcomed } from './transport.mjs';

/** @type {import('./transport.mjs').Transport} */
let transport;
/** @type {Set<import('./transport.mjs').End>} */
const held = new Set();
/** Connections whose handshake is left where it is. @type {Set<net.Socket>} */
const halfOpen = new Set();

/** @type {Record<string, (options: any) => Promise<unknown>>} */
const ACTIONS = {
  async load({ peer, credentials }) {
    const loaded = await transportOf(peer, credentials);
    if ('missing' in loaded) throw new Error(loaded.missing);
    transport = loaded;
  },

  /** Listens and holds every connection that comes. */
  async listen() {
    const { port } = await transport.listen((end) => {
      held.add(end);
      welcome(end);
    });
    return { port, credentials: transport.credentials };
  },

  /** So many peers, each of which dials, waits until it is welcome, cuts the connection, and begins again until the time is over. */
  async storm({ port, peers, ms }) {
    /** @type {number[]} */
    const nanoseconds = [];
    const start = performance.now();
    const peer = async () => {
      do {
        const dialled = performance.now();
        const end = await transport.dial(port);
        await welcomed(end);
        nanoseconds.push((performance.now() - dialled) * 1e6);
        await end.destroy();
      } while (performance.now() - start < ms);
    };
    await Promise.all(Array.from({ length: peers }, peer));
    const seconds = (performance.now() - start) / 1000;
    return { count: nanoseconds.length, seconds, latency: latencyOf(nanoseconds) };
  },

  /** Opens so many sessions and leaves them be. */
  hold: ({ port, count }) =>
    inGroups(count, async () => {
      const end = await transport.dial(port);
      await welcomed(end);
      held.add(end);
    }),

  /** So many peers dial at once and stay. */
  async arrive({ port, peers }) {
    /** @type {number[]} */
    const nanoseconds = [];
    const start = performance.now();
    const peer = async () => {
      const end = await transport.dial(port);
      await welcomed(end);
      nanoseconds.push((performance.now() - start) * 1e6);
      held.add(end);
    };
    const settled = await Promise.allSettled(Array.from({ length: peers }, peer));
    const failures = settled.flatMap((one) => (one.status === 'rejected' ? [String(one.reason?.code ?? one.reason)] : []));
    return { seconds: (performance.now() - start) / 1000, failures, latency: latencyOf(nanoseconds) };
  },

  /** All that were held go. */
  async leave() {
    const ends = [...held];
    held.clear();
    await Promise.all(ends.map((end) => end.destroy()));
  },

  /** Opens so many connections that say what a dialler says first, and nothing after the answer. */
  async holdHalfOpen({ port, count }) {
    const first = await firstFlight();
    await inGroups(count, async () => {
      const socket = net.connect({ host: HOST, port });
      halfOpen.add(socket);
      await once(socket, 'connect');
      socket.write(first);
      await Promise.race([
        once(socket, 'data'),
        once(socket, 'close').then(() => {
          throw new Error('closed instead of answered');
        }),
      ]);
    });
  },

  /** Both ends here: what a message costs. */
  heapOfMessages: (options) => heapOfMessages(transport, options),

  /** What the process holds, garbage collected, and the processor time that it has used before and after collecting. */
  async measure() {
    const processorMicroseconds = processorTime();
    for (let i = 0; i < 4; i++) {
      globalThis.gc?.();
      await turn();
    }
    const { heapUsed, external } = process.memoryUsage();
    const memory = { heapBytes: heapUsed + external, residentBytes: residentBytes(), sessions: held.size };
    return { ...memory, processorMicroseconds, processorMicrosecondsAfter: processorTime() };
  },
};

/** @param {number[]} nanoseconds @returns {Record<string, number>} */
function latencyOf(nanoseconds) {
  return Object.fromEntries([1, 10, 25, 50, 75, 90, 99].map((percent) => [`p${percent}`, quantile(nanoseconds, percent / 100)]));
}

/** Pages in memory that are not of files: programs and libraries come and go by themselves. */
function residentBytes() {
  if (!existsSync('/proc/self/status')) return process.memoryUsage().rss;
  return 1024 * Number(/^RssAnon:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}

function processorTime() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** @param {number} count @param {() => Promise<void>} action 16 at once. */
async function inGroups(count, action) {
  for (let done = 0; done < count; done += 16) await Promise.all(Array.from({ length: Math.min(16, count - done) }, action));
}

/** What a dialler sends before it hears anything. @returns {Promise<Buffer>} */
async function firstFlight() {
  const server = net.createServer();
  server.listen(0, HOST);
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  transport.dial(/** @type {net.AddressInfo} */ (server.address()).port).catch(() => {});
  const [socket] = await accepted;
  /** @type {Buffer[]} */
  const chunks = [];
  socket.on('error', () => {});
  socket.on('data', (/** @type {Buffer} */ chunk) => chunks.push(chunk));
  await once(socket, 'data');
  // It may come in pieces.
  await wait(50);
  socket.destroy();
  server.close();
  return Buffer.concat(chunks);
}

process.on('message', async (/** @type {any} */ { what, options }) => {
  try {
    process.send?.({ value: await ACTIONS[what](options) });
  } catch (error) {
    process.send?.({ error: error instanceof Error ? error.message : String(error) });
  }
});
process.on('disconnect', () => process.exit());
