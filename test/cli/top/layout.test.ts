import { describe, expect, it } from 'vitest';
import { brief, clipped, fitted, flowed, plain } from '../../../src/cli/top/layout.ts';

it('figures are brief: five characters at most, and none is rounded up to six', () => {
  expect([0, 0.04, 0.5, 3, 7.34, 9.96, 10, 999, 999.6, 1_000, 12_345, 99_949, 99_951, 999_400, 1e6, 4.56e9, 7e14].map(brief)).toEqual([
    '0',
    '0',
    '0.5',
    '3',
    '7.3',
    '10.0',
    '10',
    '999',
    '1000',
    '1.0k',
    '12.3k',
    '99.9k',
    '100k',
    '999k',
    '1.0M',
    '4.6G',
    '700T',
  ]);
  for (let value = 0.001; value < 1e15; value *= 1.07) expect(brief(value).length).toBeLessThanOrEqual(5);
});

it('text is cut with two dots, and what is not plain becomes a question mark', () => {
  expect([clipped('abcdef', 6), clipped('abcdefg', 6), clipped('abc', 2)]).toEqual(['abcdef', 'abcd..', 'ab']);
  expect(plain('a\u001b[2J\n世\u202eb')).toBe('a?[2J???b');
});

it('facts share lines as long as they fit', () => {
  expect(flowed(['one', 'two', 'three', 'a very long one'], 14)).toEqual(['one   two', 'three', 'a very long ..']);
});

describe('columns', () => {
  const columns = [
    { head: 'NAME', cells: ['alpha', 'b'], weight: 3 },
    { head: 'N', cells: ['1', '200'], right: true, weight: 2 },
    { head: 'WORDS', cells: ['some', 'longer words'], weight: 0.5, most: 8 },
  ];

  it('stand apart where there is room, and give way by weight', () => {
    expect(fitted(columns, 20)).toEqual(['NAME     N  WORDS', 'alpha    1  some', 'b      200  longer..']);
    expect(fitted(columns, 19)).toEqual(['NAME     N', 'alpha    1', 'b      200']);
    expect(fitted(columns, 9)).toEqual(['NAME    N', 'alpha   1', 'b     200']);
    expect(fitted(columns, 8)).toEqual(['NAME', 'alpha', 'b']);
    expect(fitted(columns, 3)).toEqual(['NAM', 'alp', 'b']);
  });
});
