/** Bytes on their way in: chunks are copied into slabs, or come there by themselves, and are opened where they lie. Memory is held for bytes that came, never for bytes declared. */
import type { Core } from '../core/core.ts';
import type { Slab } from '../core/slab.ts';
import type { Millis, Received, Traffic } from '../protocols/machine.ts';

export class Inbound {
  readonly #core: Core;
  readonly #traffic: Traffic;
  #slab: Slab | undefined;
  /** The bytes not opened yet lie from start to end. */
  #start = 0;
  #end = 0;
  /** Where the first of them was put: they are where they were while the next record is not whole. */
  #first = 0;
  #held = false;
  #over = false;
  /** Bytes of the last chunk. */
  #last = 0;
  /** The carrier was told where to put the next chunk. */
  #expected = false;
  /** The last chunk came there: the carrier asks again in a moment. */
  #asks = false;

  constructor(core: Core, traffic: Traffic) {
    this.#core = core;
    this.#traffic = traffic;
  }

  /** Bytes held: the slab of a record that is not whole. */
  get heldBytes(): number {
    return this.#slab?.size ?? 0;
  }

  /** @param received called for each call into the traffic; whatever holds messages retains the slab. May call `release`. */
  take(chunk: Uint8Array, now: Millis, received: (slab: Slab, received: Received) => void): void {
    if (this.#over || chunk.length === 0) return;
    this.#last = chunk.length;
    const slab = (this.#expected && this.#placed(chunk)) || this.#append(chunk);
    if (!this.#held) this.#open(slab, now, received);
  }

  /**
   * Where the next chunk is to be put, behind what was touched: after one that was large, so that a silence holds no more than it has to. Whoever puts it there has a lease of its own.
   * @param wanted false: nothing more is expected for now.
   */
  room(wanted: boolean): Slab | undefined {
    this.#asks = false;
    if (this.#over || this.#held) return undefined;
    if (!wanted || this.#last < MUCH) {
      if (this.#slab) this.#tidy(this.#slab);
      return undefined;
    }
    this.#expected = true;
    // A record that is not whole goes on where it is: moved for each chunk, a long one would be copied many times.
    if (this.#slab && this.#start === this.#first && this.#slab.size - this.#end >= MUCH) return this.#slab;
    const pending = this.#end - this.#start;
    // A short one ends in the same place each time, so that the view of what is behind it is the slab's for good.
    return this.#move(ROOM, pending > 0 && pending < REST ? REST : pending);
  }

  /** Opens nothing more, not even the rest of the chunk that is being taken, until `go`; what comes meanwhile is kept. */
  hold(): void {
    this.#held = true;
  }

  /** Goes on with what was kept. */
  go(now: Millis, received: (slab: Slab, received: Received) => void): void {
    this.#held = false;
    if (!this.#over && this.#slab) this.#open(this.#slab, now, received);
  }

  /** Gives the slab back; nothing is taken afterwards. */
  release(): void {
    this.#over = true;
    this.#slab?.release();
    this.#slab = undefined;
  }

  #open(slab: Slab, now: Millis, received: (slab: Slab, received: Received) => void): void {
    for (let again = true; again && !this.#held; ) {
      const opened = this.#traffic.open(slab, this.#start, this.#end, now);
      again = opened.again;
      this.#start = opened.next;
      received(slab, opened);
      if (this.#over) return;
    }
    this.#tidy(slab);
  }

  /** @returns the slab that the chunk came to by itself. */
  #placed(chunk: Uint8Array): Slab | undefined {
    this.#expected = false;
    const slab = this.#slab;
    if (!slab || chunk.buffer !== slab.bytes.buffer || chunk.byteOffset !== this.#end) return undefined;
    // A few messages, unread for long, must not hold so large a slab.
    if (this.#end - this.#start + chunk.length < MUCH) {
      this.#move(chunk.length);
      return undefined;
    }
    this.#asks = true;
    this.#end += chunk.length;
    slab.touched = this.#end;
    return slab;
  }

  #append(chunk: Uint8Array): Slab {
    let slab = this.#slab;
    if (!slab || this.#end + chunk.length > slab.size) slab = this.#move(chunk.length);
    slab.bytes.set(chunk, this.#end);
    this.#end += chunk.length;
    slab.touched = this.#end;
    return slab;
  }

  /** To the smallest slab with room for what is pending and `more`; sizes are powers of two, so a record that grows is copied a bounded number of times. @param end where what is pending ends. */
  #move(more: number, end = this.#end - this.#start): Slab {
    const first = end - (this.#end - this.#start);
    const old = this.#slab;
    const slab = this.#core.slab(end + more);
    if (old) {
      move(old.bytes, this.#start, this.#end, slab.bytes, first);
      old.release();
    }
    slab.touched = end;
    this.#slab = slab;
    this.#first = first;
    this.#start = first;
    this.#end = end;
    return slab;
  }

  /** Nothing is held for nothing, and a few bytes do not hold a large slab. */
  #tidy(slab: Slab): void {
    const pending = this.#end - this.#start;
    if (pending === 0) {
      slab.release();
      this.#slab = undefined;
      this.#first = 0;
      this.#start = 0;
      this.#end = 0;
    } else if (slab.size > SMALL_SLAB && slab.size > 4 * pending && !this.#asks) {
      this.#move(0);
    }
  }
}

function move(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start > FEW_BYTES) to.set(from.subarray(start, end), at);
  else for (let i = start; i < end; i++) to[at + i - start] = from[i];
}

const SMALL_SLAB = 4 * 1024;
// The rest of a usual message: no view is made for it.
const FEW_BYTES = 512;
/** Less is copied: it costs little, and makes no large slab necessary. */
const MUCH = 64 * 1024;
/** The rest of a usual message is shorter, and has so much room. */
const REST = 4 * 1024;
/** With that a slab of 512 KiB. */
const ROOM = 512 * 1024 - REST;
