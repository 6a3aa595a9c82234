/** A clock that stands still until it is moved by hand. */
import type { Millis } from '../../src/protocols/machine.ts';
import type { Cancel, Clock } from '../../src/transport/clock.ts';

export class HandClock implements Clock {
  #now: Millis;
  /** How far the clock on the wall was set from the one that runs on. */
  #setBy = 0;
  #made = 0;
  readonly #timers = new Set<{ time: Millis; order: number; run: () => void }>();

  constructor(now: Millis = 1_700_000_000_000) {
    this.#now = now;
  }

  now(): Millis {
    return this.#now + this.#setBy;
  }

  precise(): number {
    return this.#now;
  }

  at(time: Millis, run: () => void): Cancel {
    const timer = { time: time - this.#setBy, order: this.#made++, run };
    if (time < Number.POSITIVE_INFINITY) this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Timers still to come. */
  get armed(): number {
    return this.#timers.size;
  }

  /** Sets the clock on the wall, as an administrator would; no time passes. */
  set(byMs: number): void {
    this.#setBy += byMs;
  }

  /** Moves time on and runs what falls due, in order. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(({ time }) => time <= until).sort((a, b) => a.time - b.time || a.order - b.order)[0];
      if (!due) break;
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.time);
      due.run();
    }
    this.#now = until;
  }
}
