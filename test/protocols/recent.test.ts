import { describe, expect, it } from 'vitest';
import { Recent } from '../../src/protocols/recent.ts';

describe('a bounded memory', () => {
  it('knows the last ones and forgets the oldest', () => {
    const recent = new Recent(3);
    for (const text of ['a', 'b', 'c']) recent.add(text);
    expect(recent.has('a')).toBe(true);
    recent.add('d');
    expect(['a', 'b', 'c', 'd'].map((text) => recent.has(text))).toEqual([false, true, true, true]);
    recent.add('d');
    expect(recent.size).toBe(3);
  });

  it('says whether a text was new, and takes again what it has forgotten', () => {
    const recent = new Recent(2);
    expect(['a', 'a', 'b', 'c', 'a', 'c', 'b'].map((text) => recent.add(text))).toEqual([true, false, true, true, true, false, true]);
  });

  it('holds no more than it may, however many come', () => {
    for (const capacity of [0, 1, 5]) {
      const recent = new Recent(capacity);
      for (let i = 0; i < 40; i++) {
        recent.add(String(i));
        const known = Array.from({ length: 40 }, (_, k) => k).filter((k) => recent.has(String(k)));
        expect(known).toEqual(Array.from({ length: 40 }, (_, k) => k).slice(Math.max(0, i + 1 - Math.max(1, capacity)), i + 1));
        expect(recent.size).toBe(known.length);
      }
    }
  });
});
