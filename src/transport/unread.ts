/** Messages that came and were not read yet: one reader at a time, each batch holding a lease on its slab until the reader moves on. */
import type { Slab } from '../core/slab.ts';
import { HandfastError } from '../errors.ts';
import type { MessageAbout, OwnMessage } from '../protocols/machine.ts';
import { Message, MessageBatch } from './message.ts';
import { type Storage, store } from './storage.ts';

/** How much may wait to be read before the carrier is paused, where nothing else is said: messages, and their bytes. */
export const UNREAD = { messages: 1024, bytes: 4 * 1024 * 1024 } as const;

export class Unread {
  /** Messages not handed out yet, and their bytes. */
  count = 0;
  bytes = 0;
  /** Bytes of the slabs that they lie in: one short message may keep a large slab. */
  held = 0;
  /** All there ever were. */
  readonly taken = { messages: 0, bytes: 0 };
  readonly #consumed: () => void;
  readonly #waiting: Storage[] = [];
  /** What the reader is in the middle of. */
  #current: Storage | undefined;
  #message: Message | undefined;
  #batch: MessageBatch | undefined;
  #ended: { error: HandfastError | Error | undefined } | undefined;
  #reading = false;
  #holding = false;
  /** Hands the reader what it waits for. */
  #wake: (() => void) | undefined;

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

  /** Takes over one lease of the slab. @param places copied, the first `count` pairs. @param abouts copied by the caller. */
  push(slab: Slab, places: Uint32Array, count: number, abouts?: readonly MessageAbout[]): void {
    const held = this.#waiting.at(-1)?.slab === slab ? 0 : slab.size;
    const storage = store(slab, count, abouts, held);
    const own = storage.places;
    let bytes = 0;
    for (let i = 0; i < 2 * count; i += 2) {
      own[i] = places[i];
      own[i + 1] = places[i + 1];
      bytes += places[i + 1];
    }
    this.#add(storage, bytes);
  }

  /** Messages in memory of their own. @param messages copied by the caller. @param held what they are counted as, besides their bytes: what they came in. */
  pushOwn(messages: readonly OwnMessage[], held: number): void {
    const storage = store(undefined, messages.length, messages, held);
    let bytes = 0;
    for (let i = 0; i < messages.length; i++) {
      const { length } = messages[i].bytes;
      storage.places[2 * i] = 0;
      storage.places[2 * i + 1] = length;
      bytes += length;
    }
    this.#add(storage, bytes);
  }

  /** No more will come: what is unread is still read, then the reader's loop ends, or rejects with `error`. The first call counts. */
  end(error?: Error): void {
    this.#ended ??= { error };
    // Later, as the reader then closes what may be in the middle of a step.
    if (this.#wake) queueMicrotask(() => this.#wake?.());
  }

  /** Throws away what is unread. What the reader holds stays valid until it moves on. */
  discard(): void {
    for (const storage of this.#waiting.splice(0)) storage.release();
    if (this.#current) this.#current.next = this.#current.count;
    if (!this.#holding) this.#leave();
    this.count = 0;
    this.bytes = 0;
    this.held = 0;
  }

  messages(): AsyncIterableIterator<Message> {
    return this.#reader(
      () => {
        const storage = this.#next();
        if (!storage) return undefined;
        const { places, slab } = storage;
        const about = storage.abouts?.[storage.next];
        const i = 2 * storage.next++;
        this.count--;
        this.bytes -= places[i + 1];
        if (storage.next === storage.count) this.held -= storage.held;
        this.#message = new Message(slab ?? (about as OwnMessage), places[i], places[i + 1], about);
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
        const storage = this.#next();
        if (!storage) return undefined;
        const first = storage.next;
        const count = storage.slab ? storage.count - first : 1;
        for (let i = first; i < first + count; i++) this.bytes -= storage.places[2 * i + 1];
        this.count -= count;
        storage.next += count;
        if (storage.next < storage.count) storage.retain();
        else {
          this.held -= storage.held;
          // The batch is its only holder from now on.
          this.#current = undefined;
        }
        this.#batch = new MessageBatch(storage, first, count);
        return this.#batch;
      },
      () => {
        const batch = this.#batch;
        this.#batch = undefined;
        batch?.[Symbol.dispose]();
      },
    );
  }

  /** What holds the next message; what was read to its end is given back. */
  #next(): Storage | undefined {
    this.#leave();
    this.#current ??= this.#waiting.shift();
    return this.#current;
  }

  #leave(): void {
    const current = this.#current;
    if (current && current.next === current.count) {
      this.#current = undefined;
      current.release();
    }
  }

  #add(storage: Storage, bytes: number): void {
    this.bytes += bytes;
    this.taken.messages += storage.count;
    this.taken.bytes += bytes;
    // Whoever waits has it at once.
    if (this.#wake && this.#waiting.length === 0) this.#current ??= storage;
    if (this.#current !== storage) this.#waiting.push(storage);
    this.held += storage.held;
    this.count += storage.count;
    this.#wake?.();
  }

  /** @param take the next item, if there is one. @param leave called when the reader moves on. */
  #reader<Item>(take: () => Item | undefined, leave: () => void): AsyncIterableIterator<Item> {
    if (this.#reading) throw new HandfastError('BAD_ARGUMENT', 'this session is being read already: one loop at a time');
    this.#reading = true;
    let done = false;
    let resolve: (result: IteratorResult<Item>) => void;
    let reject: (error: unknown) => void;
    const finish = (): void => {
      if (done) return;
      done = true;
      leave();
      this.#holding = false;
      this.#leave();
      this.#reading = false;
    };
    const wait = (resolves: typeof resolve, rejects: typeof reject): void => {
      resolve = resolves;
      reject = rejects;
      this.#wake = wake;
    };
    // The promise is settled by whoever brings the message: a promise that waits for it would cost the reader three more turns of the queue of microtasks.
    const wake = (): void => {
      const item = done ? undefined : take();
      if (item === undefined && !done && !this.#ended) return;
      this.#wake = undefined;
      this.#holding = item !== undefined;
      if (item !== undefined) {
        resolve({ done: false, value: item });
        this.#consumed();
        return;
      }
      const error = done ? undefined : this.#ended?.error;
      finish();
      this.#consumed();
      if (error) reject(error);
      else resolve({ done: true, value: undefined });
    };
    const next = (): Promise<IteratorResult<Item>> => {
      if (done) return Promise.resolve({ done: true, value: undefined });
      if (this.#wake) return Promise.reject(new HandfastError('BAD_ARGUMENT', 'the next message was asked for already'));
      leave();
      const item = take();
      this.#holding = item !== undefined;
      if (item !== undefined) {
        this.#consumed();
        return Promise.resolve({ done: false, value: item });
      }
      if (!this.#ended) return new Promise(wait);
      finish();
      this.#consumed();
      return this.#ended.error ? Promise.reject(this.#ended.error) : Promise.resolve({ done: true, value: undefined });
    };
    return {
      next,
      return: () => {
        finish();
        if (this.#wake === wake) wake();
        this.#consumed();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}
