/** How many threads the native core has: at most one for each processor that the process may run on. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { native } from '../support/cores.ts';

const dist = new URL('../../dist/core/native.js', import.meta.url).href;
const PROGRAM = `import(${JSON.stringify(dist)}).then(({ core }) => console.log(core.threads))`;
const bound = process.platform === 'linux' && spawnSync('taskset', ['--version']).status === 0;

describe.skipIf(!native || !bound)('threads of the native core', () => {
  test('are no more than processors that the process is bound to, and than UV_THREADPOOL_SIZE', async () => {
    const all = (await run('taskset', ['-cp', String(process.pid)])).trim().split(': ')[1]!;
    const first = /^\d+/.exec(all)![0];
    expect(await threads(first, '4')).toBe(1);
    expect(await threads(all, '1')).toBe(1);
    // As many as there are: which these are, only the system knows.
    if (all !== first) expect(await threads(all, '4')).toBeGreaterThan(1);
  });
});

async function threads(processors: string, pool: string): Promise<number> {
  return Number(await run('taskset', ['-c', processors, process.execPath, '-e', PROGRAM], { UV_THREADPOOL_SIZE: pool }));
}

async function run(command: string, words: string[], variables: Record<string, string> = {}): Promise<string> {
  return (await promisify(execFile)(command, words, { env: { ...process.env, ...variables } })).stdout;
}
