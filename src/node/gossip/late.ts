/** Ids of envelopes that one session sent beyond a budget: they wait to be asked for, oldest first, and their origins take turns, so that one that floods keeps no other's waiting. */
import type { Core } from '../../core/core.ts';
import { IdTable } from './id-table.ts';

export interface Late<T> {
  /** 32 bytes. */
  readonly origin: Uint8Array;
  /** Of the origin, in the table. */
  readonly key: number;
  readonly ids: Set<T>;
}

export class LateIds<T extends { late: Late<T> | undefined }> {
  readonly #table: IdTable;
  /** By the number of their origin. */
  readonly #origins = new Map<number, Late<T>>();

  constructor(core: Core) {
    this.#table = new IdTable(core);
  }

  get empty(): boolean {
    return this.#origins.size === 0;
  }

  /** How many are of the origin whose 32 bytes begin at `at`. */
  count(bytes: Uint8Array, at: number): number {
    return this.#origins.get(this.#table.find(bytes, at))?.ids.size ?? 0;
  }

  add(id: T, bytes: Uint8Array, at: number): void {
    let late = this.#origins.get(this.#table.find(bytes, at));
    if (!late) {
      late = { origin: bytes.slice(at, at + 32), key: this.#table.add(bytes, at), ids: new Set() };
      this.#origins.set(late.key, late);
    }
    late.ids.add(id);
    id.late = late;
  }

  remove(id: T): void {
    const late = id.late!;
    late.ids.delete(id);
    id.late = undefined;
    if (late.ids.size > 0) return;
    this.#origins.delete(late.key);
    this.#table.remove(late.key);
  }

  /** Takes out one of each origin, again and again. @param fits whether there is budget for one more of this origin; once there is none, the origin is passed by. */
  take(fits: (origin: Uint8Array) => boolean): T[] {
    const taken: T[] = [];
    // A walk goes on where it was: beginning anew would pass all that was taken out.
    let turn = [...this.#origins.values()].map(({ origin, ids }) => ({ origin, walk: ids.values() }));
    while (turn.length > 0) {
      turn = turn.filter(({ origin, walk }) => {
        const { value } = walk.next();
        if (!value || !fits(origin)) return false;
        this.remove(value);
        taken.push(value);
        return true;
      });
    }
    return taken;
  }

  /** Takes out all. */
  clear(): T[] {
    return this.take(() => true);
  }
}
