/** `handfast bench compare` and `bench report` on files that were recorded. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { handfast } from './run.ts';

const recorded = (name: string) => join(import.meta.dirname, `../bench/recorded/${name}.json`);
const folder = mkdtempSync(join(tmpdir(), 'handfast-bench-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('handfast bench compare', () => {
  it('ends with 0 when nothing is slower, with 1 and the name when something is', async () => {
    const clean = await handfast(['bench', 'compare', recorded('first'), recorded('same-1')]);
    expect(clean).toMatchObject({ code: 0, stderr: '' });
    expect(clean.stdout).toMatch(/none of 3 slower\n$/);
    const summary = join(folder, 'summary.md');
    const slow = await handfast(['bench', 'compare', recorded('same-1'), recorded('slow-1'), '--markdown', summary]);
    expect(slow.code).toBe(1);
    expect(slow.stdout).toMatch(/handshake memory +handfast native .*SLOWER/);
    expect(readFileSync(summary, 'utf8')).toMatch(/^### Benchmarks: 1 of 3 slower\n/);
  });

  it('prints the comparison as JSON', async () => {
    const { code, stdout } = await handfast(['bench', 'compare', recorded('same-1'), recorded('slow-1'), '--json', '--threshold', '60']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ threshold: 60, regressions: 0, undecided: 0 });
  });

  it('ends with 3 when the spread forbids a verdict', async () => {
    const run = JSON.parse(readFileSync(recorded('slow-1'), 'utf8'));
    for (const result of run.results) result.ratioSpread = 0.2;
    const restless = join(folder, 'restless.json');
    writeFileSync(restless, JSON.stringify(run));
    const { code, stdout } = await handfast(['bench', 'compare', recorded('same-1'), restless]);
    expect(code).toBe(3);
    expect(stdout).toContain('undecided');
  });

  it('refuses in one line what is no run, and a threshold that is none', async () => {
    const wrong = join(folder, 'wrong.json');
    writeFileSync(wrong, '{"results": []}');
    const { code, stderr } = await handfast(['bench', 'compare', recorded('first'), wrong]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `handfast bench compare: ${wrong} is no run of the benchmarks: handfast bench --json ${wrong} makes one\n`,
    });
    const threshold = await handfast(['bench', 'compare', recorded('first'), recorded('first'), '--threshold', 'ten']);
    expect(threshold.code).toBe(2);
    expect(threshold.stderr).toMatch(/^handfast bench compare: --threshold ten: expected percent above 0.*\n$/);
  });
});

describe('handfast bench report', () => {
  it('writes the page where it is told to', async () => {
    const page = join(folder, 'page.html');
    expect(await handfast(['bench', 'report', recorded('page'), '-o', page])).toMatchObject({ code: 0, stdout: `${page}\n`, stderr: '' });
    expect(readFileSync(page, 'utf8')).toMatch(/^<!doctype html>/);
  });
});

describe('handfast bench --node', () => {
  it.each(['5', '22,', 'lts'])('%s is refused in one line', async (versions) => {
    const { code, stderr } = await handfast(['bench', 'handshake', '--node', versions]);
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(/^handfast bench: --node .*expected .*\n$/);
  });
});
