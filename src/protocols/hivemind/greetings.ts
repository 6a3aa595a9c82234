/** When clients are greeted: each some time after its upgrade, and those that came at once one after the other, so that neither their greetings nor what they answer falls into one turn of the event loop. */
import type { Millis } from '../machine.ts';
import { TIMES } from './limits.ts';

export class Greetings {
  /** The last one given out. */
  #last: Millis = Number.NEGATIVE_INFINITY;

  /** @returns when a client whose upgrade was `now` is greeted: after 200 ms, or at most 500 ms later where many came. */
  next(now: Millis): Millis {
    const earliest = now + TIMES.greetingMs;
    // A clock that was set back must not keep everybody waiting; a flood waits no longer than its bound.
    const last = Math.min(this.#last, earliest + TIMES.greetingsMs - TIMES.greetingGapMs);
    this.#last = Math.max(earliest, last + TIMES.greetingGapMs);
    return this.#last;
  }
}
