// @ts-check
/** Bytes of heap that messages cost: both ends of a connection in this process, which holds collection off (`HELD_OFF`). */
import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { checkPair, cut, loopback } from './transport.mjs';

/** Flags of Node: a nursery so large that nothing is collected while it is looked at, and a way to collect before that. */
export const HELD_OFF = ['--expose-gc', '--max-semi-space-size=256', '--min-semi-space-size=128'];

/**
 * @param {import('./transport.mjs').Transport} transport
 * @param {object} options
 * @param {boolean} options.toDialler whether who dialled reads, instead of who accepted.
 * @param {number} options.perTurn messages of 256 bytes sent in one turn; fewer where they make so much that they cannot be sent without a collection.
 * @param {number} options.turns of the first try. Each has twice as many as the one before while that is short and nothing was collected in any: code that is compiled meanwhile, and with it
 * the rest of a page of 256 KiB that it is put in, is in `heapUsed` too, and what messages make shall be many times that.
 * @param {number} options.ms processor time for tries, and as much before them: code makes less garbage once it is compiled for good. There are more tries until eight in a row bring no less.
 * @returns {Promise<{ heapBytes: number, arrayBufferBytes: number, messages: number, nanoseconds: number }>} by message, of the last three tries the one in the middle; `messages` of a try.
 * @throws {Error} when something was collected all the same, however few messages there were.
 */
export async function heapOfMessages(transport, { toDialler, perTurn, turns, ms }) {
  if (!globalThis.gc) throw new Error(`node ${HELD_OFF.join(' ')}: without these flags collections hide what is made`);
  const ends = await loopback(transport);
  const other = await ends.open();
  await checkPair(transport, other);
  await cut(other);
  const pair = await ends.open();
  const [from, to] = toDialler ? [pair.far, pair.near] : [pair.near, pair.far];
  const counter = to.count();
  const collections = new Collections();
  await warm(from, counter, ms);
  let [count, some] = [perTurn, turns];
  let collected = false;
  /** @type {{ heapBytes: number, arrayBufferBytes: number, messages: number, nanoseconds: number }[]} */
  const made = [];
  let best = Number.POSITIVE_INFINITY;
  for (let idle = 0, usedMs = 0; idle < IDLE_TRIES && (made.length === 0 || usedMs < ms); ) {
    globalThis.gc();
    await send(from, counter, count, 1);
    await collections.seen();
    const processor = process.cpuUsage();
    const before = process.memoryUsage();
    await send(from, counter, count, some);
    const after = process.memoryUsage();
    const spent = spentMs(processor);
    const messages = some * count;
    usedMs += spent;
    if ((await collections.seen()) > 0) {
      collected = true;
      if (messages <= LEAST) throw new Error(`something was collected while ${messages} messages were sent`);
      if (some > 1) some = Math.ceil(some / 2);
      else count = Math.ceil(count / 2);
      continue;
    }
    const heapBytes = (after.heapUsed - before.heapUsed) / messages;
    const arrayBufferBytes = (after.arrayBuffers - before.arrayBuffers) / messages;
    made.push({ heapBytes, arrayBufferBytes, messages, nanoseconds: (spent * 1e6) / messages });
    idle = heapBytes < best * 0.98 ? 0 : idle + 1;
    best = Math.min(best, heapBytes);
    if (!collected && spent * 6 < ms) some *= 2;
  }
  collections.close();
  await cut(pair);
  await ends.close();
  return made.slice(-3).sort((a, b) => a.heapBytes - b.heapBytes)[made.length > 1 ? 1 : 0];
}

/** Each turn one chunk of over 64 KiB: so the code for chunks is used most often. @param {import('./transport.mjs').End} from @param {import('./transport.mjs').Counter} counter @param {number} ms */
async function warm(from, counter, ms) {
  const began = process.cpuUsage();
  do await send(from, counter, 320, 100);
  while (spentMs(began) < ms);
}

/** @param {NodeJS.CpuUsage} since */
function spentMs(since) {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

/** @param {import('./transport.mjs').End} from @param {import('./transport.mjs').Counter} counter @param {number} perTurn @param {number} turns */
async function send(from, counter, perTurn, turns) {
  const all = counter.reached(perTurn * turns);
  for (let i = 0; i < turns; i++) await from.burst(MESSAGE, perTurn);
  await all;
}

/** How often something was collected, as Node tells it a turn or two later. */
class Collections {
  #count = 0;
  #observer = new PerformanceObserver((list) => {
    this.#count += list.getEntries().length;
  });

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** Since the last time. */
  async seen() {
    for (let i = 0; i < 3; i++) await turn();
    const count = this.#count;
    this.#count = 0;
    return count;
  }

  close() {
    this.#observer.disconnect();
  }
}

const IDLE_TRIES = 8;
/** Below it single things that have nothing to do with messages are seen. */
const LEAST = 512;
const MESSAGE = Buffer.alloc(256, 'a message of 256 bytes; ');
