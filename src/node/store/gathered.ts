/** Calls of one turn of the event loop, made as one: each asks for something of its own, and gets the answer to that. Nothing is answered that was found before it was asked for. */

interface Waiting<Asked, Answer> {
  readonly asked: Asked;
  resolve(answer: Answer): void;
  reject(why: unknown): void;
}

export class Gathered<Asked, Answer> {
  readonly #ask: (all: readonly Asked[]) => Promise<readonly Answer[]>;
  readonly #most: number;
  #waiting: Waiting<Asked, Answer>[] = [];

  /** @param most in one call. @param ask answers all, in their order. */
  constructor(most: number, ask: (all: readonly Asked[]) => Promise<readonly Answer[]>) {
    this.#most = most;
    this.#ask = ask;
  }

  ask(asked: Asked): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ asked, resolve, reject });
      if (this.#waiting.length > 1) return;
      setImmediate(() => {
        const all = this.#waiting;
        this.#waiting = [];
        for (let at = 0; at < all.length; at += this.#most) this.#send(all.slice(at, at + this.#most));
      });
    });
  }

  #send(some: readonly Waiting<Asked, Answer>[]): void {
    this.#ask(some.map(({ asked }) => asked)).then(
      (answers) => {
        for (let i = 0; i < some.length; i++) some[i].resolve(answers[i]);
      },
      (error: unknown) => {
        for (const { reject } of some) reject(error);
      },
    );
  }
}
