/** The code of docs/adapters.md runs as it stands. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const blocks = readFileSync(join(root, 'docs/adapters.md'), 'utf8')
  .split('```js\n')
  .slice(1)
  .map((rest) => rest.split('```\n')[0]);

it('has code for each way in', () => {
  expect(blocks).toHaveLength(4);
});

it.each(blocks.map((code, i) => [i + 1, code, i === 3 ? 'hello\n' : '']))('block %i of docs/adapters.md runs', (_number, code, says) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: root,
    encoding: 'utf8',
    timeout: 30_000,
  });
  expect(stderr).toBe('');
  expect(stdout).toBe(says);
  expect(status).toBe(0);
});
