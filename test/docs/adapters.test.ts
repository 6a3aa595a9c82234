/** The code of docs/adapters.md and docs/moving.md runs as it stands. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

describe.each([
  ['docs/adapters.md', ['', '', '', 'hello\n']],
  ['docs/moving.md', [/^the (?:native|pure) core, since .+\n$/, '', '', '']],
])('the code of %s', (page, says) => {
  const blocks = readFileSync(join(root, page), 'utf8')
    .split('```js\n')
    .slice(1)
    .map((rest) => rest.split('```\n')[0]);

  it('is there for each way in', () => {
    expect(blocks).toHaveLength(says.length);
  });

  it.each(says.map((what, i) => [i + 1, what] as const))('block %i runs', (number, what) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', blocks[number - 1]], {
      cwd: root,
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect(stderr).toBe('');
    if (typeof what === 'string') expect(stdout).toBe(what);
    else expect(stdout).toMatch(what);
    expect(status).toBe(0);
  });
});
