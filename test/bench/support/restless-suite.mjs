// A subject of ours whose two rounds differ by half in every process, and which is much faster from the third on: only fresh processes give the same again.
const sampleOf = (rate) => ({ opsPerSecond: rate, nsPerOp: { p50: 1, p99: 1 } });
let rounds = 0;
const rates = [200, 100];

/** Warming up asks for 1 ms, a round for 2. */
const restless = async (ms) => sampleOf(ms === 1 ? 100 : (rates[rounds++] ?? 10_000));

export const suite = {
  name: 'counting',
  title: 'A suite for tests of the runner',
  cases: [{ name: 'one', operation: 'nothing', reference: 'steady' }],
  subjects: [
    { name: 'steady', prepare: async () => ({ operations: 1, sample: async () => sampleOf(100), check() {} }) },
    { name: 'handfast restless', prepare: async () => ({ operations: 1, sample: restless, check() {} }) },
  ],
};
