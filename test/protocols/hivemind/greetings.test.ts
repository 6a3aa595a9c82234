/** When a master greets: each client after its time, many that came at once one after the other. */
import { describe, expect, it } from 'vitest';
import { Greetings } from '../../../src/protocols/hivemind/greetings.ts';

const NOW = 1_790_000_000_000;

describe('greetings', () => {
  it('of one client come 200 ms after its upgrade', () => {
    const greetings = new Greetings();
    for (const later of [0, 300, 10_000]) expect(greetings.next(NOW + later)).toBe(NOW + later + 200);
  });

  it('of many that came at once are each in a millisecond of their own', () => {
    const greetings = new Greetings();
    const times = Array.from({ length: 50 }, () => greetings.next(NOW));
    expect(times).toEqual(Array.from({ length: 50 }, (_, i) => NOW + 200 + i));
    expect(greetings.next(NOW + 20)).toBe(NOW + 250);
    expect(greetings.next(NOW + 100)).toBe(NOW + 300);
  });

  it('wait for others half a second at most, however many come', () => {
    const greetings = new Greetings();
    const times = Array.from({ length: 5000 }, () => greetings.next(NOW));
    expect(Math.max(...times)).toBe(NOW + 700);
    expect(greetings.next(NOW + 1)).toBe(NOW + 701);
  });

  it('do not wait for a clock that was set back', () => {
    const greetings = new Greetings();
    greetings.next(NOW);
    expect(greetings.next(NOW - 3_600_000)).toBeLessThanOrEqual(NOW - 3_600_000 + 700);
  });
});
