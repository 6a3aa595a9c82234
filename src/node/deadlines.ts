/** Deadlines of many things by one timer: each can be taken out when it ends early, as nearly all do. */
import type { Millis } from '../protocols/machine.ts';
import type { Cancel, Clock } from '../transport/clock.ts';
import { Heap, type Ranked } from './heap.ts';

/** Its rank and place are written by `Deadlines` alone. */
export interface Timed extends Ranked {
  /** Not changed while it is in. */
  readonly deadline: Millis;
}

export class Deadlines<Item extends Timed> {
  readonly #clock: Clock;
  readonly #due: (item: Item) => void;
  readonly #heap = new Heap<Item>();
  #armedFor = Number.POSITIVE_INFINITY;
  #cancel: Cancel | undefined;

  /** @param due called once an item's deadline has come, when it is out again. */
  constructor(clock: Clock, due: (item: Item) => void) {
    this.#clock = clock;
    this.#due = due;
  }

  get size(): number {
    return this.#heap.size;
  }

  /** O(log size), and O(1) where the deadline is later than all others. */
  add(item: Item): void {
    item.rank = item.deadline;
    this.#heap.add(item);
    this.#arm();
  }

  /** O(log size); nothing when it is not in. */
  remove(item: Item): void {
    this.#heap.remove(item);
  }

  /** Takes all out, and disarms the timer. */
  clear(): void {
    this.#heap.clear();
    this.#cancel?.();
    this.#cancel = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  /** A timer that is armed too early is left: it finds nothing due and is armed anew, which costs less than moving it with every item. */
  #arm(): void {
    const { first } = this.#heap;
    if (!first || first.deadline >= this.#armedFor) return;
    this.#cancel?.();
    this.#armedFor = first.deadline;
    this.#cancel = this.#clock.at(first.deadline, () => this.#woken());
  }

  #woken(): void {
    const now = this.#clock.now();
    for (let { first } = this.#heap; first && first.deadline <= now; first = this.#heap.first) {
      this.remove(first);
      this.#due(first);
    }
    // Only now: what `due` adds must not arm a timer for each.
    this.#cancel?.();
    this.#cancel = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
    this.#arm();
  }
}
