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
  readonly #batches: Batch[] = [];
  #scheduled = false;
  /** Bytes of the last batch: how large the next one's slab is to begin with. */
  #usual = 0;
  #unwritten = 0;
  #whenSealed: (() => void) | undefined;

  constructor(options: OutboundOptions) {
    this.#options = options;
  }

  get pendingBytes(): number {
    return this.#batches.reduce((sum, batch) => sum + batch.end, this.#unwritten);
  }

  send(payload: Uint8Array, _about: MessageAbout, signal?: AbortSignal): Promise<void> {
    const { before, block = 1, after: behind } = this.#options.traffic;
    const after = behind + ((block - (payload.length % block)) % block);
    const needed = before + payload.length + after;
    const batch = this.#room(needed);
    const index = batch.add(payload, before, after);
    if (!this.#scheduled) {
      this.#scheduled = true;
      // After the microtasks, so that all answers to a chunk of messages leave together.
      process.nextTick(() => {
        this.#scheduled = false;
        this.flush();
      });
    }
    return signal ? batch.cancellable(index, signal) : batch.done;
  }

  flush(): void {
    const { carrier, clock, traffic } = this.#options;
    while (this.#batches.length > 0 && !carrier.congested) {
      const batch = this.#batches.shift()!;
      if (batch.count === 0) {
        batch.settle();
        continue;
      }
      try {
        traffic.seal(batch.slab, batch.places, batch.count, clock.now());
      } catch (error) {
        batch.settle(error);
        this.#options.sealed(error);
        return;
      }
      batch.seal();
      this.#usual = batch.end;
      this.#unwritten += batch.end;
      carrier.write(batch.slab.bytes.subarray(0, batch.end), (error) => {
        this.#unwritten -= batch.end;
        batch.settle(error);
      });
      this.#options.sealed();
    }
    if (this.#batches.length === 0) {
      const whenSealed = this.#whenSealed;
      this.#whenSealed = undefined;
      whenSealed?.();
    }
  }

  whenSealed(run: () => void): void {
    this.#whenSealed = run;
    this.flush();
  }

  fail(why: () => unknown): void {
    this.#whenSealed = undefined;
    if (this.#batches.length === 0) return;
    const error = why();
    for (const batch of this.#batches.splice(0)) batch.settle(error);
  }

  #room(needed: number): Batch {
    const last = this.#batches.at(-1);
    if (last && last.end + needed <= Math.max(LARGEST_SLAB, last.slab.size)) {
      last.grow(last.end + needed, this.#options.core);
      return last;
    }
    const batch = new Batch(this.#options.core.slab(Math.max(needed, Math.min(this.#usual, LARGEST_SLAB))));
    this.#batches.push(batch);
    return batch;
  }
}

/** Messages that lie one behind the other in a slab. */
class Batch {
  slab: Slab;
  places = new Uint32Array(8);
  count = 0;
  end = 0;
  readonly done: Promise<void>;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  readonly #cancellable = new Set<Cancellable>();
  #sealed = false;

  constructor(slab: Slab) {
    this.slab = slab;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Who sends without waiting learns of the end from the session; that is no crash.
    this.done.catch(() => {});
  }

  grow(size: number, core: Core): void {
    if (size <= this.slab.size) return;
    const larger = core.slab(size);
    larger.bytes.set(this.slab.bytes.subarray(0, this.end));
    this.slab.release();
    this.slab = larger;
  }

  add(payload: Uint8Array, before: number, after: number): number {
    if (2 * this.count === this.places.length) {
      const larger = new Uint32Array(2 * this.places.length);
      larger.set(this.places);
      this.places = larger;
    }
    const index = this.count++;
    this.places[2 * index] = this.end + before;
    this.places[2 * index + 1] = payload.length;
    this.slab.bytes.set(payload, this.end + before);
    this.end += before + payload.length + after;
    return index;
  }

  /** A promise of its own, that the signal rejects as long as the message is not sealed. */
  cancellable(index: number, signal: AbortSignal): Promise<void> {
    const promise = new Promise<void>((resolve, reject) => {
      const entry: Cancellable = { index, resolve, reject, forget: () => signal.removeEventListener('abort', cancel) };
      const cancel = (): void => {
        if (this.#sealed) return;
        this.#cancellable.delete(entry);
        this.#remove(entry.index);
        reject(new HandfastError('ABORTED', 'the send was cancelled before it left', { cause: signal.reason }));
      };
      signal.addEventListener('abort', cancel, { once: true });
      this.#cancellable.add(entry);
    });
    promise.catch(() => {});
    return promise;
  }

  seal(): void {
    this.#sealed = true;
  }

  /** Handed over, or lost; the slab goes back. */
  settle(error?: unknown): void {
    this.slab.release();
    if (error === undefined) this.#resolve();
    else this.#reject(error);
    for (const { resolve, reject, forget } of this.#cancellable) {
      forget();
      if (error === undefined) resolve();
      else reject(error);
    }
    this.#cancellable.clear();
  }

  /** Closes the gap, so that the slab stays one range to write. */
  #remove(index: number): void {
    const { places } = this;
    const before = places[0];
    const from = places[2 * index] - before;
    const to = index + 1 < this.count ? places[2 * index + 2] - before : this.end;
    this.slab.bytes.copyWithin(from, to, this.end);
    this.end -= to - from;
    places.copyWithin(2 * index, 2 * index + 2, 2 * this.count);
    this.count--;
    for (let i = index; i < this.count; i++) places[2 * i] -= to - from;
    for (const entry of this.#cancellable) if (entry.index > index) entry.index--;
  }
}

interface Cancellable {
  index: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  readonly forget: () => void;
}

// What is sent in one turn beyond this goes into a slab of its own: past it, copying costs more than a write.
const LARGEST_SLAB = 1024 * 1024;
