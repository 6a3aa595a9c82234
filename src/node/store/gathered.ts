/**
 * Calls made as one: those of one turn of the event loop, and those that come while the call before is on its way. So there are few where many ask, and a busy store is asked more at a time instead of more often.
 * Each asks for something of its own, and gets the answer to that. Nothing is answered that was found before it was asked for.
 */
import type { Millis } from '../../protocols/machine.ts';
import type { Cancel, Clock } from '../../transport/clock.ts';

/**
 * When calls leave: at the end of the turn, together with all others of it; where the store is another process, and each call costs both of them far more than what it asks for, not so
 * soon after the last ones. So whoever asks now and then waits for nobody, and in a storm each call is for many. How soon is for each to say: whoever leaves first takes all others along.
 */
export class Departures {
  readonly #clock: Clock;
  readonly #pauseMs: Millis;
  #waiting: (() => void)[] = [];
  #last = Number.NEGATIVE_INFINITY;
  /** When those who wait leave. */
  #at = Number.POSITIVE_INFINITY;
  #cancel: Cancel = () => {};
  readonly #leave = (): void => {
    const leaving = this.#waiting;
    this.#waiting = [];
    this.#at = Number.POSITIVE_INFINITY;
    this.#last = this.#clock.precise();
    for (const leave of leaving) leave();
  };

  /** @param pauseMs between two of them at least. */
  constructor(clock: Clock, pauseMs: Millis = 0) {
    this.#clock = clock;
    this.#pauseMs = pauseMs;
  }

  /** @param leave called once, with the next ones that leave; may not throw. @param pauses how many may go by since the last ones. */
  next(leave: () => void, pauses = 1): void {
    this.#waiting.push(leave);
    const at = this.#pauseMs === 0 ? Number.NEGATIVE_INFINITY : this.#last + pauses * this.#pauseMs;
    if (at >= this.#at) return;
    this.#cancel();
    const leftMs = at - this.#clock.precise();
    if (leftMs > 0) {
      this.#at = at;
      this.#cancel = this.#clock.at(this.#clock.now() + leftMs, this.#leave);
    } else {
      this.#at = Number.NEGATIVE_INFINITY;
      const turnEnds = setImmediate(this.#leave);
      this.#cancel = () => clearImmediate(turnEnds);
    }
  }
}

interface Waiting<Asked, Answer> {
  readonly asked: Asked;
  resolve(answer: Answer): void;
  reject(why: unknown): void;
}

export class Gathered<Asked, Answer> {
  readonly #departures: Departures;
  readonly #ask: (all: readonly Asked[]) => Promise<readonly Answer[]>;
  readonly #most: number;
  readonly #pauses: number;
  readonly #waiting: Waiting<Asked, Answer>[] = [];
  /** A call is about to leave, or on its way. */
  #asking = false;

  /** @param most in one call. @param ask answers all, in their order. @param pauses as of {@link Departures.next}. */
  constructor(departures: Departures, most: number, ask: (all: readonly Asked[]) => Promise<readonly Answer[]>, pauses = 1) {
    this.#departures = departures;
    this.#most = most;
    this.#pauses = pauses;
    this.#ask = ask;
  }

  ask(asked: Asked): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ asked, resolve, reject });
      this.#askLater();
    });
  }

  #askLater(): void {
    if (this.#asking || this.#waiting.length === 0) return;
    this.#asking = true;
    this.#departures.next(() => {
      void this.#askSome(this.#waiting.splice(0, this.#most)).then(() => {
        this.#asking = false;
        this.#askLater();
      });
    }, this.#pauses);
  }

  /** Never rejects. */
  async #askSome(some: readonly Waiting<Asked, Answer>[]): Promise<void> {
    try {
      const answers = await this.#ask(some.map(({ asked }) => asked));
      for (let i = 0; i < some.length; i++) some[i].resolve(answers[i]);
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
  }
}
