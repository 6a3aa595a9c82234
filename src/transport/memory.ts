/** Two ends of a stream, or of a carrier that keeps borders, in memory: for tests, benchmarks and peers in one process. Nothing is copied on the way. */
import { HandfastError } from '../errors.ts';
import type { CarrierFacts, CloseCode } from '../protocols/machine.ts';
import type { Carrier, CarrierEvents, RemoteAddress } from './carrier.ts';

export interface MemoryPairOptions {
  /** Cuts what one write carries into the pieces that arrive; whole by default. */
  cut?: (bytes: Uint8Array) => Iterable<Uint8Array>;
  /** Nothing moves until `run` is called; otherwise it moves in a microtask. */
  handCranked?: boolean;
  /** Bytes on the way in one direction before `write` says false; 64 KiB. */
  highWaterMark?: number;
  /** The address that the second end sees, and the one that the first end sees. */
  remote?: RemoteAddress;
  dialled?: RemoteAddress;
  /** Each write arrives whole, as one message, with its text mark; an end brings its close code. Nothing is cut. */
  borders?: boolean;
  /** As a carrier that is set up first: each end is told that it stands, with these facts; the first's, then the second's. */
  facts?: readonly [CarrierFacts, CarrierFacts];
}

export interface MemoryPair {
  /** The dialling end and the listening end. */
  readonly ends: readonly [Carrier, Carrier];
  /** Delivers until nothing can move. @returns how many pieces, ends and closes were delivered. */
  run(): number;
  /** Both ends are closed and know it: nothing will ever move again. */
  readonly gone: boolean;
  /** The connection breaks: both ends are closed with an error, what was on the way is lost. */
  reset(): void;
}

export function memoryPair(options: MemoryPairOptions = {}): MemoryPair {
  const { handCranked = false, remote, dialled, facts } = options;
  let scheduled = false;
  const schedule = (): void => {
    if (handCranked || scheduled) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      run();
    });
  };
  const first = new MemoryEnd(schedule, options, dialled, facts?.[0]);
  const second = new MemoryEnd(schedule, options, remote, facts?.[1]);
  first.other = second;
  second.other = first;
  let running = false;
  const run = (): number => {
    if (running) return 0;
    running = true;
    let moved = 0;
    try {
      for (let more = true; more; ) {
        more = false;
        for (const end of [first, second]) if (end.deliver()) more = true;
        if (more) moved++;
      }
    } finally {
      running = false;
    }
    return moved;
  };
  return {
    ends: [first, second],
    run,
    get gone() {
      return first.gone && second.gone;
    },
    reset() {
      const error = Object.assign(new Error('the connection was reset'), { code: 'ECONNRESET' });
      first.breakOff(error);
      second.breakOff(error);
    },
  };
}

type Parcel =
  | {
      bytes: Uint8Array;
      text: boolean;
      pieces: Iterator<Uint8Array>;
      next: IteratorResult<Uint8Array>;
      written: ((error?: Error) => void) | undefined;
    }
  | { flushed: (() => void) | undefined; close: CloseCode | undefined };

class MemoryEnd implements Carrier {
  readonly remote: RemoteAddress | undefined;
  readonly borders: boolean;
  other!: MemoryEnd;
  readonly #schedule: () => void;
  readonly #highWaterMark: number;
  readonly #cut: ((bytes: Uint8Array) => Iterable<Uint8Array>) | undefined;
  readonly #facts: CarrierFacts | undefined;
  readonly #sent: Parcel[] = [];
  #sentBytes = 0;
  #events: CarrierEvents | undefined;
  #stands: boolean;
  #paused = false;
  /** We said that we are done. */
  #ended = false;
  /** The other side was told so, or told us. */
  #endDelivered = false;
  #endHeard = false;
  #destroyed = false;
  #error: Error | undefined;
  #closeTold = false;
  congested = false;

  constructor(
    schedule: () => void,
    { highWaterMark = 64 * 1024, cut, borders = false }: MemoryPairOptions,
    remote: RemoteAddress | undefined,
    facts: CarrierFacts | undefined,
  ) {
    this.#schedule = schedule;
    this.#highWaterMark = highWaterMark;
    this.#cut = borders ? undefined : cut;
    this.#facts = facts;
    this.#stands = facts === undefined;
    this.borders = borders;
    this.remote = remote;
  }

  get standing(): boolean {
    return this.#stands;
  }

  get gone(): boolean {
    return this.#closeTold;
  }

  attach(events: CarrierEvents): void {
    this.#events = events;
    this.#closeTold = false;
    this.#schedule();
  }

  write(bytes: Uint8Array, written?: (error?: Error) => void, text = false): boolean {
    if (this.#ended || this.#destroyed) {
      if (written) process.nextTick(written, this.#error ?? GONE());
      return true;
    }
    const pieces = (this.#cut?.(bytes) ?? [bytes])[Symbol.iterator]();
    this.#sent.push({ bytes, text, pieces, next: pieces.next(), written });
    this.#sentBytes += bytes.length;
    this.congested ||= this.#sentBytes >= this.#highWaterMark;
    this.#schedule();
    return !this.congested;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  end(flushed?: () => void, close?: CloseCode): void {
    if (this.#ended || this.#destroyed) return;
    this.#ended = true;
    this.#sent.push({ flushed, close: this.borders ? close : undefined });
    this.#schedule();
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    for (const parcel of this.#sent.splice(0)) if ('bytes' in parcel) parcel.written?.(this.#error ?? GONE());
    // The other side sees the stream end, as it does when a process dies.
    if (!this.#endDelivered) this.#sent.push({ flushed: undefined, close: undefined });
    this.#ended = true;
    this.#schedule();
  }

  breakOff(error: Error): void {
    if (this.#destroyed) return;
    this.#error = error;
    this.#endDelivered = true;
    this.destroy();
  }

  /** Moves one piece from this end to the other, or tells this end that it is closed. */
  deliver(): boolean {
    if (this.#closed() && !this.#closeTold && this.#events) {
      this.#closeTold = true;
      this.#events.closed(this.#error);
      return true;
    }
    if (!this.#stands && !this.#destroyed) {
      if (!this.#events) return false;
      this.#stands = true;
      this.#events.ready?.(this.#facts!);
      return true;
    }
    const parcel = this.#sent[0];
    const other = this.other;
    if (!parcel) return false;
    if (other.#destroyed) {
      this.#sent.shift();
      this.#handedOver(parcel);
      return true;
    }
    if (!other.#events || !other.#stands || other.#paused) return false;
    if ('flushed' in parcel) {
      this.#sent.shift();
      this.#endDelivered = true;
      other.#endHeard = true;
      parcel.flushed?.();
      other.#events.end(parcel.close);
      return true;
    }
    const { next, pieces } = parcel;
    if (!next.done) {
      parcel.next = pieces.next();
      if (this.borders) other.#events.message?.(next.value, parcel.text);
      else other.#events.data(next.value);
    }
    // This end may have been destroyed, and the parcel dropped, while it was being read.
    if (parcel.next.done && this.#sent[0] === parcel) {
      this.#sent.shift();
      this.#handedOver(parcel);
    }
    return true;
  }

  #handedOver(parcel: Parcel): void {
    if ('flushed' in parcel) {
      this.#endDelivered = true;
      parcel.flushed?.();
      return;
    }
    this.#sentBytes -= parcel.bytes.length;
    parcel.written?.();
    if (this.congested && this.#sentBytes < this.#highWaterMark) {
      this.congested = false;
      if (!this.#destroyed) this.#events?.drained();
    }
  }

  #closed(): boolean {
    return this.#destroyed || (this.#endDelivered && this.#endHeard);
  }
}

const GONE = (): HandfastError => new HandfastError('CLOSED', 'the stream has ended');
