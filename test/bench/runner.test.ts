import { describe, expect, it } from 'vitest';
import { runSuite } from '../../bench/lib/runner.mjs';
import { table } from '../../bench/lib/table.mjs';

const suiteFile = (name: string) => new URL(`./support/${name}-suite.mjs`, import.meta.url).href;
const SHORT = { rounds: 2, roundMs: 2, warmMs: 1 };

describe('the runner', () => {
  it('gives each subject of each case its figures, in the shape that the JSON has', async () => {
    const { results, absent } = await runSuite(suiteFile('good'), SHORT);
    expect(results.map((result) => [result.case, result.subject])).toEqual([
      ['one', 'honest'],
      ['one', 'asynchronous'],
      ['one', 'only one'],
      ['one', 'slow'],
      ['two', 'honest'],
      ['two', 'asynchronous'],
      ['two', 'slow'],
    ]);
    for (const result of results) {
      expect(result).toMatchObject({ suite: 'counting', reference: 'honest', facts: { library: 'none' } });
      expect(result.rounds).toHaveLength(2);
      expect(result.opsPerSecond).toBeGreaterThan(0);
      expect(result.nsPerOp.p99).toBeGreaterThanOrEqual(result.nsPerOp.p50);
    }
    expect(absent).toEqual([
      { suite: 'counting', case: 'one', subject: 'not installed', node: process.versions.node, install: 'npm install --no-save nothing' },
      { suite: 'counting', case: 'two', subject: 'not installed', node: process.versions.node, install: 'npm install --no-save nothing' },
    ]);
    const text = table({ results, absent });
    expect(text).toContain('not installed: not there; to measure it: npm install --no-save nothing');
  });

  it('leaves out cases that were not asked for, and what is too slow for a quick run', async () => {
    const { results } = await runSuite(suiteFile('good'), { ...SHORT, cases: ['two'], quick: true });
    expect(results.map((result) => [result.case, result.subject])).toEqual([
      ['two', 'honest'],
      ['two', 'asynchronous'],
    ]);
  });

  it('refuses a subject that makes wrong bytes, by name', async () => {
    await expect(runSuite(suiteFile('wrong'), SHORT)).rejects.toThrow('counting, one, wrong: sum: 010204 where 010203 was expected');
  });

  it('tells of a subject whose process ends', async () => {
    await expect(runSuite(suiteFile('dies'), SHORT)).rejects.toThrow('counting, one, dies: its process ended (exit code 3)');
  });

  it('stops when it is told to', async () => {
    await expect(runSuite(suiteFile('good'), { ...SHORT, signal: AbortSignal.abort() })).rejects.toThrow('aborted');
  });
});
