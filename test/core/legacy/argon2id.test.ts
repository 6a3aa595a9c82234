/** Argon2id off the event loop: known answers, whichever way it is computed; by node:crypto where Node has it, by a thread otherwise. */
import * as crypto from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Argon2idJob, argon2idNow, deriveArgon2id } from '../../../src/core/legacy/argon2id.ts';
import { utf8 } from '../../../src/wire/text.ts';

/** Of the reference implementation's own tests, version 1.3. */
const KNOWN: readonly (readonly [Partial<Argon2idJob>, string])[] = [
  [{}, '9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe'],
  [{ lanes: 2 }, '6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037'],
  [{ salt: utf8('diffsalt'), memoryKib: 65_536 }, 'bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c'],
];
const jobOf = (change: Partial<Argon2idJob>): Argon2idJob => ({
  op: 'argon2id',
  password: utf8('password'),
  salt: utf8('somesalt'),
  passes: 2,
  memoryKib: 256,
  lanes: 1,
  length: 32,
  ...change,
});
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('argon2id', () => {
  it.each(KNOWN)('has its known answer, %#', async (change, key) => {
    expect(hex((await deriveArgon2id(jobOf(change))).key)).toBe(key);
  });

  it('is the same on the calling thread', () => {
    expect(hex(argon2idNow(jobOf({})))).toBe(KNOWN[0]![1]);
  });

  it('is computed by node:crypto from 24.7 on', () => {
    const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
    expect('argon2' in crypto).toBe(major > 24 || (major === 24 && minor >= 7));
  });

  it('that cannot be computed is an error of ours', async () => {
    await expect(deriveArgon2id(jobOf({ salt: new Uint8Array(1) }))).rejects.toMatchObject({ code: 'HF_INTERNAL' });
  });
});
