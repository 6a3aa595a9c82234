import { describe, expect, it } from 'vitest';
import { HandfastError } from '../../src/errors.ts';
import type { Work, WorkAnswer } from '../../src/protocols/machine.ts';
import { type Customer, Workbench, workbenchOf } from '../../src/transport/workbench.ts';
import { toyCore } from '../support/toy.ts';

/** A job whose answer says which one it was; the toy core refuses some. */
const verify = (number: number): Work => ({
  op: 'verify',
  signature: new Uint8Array(64),
  message: Uint8Array.of(number),
  publicKey: new Uint8Array(32),
});
/** Of those that are not waited with. */
const verifyAlone = (number: number): Work => ({
  op: 'secp256k1-verify',
  signature: new Uint8Array(70),
  digest: new Uint8Array(32).fill(number),
  publicKey: new Uint8Array(33),
});
const told = (answered: (answers: WorkAnswer[]) => void): Customer => ({ wanted: true, answered });
const done = (bench: Workbench, items: readonly Work[]) => new Promise<WorkAnswer[]>((resolve) => bench.do(items, told(resolve)));
const valid = (answers: WorkAnswer[]) =>
  answers.map((answer) => (answer.op === 'verify' || answer.op === 'secp256k1-verify' ? answer.valid : answer.op));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

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

  it('waits with several requests for as long as each turn brings another', async () => {
    const core = Object.assign(toyCore(), { lanes: 'avx512-ifma' as const });
    const bench = new Workbench(core);
    const all = [done(bench, [verify(1), verify(0)]), done(bench, [verify(0)])];
    for (let more = 0; more < 5; more++) {
      await turn();
      expect(core.batches).toEqual([]);
      all.push(done(bench, [verify(1)]));
    }
    await turn();
    expect(core.batches).toEqual([]);
    await turn();
    expect(core.batches).toEqual([8]);
    expect((await Promise.all(all)).map(valid)).toEqual([[true, false], [false], ...Array(5).fill([true])]);
  });

  it('does one request at the end of its turn, and several where the core does them no faster together', async () => {
    const core = Object.assign(toyCore(), { lanes: 'avx512-ifma' as const });
    const bench = new Workbench(core);
    const all: Promise<unknown>[] = [];
    for (let i = 0; i < 3; i++) {
      all.push(done(bench, [verify(1), verify(1)]));
      await turn();
    }
    expect(core.batches).toEqual([2, 2, 2]);
    const without = toyCore();
    const other = new Workbench(without);
    all.push(done(other, [verify(1)]), done(other, [verify(1)]));
    await turn();
    all.push(done(other, [verify(1)]));
    await turn();
    expect(without.batches).toEqual([2, 1]);
    await Promise.all(all);
  });

  it.each([
    ['16 more turns', 1, 2 + 16],
    ['48 jobs', 12, 48],
  ])('waits for no more than %s', async (_, each, most) => {
    const core = Object.assign(toyCore(), { lanes: 'avx512-ifma' as const });
    const bench = new Workbench(core);
    const ask = (): Promise<unknown> =>
      done(
        bench,
        Array.from({ length: each }, () => verify(1)),
      );
    const all = [ask()];
    while (core.batches.length === 0 && all.length < 100) {
      all.push(ask());
      await turn();
    }
    expect(core.batches).toEqual([most]);
    await Promise.all(all);
  });

  it('does it at once when told to', () => {
    let answers: WorkAnswer[] = [];
    const customer = told((made) => {
      answers = made;
    });
    new Workbench(toyCore(), { immediate: true }).do([verify(1)], customer);
    expect(valid(answers)).toEqual([true]);
  });

  it('does heavy work in order, and none that nobody waits for any more when its turn comes', async () => {
    const bench = new Workbench(toyCore(), { legacyAtOnce: 1 });
    const stretch: Work = { op: 'pbkdf2-sha256', password: new Uint8Array(8), salt: new Uint8Array(8), iterations: 1, length: 32 };
    const asked: string[] = [];
    const ends = ['first', 'gone', 'last'].map((name) => {
      return new Promise<WorkAnswer[]>((resolve) =>
        bench.do([stretch], {
          get wanted() {
            asked.push(name);
            return name !== 'gone';
          },
          answered: resolve,
        }),
      );
    });
    const answers = (await Promise.all(ends)).flat();
    expect(asked).toEqual(['first', 'gone', 'last']);
    expect(answers.map(({ op }) => op)).toEqual(['pbkdf2-sha256', 'failed', 'pbkdf2-sha256']);
    expect(answers[1]).toMatchObject({ why: { code: 'HF_ABORTED' } });
  });

  it('does at once what is not worth the wait for more', async () => {
    const core = toyCore();
    const bench = new Workbench(core);
    const made: WorkAnswer[] = [];
    const customer = told((answers) => made.push(...answers));
    bench.do([verifyAlone(1), verifyAlone(0)], customer);
    bench.do([verifyAlone(1)], customer);
    expect(valid(made)).toEqual([true, false, true]);
    expect(core.batches).toEqual([2, 1]);
  });

  it('does only 64 of them at once in one turn, and gathers the rest', async () => {
    const core = toyCore();
    const bench = new Workbench(core);
    let made = 0;
    const ask = (count: number): void => {
      for (let i = 0; i < count; i++)
        bench.do(
          [verifyAlone(1)],
          told(() => made++),
        );
    };
    ask(64 + 30);
    expect(made).toBe(64);
    await turn();
    expect(made).toBe(94);
    expect(core.batches.slice(64)).toEqual([30]);
    ask(1);
    expect(made).toBe(95);
  });

  it('lets nothing that is done at once overtake what waits', async () => {
    const core = toyCore();
    const bench = new Workbench(core);
    const order: string[] = [];
    const all = [
      done(bench, [verify(1)]).then(() => void order.push('gathered')),
      done(bench, [verifyAlone(1)]).then(() => void order.push('alone')),
      done(bench, [verifyAlone(1), verify(1)]).then(() => void order.push('mixed')),
    ];
    expect(core.batches).toEqual([]);
    await Promise.all(all);
    expect(order).toEqual(['gathered', 'alone', 'mixed']);
    expect(core.batches).toEqual([4]);
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

  it('does so by itself from 65 on where the core has threads, and nowhere else', async () => {
    for (const [threads, count, expected] of [
      [2, 64, 0],
      [2, 65, 1],
      [1, 65, 0],
      [0, 65, 0],
    ]) {
      const core = toyCore();
      let elsewhere = 0;
      const { runAsync } = core;
      Object.assign(core, {
        threads,
        runAsync: (jobs: Parameters<typeof runAsync>[0]) => {
          elsewhere++;
          return runAsync(jobs);
        },
      });
      await done(
        new Workbench(core),
        Array.from({ length: count! }, () => verify(1)),
      );
      expect([threads, count, elsewhere]).toEqual([threads, count, expected]);
    }
  });

  it('lets nobody overtake a batch that is elsewhere, and gathers what comes meanwhile', async () => {
    const core = toyCore();
    const { runAsync } = core;
    let finish = (): void => {};
    core.runAsync = async (jobs) => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return runAsync(jobs);
    };
    const bench = new Workbench(core, { asyncFrom: 3 });
    const order: string[] = [];
    const asked = (name: string, count: number): Promise<void> =>
      done(
        bench,
        Array.from({ length: count }, () => verify(1)),
      ).then(() => void order.push(name));
    const all = [asked('large', 3)];
    await turn();
    all.push(asked('first', 1));
    await turn();
    all.push(asked('second', 1));
    await turn();
    expect(order).toEqual([]);
    expect(core.batches).toEqual([]);
    finish();
    await Promise.all(all);
    expect(order).toEqual(['large', 'first', 'second']);
    expect(core.batches).toEqual([3, 2]);
  });

  it('does the neighbours of a refused job together all the same', async () => {
    const core = toyCore((number) => number === 9);
    const answers = await done(
      new Workbench(core),
      Array.from({ length: 64 }, (_, i) => verify(i === 20 ? 9 : 1)),
    );
    expect(answers.map(({ op }) => op)).toEqual(Array.from({ length: 64 }, (_, i) => (i === 20 ? 'failed' : 'verify')));
    // Halves of halves: the whole eights beside it stay whole.
    expect(core.batches).toEqual([64, 32, 16, 16, 8, 4, 4, 2, 1, 1, 2, 8, 32]);
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
