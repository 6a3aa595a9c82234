/** Memory over time: what is left after a collection, and how fast that grows. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

/** Bytes of the heap, of what hangs on it outside, and of the process. Collected twice: what a finalizer lets go of is only gone the second time. */
export async function memoryNow() {
  collect();
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { bytes: heapUsed + external, heapUsed, external, rss };
}

/**
 * What is under way when a sample is taken comes and goes by tens of MiB, and lies on top of what stays: so the least of each span of time is what counts. What leaks is in the least too.
 * @param samples in order of time.
 * @returns slope of the least squares through those, bytes for each ten minutes.
 */
export function growth(samples) {
  const least = spans(samples).map((span) => span.reduce((a, b) => (b.bytes < a.bytes ? b : a)));
  const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [ms, bytes] = [meanOf(least.map((one) => one.ms)), meanOf(least.map((one) => one.bytes))];
  const above = least.reduce((sum, one) => sum + (one.ms - ms) * (one.bytes - bytes), 0);
  const below = least.reduce((sum, one) => sum + (one.ms - ms) ** 2, 0);
  return below === 0 ? 0 : (above / below) * 600_000;
}

function spans(samples) {
  const size = Math.max(1, Math.floor(samples.length / SPANS));
  return Array.from({ length: Math.floor(samples.length / size) }, (_, i) => samples.slice(i * size, (i + 1) * size));
}

const SPANS = 6;
