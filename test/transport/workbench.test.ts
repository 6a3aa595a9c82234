import { describe, expect, it } from 'vitest';
import { HandfastError } from '../../src/errors.ts';
import type { Work, WorkAnswer } from '../../src/protocols/machine.ts';
import { Workbench, workbenchOf } from '../../src/transport/workbench.ts';
import { toyCore } from '../support/toy.ts';

/** A job whose answer says which one it was; the toy core refuses some. */
const verify = (number: number): Work => ({
  op: 'verify',
  signature: new Uint8Array(64),
  message: Uint8Array.of(number),
  publicKey: new Uint8Array(32),
});
const done = (bench: Workbench, items: readonly Work[]) => new Promise<WorkAnswer[]>((resolve) => bench.do(items, resolve));
const valid = (answers: WorkAnswer[]) => answers.map((answer) => (answer.op === 'verify' ? answer.valid : answer.op));

describe('the workbench', () => {
  it('makes one call of a turn of many', async () => {
    const core = toyCore();
    const bench = workbenchOf(core);
    expect(workbenchOf(core)).toBe(bench);
    const all = await Promise.all([
      done(bench, [verify(1), verify(0)]),
      done(bench, [verify(0)]),
      done(bench, [verify(1), verify(1), verify(0)]),
    ]);
    expect(all.map(valid)).toEqual([[true, false], [false], [true, true, false]]);
    expect(core.batches).toEqual([6]);
  });

  it('does it at once when told to', () => {
    let answers: WorkAnswer[] = [];
    new Workbench(toyCore(), { immediate: true }).do([verify(1)], (made) => {
      answers = made;
    });
    expect(valid(answers)).toEqual([true]);
  });

  it('lets others have their turn between large batches, and never tears one request', async () => {
    const core = toyCore();
    const bench = new Workbench(core, { largestBatch: 4 });
    const all = await Promise.all(
      [3, 3, 1, 6].map((count) =>
        done(
          bench,
          Array.from({ length: count }, () => verify(1)),
        ),
      ),
    );
    expect(all.map((answers) => answers.length)).toEqual([3, 3, 1, 6]);
    expect(core.batches).toEqual([3, 4, 6]);
  });

  it('hands large batches to the core to be done elsewhere', async () => {
    const core = toyCore();
    let elsewhere = 0;
    const { runAsync } = core;
    core.runAsync = (jobs) => {
      elsewhere++;
      return runAsync(jobs);
    };
    const bench = new Workbench(core, { asyncFrom: 2 });
    expect(valid(await done(bench, [verify(1)]))).toEqual([true]);
    expect(elsewhere).toBe(0);
    expect(valid(await done(bench, [verify(1), verify(0)]))).toEqual([true, false]);
    expect(elsewhere).toBe(1);
  });

  it.each([{}, { asyncFrom: 1 }])('a job that the core refuses fails alone (%o)', async (options) => {
    const bench = new Workbench(
      toyCore((number) => number === 9),
      options,
    );
    const [mine, others] = await Promise.all([done(bench, [verify(1), verify(9)]), done(bench, [verify(1), verify(0)])]);
    expect(valid(mine)).toEqual([true, 'failed']);
    expect(mine[1]).toMatchObject({ why: { code: 'HF_BAD_ARGUMENT' } });
    expect(valid(others)).toEqual([true, false]);
  });

  it('waits for signatures made elsewhere, each failing alone', async () => {
    const signer = (sign: (message: Uint8Array) => Uint8Array | Promise<Uint8Array>): Work => ({
      op: 'sign-elsewhere',
      signer: { publicKey: new Uint8Array(32), sign },
      message: Uint8Array.of(7),
    });
    const answers = await done(new Workbench(toyCore()), [
      signer(async (message) => message.map((byte) => byte + 1)),
      verify(1),
      signer(() => {
        throw new HandfastError('BAD_KEY', 'locked');
      }),
      signer(() => Promise.reject(new Error('gone'))),
      signer(() => 'text' as unknown as Uint8Array),
    ]);
    expect(answers[0]).toEqual({ op: 'sign-elsewhere', signature: Uint8Array.of(8) });
    expect(answers.slice(1)).toMatchObject([
      { op: 'verify', valid: true },
      { op: 'failed', why: { code: 'HF_BAD_KEY' } },
      { op: 'failed', why: { code: 'HF_INTERNAL' } },
      { op: 'failed', why: { code: 'HF_BAD_ARGUMENT' } },
    ]);
  });
});
