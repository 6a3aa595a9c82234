// @ts-check
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How long the event loop stands still while something runs, in milliseconds; the timer's own millisecond is in it. @param {() => Promise<unknown>} run */
export async function delayDuring(run) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await run();
  delay.disable();
  const ms = (/** @type {number} */ percent) => delay.percentile(percent) / 1e6;
  return { p50: ms(50), p99: ms(99), p999: ms(99.9), max: delay.max / 1e6 };
}
