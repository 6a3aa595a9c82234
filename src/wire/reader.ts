import { viewOf } from './bytes.ts';

/** A bounded reader over bytes of a peer: never throws, never reads past its end. Once a read fails, all later ones give zeros and `whole` is false. */
export class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether everything asked for was there and nothing is left over. */
  get whole(): boolean {
    return !this.#failed && this.#at === this.#bytes.length;
  }

  /** Whether a read has asked for more than there was. */
  get failed(): boolean {
    return this.#failed;
  }

  get left(): number {
    return this.#failed ? 0 : this.#bytes.length - this.#at;
  }

  /** How many bytes have been read. */
  get position(): number {
    return this.#at;
  }

  u8(): number {
    return this.#move(1) ? this.#bytes[this.#at - 1] : 0;
  }

  u16(): number {
    if (!this.#move(2)) return 0;
    return (this.#bytes[this.#at - 2] << 8) | this.#bytes[this.#at - 1];
  }

  u32(): number {
    return this.#move(4) ? readU32(this.#bytes, this.#at - 4) : 0;
  }

  u64(): bigint {
    if (!this.#move(8)) return 0n;
    return (BigInt(readU32(this.#bytes, this.#at - 8)) << 32n) | BigInt(readU32(this.#bytes, this.#at - 4));
  }

  /** The next `length` bytes: a view, no copy; an empty one when they are not there. */
  bytes(length: number): Uint8Array {
    if (!this.#move(length)) return EMPTY;
    return viewOf(this.#bytes, this.#at - length, this.#at);
  }

  /** All that is left: a view, no copy. */
  rest(): Uint8Array {
    return this.bytes(this.left);
  }

  #move(by: number): boolean {
    if (this.#failed || by > this.#bytes.length - this.#at) {
      this.#failed = true;
      return false;
    }
    this.#at += by;
    return true;
  }
}

export function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

const EMPTY = new Uint8Array(0);
