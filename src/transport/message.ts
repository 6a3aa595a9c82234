/** What a session delivers: views into leased memory, or into memory of the message's own. */
import { HandfastError } from '../errors.ts';
import type { MessageAbout, OwnMessage } from '../protocols/machine.ts';
import type { Storage } from './storage.ts';

/** One message, valid until the next one is asked for. */
export class Message {
  readonly length: number;
  #view: Uint8Array | undefined;
  #memory: { readonly bytes: Uint8Array } | undefined;
  readonly #offset: number;
  readonly #about: MessageAbout | undefined;

  /** Made by the session. @param memory a slab, or a message in memory of its own. */
  constructor(memory: { readonly bytes: Uint8Array }, offset: number, length: number, about?: MessageAbout) {
    this.#memory = memory;
    this.#offset = offset;
    this.length = length;
    this.#about = about;
  }

  /** Its type, in protocols whose messages have one; by the protocol's name for it, or the number as text. */
  get kind(): string | undefined {
    return this.#about?.kind;
  }

  /** What else the protocol says of it: routing, names. */
  get meta(): Readonly<Record<string, unknown>> | undefined {
    return this.#about?.meta;
  }

  /** A view, no copy. @throws HF_RELEASED once the next message was asked for. */
  get bytes(): Uint8Array {
    if (!this.#memory)
      throw new HandfastError('RELEASED', 'this message was released when the next one was asked for: copy() what you keep');
    this.#view ??= this.#memory.bytes.subarray(this.#offset, this.#offset + this.length);
    return this.#view;
  }

  /** Bytes of their own, to keep. @throws HF_RELEASED */
  copy(): Uint8Array {
    return this.bytes.slice();
  }

  /** As UTF-8; what is not becomes U+FFFD. @throws HF_RELEASED */
  text(): string {
    return decoder.decode(this.bytes);
  }

  /** Called by the session. */
  release(): void {
    this.#memory = undefined;
    this.#view = undefined;
  }
}

/**
 * The messages of one chunk: message i lies in `bytes` at places[2i], places[2i+1] bytes long. Valid until the next batch is asked for, or longer for whoever retains it. A message
 * that lies in memory of its own, as those of text encodings, of compressed and of WebSocket messages do, is a batch by itself.
 */
export class MessageBatch implements Disposable {
  readonly count: number;
  readonly #first: number;
  #storage: Storage | undefined;
  /** The reader has not moved on from it. */
  #current = true;
  #retained = 0;

  /** Made by the session. @param storage one hold on it is taken over. */
  constructor(storage: Storage, first: number, count: number) {
    this.count = count;
    this.#first = first;
    this.#storage = storage;
  }

  /** The memory that the messages lie in, no copy; what lies around them means nothing. @throws HF_RELEASED */
  get bytes(): Uint8Array {
    const { slab, abouts } = this.#held();
    return slab ? slab.bytes : (abouts![this.#first] as OwnMessage).bytes;
  }

  /** Pairs of offset and length, the first `count` of them; what follows means nothing. The array is used again after the release. @throws HF_RELEASED */
  get places(): Uint32Array {
    const { places } = this.#held();
    return this.#first === 0 ? places : places.subarray(2 * this.#first);
  }

  /** Of each message, where messages have kinds. @throws HF_RELEASED */
  get abouts(): readonly MessageAbout[] | undefined {
    return this.#held().abouts?.slice(this.#first, this.#first + this.count);
  }

  /** The bytes of message `index`: a view, no copy. @throws HF_RELEASED, HF_BAD_ARGUMENT */
  message(index: number): Uint8Array {
    if (!(index >= 0 && index < this.count)) throw new HandfastError('BAD_ARGUMENT', `message: this batch has ${this.count}`);
    const { places } = this.#held();
    const at = places[2 * (this.#first + index)];
    return this.bytes.subarray(at, at + places[2 * (this.#first + index) + 1]);
  }

  get released(): boolean {
    return this.#storage === undefined;
  }

  /** One more holder: the batch outlives the next one, until `release` was called as often. Such memory is the holder's to bound: it counts against no limit of the session. @throws HF_RELEASED */
  retain(): this {
    this.#held();
    this.#retained++;
    return this;
  }

  /** Takes one `retain` back; without one, the batch is done with before the next is asked for. The last holder's wipes the memory. @throws HF_RELEASED when nobody holds it any more. */
  release(): void {
    this.#held();
    if (this.#retained > 0) this.#retained--;
    else this.#current = false;
    this.#giveBack();
  }

  /** The reader is done with it: what asking for the next batch does too. */
  [Symbol.dispose](): void {
    this.#current = false;
    this.#giveBack();
  }

  #giveBack(): void {
    if (this.#current || this.#retained > 0) return;
    const storage = this.#storage;
    this.#storage = undefined;
    storage?.release();
  }

  #held(): Storage {
    if (!this.#storage) throw new HandfastError('RELEASED', 'this batch was released: retain() it, or copy what you keep');
    return this.#storage;
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
