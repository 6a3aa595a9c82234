/**
 * Leases of recycled memory: messages lie in slabs, calls into the core pass offsets, and nothing is allocated per message.
 * A slab that is released by its last holder is wiped and goes back to the pool; a use after that is HF_RELEASED, not garbage.
 */
import { HandfastError } from '../errors.ts';

/** One lease of a block of memory. Made with one holder; each `retain` adds one, each `release` takes one away. */
export interface Slab {
  readonly size: number;
  /** The memory. @throws HF_RELEASED after the last release. */
  readonly bytes: Uint8Array;
  /** The number under which the core knows the block. @throws HF_RELEASED after the last release. */
  readonly id: number;
  readonly released: boolean;
  /** The first `length` bytes: a view that is kept for whoever asks for as many again. A plain array, whose slice is a copy: of a Buffer it would be a view of memory that is used again. @throws HF_RELEASED after the last release. */
  front(length: number): Uint8Array;
  /** What lies behind the first `from` bytes: a view that is kept likewise. @throws HF_RELEASED after the last release. */
  back(from: number): Uint8Array;
  /** Bytes from the start that the last release wipes: all of them, unless whoever writes to the slab says how far it was written to. */
  touched: number;
  /** One more holder. @throws HF_RELEASED */
  retain(): this;
  /** One holder less; the last one wipes the memory. @throws HF_RELEASED when nobody holds it any more. */
  release(): void;
}

export interface SlabUse {
  /** Leases not released yet; 0 when every session has ended. */
  readonly leased: number;
  /** Bytes of all blocks, leased or waiting. */
  readonly bytes: number;
}

/** How a core learns of blocks: native registers the ArrayBuffer and answers with a number. */
export interface BlockRegistry {
  register(buffer: ArrayBuffer): number;
  unregister(id: number): void;
}

/** Size classes are powers of two from 4 KiB; at most `keepBytes` wait for their next use, the rest is given back to the engine. */
export class SlabPool implements SlabUse {
  leased = 0;
  bytes = 0;
  readonly #registry: BlockRegistry;
  readonly #keepBytes: number;
  /** By the exponent of their size, each the first of a chain: a list that is emptied and filled again gets new memory each time. */
  readonly #waiting = new Array<Block | undefined>(32).fill(undefined);
  #waitingBytes = 0;

  constructor(registry: BlockRegistry, keepBytes = 8 * 1024 * 1024) {
    this.#registry = registry;
    this.#keepBytes = keepBytes;
  }

  lease(size = DEFAULT_BYTES): Slab {
    if (!Number.isInteger(size) || size < 1 || size > MAX_BYTES) {
      throw new HandfastError('BAD_ARGUMENT', `size: expected an integer from 1 to ${MAX_BYTES}`);
    }
    const block = this.#take(size <= MIN_BYTES ? MIN_EXPONENT : 32 - Math.clz32(size - 1));
    this.leased++;
    return new Lease(block, this);
  }

  /** Takes a block back from its last holder. @param touched bytes from the start that are not zeros for sure. */
  recycle(block: Block, touched: number): void {
    this.leased--;
    const size = block.bytes.length;
    // A detached buffer has length 0: there is nothing to wipe (`fill` would throw), and nobody may have it again.
    if (size > 0) block.bytes.fill(0, 0, touched);
    if (size === 0 || this.#waitingBytes + size > this.#keepBytes) {
      this.#giveUp(block);
      return;
    }
    this.#waitingBytes += size;
    const exponent = 31 - Math.clz32(size);
    block.below = this.#waiting[exponent];
    this.#waiting[exponent] = block;
  }

  #giveUp(block: Block): void {
    this.bytes -= block.size;
    this.#registry.unregister(block.id);
  }

  #take(exponent: number): Block {
    const size = 1 << exponent;
    for (let waiting = this.#waiting[exponent]; waiting; waiting = this.#waiting[exponent]) {
      this.#waiting[exponent] = waiting.below;
      waiting.below = undefined;
      this.#waitingBytes -= size;
      if (waiting.bytes.length === size) return waiting;
      // Somebody kept a view beyond the release and gave its memory away.
      this.#giveUp(waiting);
    }
    const buffer = new ArrayBuffer(size);
    // Counted only once it is registered: a registry that refuses must leave the numbers true.
    const id = this.#registry.register(buffer);
    this.bytes += size;
    return { bytes: new Uint8Array(buffer), id, size, front: undefined, back: undefined, below: undefined };
  }
}

interface Block {
  readonly bytes: Uint8Array;
  readonly id: number;
  readonly size: number;
  front: Uint8Array | undefined;
  back: Uint8Array | undefined;
  /** The next one of its size that waits. */
  below: Block | undefined;
}

class Lease implements Slab {
  readonly size: number;
  touched: number;
  #block: Block | undefined;
  #holders = 1;
  readonly #pool: SlabPool;

  constructor(block: Block, pool: SlabPool) {
    this.#block = block;
    this.#pool = pool;
    this.size = block.size;
    this.touched = block.size;
  }

  get bytes(): Uint8Array {
    return this.#held().bytes;
  }

  get id(): number {
    return this.#held().id;
  }

  front(length: number): Uint8Array {
    const block = this.#held();
    if (block.front?.length !== length) block.front = new Uint8Array(block.bytes.buffer as ArrayBuffer, 0, length);
    return block.front;
  }

  back(from: number): Uint8Array {
    const block = this.#held();
    if (block.back?.byteOffset !== from) block.back = block.bytes.subarray(from);
    return block.back;
  }

  get released(): boolean {
    return this.#block === undefined;
  }

  retain(): this {
    this.#held();
    this.#holders++;
    return this;
  }

  release(): void {
    const block = this.#held();
    if (--this.#holders > 0) return;
    this.#block = undefined;
    this.#pool.recycle(block, this.touched);
  }

  #held(): Block {
    if (!this.#block) throw new HandfastError('RELEASED', 'this slab was released: copy what you keep before you release it');
    return this.#block;
  }
}

const MIN_EXPONENT = 12;
const MIN_BYTES = 2 ** MIN_EXPONENT;
const DEFAULT_BYTES = 64 * 1024;
// The largest frame of handfast/1 is 16 MiB and 1 KiB; twice that rounds up to 64 MiB with room for what follows it.
const MAX_BYTES = 64 * 1024 * 1024;
