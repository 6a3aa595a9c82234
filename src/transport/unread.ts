/** Messages that came and were not read yet: one reader at a time, each batch holding a lease on its slab until the reader moves on. */
import type { Slab } from '../core/slab.ts';
import { HandfastError } from '../errors.ts';
import type { MessageAbout, OwnMessage } from '../protocols/machine.ts';
import { Message, type MessageBatch } from './message.ts';

/** How much may wait to be read before the carrier is paused, where nothing else is said: messages, and their bytes. */
export const UNREAD = { messages: 1024, bytes: 4 * 1024 * 1024 } as const;

interface Batch {
  /** Absent where each message has memory of its own: that is in `abouts` then. */
  readonly slab: Slab | undefined;
  readonly places: Uint32Array;
  readonly count: number;
  readonly abouts: readonly (MessageAbout | OwnMessage)[] | undefined;
  /** Bytes of the slab; 0 where the batch before lies in the same one. */
  readonly held: number;
  next: number;
}

export class Unread {
  /** Messages not handed out yet, and their bytes. */
  count = 0;
  bytes = 0;
  /** Bytes of the slabs that they lie in: one short message may keep a large slab. */
  held = 0;
  readonly #consumed: () => void;
  readonly #batches: Batch[] = [];
  /** The batch that the reader is in. */
  #current: Batch | undefined;
  #message: Message | undefined;
  #ended: { error: HandfastError | Error | undefined } | undefined;
  #reading = false;
  #holding = false;
  #waiting: (() => void) | undefined;

  /** @param consumed told when the reader has taken something, or has come to the end. */
  constructor(consumed: () => void) {
    this.#consumed = consumed;
  }

  /** Whether somebody is reading. */
  get reading(): boolean {
    return this.#reading;
  }

  /** Whether the reader has something that it has not moved on from. */
  get holding(): boolean {
    return this.#holding;
  }

  get empty(): boolean {
    return this.count === 0;
  }

  /** Takes over one lease of the slab. @param places copied by the caller, and so is `abouts`. */
  push(slab: Slab, places: Uint32Array, count: number, abouts?: readonly MessageAbout[]): void {
    const held = this.#batches.at(-1)?.slab === slab ? 0 : slab.size;
    this.#add({ slab, places, count, abouts, held, next: 0 });
  }

  /** Messages in memory of their own. @param messages copied by the caller. @param held what they are counted as, besides their bytes: what they came in. */
  pushOwn(messages: readonly OwnMessage[], held: number): void {
    const places = new Uint32Array(2 * messages.length);
    for (let i = 0; i < messages.length; i++) places[2 * i + 1] = messages[i].bytes.length;
    this.#add({ slab: undefined, places, count: messages.length, abouts: messages, held, next: 0 });
  }

  /** No more will come: what is unread is still read, then the reader's loop ends, or rejects with `error`. The first call counts. */
  end(error?: Error): void {
    this.#ended ??= { error };
    this.#wake();
  }

  /** Throws away what is unread. What the reader holds stays valid until it moves on. */
  discard(): void {
    for (const batch of this.#batches.splice(0)) batch.slab?.release();
    if (this.#current) this.#current.next = this.#current.count;
    if (!this.#holding) this.#leave();
    this.count = 0;
    this.bytes = 0;
    this.held = 0;
  }

  messages(): AsyncIterableIterator<Message> {
    return this.#reader(
      () => {
        const batch = this.#batch();
        if (!batch) return undefined;
        const about = batch.abouts?.[batch.next];
        const i = 2 * batch.next++;
        this.count--;
        this.bytes -= batch.places[i + 1];
        if (batch.next === batch.count) this.held -= batch.held;
        this.#message = new Message(batch.slab ?? (about as OwnMessage), batch.places[i], batch.places[i + 1], about);
        return this.#message;
      },
      () => {
        this.#message?.release();
        this.#message = undefined;
      },
    );
  }

  batches(): AsyncIterableIterator<MessageBatch> {
    return this.#reader(
      () => {
        const batch = this.#batch();
        if (!batch) return undefined;
        const first = batch.next;
        const count = batch.slab ? batch.count - first : 1;
        const places = batch.places.subarray(2 * first, 2 * (first + count));
        for (let i = 1; i < places.length; i += 2) this.bytes -= places[i];
        this.count -= count;
        batch.next += count;
        if (batch.next === batch.count) this.held -= batch.held;
        const abouts = batch.abouts?.slice(first, first + count);
        return { bytes: (batch.slab ?? (abouts![0] as OwnMessage)).bytes, places, count, abouts };
      },
      () => {},
    );
  }

  /** The batch that holds the next message; one that is read to its end is given back. */
  #batch(): Batch | undefined {
    this.#leave();
    this.#current ??= this.#batches.shift();
    return this.#current;
  }

  #leave(): void {
    const current = this.#current;
    if (current && current.next === current.count) {
      this.#current = undefined;
      current.slab?.release();
    }
  }

  #add(batch: Batch): void {
    this.#batches.push(batch);
    this.held += batch.held;
    this.count += batch.count;
    for (let i = 0; i < batch.count; i++) this.bytes += batch.places[2 * i + 1];
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  /** @param take the next item, if there is one. @param leave called when the reader moves on. */
  #reader<Item>(take: () => Item | undefined, leave: () => void): AsyncIterableIterator<Item> {
    if (this.#reading) throw new HandfastError('BAD_ARGUMENT', 'this session is being read already: one loop at a time');
    this.#reading = true;
    let done = false;
    const finish = (): void => {
      if (done) return;
      done = true;
      leave();
      this.#holding = false;
      this.#leave();
      this.#reading = false;
    };
    const next = (): Promise<IteratorResult<Item>> => {
      if (done) return Promise.resolve({ done: true, value: undefined });
      if (this.#waiting) return Promise.reject(new HandfastError('BAD_ARGUMENT', 'the next message was asked for already'));
      leave();
      const item = take();
      this.#holding = item !== undefined;
      if (item !== undefined) {
        this.#consumed();
        return Promise.resolve({ done: false, value: item });
      }
      if (!this.#ended) {
        return new Promise<void>((resolve) => {
          this.#waiting = resolve;
        }).then(next);
      }
      finish();
      this.#consumed();
      return this.#ended.error ? Promise.reject(this.#ended.error) : Promise.resolve({ done: true, value: undefined });
    };
    return {
      next,
      return: () => {
        finish();
        this.#wake();
        this.#consumed();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}
