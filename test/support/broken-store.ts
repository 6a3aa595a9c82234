/** A store that can be cut off, be slow, or lose everything. */
import { HandfastError } from '../../src/errors.ts';
import { memoryStore } from '../../src/node/store/memory.ts';
import type { Store, StoreConnection } from '../../src/node/store/store.ts';

export class BrokenStore implements Store {
  /** Calls are refused, letters are lost. */
  down = false;
  /** Letters are lost. */
  deaf = false;
  /** Calls made so far, by name. */
  readonly calls = new Map<string, number>();
  #kept = memoryStore();

  /** As by a Redis that comes back empty. */
  forget(): void {
    this.#kept = memoryStore();
  }

  async open(opening: Parameters<Store['open']>[0]): Promise<StoreConnection> {
    if (this.down) throw unavailable();
    const { received } = opening;
    const given = { ...opening, received: (letter: Uint8Array) => void (this.down || this.deaf || received(letter)) };
    let kept = this.#kept;
    let connection = await kept.open(given);
    return new Proxy({} as StoreConnection, {
      get: (_, name: keyof StoreConnection | 'then') => {
        // It is given by a promise, and is none.
        if (name === 'then') return undefined;
        return async (...args: unknown[]) => {
          this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
          if (this.down && name !== 'close') throw unavailable();
          if (kept !== this.#kept) {
            kept = this.#kept;
            connection = await kept.open(given);
          }
          return (connection[name] as (...values: unknown[]) => Promise<unknown>)(...args);
        };
      },
    });
  }
}

const unavailable = (): HandfastError => new HandfastError('STORE_UNAVAILABLE', 'the store is cut off');
