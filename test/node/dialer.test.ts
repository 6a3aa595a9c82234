import { afterEach, describe, expect, it } from 'vitest';
import { core } from '../../src/core/pure.ts';
import { HandfastError } from '../../src/errors.ts';
import { Dialer } from '../../src/node/dialer.ts';
import { HandClock } from '../support/clock.ts';

interface Attempt {
  address: string;
  peer: string | undefined;
  signal: AbortSignal;
  at: number;
  succeed(id: string): Promise<void>;
  fail(code?: 'CONNECT_FAILED' | 'SELF_CONNECTION' | 'DUPLICATE_CONNECTION' | 'PROTOCOL_MISMATCH', remote?: 'claimed'): Promise<void>;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A dialler whose attempts are in the test's hands, and whose dice fall as the test says. */
class Bench {
  readonly clock = new HandClock();
  readonly attempts: Attempt[] = [];
  readonly connected = new Set<string>();
  readonly failures: [code: string, nextTryInMs: number | undefined][] = [];
  /** Of the largest pause. */
  dice = 1;
  readonly dialer: Dialer;

  constructor(most = 8) {
    this.dialer = new Dialer({
      clock: this.clock,
      core: Object.create(core, {
        random: {
          value: () => Uint8Array.from([24, 16, 8, 0], (shift) => Math.min(2 ** 32 - 1, Math.floor(this.dice * 2 ** 32)) >>> shift),
        },
      }),
      most,
      attempt: ({ address, peer }, signal) =>
        new Promise((resolve, reject) => {
          const at = this.clock.precise();
          const succeed = (id: string): Promise<void> => {
            this.connected.add(id);
            resolve(id);
            return turn();
          };
          const fail = (code: Parameters<Attempt['fail']>[0] = 'CONNECT_FAILED', remote?: 'claimed'): Promise<void> => {
            reject(new HandfastError(code, 'as told', remote ? { remote } : {}));
            return turn();
          };
          this.attempts.push({ address, peer, signal, at, succeed, fail });
          signal.addEventListener('abort', () => reject(new HandfastError('ABORTED', 'cancelled')));
        }),
      connected: (id) => this.connected.has(id),
      failed: (error, _address, nextTryInMs) => this.failures.push([error.code, nextTryInMs]),
    });
  }

  get last(): Attempt {
    return this.attempts.at(-1)!;
  }

  async lose(id: string): Promise<void> {
    this.connected.delete(id);
    this.dialer.gone(id);
    await turn();
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await turn();
  }
}

describe('dialling', () => {
  let bench: Bench;
  afterEach(async () => {
    await bench.dialer.close();
    expect(bench.clock.armed).toBe(0);
  });

  it('a peer that is kept is dialled again after pauses that double from 500 ms to 60 s', async () => {
    bench = new Bench();
    bench.dialer.keep('a:1');
    for (const pause of [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]) {
      const before = bench.attempts.length;
      await bench.last.fail();
      expect(Math.round(bench.failures.at(-1)![1]!)).toBe(pause);
      await bench.pass(pause - 1);
      expect(bench.attempts.length).toBe(before);
      await bench.pass(1);
      expect(bench.attempts.length).toBe(before + 1);
    }
  });

  it('a pause is a random part of that, down to none', async () => {
    bench = new Bench();
    bench.dice = 0;
    bench.dialer.keep('a:1');
    await bench.last.fail();
    await bench.pass(0);
    expect(bench.attempts.length).toBe(2);
    bench.dice = 0.5;
    await bench.last.fail();
    expect(bench.failures.at(-1)![1]).toBeCloseTo(500, 3);
  });

  it('pauses begin anew after a session that lasted 10 s, not after a shorter one', async () => {
    bench = new Bench();
    bench.dialer.keep('a:1');
    for (let i = 0; i < 4; i++) {
      await bench.last.fail();
      await bench.pass(60_000);
    }
    await bench.last.succeed('A');
    await bench.pass(9_999);
    await bench.lose('A');
    const before = bench.attempts.length;
    await bench.pass(7_999);
    expect(bench.attempts.length).toBe(before);
    await bench.pass(1);
    expect(bench.attempts.length).toBe(before + 1);
    await bench.last.succeed('A');
    await bench.pass(10_000);
    await bench.lose('A');
    await bench.pass(500);
    expect(bench.attempts.length).toBe(before + 2);
  });

  it('no refusal stops it, and a clear one does no more than move the next try', async () => {
    bench = new Bench();
    bench.dialer.keep('a:1', 'A');
    await bench.last.fail('PROTOCOL_MISMATCH', 'claimed');
    await bench.pass(500);
    await bench.last.fail('DUPLICATE_CONNECTION');
    await bench.pass(1_000);
    expect(bench.attempts.map(({ address, peer }) => [address, peer])).toEqual(Array(3).fill(['a:1', 'A']));
  });

  it('an address that turned out to be our own is left alone for 300 s, not for ever', async () => {
    bench = new Bench();
    bench.dialer.keep('a:1');
    await bench.last.fail('SELF_CONNECTION');
    await bench.pass(299_999);
    expect(bench.attempts.length).toBe(1);
    await bench.pass(1);
    expect(bench.attempts.length).toBe(2);
    // It counted for no failure.
    await bench.last.fail();
    expect(Math.round(bench.failures.at(-1)![1]!)).toBe(500);
  });

  it('a peer with a session is not dialled, however it came about; once it is gone, it is', async () => {
    bench = new Bench();
    bench.connected.add('A');
    bench.dialer.keep('a:1', 'A');
    await turn();
    expect(bench.attempts.length).toBe(0);
    await bench.lose('A');
    await bench.pass(500);
    expect(bench.attempts.length).toBe(1);
    await bench.last.fail();
    bench.connected.add('A');
    bench.dialer.found('A');
    await bench.pass(120_000);
    expect(bench.attempts.length).toBe(1);
  });

  it('so many at once and no more; the others in their turn', async () => {
    bench = new Bench(2);
    for (const name of ['a', 'b', 'c', 'd']) bench.dialer.keep(`${name}:1`);
    expect(bench.attempts.map(({ address }) => address)).toEqual(['a:1', 'b:1']);
    await bench.attempts[1].fail();
    expect(bench.last.address).toBe('c:1');
    await bench.attempts[0].succeed('A');
    expect(bench.last.address).toBe('d:1');
  });

  it('once: the first failure is the end of it', async () => {
    bench = new Bench();
    const dialled = expect(bench.dialer.dial({ address: 'a:1', peer: 'A' })).rejects.toMatchObject({ code: 'HF_CONNECT_FAILED' });
    await bench.last.fail();
    await dialled;
    expect(bench.failures).toEqual([['HF_CONNECT_FAILED', undefined]]);
    await bench.pass(120_000);
    expect(bench.attempts.length).toBe(1);
  });

  it('kept: waits for the first session, and goes on after it', async () => {
    bench = new Bench();
    const dialled = bench.dialer.dial({ address: 'a:1', keep: true });
    await bench.last.fail();
    await bench.pass(500);
    await bench.last.succeed('A');
    expect(await dialled).toBe('A');
    await bench.pass(20_000);
    await bench.lose('A');
    await bench.pass(500);
    expect(bench.attempts.length).toBe(3);
    expect(bench.dialer.kept).toEqual(['a:1']);
  });

  it('whoever asks for a peer in its pause does not sit it out', async () => {
    bench = new Bench();
    bench.dialer.keep('a:1');
    await bench.last.fail();
    const dialled = bench.dialer.dial({ address: 'a:1', keep: true });
    expect(bench.attempts.length).toBe(2);
    await bench.last.succeed('A');
    expect(await dialled).toBe('A');
    await bench.pass(120_000);
    expect(bench.attempts.length).toBe(2);
  });

  it('a signal ends the attempt; what was given stays', async () => {
    bench = new Bench();
    const controller = new AbortController();
    const { signal } = controller;
    bench.dialer.keep('given:1');
    const dialled = Promise.allSettled([
      bench.dialer.dial({ address: 'once:1', signal }),
      bench.dialer.dial({ address: 'kept:1', keep: true, signal }),
      bench.dialer.dial({ address: 'given:1', keep: true, signal }),
    ]);
    controller.abort();
    expect((await dialled).map((settled) => settled.status === 'rejected' && settled.reason.code)).toEqual(Array(3).fill('HF_ABORTED'));
    expect(bench.attempts.map((attempt) => attempt.signal.aborted)).toEqual([false, true, true]);
    expect(bench.dialer.kept).toEqual(['given:1']);
    await expect(bench.dialer.dial({ address: 'x:1', signal })).rejects.toMatchObject({ code: 'HF_ABORTED' });
    await bench.pass(120_000);
    expect(bench.attempts.length).toBe(3);
  });

  it('forgotten: dialled no more', async () => {
    bench = new Bench();
    bench.dialer.keep('a:1');
    await bench.last.succeed('A');
    expect([bench.dialer.forget('a:1'), bench.dialer.forget('a:1')]).toEqual([true, false]);
    await bench.lose('A');
    await bench.pass(120_000);
    expect(bench.attempts.length).toBe(1);
  });

  it('close ends attempts, pauses and those who wait', async () => {
    bench = new Bench(1);
    const dialled = Promise.allSettled(['a:1', 'b:1'].map((address) => bench.dialer.dial({ address, keep: true })));
    await bench.dialer.close();
    expect((await dialled).map((settled) => settled.status === 'rejected' && settled.reason.code)).toEqual(['HF_CLOSED', 'HF_CLOSED']);
    await expect(bench.dialer.dial({ address: 'c:1' })).rejects.toMatchObject({ code: 'HF_CLOSED' });
    expect(bench.attempts.length).toBe(1);
    expect(bench.last.signal.aborted).toBe(true);
  });
});
