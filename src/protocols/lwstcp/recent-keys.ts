/** A bounded memory of keys of 32 bytes: whether one was there before, of so many of the last ones. In two arrays that grow with it, since texts and sets of them cost as much as enciphering a packet. */
import type { Bytes } from '../../core/core.ts';

export class RecentKeys {
  readonly #capacity: number;
  /** Keys one behind the other, in the order in which they came; once there are as many as may be, from `oldest` on. */
  #words: Int32Array;
  /** By what a key sums up to, the place of the one that came last with that sum; NONE: there is none. */
  #last: Int32Array;
  /** Of each place that of the one with the same sum before it. */
  #before: Int32Array;
  #size = 0;
  #oldest = 0;

  constructor(capacity: number) {
    this.#capacity = Math.max(1, capacity);
    const places = Math.min(this.#capacity, FIRST_PLACES);
    this.#words = new Int32Array(WORDS * places);
    this.#before = new Int32Array(places);
    this.#last = sums(places);
  }

  /** Forgets the oldest one where there is no room. @param bytes hold the key from `at` on. @returns whether it was new. */
  add(bytes: Bytes, at: number): boolean {
    const words = read(bytes, at);
    for (let place = this.#last[sumOf(words, 0) & (this.#last.length - 1)]; place !== NONE; place = this.#before[place]) {
      if (this.#isAt(place, words)) return false;
    }
    this.#put(words);
    return true;
  }

  get size(): number {
    return this.#size;
  }

  #put(words: Int32Array): void {
    if (this.#size < this.#capacity) {
      if (this.#size === this.#before.length) this.#grow();
      this.#words.set(words, WORDS * this.#size);
      this.#chain(this.#size++);
      return;
    }
    const place = this.#oldest;
    this.#unchain(place);
    this.#words.set(words, WORDS * place);
    this.#chain(place);
    this.#oldest = (place + 1) % this.#capacity;
  }

  #isAt(place: number, words: Int32Array): boolean {
    const first = WORDS * place;
    let different = 0;
    for (let i = 0; i < WORDS; i++) different |= this.#words[first + i] ^ words[i];
    return different === 0;
  }

  #chain(place: number): void {
    const sum = this.#sumAt(place);
    this.#before[place] = this.#last[sum];
    this.#last[sum] = place;
  }

  /** The oldest one: nothing is before it. */
  #unchain(place: number): void {
    const sum = this.#sumAt(place);
    let after = this.#last[sum];
    if (after === place) {
      this.#last[sum] = NONE;
      return;
    }
    while (this.#before[after] !== place) after = this.#before[after];
    this.#before[after] = NONE;
  }

  #grow(): void {
    const places = Math.min(this.#capacity, 2 * this.#before.length);
    const words = new Int32Array(WORDS * places);
    words.set(this.#words);
    this.#words = words;
    this.#before = new Int32Array(places);
    this.#last = sums(places);
    for (let place = 0; place < this.#size; place++) this.#chain(place);
  }

  #sumAt(place: number): number {
    return sumOf(this.#words, WORDS * place) & (this.#last.length - 1);
  }
}

/** As many sums as places at least, a power of two. */
function sums(places: number): Int32Array {
  let count = 1;
  while (count < places) count *= 2;
  return new Int32Array(count).fill(NONE);
}

/** Keys are as good as random, but for those of somebody who wants them to have one sum: then all that are remembered are looked at, which takes some ten microseconds. */
function sumOf(words: Int32Array, first: number): number {
  let sum = 0;
  for (let i = 0; i < WORDS; i++) sum = Math.imul(sum, 31) + words[first + i];
  return sum ^ (sum >>> 16);
}

/** @returns one array for all calls. */
function read(bytes: Bytes, at: number): Int32Array {
  for (let i = 0; i < WORDS; i++, at += 4) {
    taken[i] = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  }
  return taken;
}

const WORDS = 8;
const NONE = -1;
const FIRST_PLACES = 64;
const taken = new Int32Array(WORDS);
