/** Requests of one peer at several processes, in any order: whatever is reserved, given up, late or gone, each is handled once at most. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Node } from '../../../src/node/node.ts';
import { SharedClaims } from '../../../src/node/store/claims.ts';
import { memoryStore } from '../../../src/node/store/memory.ts';
import { ReservedIds } from '../../../src/node/store/reserved-ids.ts';
import { Shared } from '../../../src/node/store/shared.ts';
import type { IdRange, RequestName, RequestTaken, Store, StoreConnection } from '../../../src/node/store/store.ts';
import { Kind } from '../../../src/protocols/handfast/format.ts';
import { BrokenStore } from '../../support/broken-store.ts';
import { HandClock } from '../../support/clock.ts';
import { cores } from '../../support/cores.ts';
import { NodeStory } from '../../support/network.ts';
import { Random, seedOfRun } from '../../support/random.ts';

const seed = seedOfRun();
const PEER = { peer: 'P', peerLife: 'L' };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await turn();
};

/** A process's end, as its handlers use it. */
class Process {
  readonly claims: SharedClaims;
  readonly seen = new Set<bigint>();
  readonly #mine = new Map<bigint, RequestTaken>();
  readonly #reserved: ReservedIds;
  readonly #shared: Shared;
  readonly #world: World;
  /** Calls reach the store so many turns after they were made, in their order. */
  slow = 0;
  gone = false;

  static async start(world: World): Promise<Process> {
    let made: Process | undefined;
    const open = async (opening: Parameters<Store['open']>[0]): Promise<StoreConnection> => {
      const connection = await world.store.open(opening);
      let last = Promise.resolve();
      return new Proxy(connection, {
        get: (_, name: keyof StoreConnection | 'then') => {
          // It is given by a promise, and is none.
          if (name === 'then') return undefined;
          return (...values: never[]) => {
            world.calls.set(name, (world.calls.get(name) ?? 0) + 1);
            const doing = last
              .then(() => turns(made?.slow ?? 0))
              .then(() => (connection[name] as (...some: never[]) => Promise<unknown>).apply(connection, values));
            last = doing.then(
              () => {},
              () => {},
            );
            return doing;
          };
        },
      });
    };
    const process = (++world.started).toString(16).padStart(32, '0');
    const shared = await Shared.open({
      ...{ open, network: 'demo', identity: 'i', process, clock: world.clock, random: () => 'f'.repeat(32) },
      ...{ rate: { perSecond: 1, burst: 1 }, without: {} },
    });
    made = new Process(world, shared);
    return made;
  }

  private constructor(world: World, shared: Shared) {
    this.#world = world;
    this.#shared = shared;
    this.#reserved = new ReservedIds(shared, world.clock, () => [...this.#mine.values()]);
    this.claims = new SharedClaims(shared, this.#reserved, () => {});
    const nothing = (): void => {};
    shared.begin({
      ...{ beat: nothing, life: nothing, down: nothing, up: nothing },
      letter: ({ head }) => {
        if (head.kind !== 'wanted' || this.gone) return;
        const mine = this.#mine.get(BigInt(head.id));
        if (mine) this.claims.answered(mine, answerTo(mine.id));
        this.claims.wanted(head.peer);
      },
    });
  }

  /** A request comes. */
  async asked(id: bigint): Promise<void> {
    if (this.gone || this.seen.has(id)) return;
    this.seen.add(id);
    const name: RequestName = { ...PEER, id };
    if (this.claims.takes(this.claims.life, name)) this.#handled(id);
    else await this.#claim({ ...name, ms: 60_000 });
  }

  async #claim(request: RequestTaken): Promise<void> {
    for (let tries = 0; tries < 40 && !this.gone; tries++) {
      const claim = await this.claims.claim(this.claims.life, request);
      if (this.gone) return;
      if (claim.is === 'mine') this.#handled(request.id);
      if (claim.is === 'lost' || claim.is === 'busy') this.#world.refused.push(request.id);
      if (claim.is !== 'elsewhere') return;
      this.claims.want(request, claim.by);
      await turns(60);
    }
    this.#world.refused.push(request.id);
  }

  #handled(id: bigint): void {
    this.#mine.set(id, { ...PEER, id, ms: 60_000 });
    this.#world.handled.push(id);
  }

  /** As by a kill: nothing that it would still say is heard. */
  async kill(): Promise<void> {
    this.gone = true;
    const { store } = this.#world;
    await store.left(this.#shared.process);
  }

  async close(): Promise<void> {
    await this.#reserved.close();
    await this.#shared.close();
  }
}

/** All that they share. */
class World {
  readonly clock = new HandClock();
  readonly handled: bigint[] = [];
  readonly refused: bigint[] = [];
  readonly calls = new Map<string, number>();
  started = 0;
  /** No more is reserved at a time than goes up to the next multiple of it, as Redis has it. */
  page = 8_192n;
  readonly #kept = memoryStore();
  readonly #connections = new Map<string, StoreConnection>();

  readonly store = {
    open: async (opening: Parameters<Store['open']>[0]): Promise<StoreConnection> => {
      const connection = await this.#kept.open(opening);
      const reserve = connection.reserve.bind(connection);
      connection.reserve = (life, ranges) => {
        const leftOfPage = ({ from }: IdRange): number => Number(this.page - (from % this.page));
        return reserve(
          life,
          ranges.map((range) => ({ ...range, count: Math.min(range.count, leftOfPage(range)) })),
        );
      };
      this.#connections.set(opening.process, connection);
      return connection;
    },
    /** It is known to be gone at once. */
    left: async (process: string): Promise<void> => this.#connections.get(process)?.close(),
  };

  twice(): bigint[] {
    return this.handled.filter((id, i) => this.handled.indexOf(id) !== i);
  }
}

function answerTo(id: bigint): Uint8Array {
  const record = new Uint8Array(9);
  record[0] = Kind.response;
  new DataView(record.buffer).setBigUint64(1, id);
  return record;
}

const FIRST = 2n ** 62n + 8_000n;

describe('requests of a peer that asks often', () => {
  it('are handled without asking the store for each; when it moves, by the process that it has moved to', async () => {
    const world = new World();
    const [one, other] = [await Process.start(world), await Process.start(world)];
    let id = FIRST;
    const often = async (process: Process, count: number): Promise<void> => {
      for (const end = id + BigInt(count); id < end; id++) {
        await process.asked(id);
        world.clock.advance(1);
        await turns(4);
      }
    };
    await often(one, 400);
    expect(world.handled).toHaveLength(400);
    const asked = (): number => (world.calls.get('claim') ?? 0) + (world.calls.get('reserve') ?? 0);
    expect(asked()).toBeLessThan(60);
    // Its sessions there are still open.
    const before = asked();
    await often(other, 400);
    expect(world.handled).toHaveLength(800);
    expect(world.refused).toEqual([]);
    expect(asked() - before).toBeLessThan(120);
    expect(world.twice()).toEqual([]);
    for (const process of [one, other]) await process.close();
    expect(world.clock.armed).toBe(0);
  });

  it('are asked for one by one again when the time of what is reserved is over', async () => {
    const world = new World();
    const one = await Process.start(world);
    let id = FIRST;
    for (; id < FIRST + 60n; id++) {
      await one.asked(id);
      world.clock.advance(1);
      await turns(4);
    }
    // Of the clock only: what is reserved is not looked at meanwhile.
    expect(one.claims.takes(one.claims.life, { ...PEER, id })).toBe(true);
    world.clock.precise = () => world.clock.now() + 100_000;
    expect(one.claims.takes(one.claims.life, { ...PEER, id: id + 1n })).toBe(false);
    await one.close();
  });

  it('that are overtaken by others are handled all the same, however late they come', async () => {
    const world = new World();
    const [one, other] = [await Process.start(world), await Process.start(world)];
    let id = FIRST;
    const often = async (count: number): Promise<void> => {
      for (const end = id + BigInt(count); id < end; id++) {
        await one.asked(id);
        world.clock.advance(1);
        await turns(4);
      }
    };
    await often(60);
    const late = [id + 1n, id + 2n, id + 5n];
    for (const next of [id, id + 3n, id + 4n, id + 6n]) await one.asked(next);
    id += 7n;
    await often(5);
    // The first while it is reserved, the second once that is over, the third at another process.
    await one.asked(late[0]);
    await turns(20);
    world.clock.advance(300);
    await turns(20);
    await one.asked(late[1]);
    await other.asked(late[2]);
    expect(world.refused).toEqual([]);
    expect(world.twice()).toEqual([]);
    expect(world.handled).toHaveLength(72);
    for (const process of [one, other]) await process.close();
    expect(world.clock.armed).toBe(0);
  });

  // In the first two the peer goes and comes back while more are to be reserved for it, which then nobody waited for.
  const seeds = [1_773_695_271, 22_000_072, ...Array.from({ length: 30 }, (_, i) => (seed + i) >>> 0)];

  it.each(seeds)('are handled once at most, whatever happens, seed %d', async (of) => {
    const random = new Random(of);
    const world = new World();
    // Else as a peer does it: in order, and all that has no answer again when its session moves.
    const wild = random.chance(0.5);
    if (random.chance(0.5)) world.page = 16n;
    const processes = [await Process.start(world), await Process.start(world), await Process.start(world)];
    const killed: Process[] = [];
    const asking: Promise<void>[] = [];
    const open = new Set<bigint>();
    const overtaken: { id: bigint; at: Process; step: number }[] = [];
    let id = FIRST + BigInt(random.below(8_192));
    let at = random.pick(processes);
    const ask = (process: Process, one: bigint): void => void asking.push(process.asked(one));
    const move = (to: Process): void => {
      at = to;
      for (const one of [...world.handled, ...world.refused]) open.delete(one);
      for (const one of open) ask(at, one);
    };
    for (let step = 0; step < 600; step++) {
      for (let i = random.between(1, 3); i > 0; i--) {
        open.add(id);
        // A long one is overtaken by shorter ones, and comes some steps later.
        if (random.chance(0.05)) overtaken.push({ id, at, step: step + random.between(1, 30) });
        else ask(at, id);
        id++;
      }
      for (const late of overtaken.filter((one) => one.step === step)) if (late.at === at && open.has(late.id)) ask(at, late.id);
      // Skipped are those that it asks other nodes.
      if (random.chance(0.05)) id += BigInt(random.between(1, 30));
      if (random.chance(0.03)) move(random.pick(processes));
      if (random.chance(0.01)) random.pick(processes).claims.left(PEER.peer);
      if (random.chance(0.05)) random.pick(processes).slow = random.between(0, 12);
      if (wild && random.chance(0.1)) ask(random.pick(processes), id - BigInt(random.between(1, 40)));
      if (wild && random.chance(0.01)) {
        const index = random.below(processes.length);
        await processes[index].kill();
        killed.push(processes[index]);
        processes[index] = await Process.start(world);
        if (!processes.includes(at)) move(random.pick(processes));
      }
      world.clock.advance(random.chance(0.01) ? random.between(50, 300) : random.between(0, 3));
      await turns(random.between(0, 6));
    }
    for (const process of processes) process.slow = 0;
    await Promise.all(asking);
    expect(world.twice()).toEqual([]);
    // Nothing is refused that nobody has handled.
    const handled = new Set(world.handled);
    if (!wild) expect(world.refused.filter((one) => !handled.has(one))).toEqual([]);
    expect((world.calls.get('claim') ?? 0) < world.handled.length).toBe(true);
    for (const process of [...processes, ...killed]) await process.close();
    expect(world.clock.armed).toBe(0);
  });
});

describe.each(cores.map((core) => [core.name, core] as const))('nodes of one identity that a peer asks often, %s core', (_name, core) => {
  let story: NodeStory;
  let store: BrokenStore;
  let [h1, h2, p]: Node[] = [];
  let handled: string[] = [];
  let count = 0;
  const outcomes: string[] = [];

  beforeEach(async () => {
    story = new NodeStory(core);
    store = new BrokenStore();
    handled = [];
    count = 0;
    outcomes.length = 0;
    [h1, h2] = [
      await story.node('h1', { identity: story.identity('h'), store }),
      await story.node('h2', { identity: story.identity('h'), store }),
    ];
    p = await story.node('p');
    for (const [name, node] of Object.entries({ h1, h2 })) node.handle('', ({ bytes }) => void handled.push(`${name} ${bytes[0]}`));
    await dial('h1:1');
  });

  afterEach(async () => {
    expect(await story.finish()).toEqual({ timers: 0, secrets: 0, slabs: 0 });
  });

  async function dial(to: string): Promise<void> {
    const dialled = p.connect(to);
    await story.settle();
    await dialled;
  }

  /** A request, and 4 ms. */
  async function ask(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      p.request(h1.id, Uint8Array.of(count++)).then(
        () => outcomes.push('answered'),
        (error) => outcomes.push(error.code),
      );
      await story.pass(4);
    }
  }

  it('handle them without asking the store, and nothing more from the moment on that a ban elsewhere is stored', async () => {
    await ask(20);
    const claims = store.calls.get('claim');
    await ask(5);
    expect(store.calls.get('claim')).toBe(claims);
    expect(handled).toHaveLength(25);
    store.deaf = true;
    h2.ban(p.id);
    let stored = false;
    void h2.stored().then(() => {
      stored = true;
    });
    await story.settle();
    // h1 has not heard of it, and may handle what it has reserved.
    expect(stored).toBe(false);
    while (!stored) await ask(1);
    const before = handled.length;
    await ask(10);
    expect(handled).toHaveLength(before);
  });

  it('hand them over to the one that the peer goes to: each is handled once, and none is lost', async () => {
    await ask(20);
    story.network.reset('p', 'h1');
    await dial('h2:1');
    await ask(20);
    // And back, while its session there lasts.
    await dial('h1:1');
    await ask(20);
    await story.pass(1_000, 50);
    expect(outcomes).toEqual(Array.from({ length: 60 }, () => 'answered'));
    expect(new Set(handled.map((one) => one.split(' ')[1])).size).toBe(60);
    expect(handled).toHaveLength(60);
    expect([handled.at(0), handled.at(30), handled.at(-1)].map((one) => one!.split(' ')[0])).toEqual(['h1', 'h2', 'h1']);
  });
});
