/**
 * How much of one turn of the event loop goes to peers that come and go. Hundreds of them open their sessions, and thousands close them, because of one call or one poll of the system: done
 * in one go, that holds up everybody else for as long as all of it takes. What a turn has no time left for waits for the next ones, in its order.
 */
export class Pace {
  readonly #precise: () => number;
  readonly #mostMs: number;
  readonly #waiting: Waiting[] = [];
  /** When this turn, or its share of those who wait, began; undefined before anything was asked for in it. */
  #began: number | undefined;
  /** Places that the turn has left for those who wait: all that they cause is done before the next one, and counts. */
  #places = 0;

  /** @param precise milliseconds of a clock that never jumps. @param mostMs of a turn, from its first task on; it takes longer by what its last task takes. */
  constructor(precise: () => number, mostMs = MOST_MS) {
    this.#precise = precise;
    this.#mostMs = mostMs;
  }

  /** Runs a task on what it is for, which must not throw: at once, or in a later turn and after all that were given before. */
  run(task: () => void): void;
  run<Of>(task: (of: Of) => void, of: Of): void;
  run<Of>(task: (of?: Of) => void, of?: Of): void {
    if (this.#waiting.length > 0 || this.#late()) this.#waiting.push({ task: task as Waiting['task'], of });
    else task(of);
  }

  #late(): boolean {
    if (this.#began !== undefined) return this.#precise() - this.#began >= this.#mostMs;
    this.#began = this.#precise();
    setImmediate(this.#turnOver);
    return false;
  }

  readonly #turnOver = (): void => {
    this.#began = undefined;
    this.#places = Math.min(this.#waiting.length, MOST_TASKS);
    for (let i = 0; i < this.#places; i++) setImmediate(this.#next);
  };

  /** In an immediate of its own, since Node does all that is to follow a callback between two of them. */
  readonly #next = (): void => {
    this.#places--;
    this.#began ??= this.#precise();
    try {
      if (this.#precise() - this.#began < this.#mostMs) {
        const next = this.#waiting.shift();
        next?.task(next.of);
      }
    } finally {
      if (this.#places === 0) this.#turnOver();
    }
  };
}

interface Waiting {
  readonly task: (of: unknown) => void;
  readonly of: unknown;
}

/** Some forty sessions that open: the loop's other work goes on within a few of these, and a turn costs little beside it. */
const MOST_MS = 4;
/** Of those who wait, in one turn: more than it has time for. */
const MOST_TASKS = 256;
