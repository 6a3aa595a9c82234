import { describe, expect, it } from 'vitest';
import { IdTable } from '../../../src/node/gossip/id-table.ts';
import { toHex } from '../../support/bytes.ts';
import { pure } from '../../support/cores.ts';
import { Random, seedOfRun } from '../../support/random.ts';

const seed = seedOfRun();
console.log(`HANDFAST_TEST_SEED=${seed}`);

describe('a table of ids', () => {
  it('answers as a Map does, through adding, removing and growing', () => {
    const random = new Random(seed, 'ids');
    const table = new IdTable(pure);
    const map = new Map<string, number>();
    const keys = Array.from({ length: 1500 }, () => random.bytes(32));
    // Some that differ in their last byte only, and so are looked for in the same place.
    for (let i = 0; i < 200; i++) keys.push(Object.assign(keys[0].slice(), { 31: i }));
    for (let i = 0; i < 20_000; i++) {
      const key = random.pick(keys);
      const name = toHex(key);
      const number = map.get(name);
      expect(table.find(key)).toBe(number ?? -1);
      if (number === undefined && random.chance(i < 10_000 ? 0.8 : 0.3)) map.set(name, table.add(key));
      else if (number !== undefined && random.chance(0.5)) {
        table.remove(number);
        map.delete(name);
      }
      expect(table.size).toBe(map.size);
    }
    expect(new Set(map.values()).size).toBe(map.size);
    for (const number of map.values()) expect(number).toBeLessThan(table.capacity);
  });

  it('reads keys at an offset, keeps a copy, and gives it back', () => {
    const table = new IdTable(pure);
    const bytes = new Uint8Array(40).map((_, i) => i);
    const number = table.add(bytes, 5);
    const out = new Uint8Array(34);
    bytes.fill(0);
    table.copyKey(number, out, 1);
    expect([...out.slice(1, 33)]).toEqual(Array.from({ length: 32 }, (_, i) => i + 5));
    expect(table.find(out, 1)).toBe(number);
  });

  it('uses numbers again and does not grow while the number of keys stays', () => {
    const random = new Random(seed, 'again');
    const table = new IdTable(pure);
    const held: number[] = [];
    for (let i = 0; i < 60; i++) held.push(table.add(random.bytes(32)));
    const { capacity } = table;
    for (let i = 0; i < 5000; i++) {
      table.remove(held.shift()!);
      held.push(table.add(random.bytes(32)));
    }
    expect(table.capacity).toBe(capacity);
  });
});
