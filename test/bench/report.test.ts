/** The page of a recorded run: what it says, and that a real browser shows it without asking anybody for anything. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { reportPage } from '../../bench/lib/report.mjs';
import { readRun } from '../../bench/lib/run-file.mjs';
import { Chromium, chromiumPath } from './support/chromium.ts';

const run = readRun(join(import.meta.dirname, 'recorded/page.json'));
const page = reportPage(run);
const folder = mkdtempSync(join(tmpdir(), 'handfast-report-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the page', () => {
  it('says what was measured, where, when and by which command', () => {
    for (const said of [run.machine.cpu, run.date.slice(0, 10), run.command ?? 'none', run.versions.commit, run.results[0].operation]) {
      expect(page).toContain(escaped(said));
    }
    for (const { subject } of run.results) expect(page).toContain(escaped(subject));
  });

  it('needs nothing but itself', () => {
    expect(page).not.toMatch(/<script|<img|<iframe|@import|url\(|\bsrc=/);
    expect([...page.matchAll(/\bhref="([^"]*)"/g)].map(([, target]) => target).filter((target) => !/^(#|data:,$)/.test(target))).toEqual(
      [],
    );
  });

  it('draws no bar that does not begin at 0, and none beyond the chart', () => {
    const bars = [...page.matchAll(/<rect class="bar [^"]*" x="([^"]*)" y="[^"]*" width="([\d.]+)%"/g)];
    expect(bars.length).toBeGreaterThan(run.results.length / 2);
    for (const [, x, width] of bars) {
      expect(x).toBe('0');
      expect(Number(width)).toBeLessThanOrEqual(100);
    }
  });

  it('lets no name of a file of results become markup', () => {
    const [result, ...others] = run.results;
    const hostile = {
      ...run,
      command: '<img src=x>',
      results: [{ ...result, subject: '"><script>alert(1)</script>', operation: '<b>&' }, ...others],
    };
    const made = reportPage(hostile);
    expect(made).not.toContain('<script');
    expect(made).not.toContain('<img');
    expect(made).not.toContain('<b>&');
  });
});

describe.skipIf(chromiumPath === undefined)('the page in Chromium', () => {
  it.each([
    [390, 'light'],
    [390, 'dark'],
    [1280, 'light'],
  ] as const)('%i pixels wide, %s: nothing logged, nothing asked for, nothing wider than the screen', async (width, scheme) => {
    const file = join(folder, 'report.html');
    writeFileSync(file, page);
    const url = pathToFileURL(file).href;
    await using browser = await Chromium.start();
    const seen = await browser.show(url, { width, height: 900, scheme });
    expect(seen.logged).toEqual([]);
    expect(seen.requested.filter((address) => !address.startsWith('data:'))).toEqual([url]);
    const { scrollWidth, background, overlaps } = seen.measured;
    expect(scrollWidth).toBeLessThanOrEqual(width);
    expect(overlaps).toEqual([]);
    expect(background).toBe(scheme === 'dark' ? 'rgb(18, 23, 28)' : 'rgb(251, 252, 253)');
  });
});

function escaped(words: string): string {
  return words.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
