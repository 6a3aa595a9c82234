/** Verdicts on runs that were really made (test/bench/recorded, by `npm run bench:trust`): of one build, and of one with a subject that does 30 % more work; and on runs made up here. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareRuns } from '../../bench/lib/compare.mjs';
import { comparisonMarkdown, comparisonText } from '../../bench/lib/comparison-text.mjs';
import { readRun } from '../../bench/lib/run-file.mjs';

const folder = join(import.meta.dirname, 'recorded');
const recorded = (name: string) => readRun(join(folder, `${name}.json`));
const same = readdirSync(folder)
  .filter((name) => /^(first|same-\d+)\.json$/.test(name))
  .map((name) => name.replace('.json', ''));
const slow = readdirSync(folder)
  .filter((name) => name.startsWith('slow-'))
  .map((name) => name.replace('.json', ''));

describe('recorded runs', () => {
  it('there are some of either kind', () => {
    expect(same.length).toBeGreaterThan(2);
    expect(slow.length).toBeGreaterThan(1);
  });

  it.each(same.flatMap((base) => same.filter((head) => head !== base).map((head) => [base, head])))(
    'of one build, %s and %s, compare clean',
    (base, head) => {
      const { regressions, undecided, rows } = compareRuns(recorded(base), recorded(head));
      expect(rows.filter(({ verdict }) => verdict === 'same' || verdict === 'faster')).toHaveLength(3);
      expect({ regressions, undecided }).toEqual({ regressions: 0, undecided: 0 });
    },
  );

  it.each(slow.map((name) => [name, name.replace('slow', 'same')]))('%s is caught against %s, and nothing else with it', (head, base) => {
    const { rows } = compareRuns(recorded(base), recorded(head));
    const slower = rows.filter(({ verdict }) => verdict === 'slower');
    expect(slower.map((row) => `${row.suite} ${row.case}, ${row.subject}`)).toEqual(['handshake memory, handfast native']);
    // And the other way round nobody is blamed.
    expect(compareRuns(recorded(head), recorded(base)).regressions).toBe(0);
  });
});

describe('a verdict', () => {
  it('is by the ratio to what ran in the same run, so a machine half as fast changes nothing', () => {
    const base = run({ ratio: 2, opsPerSecond: 1000 });
    const head = run({ ratio: 2, opsPerSecond: 500 });
    expect(verdict(base, head)).toMatchObject({ verdict: 'same', change: 0 });
  });

  it.each([
    ['just below the threshold', 2 / 1.09, 0.01, 'same'],
    ['above it', 2 / 1.11, 0.01, 'slower'],
    ['above it, but within three times the spread', 2 / 1.11, 0.04, 'undecided'],
    ['above both', 2 / 1.13, 0.04, 'slower'],
    ['faster by as much', 2 * 1.13, 0.04, 'faster'],
    ['faster within the spread', 2 * 1.11, 0.04, 'same'],
  ])('%s', (_name, ratio, ratioSpread, expected) => {
    expect(verdict(run({ ratio: 2 }), run({ ratio, ratioSpread })).verdict).toBe(expected);
    // The spread of either counts.
    if (expected === 'undecided') expect(verdict(run({ ratio: 2, ratioSpread }), run({ ratio })).verdict).toBe('undecided');
  });

  it('has the threshold that was asked for', () => {
    expect(compareRuns(run({ ratio: 2 }), run({ ratio: 2 / 1.06 }), { threshold: 5 }).rows[0]).toMatchObject({
      verdict: 'slower',
      limit: 0.05,
    });
  });

  it('is not passed without a ratio, nor on libraries of others', () => {
    expect(verdict(run({ ratio: undefined }), run({ ratio: 2 })).verdict).toBe('undecided');
    expect(verdict(run({ ratio: 2, subject: 'node:crypto' }), run({ ratio: 1, subject: 'node:crypto' }))).toMatchObject({
      verdict: 'control',
      change: 1,
    });
  });

  it('is by the ratios of the rounds where the rates went up and down but those agree', () => {
    const calm = { ratio: undefined, ratioOfRounds: 2, ratioSpread: 0.01 };
    expect(verdict(run(calm), run({ ...calm, ratioOfRounds: 2 / 1.2 }))).toMatchObject({ verdict: 'slower', change: expect.closeTo(0.2) });
    expect(verdict(run(calm), run(calm)).verdict).toBe('same');
    expect(verdict(run(calm), run({ ...calm, ratioSpread: 0.26 })).verdict).toBe('undecided');
  });

  it('is by the figure itself where a case is about one', () => {
    const memory = (median: number) => run({ ratio: 1, measures: 'heapBytes', figures: { heapBytes: { median, spread: 0.01 } } });
    expect(verdict(memory(1000), memory(1200))).toMatchObject({ verdict: 'slower', change: expect.closeTo(0.2) });
    expect(verdict(memory(1000), memory(1050)).verdict).toBe('same');
  });

  it('on counts of instructions has a threshold of 2 %', () => {
    const counted = (instructions: number) => run({ instructions });
    expect(compareRuns(counted(1000), counted(1019))).toMatchObject({ threshold: 2, regressions: 0 });
    expect(compareRuns(counted(1000), counted(1021))).toMatchObject({ regressions: 1 });
  });
});

describe('what only one file has', () => {
  it('is listed and no failure; another release of Node is another case, another patch of it is not', () => {
    const base = run({ ratio: 2 });
    expect(compareRuns(base, run({ ratio: 1, case: 'new' }))).toMatchObject({
      rows: [],
      onlyInBase: ['handshake memory, handfast native, Node 22'],
      onlyInHead: ['handshake new, handfast native, Node 22'],
      regressions: 0,
    });
    expect(compareRuns(base, run({ ratio: 2, node: '24.1.0' })).rows).toHaveLength(0);
    expect(compareRuns(base, run({ ratio: 2, node: '22.2.0' })).rows).toHaveLength(1);
  });

  it('so are versions and machines that differ', () => {
    const head = { ...run({ ratio: 2 }), versions: { 'sodium-native': '9.0.0', commit: 'another' } };
    expect(compareRuns(run({ ratio: 2 }), head).notes).toEqual(['different sodium-native: 5.1.0, then 9.0.0']);
  });
});

describe('the words', () => {
  it('name the slower one and by how much, as a table and as Markdown', () => {
    const comparison = compareRuns(run({ ratio: 2 }), run({ ratio: 1.5 }));
    expect(comparisonText(comparison)).toMatch(/handshake memory +handfast native +22\.1\.0 +2\.00 +1\.50 +\+33\.3 % +10 % +SLOWER/);
    expect(comparisonText(comparison)).toContain('1 of 1 slower');
    expect(comparisonMarkdown(comparison)).toContain(
      '| handshake memory | handfast native | 22.1.0 | 2.00 | 1.50 | +33.3 % | 10 % | SLOWER |',
    );
    expect(comparisonMarkdown(comparison)).toMatch(/^### Benchmarks: 1 of 1 slower\n/);
  });

  it('say how to measure the undecided again', () => {
    const comparison = compareRuns(run({ ratio: 2 }), run({ ratio: 1.7, ratioSpread: 0.1 }));
    expect(comparisonText(comparison)).toContain('handfast bench handshake --case memory --rounds 15 --processes 15 --json FILE');
    expect(comparisonText(comparison)).toContain('nothing is known to be slower, but 1 of 1 undecided');
  });
});

function verdict(base: Run, head: Run) {
  const [row] = compareRuns(base, head).rows;
  return row;
}

type Run = Parameters<typeof compareRuns>[0];

function run(result: Record<string, unknown>): Run {
  return {
    machine: { cpu: 'one' },
    versions: { 'sodium-native': '5.1.0', commit: 'some' },
    method: { quick: false, roundMs: 300 },
    results: [
      {
        suite: 'handshake',
        case: 'memory',
        subject: 'handfast native',
        node: '22.1.0',
        reference: 'sodium-native by hand',
        opsPerSecond: 1000,
        spread: 0.3,
        ratioSpread: 0.01,
        ...result,
      },
    ],
  } as unknown as Run;
}
