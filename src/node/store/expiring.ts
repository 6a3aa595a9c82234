/** A map whose entries end with their time, and of which there is a bounded number: the one that ends first makes room. */
import { Heap, type Ranked } from '../heap.ts';

interface Entry<T> extends Ranked {
  readonly key: string;
  value: T;
}

export class Expiring<T> {
  readonly #most: number;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #order = new Heap<Entry<T>>();

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string, now: number): T | undefined {
    const entry = this.#entries.get(key);
    return entry && entry.rank > now ? entry.value : undefined;
  }

  /** When it ends; undefined when it is not there. */
  until(key: string, now: number): number | undefined {
    const entry = this.#entries.get(key);
    return entry && entry.rank > now ? entry.rank : undefined;
  }

  /** @param until Infinity: it stays. */
  set(key: string, value: T, until: number, now: number): void {
    for (let first = this.#order.first; first && first.rank <= now; first = this.#order.first) this.delete(first.key);
    const known = this.#entries.get(key);
    if (known) {
      known.value = value;
      known.rank = until;
      this.#order.moved(known);
      return;
    }
    while (this.#entries.size >= this.#most) this.delete(this.#order.first!.key);
    const entry = { key, value, rank: until, place: -1 };
    this.#entries.set(key, entry);
    this.#order.add(entry);
  }

  delete(key: string): boolean {
    const entry = this.#entries.get(key);
    if (!entry) return false;
    this.#entries.delete(key);
    this.#order.remove(entry);
    return true;
  }

  /** Of those that may go, the one that ends first goes. @returns whether there was one. */
  dropFirst(mayGo: (value: T) => boolean): boolean {
    let first: Entry<T> | undefined;
    for (const entry of this.#entries.values()) if (mayGo(entry.value) && !(first && first.rank <= entry.rank)) first = entry;
    return first !== undefined && this.delete(first.key);
  }

  *entries(now: number): Iterable<[string, T, number]> {
    for (const { key, value, rank } of this.#entries.values()) if (rank > now) yield [key, value, rank];
  }
}
