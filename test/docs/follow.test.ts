/** The pages are followed as a reader would (`npm run docs:check`): here what everybody begins with; and whoever follows them notices what is wrong. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { blocksOf, commandsOf } from '../../scripts/follow-docs/markdown.mjs';
import { beginsAsShown, isShown, shownIn } from '../../scripts/follow-docs/matching.mjs';

const root = join(import.meta.dirname, '../..');
const follow = (...pages: string[]) =>
  spawnSync(process.execPath, ['scripts/follow-docs.mjs', ...pages], { cwd: root, encoding: 'utf8', timeout: 300_000 });
const able = spawnSync('unshare', ['--net', '--pid', '--fork', '--mount-proc', 'ip', 'link', 'set', 'lo', 'up']).status === 0;

describe.skipIf(!able)('a page that is followed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'handfast-pages-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const followed = (page: string) => {
    writeFileSync(join(folder, 'page.md'), page);
    return follow(join(folder, 'page.md'));
  };

  it.each(['README.md', 'docs/errors.md'])(
    'is as it says: %s',
    (page) => {
      const { status, stdout, stderr } = follow(page);
      expect(`${stdout}${stderr}`).not.toContain('WRONG');
      expect(status).toBe(0);
    },
    300_000,
  );

  it.each([
    ['another output', '```console\n$ echo one\ntwo\n```'],
    ['less output', '```console\n$ echo one; echo two\none\n```'],
    ['a command that fails', '```console\n$ false\n```'],
    ['one that does not fail as it should', '<!-- exit code: 1 -->\n```console\n$ true\n```'],
    ['a program that throws', "```js\nthrow new Error('no');\n```"],
    ['a name that is not there', '<!-- only typed: -->\n```ts\nimport { connectTo } from "handfast";\n```'],
    ['misshapen JSON', '```json\n{ "a": }\n```'],
    ['a language that nobody runs', '```perl\nexit\n```'],
    ['another version than the one tested', '```console\n$ npm install ws@1.0.0\n```'],
    ['what a program that stays did not print', '<!-- stays -->\n```console\n$ echo ready\nready\n```\n\n```console\nmore\n```'],
  ])('is wrong with %s', (_, page) => {
    const { status, stdout } = followed(`# A page\n\n${page}\n`);
    expect(stdout).toContain('WRONG');
    expect(status).toBe(1);
  });

  it('goes from one terminal to another', () => {
    const { status, stdout } = followed(
      [
        'Save this as `wait.mjs`:',
        "```js\nprocess.on('SIGUSR2', () => console.log('somebody rang'));\nprocess.on('SIGINT', () => process.exit(0));\nsetInterval(() => {}, 1000);\nconsole.log('ready');\n```",
        '<!-- stays -->\n```console\n$ node wait.mjs\nready\n```',
        '```console\n$ export WORD=there\n$ echo $WORD\nthere\n$ kill -USR2 "$(pgrep -f wait.mjs)"\n```',
        '```console\nsomebody rang\n```',
      ].join('\n\n'),
    );
    expect(stdout).not.toContain('WRONG');
    expect(status).toBe(0);
  });
});

describe('what is not run', () => {
  it('is little, and each has its reason', () => {
    const pages = readdirSync(join(root, 'docs'), { recursive: true })
      .map((file) => join('docs', String(file)))
      .filter((file) => file.endsWith('.md') && !file.includes('node_modules'));
    const notRun = ['README.md', ...pages.sort()].flatMap((page) =>
      blocksOf(readFileSync(join(root, page), 'utf8')).flatMap(({ notRun }) => (notRun === undefined ? [] : [`${page}: ${notRun}`])),
    );
    expect(notRun).toEqual([
      'README.md: it sets the machine up, and runs all tests',
      'docs/benchmarks.md: an hour or two of measuring; the guide about CI runs the short ones',
      'docs/cluster.md: a Redis on another machine; the guide about several processes runs both with one of its own',
      'docs/guides/benchmarks-in-ci.md: it builds the clone that these tests run in',
      'docs/guides/benchmarks-in-ci.md: it measures for half an hour; its commands are those above, and those of .github/workflows/bench.yml',
      'docs/observability.md: capturing takes the rights of root; a test shows recorded captures to the dissector',
      'docs/platforms.md: it needs a compiler for arm64 and an emulator',
    ]);
  });
});

describe('a block', () => {
  it('has what the page says of it', () => {
    const page =
      'Save this as `a.mjs`; it is short:\n\n<!-- given: let x;\nlet y; -->\n<!-- exit code: 2 -->\n```js\nx();\n```\n\ntext\n\n```text\n```';
    expect(blocksOf(page)).toEqual([
      { line: 6, language: 'js', text: 'x();', file: 'a.mjs', given: 'let x;\nlet y;', exitCode: 2 },
      { line: 12, language: 'text', text: '', exitCode: 0 },
    ]);
  });

  it('of a terminal is commands and what they print', () => {
    expect(commandsOf('$ one \\\n  two\nprinted\n$ three')).toEqual([
      { command: 'one \\\n  two', shown: ['printed'] },
      { command: 'three', shown: [] },
    ]);
    expect(commandsOf('printed')).toEqual([{ command: '', shown: ['printed'] }]);
  });
});

describe('what is shown', () => {
  it.each([
    [['a', 'b'], ['a', 'b'], true],
    [['a'], ['a', 'b'], false],
    [['a', 'b'], ['a'], false],
    [['a…c'], ['abc'], true],
    [['a…c'], ['abcd'], false],
    [['1.5 …'], ['1x5 ms'], false],
    [['a', '…', 'd'], ['a', 'b', 'c', 'd'], true],
    [['a', '…', 'd'], ['a', 'd'], true],
    [['a', '…'], ['a', 'b'], true],
    [['…', 'b'], ['a'], false],
  ])('%j is %j: %s', (shown, printed, same) => {
    expect(isShown(shown, printed)).toBe(same);
  });

  it('can be the beginning, or anywhere after a line', () => {
    expect(beginsAsShown(['a'], ['a', 'b'])).toBe(true);
    expect(beginsAsShown(['b'], ['a', 'b'])).toBe(false);
    expect(shownIn(['b'], ['a', 'b', 'c'], 0)).toBe(2);
    expect(shownIn(['a'], ['a', 'b', 'c'], 1)).toBe(undefined);
  });
});
