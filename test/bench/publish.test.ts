/** Every figure in README.md and docs/benchmarks.md is what the committed run says: all of it is made again from the JSON and compared. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documentFigures, publishedCharts, RUN_FILE, readmeFigures, withFigures, withoutFigures } from '../../bench/lib/publish.mjs';
import { readRun } from '../../bench/lib/run-file.mjs';

const root = join(import.meta.dirname, '../..');
const text = (path: string) => readFileSync(join(root, path), 'utf8');
const run = readRun(join(root, RUN_FILE));

describe('the figures of the documents', () => {
  it('README.md shows what the run says', () => {
    expect(text('README.md')).toBe(withFigures(text('README.md'), readmeFigures(run)));
  });

  it('docs/benchmarks.md shows what the run says', () => {
    expect(text('docs/benchmarks.md')).toBe(withFigures(text('docs/benchmarks.md'), documentFigures(run)));
  });

  it('the charts show what the run says, and both are there', () => {
    const charts = publishedCharts(run);
    expect(Object.keys(charts)).toEqual(['handshakes.svg', 'messages.svg']);
    for (const [name, svg] of Object.entries(charts)) expect(text(`docs/charts/${name}`)).toBe(svg);
  });

  it('say machine, date and command', () => {
    for (const part of [run.machine.cpu, run.date.slice(0, 10), run.command ?? 'no command', run.versions.commit]) {
      expect(readmeFigures(run)).toContain(part);
      expect(documentFigures(run)).toContain(part);
    }
    for (const svg of Object.values(publishedCharts(run))) expect(svg).toContain(run.machine.cpu);
  });

  it.each(['README.md', 'docs/benchmarks.md'])('%s claims no speed elsewhere', (name) => {
    const claims = withoutFigures(text(name)).match(
      /[\d.,]+ ?(?:x|times)\b|[\d.,]+ ?(?:handshakes|messages|operations|ops)(?: a second|\/s)|[\d.,]+ (?:ns|us|µs)\b|[\d,]{4,}\/s/g,
    );
    // Words for how a thing is measured, not how fast it is.
    expect((claims ?? []).filter((claim) => !['2 x'].includes(claim))).toEqual([]);
  });
});
