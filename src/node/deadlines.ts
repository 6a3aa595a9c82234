/** Deadlines of many things by one timer: a binary heap in which each thing knows its place, so that it can be taken out when it ends early, as nearly all do. */
import type { Millis } from '../protocols/machine.ts';
import type { Cancel, Clock } from '../transport/clock.ts';

export interface Timed {
  /** Not changed while it is in. */
  readonly deadline: Millis;
  /** Where it lies in the heap, -1 outside; written by `Deadlines` alone. */
  place: number;
}

export class Deadlines<Item extends Timed> {
  readonly #clock: Clock;
  readonly #due: (item: Item) => void;
  readonly #heap: Item[] = [];
  #armedFor = Number.POSITIVE_INFINITY;
  #cancel: Cancel | undefined;

  /** @param due called once an item's deadline has come, when it is out again. */
  constructor(clock: Clock, due: (item: Item) => void) {
    this.#clock = clock;
    this.#due = due;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** O(log size), and O(1) where the deadline is later than all others. */
  add(item: Item): void {
    this.#up(item, this.#heap.length);
    this.#arm();
  }

  /** O(log size); nothing when it is not in. */
  remove(item: Item): void {
    if (item.place < 0) return;
    const last = this.#heap.pop()!;
    const { place } = item;
    item.place = -1;
    if (last === item) return;
    const parent = (place - 1) >> 1;
    if (place > 0 && this.#heap[parent].deadline > last.deadline) this.#up(last, place);
    else this.#down(last, place);
  }

  /** Takes all out, and disarms the timer. */
  clear(): void {
    for (const item of this.#heap) item.place = -1;
    this.#heap.length = 0;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  /** A timer that is armed too early is left: it finds nothing due and is armed anew, which costs less than moving it with every item. */
  #arm(): void {
    const first = this.#heap[0];
    if (!first || first.deadline >= this.#armedFor) return;
    this.#cancel?.();
    this.#armedFor = first.deadline;
    this.#cancel = this.#clock.at(first.deadline, () => this.#woken());
  }

  #woken(): void {
    const now = this.#clock.now();
    for (let first = this.#heap[0]; first && first.deadline <= now; first = this.#heap[0]) {
      this.remove(first);
      this.#due(first);
    }
    // Only now: what `due` adds must not arm a timer for each.
    this.#cancel?.();
    this.#cancel = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
    this.#arm();
  }

  #up(item: Item, from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = this.#heap[parent];
      if (above.deadline <= item.deadline) break;
      this.#put(above, place);
      place = parent;
    }
    this.#put(item, place);
  }

  #down(item: Item, from: number): void {
    const { length } = this.#heap;
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= length) break;
      if (child + 1 < length && this.#heap[child + 1].deadline < this.#heap[child].deadline) child++;
      const below = this.#heap[child];
      if (below.deadline >= item.deadline) break;
      this.#put(below, place);
      place = child;
    }
    this.#put(item, place);
  }

  #put(item: Item, place: number): void {
    this.#heap[place] = item;
    item.place = place;
  }
}
