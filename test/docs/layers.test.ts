/** The layers of CONTRIBUTING.md: imports point downward, and what is to be pure knows neither socket nor clock. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

/** From the bottom up. A file may import from its own layer and from those before it. */
const LAYERS = ['errors', 'wire', 'core', 'session', 'protocols', 'transport', 'node', 'cli'];
/** Import what they like; nobody imports them but `cli`. */
const LEAVES = ['observe', 'adapters', 'conformance'];
/** Entries of the package. */
const ENTRIES = ['index.ts', 'browser.ts'];
const PURE = ['wire', 'session', 'protocols'];
const NETWORK = /^(node:)?(net|tls|dgram|http|https|http2)$|^ws$/;

const source = join(import.meta.dirname, '../../src');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, layer: layerOf(path), text: withoutComments(readFileSync(join(source, path), 'utf8')) }));

function layerOf(path: string): string {
  return path.split(sep)[0].replace(/\.ts$/, '');
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

function importsOf(text: string): string[] {
  return [...text.matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, from]) => from);
}

/** What is wrong with the imports of a file. */
function upward({ path, layer, text }: (typeof files)[number]): string[] {
  return importsOf(text)
    .filter((from) => from.startsWith('.'))
    .map((from) => relative(source, resolve(source, dirname(path), from)))
    .filter((target) => {
      const to = layerOf(target);
      if (ENTRIES.includes(target)) return true;
      if (LEAVES.includes(to)) return to !== layer && layer !== 'cli';
      return !LEAVES.includes(layer) && LAYERS.indexOf(to) > LAYERS.indexOf(layer);
    })
    .map((target) => `${path} imports ${target}`);
}

describe('layers', () => {
  it('has a place for every file', () => {
    const placed = [...LAYERS, ...LEAVES];
    expect(files.filter(({ path, layer }) => !ENTRIES.includes(path) && !placed.includes(layer)).map(({ path }) => path)).toEqual([]);
    expect(files.length).toBeGreaterThan(10);
  });

  it('import downward only', () => {
    expect(files.filter(({ path }) => !ENTRIES.includes(path)).flatMap(upward)).toEqual([]);
  });

  it('finds an upward import when there is one', () => {
    expect(upward({ path: 'wire/reader.ts', layer: 'wire', text: "import { x } from '../core/core.ts';" })).toHaveLength(1);
    expect(upward({ path: 'core/a.ts', layer: 'core', text: "import type { x } from '../wire/reader.ts';" })).toEqual([]);
    expect(upward({ path: 'core/a.ts', layer: 'core', text: "const x = await import('../conformance/run.ts');" })).toHaveLength(1);
  });

  it('open sockets in transport, adapters and cli only', () => {
    const networked = files.filter(({ text }) => importsOf(text).some((from) => NETWORK.test(from)));
    // `isIPv4` and its like come from node:net too: asking for them above transport would be as much of a border crossing.
    expect(networked.filter(({ layer }) => !['transport', 'adapters', 'cli'].includes(layer)).map(({ path }) => path)).toEqual([]);
  });

  it.each(PURE)('%s/ knows no node module, timer, clock, random source or async', (layer) => {
    const impure =
      /\basync\b|\bawait\b|\bset(Timeout|Interval|Immediate)\b|\bDate\b|\bperformance\b|Math\.random|\bcrypto\b|\bprocess\b|\bBuffer\b/;
    const found = files
      .filter((file) => file.layer === layer)
      .flatMap(({ path, text }) => [
        ...importsOf(text)
          .filter((from) => from.startsWith('node:'))
          .map((from) => `${path} imports ${from}`),
        ...text
          .split('\n')
          .filter((line) => impure.test(line.replace(/'[^']*'|`[^`]*`/g, '')))
          .map((line) => `${path}: ${line.trim()}`),
      ]);
    expect(found).toEqual([]);
  });
});
