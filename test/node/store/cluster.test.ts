/** Four processes of one identity over a real Redis, with everything killed that can be. One seed here; `npm run test:cluster` tries twenty. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Identity } from '../../../src/core/identity.ts';
import { HandfastError } from '../../../src/errors.ts';
import { createNode, type Node } from '../../../src/node/node.ts';
import { native, pure } from '../../support/cores.ts';
import { IdentityCluster } from '../../support/identity-cluster.ts';
import { Random, seedOfRun } from '../../support/random.ts';
import { RedisServer, redisServer } from '../../support/redis.ts';

const full = process.env.HANDFAST_CLUSTER === 'full';
const core = native ?? pure;
const SEEDS = Array.from({ length: full ? 20 : 1 }, (_, i) => (seedOfRun() + i) >>> 0);
const PROCESSES = 4;
const PEERS = 6;
const STEPS = 12;
/** Longer than killing and starting anything takes, so that most have an answer. */
const DEADLINE_MS = 6_000;
/** Asked one after the other, until one fails: so the process that has the peer reserves what comes next. */
const STREAM = 60;

const folder = mkdtempSync(join(tmpdir(), 'handfast-cluster-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What became of everything that was asked: the answer, or a code. Nothing else ends a request. */
class Ledger {
  readonly outcomes = new Map<string, string>();
  readonly #pending: Promise<void>[] = [];

  add(payload: string, asked: Promise<unknown>): void {
    const done = (outcome: string): void => void this.outcomes.set(payload, outcome);
    this.#pending.push(
      asked.then(
        (answer) => done(answer === payload ? 'answered' : `wrong: ${String(answer)}`),
        (error: unknown) => done(error instanceof HandfastError ? error.code : String(error)),
      ),
    );
  }

  async settle(): Promise<void> {
    await Promise.all(this.#pending);
  }
}

describe.skipIf(!redisServer).each(SEEDS)('four processes and a Redis (redis-server), seed %d', (seed) => {
  it('evade no ban, handle nothing twice, lose nothing without a code, and deliver each broadcast once at most', async () => {
    const random = new Random(seed);
    const redis = await RedisServer.start();
    const cluster = new IdentityCluster(redis, Buffer.from(random.bytes(32)).toString('hex'), join(folder, `${seed}.journal`));
    const addresses = await Promise.all(Array.from({ length: PROCESSES }, () => cluster.start()));
    const nodes: Node[] = [];
    const [asked, asking, told] = [new Ledger(), new Ledger(), new Set<string>()];
    const handledByPeers: string[] = [];
    const heardByPeers: string[] = [];
    let id = '';
    let count = 0;
    const word = (kind: string): string => `${kind}-${seed}-${++count}`;

    const ask = (node: Node, kind: string, deadlineMs = DEADLINE_MS): Promise<unknown> => {
      const payload = word(kind);
      const asks = node.request(id, Buffer.from(payload), { deadlineMs }).then((answer) => Buffer.from(answer).toString());
      asked.add(payload, asks);
      return asks.catch(() => {});
    };
    const stream = async (node: Node): Promise<void> => {
      for (let i = 0; i < STREAM; i++) if ((await ask(node, 's')) === undefined) return;
    };
    const streams: Promise<void>[] = [];
    const bustle = (): void => {
      streams.push(stream(random.pick(nodes)));
      for (const node of nodes) {
        for (let i = random.between(1, 4); i > 0; i--) void ask(node, 'q');
        if (random.chance(0.5)) {
          const payload = word('n');
          told.add(payload);
          node.broadcast('news', Buffer.from(payload)).catch(() => {});
        }
      }
      for (const index of cluster.alive) {
        const payload = word('r');
        asking.add(payload, cluster.ask(index, { do: 'request', peer: random.pick(nodes).id, payload, deadlineMs: DEADLINE_MS }));
        if (random.chance(0.3)) cluster.ask(index, { do: 'broadcast', payload: word('b') }).catch(() => {});
      }
    };
    const until = async (holds: () => Promise<boolean>): Promise<void> => {
      while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
    };
    const allUp = async (): Promise<void> => {
      for (const index of cluster.alive) await until(async () => (await cluster.ask(index, { do: 'up' })) === true);
    };

    /** From the moment the ban is stored nobody lets it in, and nothing that it asks is handled. */
    const ban = async (node: Node): Promise<void> => {
      await cluster.ask(random.pick(cluster.alive), { do: 'ban', subject: node.id });
      const banned = Array.from({ length: 3 }, () => ask(node, 'banned', 700));
      for (const address of addresses) {
        const outcome = await node.connect(address).then(
          () => 'let in',
          (error: HandfastError) => error.code,
        );
        expect(outcome, `${node.id} at ${address}`).toMatch(/^HF_/);
      }
      for (const index of cluster.alive) {
        await until(async () => ((await cluster.ask(index, { do: 'bans' })) as string[]).includes(node.id));
      }
      // What still waits for a session may be handled once it is let in again.
      await Promise.all(banned);
      await cluster.ask(random.pick(cluster.alive), { do: 'unban', subject: node.id });
    };

    try {
      const identities = Array.from({ length: PEERS }, () => Identity.generate({ core }));
      for (const identity of identities) {
        // Each dials one of the processes; where that is gone, the others are not known to it.
        const node = await createNode({ identity, network: 'cluster', core, peers: [random.pick(addresses)] });
        nodes.push(node);
        node.handle('', ({ bytes }) => {
          handledByPeers.push(Buffer.from(bytes).toString());
          return bytes;
        });
        const news = node.subscribe('news');
        void (async () => {
          for await (const { bytes } of news) heardByPeers.push(`${node.id} ${Buffer.from(bytes).toString()}`);
        })();
      }
      await until(async () => nodes.every((node) => node.peers().length > 0));
      id = nodes[0].peers()[0].id;

      const restartAt = random.between(3, STEPS - 3);
      for (let step = 0; step < STEPS; step++) {
        bustle();
        if (step === restartAt) {
          await redis.kill();
          bustle();
          if (random.chance(0.5)) await cluster.kill(random.pick(cluster.alive));
          await redis.again();
          await allUp();
        } else if (random.chance(0.35) && cluster.alive.length > 1) await cluster.kill(random.pick(cluster.alive));
        else if (random.chance(0.5)) await ban(random.pick(nodes));
        for (let index = 0; index < PROCESSES; index++) {
          if (!cluster.alive.includes(index) && random.chance(0.6)) await cluster.again(index);
        }
        // So that the next step does not begin before this one has done anything.
        const from = random.pick(nodes);
        await from.request(id, Buffer.from(word('q')), { deadlineMs: 500 }).catch(() => {});
      }
      bustle();
      await Promise.all(streams);
      await Promise.all([asked.settle(), asking.settle()]);

      const { journal } = cluster;
      const handled = journal.filter(([what]) => what === 'handled').map(([, payload]) => payload);
      const heard = journal.filter(([what]) => what === 'heard').map(([, payload]) => payload);
      const outcomes = [...asked.outcomes, ...asking.outcomes];
      const answered = outcomes.filter(([, outcome]) => outcome === 'answered').length;
      console.log(
        `seed ${seed}: ${outcomes.length} requests, ${answered} answered, ${handled.length} handled here; ${told.size} broadcasts, ${heard.length} heard`,
      );
      expect(twice(handled)).toEqual([]);
      expect(twice(handledByPeers)).toEqual([]);
      expect(twice(heard)).toEqual([]);
      expect(twice(heardByPeers)).toEqual([]);
      expect(handled.filter((payload) => payload.startsWith('banned'))).toEqual([]);
      // A process that was killed takes the requests that its program had made with it.
      expect(outcomes.filter(([, outcome]) => !/^(?:answered|gone|HF_\w+)$/.test(outcome))).toEqual([]);
      expect([...asked.outcomes.values()].filter((outcome) => outcome === 'gone')).toEqual([]);
      // An answer is no proof without work.
      for (const [payload, outcome] of asked.outcomes) if (outcome === 'answered') expect(handled).toContain(payload);
      expect(answered).toBeGreaterThan(outcomes.length / 4);
      expect(heard.length).toBeGreaterThan(0);
    } finally {
      await Promise.all(nodes.map((node) => node.close({ drainMs: 500 })));
      await cluster.stop();
    }
  }, 120_000);
});

function twice(list: readonly string[]): string[] {
  return list.filter((item, i) => list.indexOf(item) !== i);
}
