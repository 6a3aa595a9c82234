/** The page of examples/live-peers.mjs in a real Chromium, and what its server does with requests that are not for it. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Chromium, chromiumPath } from '../bench/support/chromium.ts';

const root = join(import.meta.dirname, '../..');
let child: ChildProcessByStdio<null, Readable, null>;
let exit: Promise<unknown[]>;
let url: string;

beforeAll(async () => {
  child = spawn(process.execPath, ['examples/live-peers.mjs'], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  exit = once(child, 'exit');
  const [said] = await once(child.stdout.setEncoding('utf8'), 'data');
  url = /http:\S+/.exec(said)?.[0] ?? '';
});
afterAll(async () => {
  child.kill('SIGINT');
  expect(await exit).toEqual([0, null]);
});

async function statusOf(options: { path?: string; method?: string; host?: string }): Promise<number | undefined> {
  const { path = '/', method = 'GET', host } = options;
  const asked = request(new URL(path, url), { method, ...(host !== undefined && { headers: { host } }) }).end();
  const [response] = await once(asked, 'response');
  response.resume();
  return response.statusCode;
}

describe('the server of the page', () => {
  it('shows each peer without scripts too', async () => {
    const page = await (await fetch(url)).text();
    expect(page.match(/<tr><th scope="row">/g)).toHaveLength(3);
    expect(page).toContain('<noscript><meta http-equiv="refresh"');
  });

  it('answers nobody who came by another name, and nothing but GET of what there is', async () => {
    expect(await statusOf({})).toBe(200);
    expect(await statusOf({ host: 'elsewhere.example' })).toBe(403);
    expect(await statusOf({ method: 'POST' })).toBe(405);
    expect(await statusOf({ path: '/constructor' })).toBe(404);
  });

  it('has room for 16 who watch', async () => {
    const watchers = await Promise.all(
      Array.from({ length: 16 }, async () => {
        const asked = request(new URL('events', url)).end();
        const [response] = await once(asked, 'response');
        expect(response.statusCode).toBe(200);
        return asked;
      }),
    );
    expect(await statusOf({ path: '/events' })).toBe(503);
    await Promise.all(
      watchers.map((asked) => {
        const closed = once(asked, 'close');
        asked.destroy();
        return closed;
      }),
    );
  });
});

describe.skipIf(!chromiumPath)('the page in Chromium (skipped where there is none: apt-get install chromium)', () => {
  it.each([
    ['a desk', 1280, 'light'],
    ['a desk', 1280, 'dark'],
    ['a telephone', 390, 'light'],
    ['a telephone', 390, 'dark'],
  ] as const)('fits %s, %i pixels, %s, asks nobody else and complains of nothing', async (_what, width, scheme) => {
    await using browser = await Chromium.start();
    const { logged, requested, measured } = await browser.show(url, { width, height: 800, scheme });
    expect(logged).toEqual([]);
    expect(requested.filter((asked) => !asked.startsWith(url) && asked !== 'data:,')).toEqual([]);
    expect(measured.scrollWidth).toBeLessThanOrEqual(width);
    expect(measured.background).toBe(scheme === 'light' ? 'rgb(251, 252, 253)' : 'rgb(18, 23, 28)');
  });

  it('is told by events what has changed', async () => {
    await using browser = await Chromium.start();
    const changed = `new Promise((resolve) => {
      const peers = document.getElementById('peers');
      new MutationObserver(() => resolve([peers.rows.length, document.querySelectorAll('meter').length, document.getElementById('state').textContent]))
        .observe(peers, { childList: true });
    })`;
    expect(await browser.evaluate(url, changed)).toEqual([3, 3, 'Live.']);
  });
});
