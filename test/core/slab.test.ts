/** The pool of slabs by itself. */
import { describe, expect, test } from 'vitest';
import { type Slab, SlabPool } from '../../src/core/slab.ts';
import { codeOf } from '../support/codes.ts';

class Registry {
  readonly blocks = new Map<number, ArrayBuffer>();
  refuse = false;
  #last = 0;

  register(buffer: ArrayBuffer): number {
    if (this.refuse) throw new Error('no room');
    this.blocks.set(++this.#last, buffer);
    return this.#last;
  }

  unregister(id: number): void {
    if (!this.blocks.delete(id)) throw new Error(`unknown block ${id}`);
  }
}

describe('a pool of slabs', () => {
  test('rounds up to powers of two from 4 KiB', () => {
    const pool = new SlabPool(new Registry());
    const sizes = [1, 4096, 4097, 8192, 65_537, 2 ** 20 + 1].map((size) => pool.lease(size).size);
    expect(sizes).toEqual([4096, 4096, 8192, 8192, 131_072, 2 ** 21]);
    expect(pool.lease().size).toBe(65_536);
    expect(pool.leased).toBe(7);
  });

  test('lends a block again under a new lease, known to the registry once', () => {
    const registry = new Registry();
    const pool = new SlabPool(registry);
    const first = pool.lease(5000);
    const { id, bytes } = first;
    first.release();
    const second = pool.lease(6000);
    expect(second.id).toBe(id);
    expect(second.bytes).toBe(bytes);
    expect(registry.blocks.size).toBe(1);
    expect(pool.bytes).toBe(8192);
    expect(codeOf(() => first.release())).toBe('HF_RELEASED');
    expect(second.released).toBe(false);
  });

  test('keeps so many bytes for the next use and gives the rest back', () => {
    const registry = new Registry();
    const pool = new SlabPool(registry, 10_000);
    const slabs = [pool.lease(4096), pool.lease(4096), pool.lease(4096)];
    for (const slab of slabs) slab.release();
    expect(pool.bytes).toBe(8192);
    expect(registry.blocks.size).toBe(2);
    expect(pool.leased).toBe(0);
  });

  test('keeps its numbers true when a block cannot be registered', () => {
    const registry = new Registry();
    const pool = new SlabPool(registry);
    registry.refuse = true;
    expect(() => pool.lease()).toThrow('no room');
    expect([pool.leased, pool.bytes]).toEqual([0, 0]);
  });

  test('gives up a block whose memory went elsewhere, even when it waits in the pool', () => {
    const registry = new Registry();
    const pool = new SlabPool(registry);
    const leased = pool.lease(4096);
    take(leased);
    leased.release();
    expect([pool.leased, pool.bytes, registry.blocks.size]).toEqual([0, 0, 0]);
    const kept = pool.lease(4096);
    const { buffer } = kept.bytes;
    kept.release();
    structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
    const next = pool.lease(4096);
    expect(next.bytes).toHaveLength(4096);
    expect([pool.leased, pool.bytes, registry.blocks.size]).toEqual([1, 4096, 1]);
  });

  test('wipes what was touched, which is all where nobody says less', () => {
    const pool = new SlabPool(new Registry());
    const written = (touched?: number): number => {
      const slab = pool.lease(4096);
      const { bytes } = slab;
      bytes.fill(7);
      if (touched !== undefined) slab.touched = touched;
      slab.release();
      const left = bytes.indexOf(7);
      bytes.fill(0);
      return left;
    };
    expect([written(), written(100), written()]).toEqual([-1, 100, -1]);
  });

  test('has one view of its back from the same place on', () => {
    const slab = new SlabPool(new Registry()).lease(4096);
    const back = slab.back(4000);
    expect([back.byteOffset, back.length, slab.back(4000) === back]).toEqual([4000, 96, true]);
    expect(slab.back(4001)).toHaveLength(95);
    slab.release();
    expect(codeOf(() => slab.back(4001))).toBe('HF_RELEASED');
  });

  test('has one view of its front for as many bytes again', () => {
    const pool = new SlabPool(new Registry());
    const slab = pool.lease(4096);
    slab.bytes.set([1, 2, 3]);
    const front = slab.front(3);
    expect([[...front], slab.front(3) === front]).toEqual([[1, 2, 3], true]);
    expect(slab.front(2)).toHaveLength(2);
    slab.release();
    expect(codeOf(() => slab.front(2))).toBe('HF_RELEASED');
    expect(pool.lease(4096).front(3).buffer).toBe(front.buffer);
  });

  test('counts holders', () => {
    const slab = new SlabPool(new Registry()).lease();
    slab.retain().retain();
    slab.release();
    slab.release();
    expect(slab.released).toBe(false);
    slab.release();
    expect(slab.released).toBe(true);
    expect(codeOf(() => slab.retain())).toBe('HF_RELEASED');
  });
});

function take(slab: Slab): void {
  structuredClone(slab.bytes.buffer, { transfer: [slab.bytes.buffer as ArrayBuffer] });
}
