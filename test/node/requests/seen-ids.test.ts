import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeenIds } from '../../../src/node/requests/seen-ids.ts';

const MOST = 2n ** 64n - 1n;
/** The id so many steps behind another: there is no 0. */
const after = (id: bigint, by: bigint) => ((id - 1n + by) % MOST) + 1n;

describe('ids once taken', () => {
  it('each is known from then on, and no other', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: MOST }),
        fc.array(fc.integer({ min: -20_000, max: 20_000 }), { maxLength: 200 }),
        (start, steps) => {
          const seen = new SeenIds(128);
          const model = new Set<bigint>();
          for (const step of steps) {
            const id = after(start, BigInt(step) + MOST);
            expect(seen.has(id)).toBe(model.has(id));
            seen.add(id);
            model.add(id);
            expect(seen.has(id)).toBe(true);
          }
        },
      ),
    );
  });

  it('goes on across the end of the numbers', () => {
    const seen = new SeenIds(4);
    for (const id of [MOST - 1n, MOST, 1n, 2n]) {
      expect(seen.has(id)).toBe(false);
      seen.add(id);
    }
    for (const id of [MOST - 1n, MOST, 1n, 2n]) expect(seen.has(id)).toBe(true);
    expect(seen.has(3n)).toBe(false);
    expect(seen.pages).toBeLessThanOrEqual(2);
  });

  it('what lies too far behind counts as taken, and memory stays within its limit', () => {
    const seen = new SeenIds(4);
    const start = 1_000_000n;
    for (let i = 0n; i < 8n; i++) seen.add(start + i * 8_192n);
    expect(seen.pages).toBe(4);
    expect(seen.has(start + 1n)).toBe(true);
    expect(seen.has(start - 1n)).toBe(true);
    expect(seen.has(start + 7n * 8_192n + 1n)).toBe(false);
    // Adding what is too old changes nothing.
    seen.add(start + 1n);
    expect(seen.pages).toBe(4);
    expect(seen.has(start + 3n * 8_192n + 1n)).toBe(true);
    expect(seen.has(start + 4n * 8_192n)).toBe(true);
    expect(seen.has(start + 4n * 8_192n + 1n)).toBe(false);
  });

  it('shrinks, and forgets no id by it', () => {
    const seen = new SeenIds(128);
    const ids = Array.from({ length: 100 }, (_, i) => 5n + BigInt(i) * 4_001n);
    for (const id of ids) seen.add(id);
    seen.shrink(2);
    expect(seen.pages).toBe(2);
    for (const id of ids) expect(seen.has(id)).toBe(true);
    expect(seen.has(ids.at(-1)! + 1n)).toBe(false);
  });

  it('stands ids from anywhere', () => {
    const seen = new SeenIds(3);
    for (const id of [1n, MOST, 2n ** 63n, 2n ** 62n, 3n * 2n ** 62n, 77n]) {
      seen.add(id);
      expect(seen.has(id)).toBe(true);
      expect(seen.pages).toBeLessThanOrEqual(3);
    }
  });
});
