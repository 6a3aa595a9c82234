/**
 * Calls made as one: those of one turn of the event loop, and those that come while the call before is on its way. So there are few where many ask, and a busy store is asked more at a time instead of more often.
 * Each asks for something of its own, and gets the answer to that. Nothing is answered that was found before it was asked for.
 */
import type { Millis } from '../../protocols/machine.ts';
import type { Clock } from '../../transport/clock.ts';

/**
 * When calls leave: at the end of the turn, together with all others of it; where the store is another process, and each call costs both of them far more than what it asks for, not so
 * soon after the last ones. So whoever asks now and then waits for nobody, and in a storm each call is for many.
 */
export class Departures {
  readonly #clock: Clock;
  readonly #pauseMs: Millis;
  #waiting: (() => void)[] = [];
  #last = Number.NEGATIVE_INFINITY;
  readonly #leave = (): void => {
    const leaving = this.#waiting;
    this.#waiting = [];
    this.#last = this.#clock.precise();
    for (const leave of leaving) leave();
  };

  /** @param pauseMs between two of them at least. */
  constructor(clock: Clock, pauseMs: Millis = 0) {
    this.#clock = clock;
    this.#pauseMs = pauseMs;
  }

  /** @param leave called once, with the next ones that leave; may not throw. */
  next(leave: () => void): void {
    this.#waiting.push(leave);
    if (this.#waiting.length > 1) return;
    const leftMs = this.#pauseMs === 0 ? 0 : this.#last + this.#pauseMs - this.#clock.precise();
    if (leftMs > 0) this.#clock.at(this.#clock.now() + leftMs, this.#leave);
    else setImmediate(this.#leave);
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
  readonly #waiting: Waiting<Asked, Answer>[] = [];
  /** A call is about to leave, or on its way. */
  #asking = false;

  /** @param most in one call. @param ask answers all, in their order. */
  constructor(departures: Departures, most: number, ask: (all: readonly Asked[]) => Promise<readonly Answer[]>) {
    this.#departures = departures;
    this.#most = most;
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
    });
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
