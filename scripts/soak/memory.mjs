/** Memory over time: what is left after a collection, and how fast that grows. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

/** Heap and what hangs on it outside, in bytes. Twice: what a finalizer lets go of is only gone the second time. */
export async function memoryNow() {
  collect();
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** @param {{ ms: number, bytes: number }[]} samples @returns {number} slope of the least squares, bytes for each ten minutes. */
export function growth(samples) {
  const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [ms, bytes] = [meanOf(samples.map((one) => one.ms)), meanOf(samples.map((one) => one.bytes))];
  const above = samples.reduce((sum, one) => sum + (one.ms - ms) * (one.bytes - bytes), 0);
  const below = samples.reduce((sum, one) => sum + (one.ms - ms) ** 2, 0);
  return below === 0 ? 0 : (above / below) * 600_000;
}
