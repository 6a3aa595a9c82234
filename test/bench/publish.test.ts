/** Every figure in README.md and docs/benchmarks.md is what the committed runs say: all of it is made again from the JSON and compared. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { documentFigures, publishedCharts, publishedRuns, readmeFigures, withFigures, withoutFigures } from '../../bench/lib/publish.mjs';

const root = join(import.meta.dirname, '../..');
const text = (path: string) => readFileSync(join(root, path), 'utf8');
const runs = publishedRuns(pathToFileURL(`${root}/`));

describe('the figures of the documents', () => {
  it('README.md shows what the runs say', () => {
    expect(text('README.md')).toBe(withFigures(text('README.md'), readmeFigures(runs)));
  });

  it('docs/benchmarks.md shows what the runs say', () => {
    expect(text('docs/benchmarks.md')).toBe(withFigures(text('docs/benchmarks.md'), documentFigures(runs)));
  });

  it('the charts show what the runs say, and both are there', () => {
    const charts = publishedCharts(runs);
    expect(Object.keys(charts)).toEqual(['handshakes.svg', 'messages.svg']);
    for (const [name, svg] of Object.entries(charts)) expect(text(`docs/charts/${name}`)).toBe(svg);
  });

  it('say machine, date and command of each suite', () => {
    for (const run of runs.values()) {
      for (const part of [run.machine.cpu, run.date.slice(0, 10), run.command ?? 'no command', run.versions.commit]) {
        expect(documentFigures(runs)).toContain(part);
      }
    }
    for (const [name, suite] of [
      ['handshakes.svg', 'handshake'],
      ['messages.svg', 'message'],
    ]) {
      const run = runs.get(suite);
      for (const part of [run?.machine.cpu, run?.versions.commit]) {
        expect(publishedCharts(runs)[name]).toContain(part);
        expect(readmeFigures(runs)).toContain(part);
      }
    }
  });

  it('docs/lanes.md shows what the program in C said of batches', () => {
    type Line = { operation: string; size: number; timesLibsodium: number; timesAlone: number };
    const { results } = JSON.parse(text('docs/benchmarks/batch-loop.json')) as { results: Line[] };
    const shown = (times: number) => times.toFixed(times >= 20 ? 0 : 1);
    for (const size of new Set(results.map((line) => line.size))) {
      const cells = ['keygen', 'dh', 'sign', 'verify'].map((operation) => {
        const line = results.find((each) => each.size === size && each.operation === operation) as Line;
        return `${shown(line.timesLibsodium)} / ${shown(line.timesAlone)}`;
      });
      expect(text('docs/lanes.md')).toContain(`| ${size.toLocaleString('en')} | ${cells.join(' | ')} |`);
    }
  });

  it.each(['README.md', 'docs/benchmarks.md'])('%s claims no speed elsewhere', (name) => {
    const claims = withoutFigures(text(name)).match(
      /[\d.,]+ ?(?:x|times)\b|[\d.,]+ ?(?:handshakes|messages|operations|ops)(?: a second|\/s)|[\d.,]+ (?:ns|us|µs)\b|[\d,]{4,}\/s/g,
    );
    // Words for how a thing is measured, not how fast it is.
    expect((claims ?? []).filter((claim) => !['2 x'].includes(claim))).toEqual([]);
  });
});
