/** The books of `npm run test:faults`: a broadcast that did not come is unexplained where there was a way to it, and only there. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { reconcile } from '../../scripts/faults/books.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'handfast-books-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const names = new Map(['a', 'b', 'c'].map((name) => [`id-${name}`, name]));
/** In milliseconds since the first line. */
interface Told {
  lines?: string[];
  began?: number;
  over?: number;
  ended?: 'closed' | 'killed';
  clocks?: { at: number; byMs: number }[];
}

/** What is unexplained once a has sent one broadcast at 1,000 ms. */
function judged(
  told: Record<'a' | 'b' | 'c', Told>,
  quiet: { port: number; from: number; to: number }[] = [],
  healthy = new Set<string>(),
) {
  const lives = Object.entries(told).map(([name, { lines = [], ...more }]) => {
    const book = join(folder, name);
    const sent = name === 'a' ? ['begun x', 'sent x'] : [];
    writeFileSync(book, [...sent, ...lines, ''].join('\n'));
    return { name, book, ended: 'closed', began: 0, over: Number.POSITIVE_INFINITY, clocks: [], ...more };
  });
  const sentAt = new Map([['x', 1_000]]);
  return reconcile({ lives, names, idempotent: new Set(), healthy, sentAt, quiet });
}

const out = (to: string, from: number, until?: number) => session(to, '-', from, until);
const session = (to: string, port: string, from: number, until?: number) => [
  `session + id-${to} ${port} ${from}`,
  ...(until === undefined ? [] : [`session - id-${to} ${port} ${until}`]),
];
const NEVER_CAME = ['x of a never came to b', 'x of a never came to c'];

it('one that had a way, over others too, and did not come', () => {
  const a = { lines: out('b', 0) };
  const b = { lines: [...session('a', '7', 0), ...out('c', 500)] };
  const c = { lines: session('b', '8', 500) };
  expect(judged({ a, b, c }).unexplained).toEqual(NEVER_CAME);
  const heard = judged({ a, b: { lines: [...b.lines, 'delivered x'] }, c: { lines: [...c.lines, 'delivered x'] } });
  expect(heard).toMatchObject({ unexplained: [], deliveries: 2, undelivered: 0 });
  // Who was there when it was sent is not excused by being killed later, nor who came while it was kept.
  expect(judged({ a: { ...a, ended: 'killed', over: 7_000 }, b, c }).unexplained).toEqual(NEVER_CAME);
  expect(judged({ a, b, c: { ...c, ended: 'killed', over: 14_000 } }).unexplained).toEqual(NEVER_CAME);
  expect(judged({ a, b: { lines: session('a', '7', 4_000), began: 3_500 }, c: {} }).unexplained).toEqual(['x of a never came to b']);
});

it.each<[string, Told, Told, { port: number; from: number; to: number }[]]>([
  ['that it had no session with', {}, {}, []],
  ['that saw no session where the other side did', { lines: out('b', 0) }, {}, []],
  ['whose session was cut at once', { lines: out('b', 0) }, { lines: session('a', '7', 0, 3_000) }, []],
  ['that was killed at once', { lines: out('b', 0) }, { lines: session('a', '7', 0), ended: 'killed', over: 4_000 }, []],
  ['that came when it was kept no more', { lines: out('b', 8_000) }, { lines: session('a', '7', 8_000) }, []],
  ['whose session was silent', { lines: out('b', 0) }, { lines: session('a', '7', 0) }, [{ port: 7, from: 3_000, to: 9_000 }]],
  ['whose clock is another', { lines: out('b', 0) }, { lines: session('a', '7', 0), clocks: [{ at: 0, byMs: 90_000 }] }, []],
])('one that did not come to a node %s is explained', (_what, a, b, quiet) => {
  expect(judged({ a, b, c: {} }, quiet)).toMatchObject({ unexplained: [], undelivered: 2 });
  // But in peace nothing is.
  expect(judged({ a, b, c: {} }, quiet, new Set(['x'])).unexplained).toHaveLength(2);
});
