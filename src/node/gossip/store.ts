/**
 * Envelopes of the last seconds, in blocks: what comes is copied into a block once and stays there while it waits, is verified, is sent on by any number of sessions and is asked for.
 * A block goes as a whole, when it is old or there are too many bytes: then what lies in it can no longer be asked for.
 */
import type { Core } from '../../core/core.ts';
import { IdTable } from './id-table.ts';
import type { GossipLimits } from './limits.ts';
import type { GossipSession } from './session.ts';

/** A message that can be sent and asked for. */
export interface Held {
  /** The record as it is sent on: kind, hops left, envelope. Its bytes never change; empty once it has left the store. */
  record: Uint8Array;
  /** Rises by one a message. */
  readonly number: number;
  /** Bits of the sessions that have it: 30 a word. */
  readonly holders: number[];
  /** How often a session has asked for it. */
  asked: Map<GossipSession, number> | undefined;
  /** In the table of ids; -1: it has left the store. */
  key: number;
  readonly since: number;
}

interface Block {
  readonly bytes: Uint8Array;
  used: number;
  /** When something last came into it. */
  touched: number;
  readonly held: Held[];
}

export class GossipStore {
  readonly #limits: GossipLimits;
  readonly #ids: IdTable;
  readonly #held: (Held | undefined)[] = [];
  /** All of them in the order of their numbers, from `#gone` on; those that have left are skipped. */
  #log: Held[] = [];
  #gone = 0;
  #numbers = 0;
  readonly #blocks: Block[] = [];
  /** By its ArrayBuffer, so that a message finds the block it lies in. */
  readonly #blockOf = new Map<ArrayBufferLike, Block>();
  #bytes = 0;

  constructor(core: Core, limits: GossipLimits) {
    this.#limits = limits;
    this.#ids = new IdTable(core);
  }

  /** Messages held. */
  get size(): number {
    return this.#ids.size;
  }

  /** Bytes of all blocks. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The number that the next message gets. */
  get next(): number {
    return this.#numbers;
  }

  /** The number of the oldest message held, or the next. */
  get oldest(): number {
    return this.#log[this.#gone]?.number ?? this.#numbers;
  }

  /** Room for `length` bytes in a block, to be filled now. @param now of a clock that never jumps. */
  room(length: number, now: number): Uint8Array {
    let block = this.#blocks.at(-1);
    if (!block || block.used + length > block.bytes.length) block = this.#block(Math.max(length, BLOCK_BYTES), now);
    block.used += length;
    block.touched = now;
    return block.bytes.subarray(block.used - length, block.used);
  }

  /** @param id begins with 32 bytes that are not held. @param record lies in what `room` gave. */
  add(id: Uint8Array, record: Uint8Array, now: number): Held {
    const key = this.#ids.add(id);
    const held: Held = { record, number: this.#numbers++, holders: [], asked: undefined, key, since: now };
    this.#held[key] = held;
    this.#log.push(held);
    const block = this.#blockOf.get(record.buffer);
    if (block) {
      block.held.push(held);
      block.touched = now;
    } else this.#leave(held); // its block had to go while it waited
    return held;
  }

  find(id: Uint8Array, at = 0): Held | undefined {
    return this.#held[this.#ids.find(id, at)];
  }

  /** Writes the id of a message that is still held. */
  copyId(held: Held, out: Uint8Array, at: number): void {
    this.#ids.copyKey(held.key, out, at);
  }

  /** The message of a number, if it is still held. */
  numbered(number: number): Held | undefined {
    const first = this.#log[this.#gone];
    const held = first && this.#log[this.#gone + number - first.number];
    return held && held.key >= 0 ? held : undefined;
  }

  /** Lets go what is old. */
  expire(now: number): void {
    const before = now - this.#limits.storeMs;
    while (this.#gone < this.#log.length && this.#log[this.#gone].since <= before) this.#leave(this.#log[this.#gone++]);
    while (this.#blocks.length > 0 && this.#blocks[0].touched <= before) this.#drop();
    this.#trim();
  }

  /** A bit stands for another session from now on. */
  clearHolder(index: number): void {
    for (let i = this.#gone; i < this.#log.length; i++) {
      const { holders } = this.#log[i];
      const word = wordOf(index);
      if (holders[word] !== undefined) holders[word] &= ~bitOf(index);
    }
  }

  #block(length: number, now: number): Block {
    while (this.#blocks.length > 0 && this.#bytes + length > this.#limits.storeBytes) this.#drop();
    const block: Block = { bytes: new Uint8Array(new ArrayBuffer(length)), used: 0, touched: now, held: [] };
    this.#blocks.push(block);
    this.#blockOf.set(block.bytes.buffer, block);
    this.#bytes += length;
    return block;
  }

  #drop(): void {
    const block = this.#blocks.shift()!;
    this.#blockOf.delete(block.bytes.buffer);
    this.#bytes -= block.bytes.length;
    for (const held of block.held) this.#leave(held);
    this.#trim();
  }

  #leave(held: Held): void {
    if (held.key < 0) return;
    this.#ids.remove(held.key);
    this.#held[held.key] = undefined;
    held.key = -1;
    held.record = NOTHING;
    held.asked = undefined;
  }

  #trim(): void {
    while (this.#gone < this.#log.length && this.#log[this.#gone].key < 0) this.#gone++;
    if (this.#gone < CUT || this.#gone < this.#log.length / 2) return;
    this.#log = this.#log.slice(this.#gone);
    this.#gone = 0;
  }
}

export function hold(held: Held, session: GossipSession): void {
  const word = wordOf(session.index);
  while (held.holders.length <= word) held.holders.push(0);
  held.holders[word] |= bitOf(session.index);
}

export function holds(held: Held, session: GossipSession): boolean {
  return ((held.holders[wordOf(session.index)] ?? 0) & bitOf(session.index)) !== 0;
}

// 30 bits, so that a word stays a small integer.
const wordOf = (index: number): number => Math.floor(index / 30);
const bitOf = (index: number): number => 1 << (index % 30);

// Some sixty usual envelopes. A session that is slow to send one of them keeps all of its block in memory, so it is not larger.
const BLOCK_BYTES = 16 * 1024;
const CUT = 1024;
const NOTHING = new Uint8Array(0);
