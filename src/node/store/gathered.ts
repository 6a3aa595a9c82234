/**
 * Calls made as one: those of one turn of the event loop, and those that come while the call before is on its way. So there are few where many ask, and a busy store is asked more at a time instead of more often.
 * Each asks for something of its own, and gets the answer to that. Nothing is answered that was found before it was asked for.
 */

interface Waiting<Asked, Answer> {
  readonly asked: Asked;
  resolve(answer: Answer): void;
  reject(why: unknown): void;
}

export class Gathered<Asked, Answer> {
  readonly #ask: (all: readonly Asked[]) => Promise<readonly Answer[]>;
  readonly #most: number;
  readonly #waiting: Waiting<Asked, Answer>[] = [];
  #asking = false;

  /** @param most in one call. @param ask answers all, in their order. */
  constructor(most: number, ask: (all: readonly Asked[]) => Promise<readonly Answer[]>) {
    this.#most = most;
    this.#ask = ask;
  }

  ask(asked: Asked): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ asked, resolve, reject });
      if (this.#asking) return;
      this.#asking = true;
      setImmediate(() => void this.#askAll());
    });
  }

  async #askAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const some = this.#waiting.splice(0, this.#most);
      try {
        const answers = await this.#ask(some.map(({ asked }) => asked));
        for (let i = 0; i < some.length; i++) some[i].resolve(answers[i]);
      } catch (error) {
        for (const { reject } of some) reject(error);
      }
    }
    this.#asking = false;
  }
}
