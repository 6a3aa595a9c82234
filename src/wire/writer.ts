import { copyTo } from './bytes.ts';

/** Joins fields into one array, integers big-endian. Fields are collected first, so that the array has its final size at once. */
export class Writer {
  readonly #fields: Uint8Array[] = [];

  u8(value: number): this {
    return this.bytes(Uint8Array.of(value));
  }

  u16(value: number): this {
    return this.bytes(Uint8Array.of(value >>> 8, value));
  }

  u32(value: number): this {
    const field = new Uint8Array(4);
    writeU32(field, 0, value);
    return this.bytes(field);
  }

  u64(value: bigint): this {
    const field = new Uint8Array(8);
    writeU64(field, 0, value);
    return this.bytes(field);
  }

  bytes(value: Uint8Array): this {
    this.#fields.push(value);
    return this;
  }

  /** All fields, joined. */
  joined(): Uint8Array {
    return join(this.#fields);
  }
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (let i = 0; i < parts.length; i++) length += parts[i].length;
  const joined = room(length);
  let at = 0;
  for (let i = 0; i < parts.length; i++) {
    copyTo(joined, parts[i], at);
    at += parts[i].length;
  }
  return joined;
}

/**
 * A new array of zeros. To the engine a view of memory that is there costs a fraction of an array with memory of its own, also of a short one once it crosses into a core; those of
 * handshakes therefore share blocks of 4 KiB. A block is never used again: none of its bytes belongs to two arrays. Not for secrets, which would lie there until all of the block is
 * forgotten, nor for what a session keeps, which would keep the block.
 */
export function room(length: number): Uint8Array {
  if (length > SHARED_BYTES) return new Uint8Array(length);
  if (used + length > block.byteLength) {
    block = new ArrayBuffer(BLOCK_BYTES);
    used = 0;
  }
  const array = new Uint8Array(block, used, length);
  used += length;
  return array;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function writeU64(bytes: Uint8Array, at: number, value: bigint): void {
  writeU32(bytes, at, Number((value >> 32n) & 0xffffffffn));
  writeU32(bytes, at + 4, Number(value & 0xffffffffn));
}

const SHARED_BYTES = 512;
const BLOCK_BYTES = 4096;
let block = new ArrayBuffer(BLOCK_BYTES);
let used = 0;
