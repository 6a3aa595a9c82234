/** Nodes on real sockets, with the real clock. */
import { afterEach, describe, expect, it } from 'vitest';
import { Identity } from '../../src/core/identity.ts';
import { core as pure } from '../../src/core/pure.ts';
import { createNode, type Node } from '../../src/node/node.ts';
import type { NodeOptions } from '../../src/node/options.ts';
import { native } from '../support/cores.ts';

const core = native ?? pure;
const nodes: Node[] = [];
const identities: Identity[] = [];

async function node(options: Partial<NodeOptions> = {}): Promise<Node> {
  const identity = options.identity ?? Identity.generate({ core });
  identities.push(identity);
  const made = await createNode({ identity, network: 'demo', core, listen: { host: '127.0.0.1', port: 0 }, ...options });
  nodes.push(made);
  return made;
}

const told = <T>(made: Node, name: 'peer' | 'peerGone' | 'listening' | 'dialFailed'): Promise<T> =>
  new Promise((resolve) => made.once(name, (...values: unknown[]) => resolve(values[0] as T)));

afterEach(async () => {
  await Promise.all(nodes.splice(0).map((made) => made.close()));
  for (const identity of identities.splice(0)) identity.wipe();
  expect(core.guarded.live).toBe(0);
  expect(core.slabs.leased).toBe(0);
});

describe('nodes over TCP', () => {
  it('a request, a broadcast, and the end', async () => {
    const b = await node();
    expect(b.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(await told(b, 'listening')).toBe(b.address);
    const a = await node({ listen: undefined });
    expect(a.address).toBeUndefined();
    b.handle('echo', (message) => message.bytes);
    const news = b.subscribe('news');
    await a.connect(b.address!, { peer: b.id });
    const large = new Uint8Array(1_000_000).fill(7);
    const answers = await Promise.all([a.request(b.id, large, { topic: 'echo' }), a.request(b.id, Buffer.from('x'), { topic: 'echo' })]);
    expect(answers.map(({ length }) => length)).toEqual([1_000_000, 1]);
    await a.broadcast('news', Buffer.from('hello'));
    for await (const message of news) {
      expect([message.origin, Buffer.from(message.bytes).toString()]).toEqual([a.id, 'hello']);
      break;
    }
    const gone = told(a, 'peerGone');
    await b.close();
    expect(await gone).toMatchObject({ id: b.id });
  });

  it('a peer that is given is dialled until it is there, and again when it comes back under its address', async () => {
    const identity = Identity.generate({ core });
    const first = await node({ identity });
    const address = first.address!;
    const port = Number(address.split(':')[1]);
    await first.close();
    const a = await node({ listen: undefined, peers: [{ address, peer: first.id }] });
    expect(await told(a, 'dialFailed')).toMatchObject({ code: 'HF_CONNECT_FAILED' });
    const asked = a.request(first.id, Buffer.from('x'), { deadlineMs: 60_000 });
    const second = await node({ identity, listen: { host: '127.0.0.1', port } });
    second.handle('', () => Buffer.from('back'));
    expect(Buffer.from(await asked).toString()).toBe('back');
  });

  it('a port that is taken is HF_LISTEN_FAILED, and nothing is left behind', async () => {
    const b = await node();
    const port = Number(b.address!.split(':')[1]);
    await expect(node({ listen: { host: '127.0.0.1', port } })).rejects.toMatchObject({ code: 'HF_LISTEN_FAILED', blame: 'caller' });
  });

  it('an address where nobody listens, and one that is none', async () => {
    const b = await node();
    const address = b.address!;
    await b.close();
    const a = await node({ listen: undefined });
    await expect(a.connect(address)).rejects.toMatchObject({ code: 'HF_CONNECT_FAILED' });
    await expect(a.connect('localhost')).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
  });

  it('await using closes it', async () => {
    let closed = false;
    {
      await using made = await node();
      made.once('close', () => {
        closed = true;
      });
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toBe(true);
  });
});
