/** What a session delivers: views into leased memory. */
import type { Slab } from '../core/slab.ts';
import { HandfastError } from '../errors.ts';

/** One message, valid until the next one is asked for. */
export class Message {
  readonly length: number;
  #view: Uint8Array | undefined;
  #slab: Slab | undefined;
  readonly #offset: number;

  constructor(slab: Slab, offset: number, length: number) {
    this.#slab = slab;
    this.#offset = offset;
    this.length = length;
  }

  /** A view, no copy. @throws HF_RELEASED once the next message was asked for. */
  get bytes(): Uint8Array {
    if (!this.#slab) throw new HandfastError('RELEASED', 'this message was released when the next one was asked for: copy() what you keep');
    this.#view ??= this.#slab.bytes.subarray(this.#offset, this.#offset + this.length);
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
    this.#slab = undefined;
    this.#view = undefined;
  }
}

/** The messages of one chunk, valid until the next batch is asked for: message i lies at places[2i], places[2i+1] bytes long. */
export interface MessageBatch {
  readonly bytes: Uint8Array;
  readonly places: Uint32Array;
  readonly count: number;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
