/** A binary heap: the entry of the least rank first. Entries know their place, so that one from the middle can be taken out. */

export interface Ranked {
  rank: number;
  /** Kept by the heap; -1 outside of it. */
  place: number;
}

/** Adding, removing and moving cost O(log n), `first` O(1). */
export class Heap<Entry extends Ranked> {
  readonly #entries: Entry[] = [];

  get size(): number {
    return this.#entries.length;
  }

  /** The entry of the least rank. */
  get first(): Entry | undefined {
    return this.#entries[0];
  }

  add(entry: Entry): void {
    this.#entries.push(entry);
    this.#rise(entry, this.#entries.length - 1);
  }

  /** Takes an entry out; one that is not in the heap is left alone. */
  remove(entry: Entry): void {
    const { place } = entry;
    if (place < 0) return;
    entry.place = -1;
    const last = this.#entries.pop()!;
    if (last !== entry) this.#settle(last, place);
  }

  /** Takes all out. */
  clear(): void {
    for (const entry of this.#entries) entry.place = -1;
    this.#entries.length = 0;
  }

  /** The rank of an entry was changed. */
  moved(entry: Entry): void {
    this.#settle(entry, entry.place);
  }

  #settle(entry: Entry, place: number): void {
    this.#rise(entry, place);
    if (entry.place === place) this.#sink(entry, place);
  }

  #rise(entry: Entry, from: number): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#entries[above];
      if (parent.rank <= entry.rank) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(entry, place);
  }

  #sink(entry: Entry, from: number): void {
    const entries = this.#entries;
    let place = from;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= entries.length) break;
      if (below + 1 < entries.length && entries[below + 1].rank < entries[below].rank) below++;
      if (entries[below].rank >= entry.rank) break;
      this.#put(entries[below], place);
      place = below;
    }
    this.#put(entry, place);
  }

  #put(entry: Entry, place: number): void {
    this.#entries[place] = entry;
    entry.place = place;
  }
}
