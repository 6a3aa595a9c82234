/** What a listener holds for a session in which nothing happens, and for a handshake that stopped after its first message; less what it holds for as many bare sockets. */
import { peerSubjects } from '../lib/peers/index.mjs';
import { TcpProcess } from '../lib/tcp-process.mjs';

const COUNT = 512;
/** Held before the first look, so that code, pools and the slack of the heap are there and filled. */
const FIRST = 128;
/** Shorter rounds are only there to see whether it works, and need no more than this of both. */
const SHORT_MS = 20;
const FEW = 16;
/** By count, what is held for bare sockets: measured once in each process. @type {Map<number, Held>} */
const bare = new Map();

/** @type {import('../lib/suite.mjs').Suite} */
export const suite = {
  name: 'memory',
  title: 'Bytes that a listener holds, beyond those of bare sockets',
  cases: [
    { name: 'idle-session', operation: operation('a session opened and left alone'), reference: 'node:net', measures: 'heapBytes' },
    {
      name: 'half-open',
      operation: operation("a handshake left after the listener's answer"),
      reference: 'node:net',
      measures: 'heapBytes',
    },
  ],
  // Fresh processes for each sample: nothing for a quick look.
  subjects: peerSubjects((transport, caseName, { name }) => listenerMemory(transport, name, caseName === 'half-open')).map((subject) => ({
    ...subject,
    quick: false,
  })),
};

/** @param {string} what */
function operation(what) {
  return `${what}: its processor time at the listener; what it holds there is in the figures, ${COUNT} of them`;
}

/**
 * Two fresh processes for each sample: one listens and is measured, one dials.
 * @param {import('../lib/transport.mjs').Transport} transport @param {string} name @param {boolean} halfOpen
 * @returns {Promise<import('../lib/suite.mjs').Prepared>}
 */
async function listenerMemory({ facts }, name, halfOpen) {
  // A bare socket has no handshake to stop in.
  const hold = (/** @type {number} */ count) => held(name, halfOpen && name !== 'node:net', count);
  return {
    operations: 1,
    async sample(ms) {
      const count = ms < SHORT_MS ? FEW : COUNT;
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
    facts: { ...facts, connections: COUNT },
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
