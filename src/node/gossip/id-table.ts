/**
 * Numbers for keys of 32 bytes: open addressing over typed arrays. A quarter of the time of a Map with the bytes as string keys, nothing for the collector to walk, and no hash that an
 * outsider can aim at: where a key is looked for depends on a random number of this table.
 */
import type { Core } from '../../core/core.ts';
import { readU32 } from '../../wire/reader.ts';

export class IdTable {
  size = 0;
  /** Numbers given are below this; columns beside the table need so much room. */
  capacity = LEAST;
  readonly #salt: number;
  readonly #turn: number;
  /** The number of a key, plus 1; 0: free. Twice as many as keys. */
  #slots = new Int32Array(2 * LEAST);
  #keys = new Uint8Array(KEY_BYTES * LEAST);
  /** Numbers given back, to be used again before new ones. */
  readonly #free: number[] = [];
  #next = 0;

  constructor(core: Core) {
    const random = core.random(8);
    this.#salt = readU32(random, 0) | 0;
    this.#turn = readU32(random, 4) | 1;
  }

  /** The number of the key at `at`, -1 when it is not there. */
  find(bytes: Uint8Array, at = 0): number {
    const mask = this.#slots.length - 1;
    for (let slot = this.#hash(bytes, at) & mask; ; slot = (slot + 1) & mask) {
      const number = this.#slots[slot] - 1;
      if (number < 0 || this.#same(number, bytes, at)) return number;
    }
  }

  /** Takes in a key that is not there yet; its 32 bytes are copied. @returns its number. */
  add(bytes: Uint8Array, at = 0): number {
    if (this.size === this.capacity) this.#grow();
    const number = this.#free.pop() ?? this.#next++;
    this.#keys.set(bytes.subarray(at, at + KEY_BYTES), KEY_BYTES * number);
    this.#place(number);
    this.size++;
    return number;
  }

  remove(number: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = this.#hash(this.#keys, KEY_BYTES * number) & mask;
    while (slots[hole] !== number + 1) hole = (hole + 1) & mask;
    // What stands behind and would have liked to stand here moves up, so that no search ends too early.
    for (let slot = (hole + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#hash(this.#keys, KEY_BYTES * (slots[slot] - 1)) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots[hole] = slots[slot];
      hole = slot;
    }
    slots[hole] = 0;
    this.#free.push(number);
    this.size--;
  }

  /** Writes the 32 bytes of a key to `out`. */
  copyKey(number: number, out: Uint8Array, at: number): void {
    out.set(this.#keys.subarray(KEY_BYTES * number, KEY_BYTES * (number + 1)), at);
  }

  #grow(): void {
    this.capacity *= 2;
    const keys = new Uint8Array(KEY_BYTES * this.capacity);
    keys.set(this.#keys);
    this.#keys = keys;
    // Only a full table grows: every number is in use.
    this.#slots = new Int32Array(2 * this.capacity);
    for (let number = 0; number < this.size; number++) this.#place(number);
  }

  #place(number: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hash(this.#keys, KEY_BYTES * number) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = number + 1;
  }

  #hash(bytes: Uint8Array, at: number): number {
    const mixed = Math.imul((readU32(bytes, at) ^ this.#salt) | 0, this.#turn) + Math.imul(readU32(bytes, at + 4) | 0, 0x85ebca6b);
    const turned = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
    return turned ^ (turned >>> 13);
  }

  #same(number: number, bytes: Uint8Array, at: number): boolean {
    const from = KEY_BYTES * number;
    for (let i = 0; i < KEY_BYTES; i++) if (this.#keys[from + i] !== bytes[at + i]) return false;
    return true;
  }
}

const KEY_BYTES = 32;
const LEAST = 64;
