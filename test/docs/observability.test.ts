/** docs/observability.md shows a real run: another one says the same, but for times, memory and the core. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { comparableLines } from '../support/lines.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/observability.md'), 'utf8');

const comparable = (text: string): string[] =>
  comparableLines(text, (line) =>
    line
      .replace(/\d+\.\d+/g, '#')
      .replace(/^ +# ms/, '# ms')
      .replace(/(_seconds_sum\S+|slab_bytes) \S+$/, '$1 #')
      .replace(/core="\w+",lanes="[\w-]+"/, 'core="#",lanes="#"'),
  );

describe('the page about seeing what happens', () => {
  it.each(['pure', 'auto'])('shows a trace and a scrape that a run on the %s core repeats', (core) => {
    expect(existsSync(join(root, 'dist/index.js')), 'no dist/index.js: npm run build first').toBe(true);
    const { stdout, stderr, status } = spawnSync(process.execPath, ['examples/observe.mjs'], {
      cwd: root,
      env: { ...process.env, HANDFAST_CORE: core },
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect([status, stderr]).toEqual([0, '']);
    const shown = ['trace', 'scrape'].map((name) => new RegExp(`<!-- ${name} -->\n\`\`\`text\n([^]*?)\`\`\`\n`).exec(page)?.[1] ?? '');
    expect(comparable(shown.join(''))).toEqual(comparable(stdout));
  });

  it('names every metric there is', () => {
    const source = readFileSync(join(root, 'src/observe/metrics.ts'), 'utf8');
    const names = [...new Set(source.match(/\bhandfast_\w+/g))];
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });

  it('names every channel there is', () => {
    const sources = ['core/choose.ts', 'transport/diagnostics.ts', 'node/diagnostics.ts'].map((file) =>
      readFileSync(join(root, 'src', file), 'utf8'),
    );
    const names = sources.flatMap((source) => [...source.matchAll(/channel\('(handfast:[\w:]+)'\)/g)].map(([, name]) => name));
    expect(names).toHaveLength(10);
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});
