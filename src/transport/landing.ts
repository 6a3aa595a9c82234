/**
 * Where a socket reads to. All share one place, from which what came is copied within the call that tells of it: one that is silent holds none. Whoever reads much may say where
 * the next bytes go, and has them there without a copy.
 */
import type { Slab } from '../core/slab.ts';
import type { CarrierEvents } from './carrier.ts';

/** Who is told of what has landed. */
export type Landed = Pick<CarrierEvents, 'data' | 'room'>;

export class Landing {
  /** For Node's `net.connect`, and for sockets made around what was accepted. */
  readonly onread = { buffer: (): Uint8Array => this.#next(), callback: (bytes: number): boolean => this.#arrived(bytes) };
  #told: Landed = NOBODY;
  /** A lease of its own on what the system may write to at any time, whatever the reader does meanwhile. */
  #slab: Slab | undefined;
  #into: Uint8Array = shared;

  /** Called once, before the socket is read. */
  tell(told: Landed): void {
    this.#told = told;
  }

  /** The socket has gone, and is not read any more. */
  release(): void {
    if (!this.#slab) return;
    this.#slab.release();
    this.#slab = undefined;
    this.#into = shared;
    rooms--;
  }

  #arrived(bytes: number): boolean {
    const slab = this.#slab;
    if (!slab) {
      if (landed.length !== bytes) landed = shared.subarray(0, bytes);
      this.#told.data(landed);
      return true;
    }
    const into = this.#into;
    // Whoever is told may have ended already: what was written to is wiped all the same.
    slab.touched = Math.max(slab.touched, into.byteOffset + bytes);
    this.#told.data(into.length === bytes ? into : into.subarray(0, bytes));
    return true;
  }

  /** Node asks before the first read and after each one. */
  #next(): Uint8Array {
    const slab = this.#slab || rooms < MOST_ROOMS ? this.#told.room?.() : undefined;
    // No room at all would be an error of the socket.
    if (slab && slab.touched < slab.size) {
      slab.retain();
      this.release();
      rooms++;
      this.#slab = slab;
      this.#into = slab.touched === 0 ? slab.bytes : slab.back(slab.touched);
    } else this.release();
    return this.#into;
  }
}

const NOBODY: Landed = { data() {} };
/** No Buffer: a `slice` of that is no copy, and what a machine keeps of a packet would be overwritten by the next one. */
const shared = new Uint8Array(64 * 1024);
/** As much of it as came last: messages are often as long as the one before. */
let landed = shared;
/** Sockets that read to a place of their own, and how many may: one that falls silent in the middle of much keeps its place until it is read again. */
let rooms = 0;
const MOST_ROOMS = 16;
