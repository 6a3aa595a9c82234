import { describe, expect, it } from 'vitest';
import { SUITES } from '../../bench/index.mjs';
import { QUICK_CASES } from '../../bench/lib/quick.mjs';
import { playRound, runSuite, sharesOf, summed } from '../../bench/lib/runner.mjs';
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

  it('leaves out subjects that were not asked for, but not the reference', async () => {
    const { results } = await runSuite(suiteFile('good'), { ...SHORT, cases: ['one'], subjects: ['slow'] });
    expect(results.map(({ subject }) => subject)).toEqual(['honest', 'slow']);
  });

  it('keeps what a subject measures besides, and says which Node is wanting', async () => {
    const { results, absent } = await runSuite(suiteFile('strange'), { ...SHORT, cases: ['two'], warmMs: 1, rounds: 3 });
    expect(results[1]).toMatchObject({
      subject: 'by itself',
      protocol: 'none/1',
      node: process.versions.node,
      passes: 1,
      figures: { heapBytes: { median: expect.any(Number), spread: 0.5 } },
      latency: { p50: expect.any(Number) },
    });
    expect(results[0].latency).toMatchObject({ p1: expect.any(Number), p99: expect.any(Number) });
    const [gap] = absent;
    expect(gap).toMatchObject({ subject: 'of tomorrow', install: 'it needs Node 99: handfast bench counting --node 99' });
  });

  it('measures again where the rounds of a subject of ours differ, each joined with the one before', () => {
    const sample = (opsPerSecond: number) => ({ opsPerSecond, nsPerOp: { p50: 1, p99: 2 } });
    const common = { node: '22.0.0', facts: {} };
    const parts = [
      [sample(100), sample(140)],
      [sample(120), sample(120)],
    ];
    const suite = { name: 'any', title: '', cases: [], subjects: [] };
    const one = { name: 'one', operation: 'none', reference: 'other' };
    const reference = { ...common, name: 'other', parts: [[sample(60)], [sample(60)]] };
    const [result] = summed(suite, one, [{ ...common, name: 'handfast native', parts }, reference], 2);
    expect(result).toMatchObject({ rounds: [120, 120], spread: 0, ratio: 2, ratioSpread: 0, passes: 2 });
  });

  it('lets a subject whose single call is longer than a turn wait until the others have had as much', async () => {
    const turns = { short: 0, long: 0, alone: 0 };
    const taking = { short: 40, long: 170, alone: 400 };
    const subject = (name: keyof typeof turns) => ({ name, ownSample: name === 'alone', parts: [] as unknown[][] });
    const running = [subject('short'), subject('long'), subject('alone')];
    await playRound(running as never, 0, 400, async ({ name }) => {
      turns[name as keyof typeof turns]++;
      return { opsPerSecond: 1, nsPerOp: { p50: 1, p99: 1 }, usedMs: taking[name as keyof typeof turns] };
    });
    expect(turns).toEqual({ short: 10, long: 3, alone: 1 });
    expect(running.map(({ parts }) => parts.length)).toEqual([1, 1, 1]);
  });

  it('measures a restless case once more, in fresh processes, and only where it may', async () => {
    const of = async (mostPasses?: number) =>
      (await runSuite(suiteFile('restless'), { ...SHORT, ...(mostPasses && { mostPasses }) })).results[1];
    expect(await of(2)).toMatchObject({ subject: 'handfast restless', passes: 2, rounds: [200, 100], ratioOfRounds: 1.5 });
    expect(await of()).toMatchObject({ passes: 1, rounds: [200, 100] });
  });

  it('shares the rounds out to fresh processes as evenly as may be', async () => {
    expect(sharesOf(6, 3)).toEqual([2, 2, 2]);
    expect(sharesOf(5, 3)).toEqual([2, 2, 1]);
    expect(sharesOf(2, 3)).toEqual([1, 1]);
    expect(sharesOf(5, 1)).toEqual([5]);
    // Its second round in one process is twice as slow: with one round in each none is.
    const { results } = await runSuite(suiteFile('strange'), { ...SHORT, cases: ['two'], rounds: 2, processes: 2 });
    expect(results[1]).toMatchObject({ subject: 'by itself', rounds: [1000, 1000], figures: { heapBytes: { median: 100, spread: 0 } } });
  });

  it('runs cases in a quick run that are there', async () => {
    for (const [name, cases] of Object.entries(QUICK_CASES)) {
      const { suite } = await import(SUITES[name as keyof typeof SUITES]);
      expect(suite.cases.map((one: { name: string }) => one.name)).toEqual(expect.arrayContaining([...cases]));
    }
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
