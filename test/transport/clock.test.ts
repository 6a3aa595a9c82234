import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/transport/clock.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const DAY = 86_400_000;

it('calls at the time, and not when it was cancelled', () => {
  const called: string[] = [];
  systemClock.at(systemClock.now() + 10, () => called.push('ten'));
  systemClock.at(systemClock.now() + 5, () => called.push('never'))();
  systemClock.at(systemClock.now() - 5, () => called.push('past'));
  expect(called).toEqual([]);
  vi.advanceTimersByTime(9);
  expect(called).toEqual(['past']);
  vi.advanceTimersByTime(1);
  expect(called).toEqual(['past', 'ten']);
});

it('waits longer than a timer of the platform can, also for ever', () => {
  let called = 0;
  systemClock.at(systemClock.now() + 60 * DAY, () => called++);
  systemClock.at(Number.POSITIVE_INFINITY, () => called++);
  vi.advanceTimersByTime(60 * DAY - 1);
  expect(called).toBe(0);
  vi.advanceTimersByTime(1);
  expect(called).toBe(1);
  vi.advanceTimersByTime(600 * DAY);
  expect(called).toBe(1);
});

it('a long wait can be cancelled in the middle', () => {
  let called = 0;
  const cancel = systemClock.at(systemClock.now() + 60 * DAY, () => called++);
  vi.advanceTimersByTime(50 * DAY);
  cancel();
  vi.advanceTimersByTime(50 * DAY);
  expect(called).toBe(0);
});

it('setting the clock neither hurries nor delays it', () => {
  let called = 0;
  systemClock.at(systemClock.now() + 1_000, () => called++);
  vi.setSystemTime(Date.now() - DAY);
  vi.advanceTimersByTime(999);
  expect(called).toBe(0);
  vi.advanceTimersByTime(1);
  expect(called).toBe(1);
});
