/** One node of several processes, as whoever runs it and its peers see it. */
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedisServer, redisServer } from '../support/redis.ts';
import { handfast, Listening, newIdentity } from './run.ts';

type Who = { path: string; id: string };
type Event = Record<string, unknown>;

let many: Who;
let peer: Who;
let other: Who;

beforeAll(async () => {
  [many, peer, other] = await Promise.all(['many', 'peer', 'other'].map(newIdentity));
});

/** The next event of a kind. */
async function eventOf(node: Listening, kind: string): Promise<Event> {
  for (;;) {
    const event = await node.event();
    if (event.event === kind) return event;
  }
}

interface Cluster {
  node: Listening;
  address: string;
  control: string;
  /** Of the page of metrics. */
  metrics: string;
  pids: number[];
}

/** So many processes, all of them ready. */
async function cluster(count: number, ...args: string[]): Promise<Cluster> {
  const node = new Listening(['--identity', many.path, '--network', 'demo', '--processes', String(count), '--metrics', '0', ...args]);
  let metrics = '';
  let listening: Event | undefined;
  const pids: number[] = [];
  while (!listening || pids.length < count) {
    const event = await node.event();
    if (event.event === 'metrics') metrics = String(event.url);
    else if (event.event === 'listening') listening = event;
    else if (event.event === 'process-ready') pids.push(event.pid as number);
  }
  expect(listening).toMatchObject({ id: many.id, network: 'demo', processes: count });
  return { node, address: `127.0.0.1:${listening.port}`, control: String(listening.control), metrics, pids };
}

async function running(who: Who, address: string, ...args: string[]): Promise<{ node: Listening; control: string }> {
  const node = new Listening(['--identity', who.path, '--network', 'demo', '--connect', `${many.id}@${address}`, ...args]);
  const { control } = await eventOf(node, 'listening');
  return { node, control: String(control) };
}

const by = (control: string, ...args: string[]) => handfast([...args, '--control', control]);

async function story(...args: string[]): Promise<void> {
  const all = await cluster(3, '--handle', 'echo', ...args);
  const [first, second] = [await running(peer, all.address, '--subscribe', 'news'), await running(other, all.address)];
  await Promise.all([eventOf(first.node, 'session'), eventOf(second.node, 'session')]);

  // Whichever process is asked, it sees all and reaches all.
  const seen = JSON.parse((await by(all.control, 'peers', '--json')).stdout) as { peers: { id: string }[] };
  expect(seen.peers.map(({ id }) => id).sort()).toEqual([peer.id, other.id].sort());
  const page = await (await fetch(all.metrics)).text();
  expect(page).toContain('handfast_handshakes_total{protocol="handfast",role="responder",result="ok"} 2\n');
  const { status } = JSON.parse((await by(all.control, 'top', '--once', '--json')).stdout) as { status: object };
  expect(status).toMatchObject({ opened: { inbound: 2, outbound: 0 }, bans: 0 });
  for (const text of ['one', 'two', 'three']) {
    expect(await by(all.control, 'request', peer.id, text)).toEqual({ code: 0, stdout: `${text}\n`, stderr: '' });
    expect(await by(second.control, 'request', many.id, text)).toEqual({ code: 0, stdout: `${text}\n`, stderr: '' });
  }
  await by(all.control, 'broadcast', 'news', 'block 7');
  expect(await eventOf(first.node, 'broadcast')).toMatchObject({ origin: many.id, text: 'block 7' });

  expect((await by(all.control, 'ban', other.id, '--reason', 'test')).code).toBe(0);
  expect(await eventOf(second.node, 'closed')).toMatchObject({ peer: many.id, code: 'HF_BANNED' });
  for (let i = 0; i < 3; i++) expect((await by(all.control, 'bans')).stdout).toContain(other.id);

  // A process that dies is started again, and knows who is banned.
  for (const pid of all.pids) process.kill(pid, 'SIGKILL');
  await eventOf(all.node, 'process-gone');
  await eventOf(all.node, 'process-ready');
  await eventOf(first.node, 'closed');
  await eventOf(first.node, 'session');
  expect((await by(all.control, 'bans')).stdout).toContain(other.id);
  expect(await by(first.control, 'request', many.id, 'again')).toMatchObject({ code: 0, stdout: 'again\n' });

  const sockets = () => readdirSync(dirname(all.control)).filter((name) => join(dirname(all.control), name).startsWith(all.control));
  for (const name of sockets()) expect(statSync(join(dirname(all.control), name)).mode & 0o777).toBe(0o600);
  expect(await Promise.all([all.node.stop('SIGTERM'), first.node.stop(), second.node.stop()])).toEqual([0, 0, 0]);
  expect(sockets()).toEqual([]);
}

describe('listen --processes', () => {
  it('is one node by several processes, which the first one keeps in step', () => story(), 180_000);

  describe.skipIf(!redisServer)('with a store in Redis (redis-server)', () => {
    let server: RedisServer;

    beforeAll(async () => {
      server = await RedisServer.start();
    });

    afterAll(() => server?.stop());

    it('is one node by several processes', () => story('--store', server.url), 180_000);
  });

  it('says once what is wrong with its options, and ends', { timeout: 180_000 }, async () => {
    const outcome = await handfast(['listen', '--identity', '/nowhere/node.key', '--network', 'demo', '--processes', '3']);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr.match(/nowhere/g)).toHaveLength(1);
    const bans = await handfast(['listen', '--identity', many.path, '--network', 'demo', '--processes', '3', '--bans', 'bans.json']);
    expect(bans).toMatchObject({ code: 1, stderr: expect.stringContaining('--bans') });
    const unreachable = await handfast([
      'listen',
      '--identity',
      many.path,
      '--network',
      'demo',
      '--processes',
      '3',
      '--store',
      'redis://127.0.0.1:1',
    ]);
    expect(unreachable).toMatchObject({ code: 1, stderr: expect.stringContaining('HF_STORE_UNAVAILABLE') });
    expect(unreachable.stderr.match(/\(HF_STORE_UNAVAILABLE\)/g)).toHaveLength(1);
  });
});
