/** What suites measure beside the time, once, as short as it goes: no figure is looked at. In a file of its own so that it runs beside the suites. */
import { describe, expect, it } from 'vitest';
import { SUITES } from '../../bench/index.mjs';
import type { Suite } from '../../bench/lib/suite.mjs';

describe('what is measured beside the time', () => {
  it('storm: handshakes by the clock, delays of the event loop', async () => {
    const { suite } = await import(SUITES.storm);
    expect(await sampleOf(suite, 'peers-64', 'node:net')).toEqual({
      handshakesPerSecondByClock: expect.any(Number),
      eventLoopDelayP50Ms: expect.any(Number),
      eventLoopDelayP99Ms: expect.any(Number),
      eventLoopDelayMaxMs: expect.any(Number),
    });
  });

  // By itself and not by the runner, which would start some hundred processes. What the others hold is measured by the same code: two cases
  // reach all that is written for each of them.
  it('memory: bytes for each connection and for each message, of every subject', { timeout: 300_000 }, async () => {
    const { suite } = await import(SUITES.memory);
    for (const { name } of suite.cases) {
      for (const subject of suite.subjects) {
        const ours = subject.name === 'handfast native' || subject.name === 'node:net';
        if (!ours && name !== 'half-open' && name !== 'message-to-dialler') continue;
        const figures = await sampleOf(suite, name, subject.name);
        if (!figures) continue;
        if (name.startsWith('message')) {
          expect(figures).toEqual({ heapBytes: expect.any(Number), arrayBufferBytes: expect.any(Number) });
          continue;
        }
        expect(figures).toEqual({
          heapBytes: expect.any(Number),
          residentBytes: expect.any(Number),
          heapBytesWithSocket: expect.any(Number),
          residentBytesWithSocket: expect.any(Number),
        });
      }
    }
  });
});

/** Figures of one short sample; undefined where the subject is not installed. */
async function sampleOf(suite: Suite, caseName: string, subjectName: string): Promise<Record<string, number> | undefined> {
  const prepared = await suite.subjects.find(({ name }) => name === subjectName)!.prepare(caseName);
  if (!prepared || 'missing' in prepared) return undefined;
  await prepared.check();
  const sample: { opsPerSecond: number; figures?: Record<string, number> } = await prepared.sample!(1);
  await prepared.close?.();
  expect(sample.opsPerSecond).toBeGreaterThan(0);
  return sample.figures;
}
