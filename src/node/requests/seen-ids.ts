/**
 * Which request ids of one life of a peer were taken already, a bit each. Ids rise by one in the peer's process, so that they lie close together; what lies so far behind that its bits are gone counts as seen.
 * It is what keeps a request from being handled twice after its answer has been confirmed and forgotten, when another copy of it is still on its way.
 */

export class SeenIds {
  readonly #most: number;
  /** Pages of bits, by their distance from the first id. */
  readonly #pages = new Map<number, Uint8Array>();
  #first: bigint | undefined;
  /** Pages up to this one are gone. */
  #gone = Number.NEGATIVE_INFINITY;

  /** @param most pages of 1 KiB, for 8,192 ids each; the lowest goes first. */
  constructor(most: number) {
    this.#most = most;
  }

  get pages(): number {
    return this.#pages.size;
  }

  /** Whether it was added, or is too old to say. @param id 1 to 2^64 - 1. */
  has(id: bigint): boolean {
    if (this.#first === undefined) return false;
    const distance = this.#distance(id);
    const number = Math.floor(distance / PAGE_IDS);
    if (number <= this.#gone) return true;
    const page = this.#pages.get(number);
    if (!page) return false;
    const bit = distance - number * PAGE_IDS;
    return (page[bit >> 3] & (1 << (bit & 7))) !== 0;
  }

  add(id: bigint): void {
    this.#first ??= id;
    const distance = this.#distance(id);
    const number = Math.floor(distance / PAGE_IDS);
    if (number <= this.#gone) return;
    let page = this.#pages.get(number);
    if (!page) {
      page = new Uint8Array(PAGE_IDS / 8);
      this.#pages.set(number, page);
      this.shrink(this.#most);
    }
    const bit = distance - number * PAGE_IDS;
    page[bit >> 3] |= 1 << (bit & 7);
  }

  /** It was not taken after all. One that is too old to say stays so. */
  remove(id: bigint): void {
    if (this.#first === undefined) return;
    const distance = this.#distance(id);
    const number = Math.floor(distance / PAGE_IDS);
    const page = this.#pages.get(number);
    const bit = distance - number * PAGE_IDS;
    if (page) page[bit >> 3] &= ~(1 << (bit & 7));
  }

  /** Lets the lowest pages go until `most` are left; ids there, and below, count as seen from now on. */
  shrink(most: number): void {
    while (this.#pages.size > most) {
      let lowest = Number.POSITIVE_INFINITY;
      for (const number of this.#pages.keys()) lowest = Math.min(lowest, number);
      this.#pages.delete(lowest);
      this.#gone = lowest;
    }
  }

  /** From the first id, across the end of the numbers where need be. Exact below 2^53; beyond, where no peer that counts comes, two ids may share a bit. */
  #distance(id: bigint): number {
    return Number(BigInt.asIntN(64, id - this.#first!));
  }
}

const PAGE_IDS = 8_192;
