/** A clock that stands still until it is moved by hand. */
import { Heap, type Ranked } from '../../src/node/heap.ts';
import type { Millis } from '../../src/protocols/machine.ts';
import type { Cancel, Clock } from '../../src/transport/clock.ts';

export class HandClock implements Clock {
  #now: Millis;
  /** How far the clock on the wall was set from the one that runs on. */
  #setBy = 0;
  #armed = 0;
  readonly #moments = new Map<Millis, Moment>();
  readonly #order = new Heap<Moment>();

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
    if (!(time < Number.POSITIVE_INFINITY)) return () => {};
    const rank = time - this.#setBy;
    let moment = this.#moments.get(rank);
    if (!moment) {
      moment = { rank, place: -1, timers: new Set() };
      this.#moments.set(rank, moment);
      this.#order.add(moment);
    }
    const { timers } = moment;
    const timer = { run };
    timers.add(timer);
    this.#armed++;
    return () => {
      if (timers.delete(timer)) this.#armed--;
    };
  }

  /** Timers still to come. */
  get armed(): number {
    return this.#armed;
  }

  /** When the next of them falls due, by {@link HandClock.precise}; Infinity when there is none. */
  get next(): number {
    for (let first = this.#order.first; first; first = this.#order.first) {
      if (first.timers.size > 0) return first.rank;
      this.#forget(first);
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Sets the clock on the wall, as an administrator would; no time passes. */
  set(byMs: number): void {
    this.#setBy += byMs;
  }

  /** Moves time on and runs what falls due, in order. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (let time = this.next; time <= until; time = this.next) {
      const { timers } = this.#order.first!;
      const [timer] = timers;
      timers.delete(timer);
      this.#armed--;
      this.#now = Math.max(this.#now, time);
      timer.run();
    }
    this.#now = until;
  }

  #forget(moment: Moment): void {
    this.#order.remove(moment);
    this.#moments.delete(moment.rank);
  }
}

/** Timers that fall due together, in the order in which they were set. */
interface Moment extends Ranked {
  readonly timers: Set<{ readonly run: () => void }>;
}
