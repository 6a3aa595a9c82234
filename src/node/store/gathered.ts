/**
 * Calls made as one: those of one turn of the event loop, and those that come while the call before is on its way. So there are few where many ask, and a busy store is asked more at a time instead of more often.
 * Each asks for something of its own, and gets the answer to that. Nothing is answered that was found before it was asked for.
 */
import type { Millis } from '../../protocols/machine.ts';
import type { Cancel, Clock } from '../../transport/clock.ts';

/** How long one waits for others to leave with. */
export interface Patience {
  /** So many pauses after the last ones that left it leaves, whoever else does not. */
  readonly pauses: number;
  /** It does so sooner, once a pause has brought nobody to go with it. */
  readonly together?: boolean | undefined;
}

/** Somebody who is about to leave. */
interface Leaving {
  readonly leave: () => void;
  readonly latest: number;
  at: number;
}

/**
 * When calls leave: at the end of the turn, together with all others of it; where the store is another process, and each call costs both of them far more than what it asks for, not so
 * soon after the last ones. So whoever asks now and then waits for nobody, and in a storm each call is for many. Whoever leaves first takes all others along.
 */
export class Departures {
  readonly #clock: Clock;
  readonly #pauseMs: Millis;
  #waiting: Leaving[] = [];
  #last = Number.NEGATIVE_INFINITY;
  /** When it is looked who leaves. */
  #at = Number.POSITIVE_INFINITY;
  #cancel: Cancel = () => {};

  /** @param pauseMs between two of them at least. */
  constructor(clock: Clock, pauseMs: Millis = 0) {
    this.#clock = clock;
    this.#pauseMs = pauseMs;
  }

  /** @param leave called once, with the next ones that leave; may not throw. @returns for `joined`. */
  next(leave: () => void, { pauses, together = false }: Patience = IMPATIENT): Leaving {
    const latest = this.#pauseMs === 0 ? Number.NEGATIVE_INFINITY : this.#last + pauses * this.#pauseMs;
    const leaving = { leave, latest, at: together ? Math.min(latest, this.#clock.precise() + this.#pauseMs) : latest };
    this.#waiting.push(leaving);
    this.#lookAt(leaving.at);
    return leaving;
  }

  /** One more goes with it. */
  joined(leaving: Leaving): void {
    leaving.at = Math.max(leaving.at, Math.min(leaving.latest, this.#clock.precise() + this.#pauseMs));
  }

  #lookAt(at: number): void {
    if (at >= this.#at) return;
    this.#cancel();
    const leftMs = at - this.#clock.precise();
    if (leftMs > 0) {
      this.#at = at;
      this.#cancel = this.#clock.at(this.#clock.now() + leftMs, this.#look);
    } else {
      this.#at = Number.NEGATIVE_INFINITY;
      const turnEnds = setImmediate(this.#look);
      this.#cancel = () => clearImmediate(turnEnds);
    }
  }

  readonly #look = (): void => {
    const now = this.#clock.precise();
    const first = this.#waiting.reduce((at, leaving) => Math.min(at, leaving.at), Number.POSITIVE_INFINITY);
    this.#at = Number.POSITIVE_INFINITY;
    // It has been joined meanwhile.
    if (first > now) {
      this.#lookAt(first);
      return;
    }
    const leaving = this.#waiting;
    this.#waiting = [];
    this.#last = now;
    for (const { leave } of leaving) leave();
  };
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
  readonly #patience: Patience | undefined;
  readonly #waiting: Waiting<Asked, Answer>[] = [];
  /** A call is about to leave, or on its way. */
  #asking = false;
  #leaving: Leaving | undefined;

  /** @param most in one call. @param ask answers all, in their order. */
  constructor(departures: Departures, most: number, ask: (all: readonly Asked[]) => Promise<readonly Answer[]>, patience?: Patience) {
    this.#departures = departures;
    this.#most = most;
    this.#patience = patience;
    this.#ask = ask;
  }

  ask(asked: Asked): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ asked, resolve, reject });
      if (this.#leaving) this.#departures.joined(this.#leaving);
      this.#askLater();
    });
  }

  #askLater(): void {
    if (this.#asking || this.#waiting.length === 0) return;
    this.#asking = true;
    this.#leaving = this.#departures.next(() => {
      this.#leaving = undefined;
      void this.#askSome(this.#waiting.splice(0, this.#most)).then(() => {
        this.#asking = false;
        this.#askLater();
      });
    }, this.#patience);
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

const IMPATIENT: Patience = { pauses: 1 };
