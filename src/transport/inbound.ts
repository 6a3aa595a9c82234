/** Bytes on their way in: chunks are copied into slabs and opened there. Memory is held for bytes that came, never for bytes declared. */
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
  #held = false;
  #over = false;

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
    const slab = this.#append(chunk);
    if (!this.#held) this.#open(slab, now, received);
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

  #append(chunk: Uint8Array): Slab {
    let slab = this.#slab;
    if (!slab || this.#end + chunk.length > slab.size) slab = this.#move(chunk.length);
    slab.bytes.set(chunk, this.#end);
    this.#end += chunk.length;
    slab.touched = this.#end;
    return slab;
  }

  /** To the smallest slab with room for what is pending and `more`; sizes are powers of two, so a record that grows is copied a bounded number of times. */
  #move(more: number): Slab {
    const pending = this.#end - this.#start;
    const old = this.#slab;
    const slab = this.#core.slab(pending + more);
    if (old) {
      slab.bytes.set(old.bytes.subarray(this.#start, this.#end));
      old.release();
    }
    slab.touched = pending;
    this.#slab = slab;
    this.#start = 0;
    this.#end = pending;
    return slab;
  }

  /** Nothing is held for nothing, and a few bytes do not hold a large slab. */
  #tidy(slab: Slab): void {
    const pending = this.#end - this.#start;
    if (pending === 0) {
      slab.release();
      this.#slab = undefined;
      this.#start = 0;
      this.#end = 0;
    } else if (slab.size > SMALL_SLAB && slab.size > 4 * pending) {
      this.#move(0);
    }
  }
}

const SMALL_SLAB = 4 * 1024;
