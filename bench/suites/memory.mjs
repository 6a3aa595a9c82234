/**
 * What a listener holds for a session in which nothing happens, and for a handshake that stopped after its first message; less what it holds for as many bare sockets. And what a message
 * makes of garbage, both ends together.
 */

import { descriptors } from '../lib/descriptors.mjs';
import { HELD_OFF } from '../lib/heap-of-messages.mjs';
import { peerSubjects } from '../lib/peers/index.mjs';
import { TcpProcess } from '../lib/tcp-process.mjs';

const COUNT = 512;
/** What takes a quarter of a second a hundred is not opened so often. */
const MANY = 10_000;
const MANY_OF = ['handfast native', 'handfast pure', 'node:tls 1.3 mutual', 'node:net'];
/** Held before the first look, so that code, pools and the slack of the heap are there and filled. */
const FIRST = 128;
/** Shorter rounds are only there to see whether it works, and need no more than this of both. */
const SHORT_MS = 20;
/** So many that what a chunk costs decides, and not what a turn does. */
const PER_TURN = 16_384;
const FEW = 16;
/** By count, what is held for bare sockets: measured once in each process. @type {Map<number, Held>} */
const bare = new Map();

/** @type {import('../lib/suite.mjs').Suite} */
export const suite = {
  name: 'memory',
  title: 'Bytes that a listener holds, beyond those of bare sockets; bytes that a message makes',
  cases: [
    { name: 'idle-session', operation: operation('a session opened and left alone', COUNT) },
    { name: `idle-session-${MANY}`, operation: operation('a session opened and left alone', MANY) },
    { name: 'half-open', operation: operation("a handshake left after the listener's answer", COUNT) },
    { name: 'message-to-dialler', operation: messageOperation('who dialled reads') },
    { name: 'message-to-listener', operation: messageOperation('who accepted reads') },
  ].map((one) => ({ ...one, reference: 'node:net', measures: 'heapBytes' })),
  // Fresh processes for each sample: nothing for a quick look.
  subjects: peerSubjects(async (transport, caseName, { name }) => {
    if (caseName.startsWith('message')) return messageMemory(transport, name, caseName === 'message-to-dialler');
    if (caseName !== `idle-session-${MANY}`) return listenerMemory(transport, name, caseName === 'half-open', COUNT);
    if (!MANY_OF.includes(name)) return undefined;
    const needed = FIRST + MANY + 256;
    if (descriptors() < needed) return { missing: `ulimit -n ${needed} # in the same shell, before the benchmark` };
    return listenerMemory(transport, name, false, MANY);
  }).map((subject) => ({ ...subject, quick: false })),
};

/** @param {string} what @param {number} count */
function operation(what, count) {
  return `${what}: its processor time at the listener; what it holds there is in the figures, ${count} of them`;
}

/** @param {string} who */
function messageOperation(who) {
  return `a message of 256 bytes one way over TCP, ${PER_TURN} a turn, read in batches where a subject has them, ${who}: its processor time; what it makes on the heap is in the figures`;
}

/**
 * A fresh process for each sample.
 * @param {import('../lib/transport.mjs').Transport} transport @param {string} name @param {boolean} toDialler
 * @returns {Promise<import('../lib/suite.mjs').Prepared>}
 */
async function messageMemory({ facts }, name, toDialler) {
  return {
    operations: 1,
    async sample(ms) {
      const both = await TcpProcess.start(name, undefined, HELD_OFF);
      const short = ms < SHORT_MS;
      const options = short ? { perTurn: 512, turns: 2, ms: 1 } : { perTurn: PER_TURN, turns: 16, ms: 3000 };
      try {
        const { heapBytes, arrayBufferBytes, nanoseconds } = await both.ask('heapOfMessages', { toDialler, ...options });
        return {
          opsPerSecond: 1e9 / nanoseconds,
          nsPerOp: { p50: nanoseconds, p99: nanoseconds },
          figures: { heapBytes, arrayBufferBytes },
        };
      } finally {
        await both.end();
      }
    },
    /** The connection has carried a message both ways before it is measured. */
    check() {},
    facts: { ...facts, messagesInOneTurn: PER_TURN },
  };
}

/**
 * Two fresh processes for each sample: one listens and is measured, one dials.
 * @param {import('../lib/transport.mjs').Transport} transport @param {string} name @param {boolean} halfOpen @param {number} most connections of a sample.
 * @returns {Promise<import('../lib/suite.mjs').Prepared>}
 */
async function listenerMemory({ facts }, name, halfOpen, most) {
  // A bare socket has no handshake to stop in.
  const hold = (/** @type {number} */ count) => held(name, halfOpen && name !== 'node:net', count);
  return {
    operations: 1,
    async sample(ms) {
      const count = ms < SHORT_MS ? FEW : most;
      const less = bare.get(count) ?? (await held('node:net', false, count));
      bare.set(count, less);
      const { nanoseconds, heapBytes, residentBytes } = await hold(count);
      return {
        opsPerSecond: 1e9 / nanoseconds,
        nsPerOp: { p50: nanoseconds, p99: nanoseconds },
        figures: {
          heapBytes: heapBytes - less.heapBytes,
          residentBytes: residentBytes - less.residentBytes,
          heapBytesWithSocket: heapBytes,
          residentBytesWithSocket: residentBytes,
        },
      };
    },
    /** Each sample sees for itself that the listener has authenticated as many as it is said to hold, and none where handshakes are half-open. */
    check() {},
    facts: { ...facts, connections: most },
  };
}

/**
 * @typedef {{ nanoseconds: number, heapBytes: number, residentBytes: number }} Held for each connection: processor time of the listener, bytes.
 *
 * @param {string} name @param {boolean} halfOpen @param {number} count @returns {Promise<Held>}
 */
async function held(name, halfOpen, count) {
  const listener = await TcpProcess.start(name, undefined, MEASURED);
  const { port, credentials } = await listener.ask('listen');
  const dialler = await TcpProcess.start(name, credentials);
  try {
    const action = halfOpen ? 'holdHalfOpen' : 'hold';
    const first = Math.min(count, FIRST);
    await dialler.ask(action, { port, count: first });
    const before = await listener.ask('measure');
    await dialler.ask(action, { port, count });
    const after = await listener.ask('measure');
    const expected = halfOpen ? 0 : first + count;
    if (after.sessions !== expected) throw new Error(`the listener has ${after.sessions} sessions where ${expected} were expected`);
    return {
      nanoseconds: ((after.processorMicroseconds - before.processorMicrosecondsAfter) * 1000) / count,
      heapBytes: (after.heapBytes - before.heapBytes) / count,
      residentBytes: (after.residentBytes - before.residentBytes) / count,
    };
  } finally {
    await dialler.end();
    await listener.end();
  }
}

// A small nursery, so that what is held does not drown in how far the nursery has grown.
const MEASURED = ['--expose-gc', '--max-semi-space-size=1'];
