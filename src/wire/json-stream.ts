/**
 * Where JSON objects begin and end in a stream of bytes, however it is cut: strings and escapes are followed, braces and brackets counted. Every byte is looked at once, and memory
 * is taken for bytes received. Whether what lies between is JSON is left to `parseJson`.
 */
import { isJsonSpace } from './json.ts';

export interface JsonStreamLimits {
  /** Of one object. */
  readonly bytes: number;
  /** Objects and arrays inside of each other. */
  readonly depth: number;
  /** White space between two objects, and before the first. */
  readonly gap: number;
}

export type JsonStreamFault = 'not-object' | 'too-large' | 'too-deep' | 'gap';

/** What became of some bytes: `next` is the first one not taken. */
export type JsonTaken =
  /** One whole object. A view of the bytes given, or memory of its own where it came in pieces. */
  | { readonly object: Uint8Array; readonly next: number }
  /** All were taken, and more are needed. */
  | { readonly object: undefined; readonly next: number }
  /** Nothing more may be given. */
  | { readonly fault: JsonStreamFault };

export class JsonStream {
  #limits: JsonStreamLimits;
  /** Of the object under way, what came before; its first `#length` bytes are used. */
  #held = NONE;
  #length = 0;
  #gap = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  constructor(limits: JsonStreamLimits) {
    this.#limits = limits;
  }

  /** Whether an object has begun and not ended. */
  get inside(): boolean {
    return this.#depth > 0;
  }

  /** Of the object under way. */
  get heldBytes(): number {
    return this.#length;
  }

  /** From the next byte on; another state of a protocol may allow larger objects. */
  limit(limits: JsonStreamLimits): void {
    this.#limits = limits;
  }

  /** Takes bytes up to the end of one object. Call again from `next`, as long as there are more. */
  take(data: Uint8Array, from = 0): JsonTaken {
    let start = from;
    if (this.#depth === 0) {
      while (start < data.length && isJsonSpace(data[start])) {
        if (++this.#gap > this.#limits.gap) return { fault: 'gap' };
        start++;
      }
      if (start === data.length) return { object: undefined, next: start };
      if (data[start] !== BRACE) return { fault: 'not-object' };
      this.#gap = 0;
    }
    const room = this.#limits.bytes - this.#length;
    const end = this.#scan(data, start, Math.min(data.length, start + room));
    if (end === TOO_DEEP) return { fault: 'too-deep' };
    if (end !== UNFINISHED) return { object: this.#whole(data.subarray(start, end)), next: end };
    if (data.length - start > room) return { fault: 'too-large' };
    this.#hold(data.subarray(start));
    return { object: undefined, next: data.length };
  }

  /** Forgets the object under way, and overwrites what was held of it. */
  wipe(): void {
    this.#held.fill(0);
    this.#held = NONE;
    this.#length = 0;
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
  }

  /** @returns the index behind the object, or one of the two below. */
  #scan(data: Uint8Array, start: number, end: number): number {
    const deepest = this.#limits.depth;
    let depth = this.#depth;
    let inString = this.#inString;
    let escaped = this.#escaped;
    let at = start;
    while (at < end) {
      if (inString) {
        // The one after a backslash that was the last of the piece before.
        const from = escaped ? at + 1 : at;
        // Most bytes lie in long strings, whose ends the engine finds faster than a loop.
        const quote = from < end ? data.indexOf(QUOTE, from) : -1;
        const stop = quote >= 0 && quote < end ? quote : end;
        const odd = backslashesBefore(data, stop, from) % 2 === 1;
        at = stop === end ? end : stop + 1;
        inString = stop === end || odd;
        escaped = stop === end && odd;
        continue;
      }
      const byte = data[at];
      if (byte === QUOTE) inString = true;
      else if (byte === BRACE || byte === BRACKET) {
        if (++depth > deepest) return TOO_DEEP;
      } else if ((byte === BRACE_END || byte === BRACKET_END) && --depth === 0) break;
      at++;
    }
    this.#depth = depth;
    this.#inString = inString;
    this.#escaped = escaped;
    return depth === 0 ? at + 1 : UNFINISHED;
  }

  #whole(last: Uint8Array): Uint8Array {
    if (this.#length === 0) return last;
    this.#hold(last);
    const whole = this.#held.subarray(0, this.#length);
    this.#held = NONE;
    this.#length = 0;
    return whole;
  }

  /** Room grows twofold, so that bytes are copied twice on average, in however small pieces they come. */
  #hold(piece: Uint8Array): void {
    const needed = this.#length + piece.length;
    if (needed > this.#held.length) {
      const larger = new Uint8Array(Math.max(needed, Math.min(2 * needed, this.#limits.bytes)));
      larger.set(this.#held.subarray(0, this.#length));
      this.#held.fill(0);
      this.#held = larger;
    }
    this.#held.set(piece, this.#length);
    this.#length = needed;
  }
}

/** How many stand right before `end`, not before `from`. */
function backslashesBefore(data: Uint8Array, end: number, from: number): number {
  let at = end;
  while (at > from && data[at - 1] === BACKSLASH) at--;
  return end - at;
}

const NONE = new Uint8Array(0);
const QUOTE = 0x22;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const BRACKET_END = 0x5d;
const BRACE = 0x7b;
const BRACE_END = 0x7d;
const UNFINISHED = -1;
const TOO_DEEP = -2;
