/**
 * Raw LZ4 blocks, without the frame format around them (lz4_Block_format.md of the LZ4 project). Own code: the libraries there are for it in JavaScript believe the offsets and lengths
 * of a block, and this one is read from peers.
 */
import type { Bytes } from '../core.ts';

/**
 * One block, by a greedy search in one pass over a table of hashes. It follows the rules for the end of a block, so that every decoder takes it.
 * @returns undefined when the block would not be shorter than `bytes`. Cost: at most as much memory as `bytes`, and 64 KiB that stay.
 */
export function lz4Compress(bytes: Bytes): Bytes | undefined {
  const length = bytes.length;
  const block = new BlockWriter(bytes);
  const lastStart = length - LAST_MATCH_START;
  const bits = Math.min(MOST_HASH_BITS, Math.max(LEAST_HASH_BITS, 32 - Math.clz32(length)));
  const table = TABLE.subarray(0, 1 << bits);
  // Places are kept one higher than they are: 0 is no place.
  table.fill(0);
  let anchor = 0;
  let at = 0;
  let misses = 0;
  while (at <= lastStart) {
    const word = wordAt(bytes, at);
    const slot = Math.imul(word, HASH_FACTOR) >>> (32 - bits);
    let from = table[slot]! - 1;
    table[slot] = at + 1;
    if (from < 0 || at - from > FARTHEST || wordAt(bytes, from) !== word) {
      // What does not compress is left behind in ever longer steps.
      at += 1 + (misses++ >> 6);
      continue;
    }
    misses = 0;
    while (at > anchor && from > 0 && bytes[at - 1] === bytes[from - 1]) {
      at--;
      from--;
    }
    let end = at + LEAST_MATCH;
    const mostEnd = length - LAST_LITERALS;
    while (end < mostEnd && bytes[end] === bytes[end - at + from]) end++;
    if (!block.sequence(anchor, at, at - from, end - at)) return undefined;
    at = end;
    anchor = end;
  }
  return block.last(anchor) ? block.written() : undefined;
}

/**
 * Opens one block. The whole block is walked before anything is allocated, so that a length or an offset of it is only ever used once all of them are known to fit; then exactly `size` bytes are.
 * What an encoder owes to old decoders (the last five bytes are literals) is not asked for.
 * @param size bytes that must come out, no more and no fewer.
 * @returns undefined when the block is misshapen, points before its start, ends in a match, or does not give exactly `size`. Never throws.
 */
export function lz4Decompress(bytes: Bytes, size: number): Bytes | undefined {
  // Before the walk: no byte of a block stands for more than 255.
  if (!Number.isSafeInteger(size) || size < 0 || size > bytes.length * 255) return undefined;
  return walk(bytes, size, undefined) ? unpacked(bytes, size) : undefined;
}

function unpacked(bytes: Bytes, size: number): Bytes {
  const out = new Uint8Array(size);
  walk(bytes, size, out);
  return out;
}

/** Follows the sequences of a block, writing to `out` where there is one. @returns whether they are well-formed and make `size` bytes. */
function walk(bytes: Bytes, size: number, out: Bytes | undefined): boolean {
  const end = bytes.length;
  let at = 0;
  let made = 0;
  while (at < end) {
    const token = bytes[at++]!;
    let literals = token >> 4;
    if (literals === LONG) {
      let more: number;
      do {
        if (at >= end) return false;
        more = bytes[at++]!;
        literals += more;
      } while (more === 255);
    }
    if (literals > end - at || literals > size - made) return false;
    if (out !== undefined) copyLiterals(bytes, at, literals, out, made);
    at += literals;
    made += literals;
    if (at === end) return made === size;

    if (end - at < 2) return false;
    const offset = bytes[at]! | (bytes[at + 1]! << 8);
    at += 2;
    let length = token & LONG;
    if (length === LONG) {
      let more: number;
      do {
        if (at >= end) return false;
        more = bytes[at++]!;
        length += more;
      } while (more === 255);
    }
    length += LEAST_MATCH;
    if (offset === 0 || offset > made || length > size - made) return false;
    if (out !== undefined) copyMatch(out, made, offset, length);
    made += length;
  }
  // The block is empty, or its last sequence has a match.
  return false;
}

function copyLiterals(bytes: Bytes, from: number, length: number, out: Bytes, to: number): void {
  if (length > SHORT) out.set(bytes.subarray(from, from + length), to);
  else for (let i = 0; i < length; i++) out[to + i] = bytes[from + i]!;
}

/** A match may reach into what it writes itself: then it repeats the last `offset` bytes. */
function copyMatch(out: Bytes, to: number, offset: number, length: number): void {
  const from = to - offset;
  if (length <= SHORT) {
    for (let i = 0; i < length; i++) out[to + i] = out[from + i]!;
    return;
  }
  // Each copy doubles what can be copied at once.
  for (let done = 0; done < length; ) {
    const part = Math.min(offset + done, length - done);
    out.copyWithin(to + done, from, from + part);
    done += part;
  }
}

/** A block being written, which is given up once it is as long as what it stands for. */
class BlockWriter {
  readonly #bytes: Bytes;
  readonly #block: Bytes;
  readonly #most: number;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
    this.#most = Math.max(0, bytes.length - 1);
    this.#block = new Uint8Array(this.#most);
  }

  /** The literals from `anchor` to `at`, and a match of `length` bytes. @returns false when there is no more room. */
  sequence(anchor: number, at: number, offset: number, length: number): boolean {
    const literals = at - anchor;
    const long = length - LEAST_MATCH;
    if (1 + moreBytes(literals) + literals + 2 + moreBytes(long) > this.#most - this.#at) return false;
    this.#block[this.#at++] = (Math.min(literals, LONG) << 4) | Math.min(long, LONG);
    this.#literals(anchor, literals);
    this.#block[this.#at++] = offset & 0xff;
    this.#block[this.#at++] = offset >> 8;
    this.#more(long);
    return true;
  }

  /** The literals that end the block. */
  last(anchor: number): boolean {
    const literals = this.#bytes.length - anchor;
    if (1 + moreBytes(literals) + literals > this.#most - this.#at) return false;
    this.#block[this.#at++] = Math.min(literals, LONG) << 4;
    this.#literals(anchor, literals);
    return true;
  }

  /** A copy of its own length. */
  written(): Bytes {
    return this.#block.slice(0, this.#at);
  }

  #literals(from: number, length: number): void {
    this.#more(length);
    copyLiterals(this.#bytes, from, length, this.#block, this.#at);
    this.#at += length;
  }

  /** What of a length does not fit into the token. */
  #more(length: number): void {
    if (length < LONG) return;
    let left = length - LONG;
    for (; left >= 255; left -= 255) this.#block[this.#at++] = 255;
    this.#block[this.#at++] = left;
  }
}

function moreBytes(length: number): number {
  return length < LONG ? 0 : 1 + Math.floor((length - LONG) / 255);
}

function wordAt(bytes: Bytes, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** Half of a token that says: more bytes of the length follow. */
const LONG = 15;
const LEAST_MATCH = 4;
const FARTHEST = 65_535;
/** The last bytes of a block are literals, and its last match begins so far before its end. */
const LAST_LITERALS = 5;
const LAST_MATCH_START = 12;
/** Up to here a loop is faster than a call. */
const SHORT = 24;
/** Knuth's multiplicative hash. */
const HASH_FACTOR = 2_654_435_761;
const LEAST_HASH_BITS = 8;
const MOST_HASH_BITS = 14;
const TABLE = new Int32Array(1 << MOST_HASH_BITS);
