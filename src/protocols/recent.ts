/** A bounded memory of texts: whether one was there before, of so many of the last ones. */

export class Recent {
  readonly #capacity: number;
  readonly #texts = new Set<string>();
  /** The same, from `oldest` on in the order in which they came: the first of a set is found by going past all that were deleted before it. */
  readonly #order: string[] = [];
  #oldest = 0;

  constructor(capacity: number) {
    this.#capacity = Math.max(1, capacity);
  }

  has(text: string): boolean {
    return this.#texts.has(text);
  }

  /** Forgets the oldest one where there is no room. @returns whether it was new. */
  add(text: string): boolean {
    // Looked for once: finding a place in a large set costs more than the rest.
    const { size } = this.#texts;
    if (this.#texts.add(text).size === size) return false;
    if (this.#order.length < this.#capacity) {
      this.#order.push(text);
      return true;
    }
    this.#texts.delete(this.#order[this.#oldest]);
    this.#order[this.#oldest] = text;
    this.#oldest = (this.#oldest + 1) % this.#capacity;
    return true;
  }

  get size(): number {
    return this.#texts.size;
  }
}
