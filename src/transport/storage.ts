/** Where messages lie that came together, and who holds it: recycled, so that a chunk of messages costs nothing but its bytes. */
import type { Slab } from '../core/slab.ts';
import type { MessageAbout, OwnMessage } from '../protocols/machine.ts';

/** Made by {@link store} with one holder; the last one's `release` gives the slab back. */
export class Storage {
  /** Absent where each message has memory of its own: that is in `abouts` then. */
  slab: Slab | undefined;
  /** Pairs of offset and length, the first `count` of them. */
  places = new Uint32Array(2 * FEW);
  count = 0;
  abouts: readonly (MessageAbout | OwnMessage)[] | undefined;
  /** Bytes of the slab; 0 where the messages before lie in the same one. */
  held = 0;
  /** The first message that was not handed out. */
  next = 0;
  holders = 0;
  /** The next one that waits for its next use. */
  below: Storage | undefined;

  retain(): this {
    this.holders++;
    return this;
  }

  release(): void {
    if (--this.holders > 0) return;
    this.slab?.release();
    this.slab = undefined;
    this.abouts = undefined;
    if (spares >= SPARE || this.places.length > 2 * MANY) return;
    spares++;
    this.below = spare;
    spare = this;
  }
}

/** @param slab one lease of it is taken over. @param count of messages; their places are the caller's to fill in. */
export function store(slab: Slab | undefined, count: number, abouts: Storage['abouts'], held: number): Storage {
  const storage = spare ?? new Storage();
  if (spare) {
    spares--;
    spare = storage.below;
    storage.below = undefined;
  }
  if (storage.places.length < 2 * count) storage.places = new Uint32Array(2 ** (33 - Math.clz32(count - 1)));
  storage.slab = slab;
  storage.count = count;
  storage.abouts = abouts;
  storage.held = held;
  storage.next = 0;
  storage.holders = 1;
  return storage;
}

const FEW = 8;
/** A chunk of 512 KiB of messages of 256 bytes; room for more than that is not kept. */
const MANY = 2048;
const SPARE = 32;
/** The first of a chain of so many: a list that is emptied and filled again gets new memory each time. */
let spare: Storage | undefined;
let spares = 0;
