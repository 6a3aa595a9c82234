/** Messages on their way out: what is sent in one turn lies in one slab, is sealed by one call and written once. */
import type { Core } from '../core/core.ts';
import type { Slab } from '../core/slab.ts';
import { HandfastError } from '../errors.ts';
import type { MessageAbout, Traffic } from '../protocols/machine.ts';
import type { Carrier } from './carrier.ts';
import type { Clock } from './clock.ts';

/** What a session sends with. */
export interface Outgoing {
  /** Bytes not handed to the carrier's other end yet: waiting to be sealed, or sealed and not written. */
  readonly pendingBytes: number;
  /** Copies the payload. @returns when it was handed over; the promise may be left alone. */
  send(payload: Uint8Array, about: MessageAbout, signal?: AbortSignal): Promise<void>;
  /** Seals and writes what waits, as far as the carrier wants it. */
  flush(): void;
  /** Calls back once nothing waits to be sealed any more: at once, or later. */
  whenSealed(run: () => void): void;
  /** Drops what was not sealed. @param why called only where something was: an error with its stack costs more than the rest of an end. */
  fail(why: () => unknown): void;
}

export interface OutboundOptions {
  core: Core;
  traffic: Traffic;
  carrier: Carrier;
  clock: Clock;
  /** Called after a seal; and with the error of one that threw. */
  sealed(error?: unknown): void;
}

export class Outbound implements Outgoing {
  readonly #options: OutboundOptions;
  /** What waits to be sealed: a chain, in order. */
  #first: Batch | undefined;
  /** The last of them: what is sent now goes there while there is room. */
  #last: Batch | undefined;
  #waitingBytes = 0;
  #scheduled = false;
  /** Bytes of the last batch, or three quarters of what this was: how large the next one's slab is to begin with. A turn's last batch may be a small rest. */
  #usual = 0;
  #unwritten = 0;
  #whenSealed: (() => void) | undefined;
  /** The turn in which something was sent is over. */
  readonly #turnOver = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  constructor(options: OutboundOptions) {
    this.#options = options;
  }

  /** So many bytes were handed to the carrier's other end, or lost. */
  written(bytes: number): void {
    this.#unwritten -= bytes;
  }

  get pendingBytes(): number {
    return this.#waitingBytes + this.#unwritten;
  }

  send(payload: Uint8Array, _about: MessageAbout, signal?: AbortSignal): Promise<void> {
    const { before, block = 1, after: behind } = this.#options.traffic;
    const after = block === 1 ? behind : behind + ((block - (payload.length % block)) % block);
    const needed = before + payload.length + after;
    const batch = this.#room(needed);
    batch.add(payload, before, after);
    this.#waitingBytes += needed;
    if (!this.#scheduled) {
      this.#scheduled = true;
      // After the microtasks, so that all answers to a chunk of messages leave together.
      process.nextTick(this.#turnOver);
    }
    return signal ? this.#cancellable(batch, batch.count - 1, signal) : batch.done;
  }

  flush(): void {
    const { carrier } = this.#options;
    while (this.#first && !carrier.congested) {
      const batch = this.#next();
      this.#waitingBytes -= batch.end;
      if (batch.count === 0) batch.settle();
      else if (!this.#leave(batch)) return;
    }
    if (this.#first) return;
    const whenSealed = this.#whenSealed;
    this.#whenSealed = undefined;
    whenSealed?.();
  }

  whenSealed(run: () => void): void {
    this.#whenSealed = run;
    this.flush();
  }

  fail(why: () => unknown): void {
    this.#whenSealed = undefined;
    if (!this.#first) return;
    const error = why();
    this.#waitingBytes = 0;
    while (this.#first) this.#next().settle(error);
  }

  /** Takes the first one off the chain; there is one. */
  #next(): Batch {
    const batch = this.#first!;
    this.#first = batch.below;
    if (!this.#first) this.#last = undefined;
    batch.below = undefined;
    return batch;
  }

  /** Seals a batch and writes it. @returns false when it cannot be sealed. */
  #leave(batch: Batch): boolean {
    const { carrier, clock, traffic, sealed } = this.#options;
    const { slab, end } = batch;
    try {
      traffic.seal(slab, batch.places, batch.count, clock.now());
    } catch (error) {
      batch.settle(error);
      sealed(error);
      return false;
    }
    batch.sealed = true;
    this.#usual = Math.max(end, this.#usual - (this.#usual >> 2));
    this.#unwritten += end;
    carrier.write(slab.front(end), batch.handedOver);
    sealed();
    return true;
  }

  #room(needed: number): Batch {
    const last = this.#last;
    if (last && last.end + needed <= last.slab.size) return last;
    if (last && last.end + needed <= LARGEST_SLAB) {
      last.grow(last.end + needed, this.#options.core);
      return last;
    }
    const slab = this.#options.core.slab(Math.max(needed, Math.min(this.#usual, LARGEST_SLAB)));
    const batch = unused();
    batch.begin(this, slab);
    if (this.#last) this.#last.below = batch;
    else this.#first = batch;
    this.#last = batch;
    return batch;
  }

  /** A promise of its own, that the signal rejects as long as the message is not sealed. */
  #cancellable(batch: Batch, index: number, signal: AbortSignal): Promise<void> {
    const promise = new Promise<void>((resolve, reject) => {
      const entry: Cancellable = { index, resolve, reject, forget: () => signal.removeEventListener('abort', cancel) };
      const cancel = (): void => {
        if (batch.sealed) return;
        this.#waitingBytes -= batch.remove(entry);
        reject(new HandfastError('ABORTED', 'the send was cancelled before it left', { cause: signal.reason }));
      };
      signal.addEventListener('abort', cancel, { once: true });
      batch.cancellable ??= new Set();
      batch.cancellable.add(entry);
    });
    promise.catch(() => {});
    return promise;
  }
}

/** Messages that lie one behind the other in a slab. */
class Batch {
  slab!: Slab;
  places = new Uint32Array(2 * FEW);
  count = 0;
  end = 0;
  sealed = false;
  cancellable: Set<Cancellable> | undefined;
  /** The next one that waits: to be sealed, or for its next use. */
  below: Batch | undefined;
  #done: Promise<void> | undefined;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  #outbound: Outbound | undefined;
  readonly handedOver = (error?: Error): void => {
    this.#outbound?.written(this.end);
    this.settle(error);
  };

  /** @param slab one lease of it is taken over. */
  begin(outbound: Outbound, slab: Slab): void {
    this.#outbound = outbound;
    this.slab = slab;
    this.count = 0;
    this.end = 0;
    this.sealed = false;
    slab.touched = 0;
  }

  /** One for all messages of the batch: settles when it was handed over, or lost. */
  get done(): Promise<void> {
    return this.#done ?? this.#promise();
  }

  /** By itself: a function that makes functions has a cost each time it is called, whether it makes them or not. */
  #promise(): Promise<void> {
    this.#done = new Promise(keepSettlers);
    this.#resolve = made.resolve;
    this.#reject = made.reject;
    return this.#done;
  }

  grow(size: number, core: Core): void {
    const larger = core.slab(size);
    larger.bytes.set(this.slab.bytes.subarray(0, this.end));
    larger.touched = this.end;
    this.slab.release();
    this.slab = larger;
  }

  add(payload: Uint8Array, before: number, after: number): void {
    if (2 * this.count === this.places.length) {
      const larger = new Uint32Array(2 * this.places.length);
      larger.set(this.places);
      this.places = larger;
    }
    const index = this.count++;
    const at = this.end + before;
    this.places[2 * index] = at;
    this.places[2 * index + 1] = payload.length;
    this.slab.bytes.set(payload, at);
    this.end = at + payload.length + after;
    if (this.end > this.slab.touched) this.slab.touched = this.end;
  }

  /** Handed over, or lost: the memory goes back, and this is another batch's. */
  settle(error?: unknown): void {
    this.slab.release();
    this.#outbound = undefined;
    if (this.#done) {
      if (error === undefined) this.#resolve();
      else {
        // Who sends without waiting learns of the end from the session; that is no crash.
        this.#done.catch(() => {});
        this.#reject(error);
      }
      this.#done = undefined;
    }
    if (this.cancellable) {
      for (const { resolve, reject, forget } of this.cancellable) {
        forget();
        if (error === undefined) resolve();
        else reject(error);
      }
      this.cancellable = undefined;
    }
    if (spares >= SPARE || this.places.length > 2 * MANY) return;
    spares++;
    this.below = spare;
    spare = this;
  }

  /** Closes the gap, so that the slab stays one range to write. @returns its bytes. */
  remove(removed: Cancellable): number {
    this.cancellable?.delete(removed);
    const { places } = this;
    const { index } = removed;
    const before = places[0];
    const from = places[2 * index] - before;
    const to = index + 1 < this.count ? places[2 * index + 2] - before : this.end;
    this.slab.bytes.copyWithin(from, to, this.end);
    this.end -= to - from;
    places.copyWithin(2 * index, 2 * index + 2, 2 * this.count);
    this.count--;
    for (let i = index; i < this.count; i++) places[2 * i] -= to - from;
    for (const entry of this.cancellable ?? []) if (entry.index > index) entry.index--;
    return to - from;
  }
}

/** One that was used before, where there is one. */
function unused(): Batch {
  const batch = spare;
  if (!batch) return new Batch();
  spares--;
  spare = batch.below;
  batch.below = undefined;
  return batch;
}

/** What settles the promise that is being made: an executor of its own for each would cost more than what it is for. */
const made: { resolve: () => void; reject: (error: unknown) => void } = { resolve() {}, reject() {} };
const keepSettlers = (resolve: () => void, reject: (error: unknown) => void): void => {
  made.resolve = resolve;
  made.reject = reject;
};

interface Cancellable {
  index: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  readonly forget: () => void;
}

const FEW = 8;
/** As many messages of 256 bytes as fill the largest slab; room for more than that is not kept. */
const MANY = 4096;
const SPARE = 16;
/** The first of a chain of so many: a list that is emptied and filled again gets new memory each time. */
let spare: Batch | undefined;
let spares = 0;
// What is sent in one turn beyond this goes into a slab of its own: past it, copying costs more than a write.
const LARGEST_SLAB = 1024 * 1024;
