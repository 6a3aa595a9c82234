/** The short form of `npm run test:faults`: processes of the built library over TCP, killed and started again, their clocks set. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { seedOfRun } from '../support/random.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/faults.mjs', import.meta.url));

it.skipIf(process.platform === 'win32')(
  'three nodes as processes lose, repeat and invent nothing while they are killed and their network breaks',
  { timeout: 240_000 },
  async () => {
    const args = [SCRIPT, '--nodes', '3', '--seconds', '2', '--files', 'no', '--seed', String(seedOfRun())];
    const [code, said] = await new Promise<[unknown, string]>((resolve) => {
      execFile(process.execPath, args, (error, stdout, stderr) => resolve([error?.code ?? 0, stdout + stderr]));
    });
    expect(code, said).toBe(0);
    expect(said).toMatch(/unexplained: +0\n/);
    expect(said).toContain('all of it holds');
  },
);
