import { describe, expect, it } from 'vitest';
import { MOST_SPREAD, median, quantile, quantiles, ratio, ratioSpread, spread } from '../../bench/lib/statistics.mjs';

describe('statistics of rounds', () => {
  it('the median is the middle, or half way between the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([1, 2, 3, 4, 5], 0.75)).toBe(4);
    expect(quantiles([30, 10, 20, 100, 50], [0, 0.5, 1])).toEqual([10, 30, 100]);
  });

  it('the spread is the middle half over the median, and one stray round does not move it', () => {
    expect(spread([10, 10, 10, 10, 10])).toBe(0);
    expect(spread([8, 9, 10, 11, 12])).toBeCloseTo(0.2);
    expect(spread([10, 10, 10, 10, 1000])).toBe(0);
  });

  it('a ratio is the median of the ratios of each round', () => {
    // The machine was half as fast in the third round, for both.
    expect(ratio([200, 202, 100, 198, 200], [100, 101, 50, 99, 100])).toBe(2);
  });

  it('ratios of the rounds differ less than the rounds do, where the machine slowed both', () => {
    expect(ratioSpread([200, 160, 100, 140, 180], [100, 80, 50, 70, 90])).toBe(0);
    expect(ratioSpread([80, 90, 100, 110, 120], [100, 100, 100, 100, 100])).toBeCloseTo(0.2);
  });

  it('the spread of what lies about nothing is no negative one', () => {
    expect(spread([-8, -9, -10, -11, -12])).toBeCloseTo(0.2);
  });

  it('there is no ratio where the rounds of either differ by more than a quarter', () => {
    const steady = [100, 100, 100, 100, 100];
    const restless = [70, 80, 100, 120, 130];
    expect(spread(restless)).toBeGreaterThan(MOST_SPREAD);
    expect(ratio(restless, steady)).toBeUndefined();
    expect(ratio(steady, restless)).toBeUndefined();
    expect(ratio(steady, steady)).toBe(1);
  });
});
