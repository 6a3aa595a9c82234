/** The short form of `npm run test:flood`: a real node, real connections, the built library. Only counts are looked at, and the time until bans end is made short. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { native } from '../support/cores.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/flood.mjs', import.meta.url));

// Other systems have one address of 127.0.0.0/8 only; on the pure core it takes minutes.
it.skipIf(process.platform !== 'linux' || !native)(
  'a flood over TCP from 8 addresses keeps none of 50 honest nodes out, and bans and charges nobody else',
  async () => {
    const args = ['--expose-gc', SCRIPT, '--seconds', '1', '--per-second', '800', '--honest', '50', '--hurry', '10'];
    const [code, said] = await new Promise<[unknown, string]>((resolve) => {
      execFile(process.execPath, args, (error, stdout, stderr) => resolve([error?.code ?? 0, stdout + stderr]));
    });
    expect(code, said).toBe(0);
    expect(said).toContain('all of it holds');
  },
  180_000,
);
