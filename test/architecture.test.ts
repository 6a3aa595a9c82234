/** The layers, read from the import lines: imports point downward, and what must be pure is. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');
const NATIVE = resolve(import.meta.dirname, '../native');

const LAYERS = ['errors', 'wire', 'core', 'session', 'protocols', 'transport', 'node', 'cli'];
/** Nothing imports these but the entry points, the command line and each other's own rooms; what they may import themselves ends below `below`. */
const LEAVES: Readonly<Record<string, string>> = { observe: 'cli', adapters: 'cli', conformance: 'cli' };
/** Files of src/ itself that re-export: they stand above everything. */
const ENTRIES = /^(index|browser)$/;
const PURE = ['wire', 'session', 'protocols'];

/** Paths under `folder` with one of the endings. */
function filesIn(folder: string, ending: RegExp): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => ending.test(path))
      .map((path) => join(folder, path));
  } catch {
    return [];
  }
}

/** Source without comments; strings stay, but for their escapes. */
function withoutComments(source: string): string {
  const token = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;
  return source.replace(token, (found) => (found.startsWith('/*') || found.startsWith('//') ? ' ' : found));
}

function withoutStrings(code: string): string {
  return code.replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, "''");
}

/** What a file imports or re-exports, types too, also dynamically. */
function importsOf(code: string): string[] {
  const found = code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(['"])([^'"]+)\1/g);
  return [...found].map((match) => match[2]);
}

/** The room of a path in src: its folder, or the name of a file that lies in src itself. */
function roomOf(path: string): string {
  return relative(SRC, path).split(sep)[0].replace(/\.ts$/, '');
}

/** Why `from` may not import `to`. */
function upward(from: string, to: string): string | undefined {
  if (from === to || ENTRIES.test(from)) return undefined;
  if (ENTRIES.test(to)) return 'an entry point is imported by nobody inside';
  if (to in LEAVES) return from === 'cli' ? undefined : `${to} is a leaf`;
  const rank = LAYERS.indexOf(to);
  if (rank < 0) return `${to} is no known layer`;
  const limit = from in LEAVES ? LAYERS.indexOf(LEAVES[from]) : LAYERS.indexOf(from);
  return rank < limit ? undefined : `${to} lies above ${from}`;
}

/** What may not be in pure code. */
const IMPURE: readonly [RegExp, string][] = [
  [/\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bnextTick\b/, 'a timer'],
  [/\bDate\b|\bperformance\b/, 'a clock'],
  [/\bMath\s*\.\s*random\b|\bgetRandomValues\b|\brandomUUID\b|\bglobalThis\s*\.\s*crypto\b|(?<![.\w'-])crypto\s*\./, 'a random source'],
  [/\basync\b|\bawait\b/, 'async'],
  [/\bprocess\s*\.|\bBuffer\b/, 'a global of Node'],
];

/** Every fault of one file; `path` decides what it may do. */
function faultsOf(path: string, source: string): string[] {
  const room = roomOf(path);
  const code = withoutComments(source);
  const faults: string[] = [];
  for (const specifier of importsOf(code)) {
    if (specifier.startsWith('.')) {
      const to = resolve(dirname(path), specifier);
      const why = to.startsWith(SRC + sep)
        ? upward(room, roomOf(to))
        : relative(resolve(SRC, '..'), to) === 'package.json'
          ? undefined
          : 'outside of src';
      if (why) faults.push(`imports ${specifier}: ${why}`);
    } else if (PURE.includes(room) && specifier.startsWith('node:')) faults.push(`imports ${specifier}: this layer is pure`);
  }
  if (PURE.includes(room)) {
    const plain = withoutStrings(code);
    for (const [pattern, what] of IMPURE) {
      const found = pattern.exec(plain);
      if (found) faults.push(`uses ${what} (${found[0]}): this layer is pure`);
    }
  }
  const lines = source.split('\n').length - 1;
  if (lines > 400) faults.push(`has ${lines} lines: past 400, look for the second idea`);
  return faults;
}

describe('the layers of src', () => {
  const files = filesIn(SRC, /\.ts$/);

  it('are there', () => {
    expect(files.length).toBeGreaterThan(30);
  });

  it.each(files.map((path) => [relative(SRC, path), path]))('%s keeps to its own', (_name, path) => {
    expect(faultsOf(path, readFileSync(path, 'utf8'))).toEqual([]);
  });
});

describe('the layers of native', () => {
  const files = filesIn(NATIVE, /\.(?:cc|cpp|cxx|h|hh|hpp|c)$/);

  it.runIf(files.length > 0).each(files.map((path) => [relative(NATIVE, path), path]))('%s knows Node only in addon/', (name, path) => {
    if (name.startsWith(`addon${sep}`)) return;
    expect(withoutComments(readFileSync(path, 'utf8'))).not.toMatch(/#\s*include\s*[<"](?:napi|node_api|node|v8|uv|js_native_api)\b/);
  });
});

describe('this test itself', () => {
  it.each([
    ['wire/a.ts', "import { x } from '../core/core.ts';", 'core lies above wire'],
    ['protocols/toy/a.ts', "export * from '../../transport/driver.ts';", 'transport lies above protocols'],
    ['transport/a.ts', "const x = await import('../node/limits.ts');", 'node lies above transport'],
    ['core/a.ts', "import type { X } from '../observe/x.ts';", 'observe is a leaf'],
    ['observe/a.ts', "import type { X } from '../cli/x.ts';", 'cli lies above observe'],
    ['node/a.ts', "import { x } from '../index.ts';", 'an entry point'],
    ['session/a.ts', "import { x } from 'node:crypto';", 'pure'],
    ['protocols/a.ts', 'const now = Date.now();', 'a clock'],
    ['wire/a.ts', 'const x = Math.random();', 'a random source'],
    ['wire/a.ts', 'const x = crypto.getRandomValues(a);', 'a random source'],
    ['protocols/a.ts', 'export async function x() {}', 'async'],
    ['protocols/a.ts', 'setTimeout(x, 1);', 'a timer'],
    ['core/a.ts', '\n'.repeat(401), '400'],
  ])('finds a fault in %s: %s', (path, source, why) => {
    const faults = faultsOf(join(SRC, path), source);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(why);
  });

  it.each([
    ['protocols/a.ts', "/* no async, no Date */ // setTimeout\nimport { y } from '../wire/y.ts';"],
    ['protocols/a.ts', "const what = 'async work at this Date'; const url = 'http://x'; settings.crypto.seal();"],
    ['cli/a.ts', "import { x } from '../conformance/run.ts';"],
    ['transport/a.ts', "import { x } from 'node:net'; setTimeout(x, Date.now());"],
    ['index.ts', "export * from './node/node.ts';"],
    ['conformance/a.ts', "import { x } from '../node/node.ts';"],
  ])('finds none in %s: %s', (path, source) => {
    expect(faultsOf(join(SRC, path), source)).toEqual([]);
  });
});
