/** A bounded memory of texts: whether one was there before, of so many of the last ones. */

export class Recent {
  readonly #capacity: number;
  readonly #texts = new Set<string>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  has(text: string): boolean {
    return this.#texts.has(text);
  }

  /** Forgets the oldest one where there is no room. */
  add(text: string): void {
    this.#texts.add(text);
    if (this.#texts.size > this.#capacity) {
      for (const oldest of this.#texts) {
        this.#texts.delete(oldest);
        break;
      }
    }
  }

  get size(): number {
    return this.#texts.size;
  }
}
