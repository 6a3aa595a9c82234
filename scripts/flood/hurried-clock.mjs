// @ts-check
/** The machine's clock, until it is told to hurry: from then on time goes by so many times as fast, that of timers which run already too. */
import { systemClock } from '../../dist/transport/clock.js';

export class HurriedClock {
  pace = systemClock.pace;
  #times = 1;
  /** How far it is ahead of the machine's, and since when it goes as it does. */
  #aheadMs = 0;
  #since = performance.now();
  /** @type {Set<{ at: number, run: () => void, timer: NodeJS.Timeout | undefined }>} by `precise`. */
  #waiting = new Set();

  now() {
    return Date.now() + this.#ahead();
  }

  precise() {
    return performance.now() + this.#ahead();
  }

  /** @param {number} time @param {() => void} run */
  at(time, run) {
    const waiting = { at: this.precise() + (time - this.now()), run, timer: undefined };
    if (time === Number.POSITIVE_INFINITY) return () => {};
    this.#waiting.add(waiting);
    this.#arm(waiting);
    return () => {
      clearTimeout(waiting.timer);
      this.#waiting.delete(waiting);
    };
  }

  /** @param {number} times */
  hurry(times) {
    this.#aheadMs = this.#ahead();
    this.#since = performance.now();
    this.#times = times;
    for (const waiting of this.#waiting) this.#arm(waiting);
  }

  #ahead() {
    return this.#aheadMs + (performance.now() - this.#since) * (this.#times - 1);
  }

  /** @param {{ at: number, run: () => void, timer: NodeJS.Timeout | undefined }} waiting */
  #arm(waiting) {
    clearTimeout(waiting.timer);
    const ms = Math.ceil(Math.max(0, waiting.at - this.precise()) / this.#times);
    waiting.timer = setTimeout(() => {
      this.#waiting.delete(waiting);
      waiting.run();
    }, ms);
    waiting.timer.unref();
  }
}
