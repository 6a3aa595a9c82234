import { describe, expect, it } from 'vitest';
import type { Carrier } from '../../src/transport/carrier.ts';
import { steady } from '../../src/transport/clock.ts';
import { ChaosNetwork, type ChaosOptions } from './chaos.ts';
import { Random, seedOfRun } from './random.ts';

/** One end, and all that it heard. */
class Talker {
  readonly carrier: Carrier;
  readonly heard: number[] = [];
  readonly times: number[] = [];
  sent: number[] = [];
  ended = false;
  closed: Error | 'in peace' | undefined;

  constructor(carrier: Carrier, network: ChaosNetwork) {
    this.carrier = carrier;
    carrier.attach({
      data: (bytes) => {
        this.heard.push(...bytes);
        this.times.push(network.clock.precise());
      },
      end: () => {
        this.ended = true;
      },
      drained() {},
      closed: (error) => {
        this.closed = error ?? 'in peace';
      },
    });
  }

  say(bytes: Uint8Array): void {
    this.sent.push(...bytes);
    this.carrier.write(bytes);
  }
}

/** A network on which `a` has dialled `b`. */
async function joined(
  options: Partial<ChaosOptions> = {},
): Promise<{ network: ChaosNetwork; a: Talker; b: Talker; dial: () => Promise<[Talker, Talker]>; accepted: Talker[] }> {
  const network = new ChaosNetwork({ seed: 7, ...options });
  const accepted: Talker[] = [];
  await network.carriers('b').listen(
    (carrier) => accepted.push(new Talker(carrier, network)),
    () => {},
  );
  const dial = async (): Promise<[Talker, Talker]> => {
    const dialled = network.carriers('a').dial('b:1', { signal: new AbortController().signal, deadlineMs: 10_000 });
    await network.pass(200);
    return [new Talker(await dialled, network), accepted.at(-1)!];
  };
  const [a, b] = await dial();
  return { network, a, b, dial, accepted };
}

/** Writes of random lengths, both ways, over some time. */
async function talk(network: ChaosNetwork, talkers: readonly Talker[], random: Random, rounds = 50): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    for (const talker of talkers) if (random.chance(0.7)) talker.say(random.bytes(random.between(1, 300)));
    await network.pass(random.below(50));
  }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: { code?: string }) => String(error.code),
  );
}

describe('a connection through chaos', () => {
  it('brings all bytes of each direction, in order, after a while', async () => {
    const seed = seedOfRun();
    const { network, a, b } = await joined({ seed });
    await talk(network, [a, b], new Random(seed, 'talk'));
    network.connections.values().next().value!.wire.stall('there', 3_000);
    await talk(network, [a, b], new Random(seed, 'more'));
    expect(b.heard.length, `seed ${seed}`).toBeLessThan(a.sent.length);
    await network.pass(5_000);
    expect([b.heard, a.heard], `seed ${seed}`).toEqual([a.sent, b.sent]);
    a.carrier.end();
    await network.pass(100);
    expect([b.ended, b.closed, a.closed]).toEqual([true, undefined, undefined]);
    b.carrier.end();
    await network.pass(100);
    expect([a.closed, b.closed, network.connections.size, network.clock.armed]).toEqual(['in peace', 'in peace', 0, 0]);
  });

  it('takes time by itself: nothing arrives before its delay, and chunks arrive in pieces', async () => {
    const { network, a, b } = await joined({ delayMs: [30, 60], grainMs: 1 });
    const began = network.clock.precise();
    a.say(new Uint8Array(1_000).fill(7));
    await network.pass(29);
    expect(b.heard).toEqual([]);
    await network.pass(31);
    expect(b.heard).toEqual(a.sent);
    expect(b.times.every((time) => time >= began + 30 && time <= began + 60)).toBe(true);
    for (let i = 0; i < 20; i++) a.say(Uint8Array.of(1, 2, 3, 4, 5, 6));
    await network.pass(60);
    expect(b.times.length).toBeGreaterThan(21);
  });

  it('does the same again for the same seed, and something else for another', async () => {
    const record = async (seed: number): Promise<unknown> => {
      const { network, a, b } = await joined({ seed });
      network.storm({ resetEveryMs: 20_000, silenceEveryMs: 20_000, halfCloseEveryMs: 20_000, stallEveryMs: 500 });
      await talk(network, [a, b], new Random(1, 'talk'));
      return [a.heard, a.times, b.heard, b.times, [...network.happened]];
    };
    expect(await record(1)).toEqual(await record(1));
    expect(await record(1)).not.toEqual(await record(2));
  });

  it('may be overtaken by another', async () => {
    let overtaken = 0;
    const { network, dial } = await joined();
    for (let i = 0; i < 20; i++) {
      const [[first, heard], [second, sooner]] = [await dial(), await dial()];
      first.say(Uint8Array.of(1));
      second.say(Uint8Array.of(2));
      await network.pass(100);
      if (sooner.times[0] < heard.times[0]) overtaken++;
    }
    expect(overtaken).toBeGreaterThan(2);
    expect(overtaken).toBeLessThan(18);
  });

  it('holds its sender up when the other end does not read', async () => {
    const { network, a, b } = await joined();
    b.carrier.pause();
    let taken = 0;
    for (let i = 0; i < 100; i++) {
      a.carrier.write(new Uint8Array(16 * 1024), () => taken++);
      await network.pass(5);
    }
    expect([a.carrier.congested, b.heard.length]).toEqual([true, 0]);
    expect(taken).toBeLessThan(40);
    b.carrier.resume();
    await network.pass(1_000);
    expect([a.carrier.congested, b.heard.length, taken]).toEqual([false, 100 * 16 * 1024, 100]);
    b.carrier.pause();
    for (let i = 0; i < 100; i++) a.carrier.write(new Uint8Array(16 * 1024), () => taken++);
    await network.pass(100);
    expect(taken).toBeLessThan(140);
    // A dead wire takes everything.
    network.connections.values().next().value!.wire.silence();
    await network.pass(100);
    expect([taken, a.carrier.congested]).toEqual([200, false]);
  });
});

describe('what goes wrong', () => {
  it('a reset loses what is on the way; one end hears of it at once, the other later', async () => {
    const { network, a, b } = await joined({ delayMs: [20, 20] });
    const [{ wire }] = network.connections;
    network.storm({ stallEveryMs: 1e12 });
    a.say(Uint8Array.of(1));
    await network.pass(20);
    a.say(Uint8Array.of(2));
    await network.pass(10);
    wire.reset(500, 'listening');
    await network.pass(499);
    expect([a.closed, b.closed, b.heard, wire.lostBytes]).toEqual([undefined, expect.objectContaining({ code: 'ECONNRESET' }), [1], 1]);
    a.say(Uint8Array.of(3));
    await network.pass(1);
    expect([a.closed, b.heard, network.connections.size, network.clock.armed]).toEqual([
      expect.objectContaining({ code: 'ECONNRESET' }),
      [1],
      0,
      0,
    ]);
    expect(wire.lostBytes).toBe(2);
  });

  it('silence is heard by nobody, and ends as each lets go', async () => {
    const { network, a, b } = await joined();
    network.connections.values().next().value!.wire.silence();
    a.say(Uint8Array.of(1));
    a.carrier.end();
    await network.pass(100_000);
    expect([a.closed, b.closed, b.ended, b.heard]).toEqual([undefined, undefined, false, []]);
    a.carrier.destroy();
    await network.pass(100);
    expect([a.closed, b.closed, network.connections.size]).toEqual(['in peace', undefined, 1]);
    b.carrier.destroy();
    await network.pass(100);
    expect([b.closed, network.connections.size]).toEqual(['in peace', 0]);
  });

  it('also when one end had let go before', async () => {
    const { network, a, b } = await joined();
    network.partition(['a'], ['b']);
    a.carrier.destroy();
    await network.pass(100);
    network.connections.values().next().value!.wire.silence();
    b.carrier.destroy();
    await network.pass(100);
    expect([a.closed, b.closed, network.connections.size]).toEqual(['in peace', 'in peace', 0]);
  });

  it('a half-close ends one direction behind what is on the way, and leaves the other', async () => {
    const { network, a, b } = await joined();
    const [{ wire }] = network.connections;
    a.say(Uint8Array.of(1, 2));
    await network.pass(0);
    wire.halfClose('there');
    a.say(Uint8Array.of(3));
    b.say(Uint8Array.of(4));
    await network.pass(100);
    expect([b.heard, b.ended, a.heard, a.ended, wire.lostBytes]).toEqual([[1, 2], true, [4], false, 1]);
    b.carrier.end();
    a.carrier.end();
    await network.pass(100);
    expect([a.closed, b.closed, network.connections.size]).toEqual(['in peace', 'in peace', 0]);
  });

  it('a cut network holds what is sent across, answers no dialling, and brings everything once it is healed', async () => {
    const { network, a, b } = await joined();
    network.partition(['a', 'c'], ['b']);
    const dialled = codeOf(network.carriers('a').dial('b:1', { signal: new AbortController().signal, deadlineMs: 3_000 }));
    a.say(Uint8Array.of(1));
    b.say(Uint8Array.of(2));
    await network.pass(2_999);
    expect([a.heard, b.heard, await Promise.race([dialled, 'no answer'])]).toEqual([[], [], 'no answer']);
    await network.pass(1);
    expect(await dialled).toBe('HF_CONNECT_FAILED');
    network.heal();
    await network.pass(100);
    expect([a.heard, b.heard]).toEqual([[2], [1]]);
  });

  it('within one group goes on as before', async () => {
    const { network, a, b } = await joined();
    network.partition(['a', 'b'], ['c']);
    a.say(Uint8Array.of(1));
    await network.pass(100);
    expect(b.heard).toEqual([1]);
  });

  it('dials are refused where nobody listens, and by the weather; may be slow; and can be cancelled at each moment', async () => {
    const { network, accepted } = await joined();
    const abort = new AbortController();
    const dial = (address: string, signal = new AbortController().signal): Promise<string> =>
      codeOf(network.carriers('a').dial(address, { signal, deadlineMs: 10_000 }));
    let code = dial('nobody:1');
    await network.pass(100);
    expect(await code).toBe('HF_CONNECT_FAILED');
    for (let afterMs = 0; afterMs < 90; afterMs += 5) {
      const aborted = new AbortController();
      code = dial('b:1', aborted.signal);
      await network.pass(afterMs);
      aborted.abort();
      await network.pass(200);
      expect(['HF_ABORTED', 'no error']).toContain(await code);
      // Whoever had been let in is told.
      if ((await code) === 'HF_ABORTED') expect(accepted.slice(1).every(({ ended }) => ended)).toBe(true);
      accepted.splice(1);
    }
    abort.abort();
    expect(await dial('b:1', abort.signal)).toBe('HF_ABORTED');
    network.storm({ refusedDials: 1 });
    code = dial('b:1');
    await network.pass(100);
    expect(await code).toBe('HF_CONNECT_FAILED');
    network.storm({ slowDials: 1, slowDialMs: 60_000 });
    const codes = Array.from({ length: 10 }, () => dial('b:1'));
    await network.pass(80);
    expect(await Promise.race([...codes, 'none yet'])).toBe('none yet');
    await network.pass(10_000);
    expect(new Set(await Promise.all(codes))).toEqual(new Set(['HF_CONNECT_FAILED', 'no error']));
  });

  it('in any storm, what is heard is the beginning of what was said; and when all have let go, nothing is left', async () => {
    const seed = seedOfRun();
    const { network, dial } = await joined({ seed });
    network.storm({ resetEveryMs: 4_000, silenceEveryMs: 4_000, halfCloseEveryMs: 4_000, stallEveryMs: 1_000 });
    const pairs: [Talker, Talker][] = [];
    for (let i = 0; i < 20; i++) pairs.push(await dial());
    await talk(network, pairs.flat(), new Random(seed, 'talk'), 80);
    for (const [one, other] of pairs) {
      expect(other.heard, `seed ${seed}`).toEqual(one.sent.slice(0, other.heard.length));
      expect(one.heard, `seed ${seed}`).toEqual(other.sent.slice(0, one.heard.length));
    }
    for (const kind of ['reset', 'silence', 'half-close', 'stall'])
      expect(network.happened.get(kind), `seed ${seed}: ${kind}`).toBeGreaterThan(0);
    network.calm();
    for (const { wire } of network.connections) for (const end of wire.ends) end.destroy();
    await network.pass(10_000);
    expect([network.connections.size, network.clock.armed], `seed ${seed}`).toEqual([0, 0]);
    for (const talker of pairs.flat()) expect(talker.closed, `seed ${seed}`).toBeDefined();
  });
});

describe('the clock of one node', () => {
  it('is set apart from the others’, and neither hurries nor delays what waits on it', async () => {
    const network = new ChaosNetwork({ seed: 1 });
    const [one, other] = [network.clockOf('one'), network.clockOf('other')];
    const began = other.now();
    const told: string[] = [];
    one.at(one.now() + 1_000, () => told.push('before'));
    one.set(-3_600_000);
    one.at(one.now() + 1_000, () => told.push('after'));
    other.at(other.now() + 1_000, () => told.push('other'));
    await network.pass(999);
    expect(told).toEqual([]);
    await network.pass(1);
    expect(told).toEqual(['before', 'after', 'other']);
    expect([other.now() - began, one.now() - began, one.precise()]).toEqual([1_000, 1_000 - 3_600_000, other.precise()]);
    expect(network.clockOf('one')).toBe(one);
  });

  it('does not move a connection that keeps to its own', async () => {
    const network = new ChaosNetwork({ seed: 1 });
    const wall = network.clockOf('one');
    const own = steady(wall);
    const began = own.now();
    let told = false;
    wall.set(7_200_000);
    own.at(began + 500, () => {
      told = true;
    });
    await network.pass(499);
    expect([told, own.now() - began]).toEqual([false, 499]);
    wall.set(-9_000_000);
    await network.pass(1);
    expect([told, own.now() - began]).toEqual([true, 500]);
  });
});
