/** What `npm run soak` takes for growth: what stays, however much comes and goes on top of it. */
import { expect, it } from 'vitest';
import { growth } from '../../scripts/soak/memory.mjs';
import { Random, seedOfRun } from '../support/random.ts';

const MIB = 2 ** 20;
const seed = seedOfRun();

/** An hour of samples: 25 MiB and what leaks, under up to 40 MiB that are there for a moment. */
function hour(leakInTenMinutes: number, random: Random) {
  return Array.from({ length: 120 }, (_, i) => ({
    ms: 30_000 * i,
    bytes: 25 * MIB + (leakInTenMinutes * i) / 20 + 40 * MIB * (random.below(1000) / 1000) ** 3,
  }));
}

it.each([0, 0.5, 1, 4])(`finds a leak of %d MiB in ten minutes, within a fifth on average (seed ${seed})`, (leak) => {
  const random = new Random(seed, 'soak');
  const errors = Array.from({ length: 200 }, () => Math.abs(growth(hour(leak * MIB, random)) / MIB - leak));
  expect(errors.reduce((a, b) => a + b, 0) / errors.length).toBeLessThan(0.2);
});

it('is none where there is one sample, or none', () => {
  expect([growth([]), growth([{ ms: 1, bytes: 2 }])]).toEqual([0, 0]);
});
