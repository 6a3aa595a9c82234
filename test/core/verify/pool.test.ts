/** Worker threads for verification: as many as there may be, started and ended by need, and replaced by nothing when they do not work. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pack, unpack, type Verification } from '../../../src/core/verify/packed.ts';
import { VerifyPool } from '../../../src/core/verify/pool.ts';
import { pure } from '../../support/cores.ts';

const WORKER = new URL('../../../dist/core/verify/worker.js', import.meta.url);

function check(byte: number, valid = true): Verification {
  const { publicKey, secretKey } = pure.ed25519.keyPair(new Uint8Array(32).fill(byte));
  const message = Uint8Array.of(byte);
  const signature = pure.ed25519.sign(message, secretKey);
  return { op: 'verify', publicKey, signature, message: valid ? message : Uint8Array.of(byte, 1) };
}

const script = (code: string): URL => new URL(`data:text/javascript,${encodeURIComponent(code)}`);

describe('packed signatures', () => {
  it('come out as they went in, and take nothing else of the memory they lay in', () => {
    const slab = new Uint8Array(4096).fill(9);
    const checks: Verification[] = [
      {
        op: 'verify',
        publicKey: slab.subarray(0, 32),
        signature: slab.subarray(32, 96),
        message: slab.subarray(0, 0),
      },
      {
        op: 'secp256k1-verify-sha512',
        publicKey: slab.subarray(0, 33),
        signature: slab.subarray(5, 77),
        message: slab.subarray(0, 3000),
      },
      {
        op: 'secp256k1-verify',
        publicKey: slab.subarray(0, 65),
        signature: slab.subarray(5, 13),
        digest: slab.subarray(0, 32),
      },
    ];
    const packed = pack(checks);
    expect(unpack(packed)).toEqual(checks);
    expect(packed.buffer.byteLength).toBe(3 * 8 + 32 + 64 + 33 + 72 + 3000 + 65 + 8 + 32);
  });
});

describe('a pool of verifying threads', () => {
  it('gives the answers of each task to who asked, on no more threads than it may have', async () => {
    expect(existsSync(WORKER), 'no dist/core/verify/worker.js: npm run build first').toBe(true);
    const pool = new VerifyPool(WORKER, { size: 2, idleMs: 0 });
    const asked = Array.from({ length: 9 }, (_, i) => pool.verify([check(i), check(i, i % 2 === 0), check(i)]));
    expect(pool.running).toBe(2);
    for (const [i, answer] of asked.entries()) expect([...(await answer)!]).toEqual([1, Number(i % 2 === 0), 1]);
  });

  it('that no thread can be started for says so to everybody, and keeps nobody waiting', async () => {
    const pool = new VerifyPool(new URL('http://127.0.0.1/no-file'), { size: 2 });
    const asked = [pool.verify([check(1)]), pool.verify([check(2)])];
    expect(await Promise.all(asked)).toEqual([undefined, undefined]);
    expect(await pool.verify([check(3)])).toBeUndefined();
    expect(pool.running).toBe(0);
  });

  it('ends threads that have nothing to do, and starts others when there is', async () => {
    const pool = new VerifyPool(WORKER, { size: 1, idleMs: 0 });
    expect([...(await pool.verify([check(1)]))!]).toEqual([1]);
    while (pool.running > 0) await new Promise((resolve) => setImmediate(resolve));
    expect([...(await pool.verify([check(2)]))!]).toEqual([1]);
  });

  it('says so when its threads do not start, and does not try again', async () => {
    const pool = new VerifyPool(new URL('file:///nowhere/worker.js'), { size: 2 });
    expect(await Promise.all([1, 2, 3, 4].map((byte) => pool.verify([check(byte)])))).toEqual([undefined, undefined, undefined, undefined]);
    expect(await pool.verify([check(5)])).toBeUndefined();
    expect(pool.running).toBe(0);
  });

  it('loses one task with a thread that dies at it, and no more', async () => {
    const code = `
      import { parentPort } from 'node:worker_threads';
      parentPort.on('message', (packed) => {
        if (packed.at(-1) === 7) process.exit(1);
        parentPort.postMessage(Uint8Array.of(1));
      });`;
    const pool = new VerifyPool(script(code), { size: 1, idleMs: 0 });
    const answers = await Promise.all([1, 7, 2].map((byte) => pool.verify([check(byte)])));
    expect(answers).toEqual([Uint8Array.of(1), undefined, Uint8Array.of(1)]);
  });
});
