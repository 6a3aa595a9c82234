/** docs/diagrams/ shows real handshakes: another run, on either core, gives the same files, and they can be read. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Core } from '../../src/core/core.ts';
import { Chromium, chromiumPath } from '../bench/support/chromium.ts';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'docs/diagrams');
const names = readdirSync(folder).sort();
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

/** What was built, since the script draws what users get. */
async function built(path: string) {
  expect(existsSync(join(root, 'dist/index.js')), 'no dist/index.js: npm run build first').toBe(true);
  return import(pathToFileURL(join(root, path)).href);
}

describe('the diagrams', () => {
  it.each(['dist/core/pure.js', 'dist/core/choose.js'])('are what npm run docs:diagrams draws, on the core of %s', async (path) => {
    const { core }: { core: Core } = await built(path);
    const { diagrams } = await built('scripts/diagrams.mjs');
    const drawn: Map<string, string> = await diagrams(core);
    expect([...drawn.keys()].sort()).toEqual(names);
    for (const [name, text] of drawn) expect(text, `${name} is another: npm run docs:diagrams`).toBe(read(name));
  });

  it.each(names)('%s is told in words, and stands in a page', (name) => {
    expect(read(name)).toMatch(/<title id="title">.+<\/title>\n<desc id="desc">.{200,}<\/desc>/);
    const pages = ['docs/protocols', 'docs']
      .flatMap((pages) => readdirSync(join(root, pages)).map((page) => join(root, pages, page)))
      .filter((page) => page.endsWith('.md'));
    expect(pages.some((page) => readFileSync(page, 'utf8').includes(`diagrams/${name})`))).toBe(true);
  });
});

describe('what is looked for on the way', () => {
  it('is found as it is and as protocols write it, and not otherwise', async () => {
    const { shownIn } = await built('scripts/diagrams/record.mjs');
    const id = Uint8Array.from({ length: 32 }, (_, i) => 200 - i);
    for (const form of ['hex', 'base64', 'base64url', 'latin1'] as const) {
      const said = Buffer.from(`in front ${Buffer.from(id).toString(form)} behind`, 'latin1');
      expect(shownIn(said, { id, other: id.map((byte) => byte ^ 1) }), form).toEqual(['id']);
    }
    expect(shownIn(Buffer.from('nothing of it'), { id })).toEqual([]);
  });
});

describe.skipIf(!chromiumPath)('in Chromium (skipped where there is none: apt-get install chromium)', () => {
  it('no words lie on others or leave the picture', async () => {
    await using browser = await Chromium.start();
    for (const name of names) {
      const url = pathToFileURL(join(folder, name)).href;
      expect([name, await browser.evaluate(url, `(${misplaced})()`)]).toEqual([name, []]);
    }
  });
});

/** Runs in the page. */
const misplaced = `() => {
  const svg = document.documentElement;
  const whole = svg.getBoundingClientRect();
  const boxes = [...svg.querySelectorAll('text')].map((text) => [text.textContent, text.getBoundingClientRect()]);
  const found = boxes.filter(([, box]) => box.left < whole.left || box.right > whole.right || box.bottom > whole.bottom).map(([words]) => words);
  for (const [i, [a, one]] of boxes.entries())
    for (const [b, other] of boxes.slice(i + 1))
      if (one.left < other.right - 1 && other.left < one.right - 1 && one.top < other.bottom - 4 && other.top < one.bottom - 4) found.push(a + ' | ' + b);
  return found;
}`;
