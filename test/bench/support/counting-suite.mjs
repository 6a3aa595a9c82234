/** A suite that measures next to nothing: one honest subject, one that makes wrong bytes, one that is not installed, one that takes no part, one that breaks while it runs. */
import { sameBytes } from '../../../bench/lib/suite.mjs';

const RIGHT = Uint8Array.of(1, 2, 3);

function adding(out) {
  return {
    operations: 10,
    call() {
      let sum = 0;
      for (let i = 0; i < 1000; i++) sum += i;
      return sum;
    },
    check: () => sameBytes(out, RIGHT, 'sum'),
    facts: { library: 'none' },
  };
}

export function suiteOf(...names) {
  return {
    name: 'counting',
    title: 'For tests',
    cases: [
      { name: 'one', operation: 'a few additions', reference: 'honest' },
      { name: 'two', operation: 'a few additions again', reference: 'honest' },
    ],
    subjects: SUBJECTS.filter(({ name }) => names.includes(name)),
  };
}

const SUBJECTS = [
  { name: 'honest', prepare: async () => adding(RIGHT) },
  { name: 'asynchronous', prepare: async () => ({ ...adding(RIGHT), call: async () => {} }) },
  { name: 'wrong', prepare: async () => adding(Uint8Array.of(1, 2, 4)) },
  { name: 'not installed', prepare: async () => ({ missing: 'npm install --no-save nothing' }) },
  { name: 'only one', prepare: async (name) => (name === 'one' ? adding(RIGHT) : undefined) },
  { name: 'slow', quick: false, prepare: async () => adding(RIGHT) },
  { name: 'of tomorrow', needsNode: '99', prepare: async () => adding(RIGHT) },
  {
    name: 'by itself',
    protocol: 'none/1',
    // The second round is twice as slow and holds twice the bytes.
    prepare: async () => {
      let rounds = 0;
      const sample = async () => {
        const slow = 1 + (rounds++ % 2);
        return {
          opsPerSecond: 1000 / slow,
          nsPerOp: { p50: 1e6 * slow, p99: 1e6 * slow },
          latency: { p50: 1e6 * slow },
          figures: { heapBytes: 100 * slow },
        };
      };
      return { ...adding(RIGHT), call: undefined, sample };
    },
  },
  { name: 'dies', prepare: async () => ({ ...adding(RIGHT), call: () => process.exit(3) }) },
];
