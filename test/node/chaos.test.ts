/** Fifty nodes on a network on which everything goes wrong that can. One seed here; `npm run test:chaos` tries twenty. */
import { afterEach, describe, expect, it } from 'vitest';
import { native, pure } from '../support/cores.ts';
import { seedOfRun } from '../support/random.ts';
import { Swarm } from '../support/swarm.ts';

const full = process.env.HANDFAST_CHAOS === 'full';
const core = native ?? pure;
const SIZE = native ? 50 : 10;
const SEEDS = Array.from({ length: full ? 20 : 1 }, (_, i) => (seedOfRun() + i) >>> 0);

/** In time all sessions are there, and nothing else is. */
async function joined(swarm: Swarm, withinMs: number): Promise<void> {
  for (let left = withinMs; left > 0 && swarm.lacking().length > 0; left -= 500) await swarm.network.pass(500);
  expect(swarm.lacking()).toEqual([]);
}

/** Nothing goes wrong: what some of them say, all the others get. */
async function told(swarm: Swarm, names: readonly string[] = swarm.names): Promise<void> {
  const texts = swarm.broadcastFrom(names.filter((_, i) => i % (full ? 2 : 5) === 0));
  for (let left = 8_000; left > 0 && swarm.missing(texts, names).length > 0; left -= 100) await swarm.network.pass(100);
  expect(swarm.missing(texts, names)).toEqual([]);
}

/** Requests and broadcasts of anybody to anybody, over some time. */
async function bustle(swarm: Swarm, ms: number): Promise<void> {
  const { random, network } = swarm;
  for (let left = ms; left > 0; left -= 250) {
    for (let i = 0; i < 10; i++) {
      const from = random.pick([...swarm.lives.keys()]);
      const peers = swarm.peersOf(from);
      const to = peers.length > 0 && random.chance(0.9) ? random.pick(peers) : random.pick(swarm.names);
      swarm.ask(from, to, { deadlineMs: random.between(500, 20_000), idempotent: random.chance(0.3) });
    }
    if (random.chance(0.5)) swarm.broadcast(random.pick([...swarm.lives.keys()]));
    await network.pass(250);
  }
}

let swarm: Swarm;
let finished = false;
afterEach(async () => {
  // What a failure left behind must not fail the next seed too.
  if (!finished) await swarm.finish();
});

describe.each(SEEDS)(`${SIZE} nodes, ${core.name} core, seed %d`, (seed) => {
  it('answer or refuse every request, handle none twice, deliver each broadcast once, and leave nothing behind', async () => {
    swarm = new Swarm({ core, seed, size: SIZE });
    finished = false;
    const { network, random, names } = swarm;
    await swarm.startAll();
    await joined(swarm, 60_000);
    await told(swarm);

    // Clocks that are set by an hour, and put right again, end no session and no request.
    const astray = names
      .filter((_, i) => i % 7 === 3)
      .map((name) => ({ clock: network.clockOf(name), byMs: random.pick([-3_600_000, 3_600_000]) }));
    for (const { clock, byMs } of astray) clock.set(byMs);
    await bustle(swarm, 2_000);
    await network.pass(40_000);
    for (const { clock, byMs } of astray) clock.set(-byMs);
    await network.pass(40_000);
    expect([swarm.lacking(), [...swarm.told]]).toEqual([[], []]);
    await told(swarm);

    // Cut in two, each half goes on by itself.
    const halves = [names.slice(0, SIZE / 2), names.slice(SIZE / 2)];
    network.partition(...halves);
    for (const half of halves) await told(swarm, half);
    await bustle(swarm, full ? 10_000 : 4_000);
    network.heal();
    await joined(swarm, 120_000);
    await told(swarm);

    // Everything at once: weather, clocks that are set, nodes that die and come back, another cut.
    network.storm({
      resetEveryMs: 15_000,
      silenceEveryMs: 200_000,
      halfCloseEveryMs: 60_000,
      stallEveryMs: 10_000,
      refusedDials: 0.2,
      slowDials: 0.2,
    });
    for (let round = 0; round < (full ? 6 : 4); round++) {
      network.clockOf(random.pick(names)).set(random.between(-20_000, 20_000));
      await bustle(swarm, full ? 5_000 : 3_000);
      if (round === 1) network.partition(...halves);
      if (round === 3) network.heal();
      if (round % 2 === 0) {
        const name = random.pick(names);
        // Some of these are being handled as it dies.
        for (const peer of swarm.peersOf(name)) {
          for (let i = 0; i < 3; i++) swarm.ask(peer, name, { deadlineMs: 20_000, idempotent: random.chance(0.3) });
        }
        await network.pass(300);
        await swarm.end(name, round === 2 ? 'closed' : 'killed');
        await bustle(swarm, 2_000);
        await swarm.start(name);
      }
    }
    network.calm();
    for (const name of names) network.clockOf(name).set(network.clock.now() - network.clockOf(name).now());
    await joined(swarm, 400_000);
    await told(swarm);

    finished = true;
    const left = await swarm.finish();
    if (full) console.log(`seed ${seed}: ${JSON.stringify(swarm.summary())}`);
    expect(swarm.unexplained).toEqual([]);
    expect(left).toEqual({ connections: 0, timers: 0, secrets: 0, slabs: 0 });
  }, 300_000);
});
