/** Worker threads: each has a core of its own, many at once, with the main thread at work beside them; a thread that is cut off takes nothing of the others with it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { cores } from '../support/cores.ts';

const root = join(import.meta.dirname, '../..');
const url = (path: string): string => new URL(`../../dist/${path}`, import.meta.url).href;

/** Says which core it has and how its self-test went; then, when told to stay, holds keys and goes on until it is cut off. */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
(async () => {
  const { core } = await import(${JSON.stringify(url('core/choose.js'))});
  const { selfTest } = await import(${JSON.stringify(url('cli/self-test.js'))});
  for (let round = 0; round < workerData.rounds; round++) {
    const failed = selfTest(core).filter(({ ok }) => !ok);
    if (failed.length > 0) throw new Error(JSON.stringify(failed));
  }
  if (workerData.stays) {
    const held = Array.from({ length: 50 }, () => core.guarded.ed25519KeyPair());
    parentPort.postMessage(core.name);
    for (;;) core.ed25519.sign(held[0].publicKey, core.ed25519.keyPair().secretKey);
  }
  parentPort.postMessage(core.name);
})();
`;

function start(core: string, workerData: { rounds: number; stays: boolean }): { worker: Worker; said: Promise<string> } {
  const worker = new Worker(PROGRAM, { eval: true, workerData, env: { ...process.env, HANDFAST_CORE: core } });
  const said = new Promise<string>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread ended without a word')));
  });
  return { worker, said };
}

describe.each(cores.map((core) => [core.name, core] as const))('the %s core in worker threads', (name, core) => {
  it('does the same in several at once', async () => {
    expect(existsSync(join(root, 'dist/core/choose.js')), 'no dist/: npm run build first').toBe(true);
    const threads = Array.from({ length: 3 }, () => start(name, { rounds: name === 'native' ? 5 : 1, stays: false }));
    expect(await Promise.all(threads.map(({ said }) => said))).toEqual([name, name, name]);
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  });

  it('of a thread that is cut off with keys in hand: the keys of others stay as they are', async () => {
    const { publicKey, secretKey } = core.guarded.ed25519KeyPair();
    const message = Uint8Array.of(1, 2, 3);
    const signature = (): Uint8Array => {
      const [answer] = core.run([{ op: 'sign', secretKey, message }]);
      if (answer.op !== 'sign') throw new Error(`answered ${answer.op}`);
      return answer.signature;
    };
    const before = signature();
    for (let round = 0; round < 3; round++) {
      const { worker, said } = start(name, { rounds: 0, stays: true });
      expect(await said).toBe(name);
      await worker.terminate();
    }
    expect(signature()).toEqual(before);
    expect(core.ed25519.verify(before, message, publicKey)).toBe(true);
    secretKey.wipe();
  });
});
