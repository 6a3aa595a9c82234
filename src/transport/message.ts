/** What a session delivers: views into leased memory, or into memory of the message's own. */
import { HandfastError } from '../errors.ts';
import type { MessageAbout } from '../protocols/machine.ts';

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
 * The messages of one chunk, valid until the next batch is asked for: message i lies at places[2i], places[2i+1] bytes long. A message that lies in memory of its own, as those of
 * text encodings, of compressed and of WebSocket messages do, is a batch by itself.
 */
export interface MessageBatch {
  readonly bytes: Uint8Array;
  readonly places: Uint32Array;
  readonly count: number;
  /** Of each message, where messages have kinds. */
  readonly abouts?: readonly MessageAbout[] | undefined;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
