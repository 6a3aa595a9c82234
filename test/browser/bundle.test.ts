/** The pure core and the machines in a browser: bundled as a user would, of a size that is kept, and run in a real Chromium. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { Chromium, chromiumPath } from '../bench/support/chromium.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'handfast-page-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** KiB, minified, and compressed by gzip. docs/platforms.md says so. */
const BUDGET = {
  "import { handfast, Identity } from 'handfast'": [160, 60],
  "import * as everything from 'handfast'": [330, 120],
} as const;

async function bundled(entry: { stdin: { contents: string; resolveDir: string } } | { entryPoints: string[] }, format: 'esm' | 'iife') {
  expect(existsSync(join(root, 'dist/browser.js')), 'no dist/browser.js: npm run build first').toBe(true);
  const options = { ...entry, bundle: true, minify: true, platform: 'browser', format, write: false, logLevel: 'silent' } as const;
  const { outputFiles } = await build(options);
  return outputFiles[0].contents;
}

describe('the bundle', () => {
  it.each(Object.entries(BUDGET))('%s has at most %o KiB', async (line, [minified, zipped]) => {
    const names = /\{(.*)\}|\* as (\w+)/.exec(line);
    const bundle = await bundled({ stdin: { contents: `${line}; console.log(${names?.[1] ?? names?.[2]});`, resolveDir: root } }, 'esm');
    expect(bundle.length / 1024).toBeLessThanOrEqual(minified);
    expect(gzipSync(bundle).length / 1024).toBeLessThanOrEqual(zipped);
  });

  it('has nothing of Node in it, and asks for no WebSocket of its own', async () => {
    const bundle = Buffer.from(await bundled({ stdin: { contents: "export * from 'handfast'", resolveDir: root } }, 'esm')).toString();
    expect(bundle).not.toMatch(/\b(?:from|import\(?)\s*["'](?:node:|ws\b)/);
    expect(bundle).not.toMatch(/\brequire\(/);
  });
});

describe.skipIf(!chromiumPath)('in Chromium', () => {
  it('passes the self-test and the recorded transcripts, shakes hands, and seals and opens messages', async () => {
    writeFileSync(join(folder, 'bundle.js'), await bundled({ entryPoints: [join(import.meta.dirname, 'page.mjs')] }, 'iife'));
    writeFileSync(join(folder, 'page.html'), '<!doctype html><meta charset="utf-8"><script src="bundle.js"></script>');
    await using browser = await Chromium.start();
    const tried = await browser.evaluate(pathToFileURL(join(folder, 'page.html')).href, 'tried()');
    expect(tried.core).toEqual(['pure', 'pure']);
    expect(tried.node).toBe('undefined');
    expect(tried.selfTest.length).toBeGreaterThan(15);
    expect(tried.selfTest.filter(({ ok }: { ok: boolean }) => !ok)).toEqual([]);
    expect(tried.transcripts).toMatchObject({ failed: [], passed: expect.any(Number) });
    expect(tried.transcripts.passed).toBeGreaterThan(10);
    for (const session of tried.sessions) {
      expect(session).toEqual({
        peers: [true, true],
        sameBinding: true,
        there: true,
        back: true,
        flipped: { said: [], why: 'HF_BAD_TAG' },
      });
    }
  });
});
