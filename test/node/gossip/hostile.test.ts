/** Peers that were let in and mean harm to broadcasts, from the record they send to what subscribers of whole nodes get; the parts have tests of their own. */
import { afterEach, beforeEach, expect, it, type MockInstance, vi } from 'vitest';
import { Gossip } from '../../../src/node/gossip/gossip.ts';
import type { Node } from '../../../src/node/node.ts';
import type { Subscription } from '../../../src/node/subscription.ts';
import { Kind } from '../../../src/protocols/handfast/format.ts';
import type { Session } from '../../../src/transport/session.ts';
import { peerIdOf } from '../../../src/wire/peer-id.ts';
import { cores } from '../../support/cores.ts';
import { broadcastBody, NETWORK, seedOf, unsignedBody } from '../../support/gossip.ts';
import { NodeStory } from '../../support/network.ts';
import { cat, hash, publicOf, text } from '../../support/reference.ts';

const core = cores.at(-1)!;
let story: NodeStory;
let opened: MockInstance<Gossip['opened']>;
let a: Node;
let b: Node;
let c: Node;
let news: Map<Node, Subscription>;
const sessions: Session[] = [];

/** a - b - c, and whoever means harm has a session with b, in the middle. */
beforeEach(async () => {
  story = new NodeStory(core);
  opened = vi.spyOn(Gossip.prototype, 'opened');
  b = await story.node('b');
  a = await story.node('a', { peers: ['b:1'] });
  c = await story.node('c', { peers: ['b:1'] });
  news = new Map([a, b, c].map((node) => [node, node.subscribe('news', { most: 100_000, mostBytes: 2 ** 30 })]));
  await story.settle();
  story.taken();
  expect(NETWORK).toBe('demo');
});

afterEach(async () => {
  vi.restoreAllMocks();
  for (const session of sessions.splice(0)) session.destroy();
  expect(await story.finish()).toEqual({ timers: 0, secrets: 0, slabs: 0 });
});

/** A session of somebody who sends what it likes; `iwant` is told of what it is asked for. */
async function hostile(
  name = 'hostile',
  iwant: (ids: Uint8Array) => void = () => {},
): Promise<(kind: number, ...body: Uint8Array[]) => void> {
  const session = await story.session(name, 'b', { node: true, bootId: new Uint8Array(16).fill(1) });
  sessions.push(session);
  void (async () => {
    try {
      for await (const { bytes } of session) if (bytes[0] === Kind.iwant) iwant(bytes.slice(1));
    } catch {
      // It was turned out.
    }
  })();
  return (kind, ...body) => void session.send(cat([kind], ...body)).catch(() => {});
}

/** What each subscriber has got: payloads, in order. */
async function delivered(): Promise<string[][]> {
  await story.pass(3_000, 250);
  return Promise.all(
    [...news.values()].map(async (subscription) => {
      const got: string[] = [];
      for (let left = subscription.waiting.count; left > 0; left--)
        got.push(Buffer.from((await subscription.next()).value!.bytes).toString());
      expect(subscription.dropped).toBe(0);
      return got;
    }),
  );
}

/** Who was ended, warned of, banned. */
const told = () => story.taken().filter((line) => /warn|ban|peerGone/.test(line));
const use = () => (opened.mock.contexts as Gossip[]).map((gossip) => gossip.use);
const now = () => story.clock.now();
const say = (node: Node, what: string) => node.broadcast('news', Buffer.from(what));
const twice = (got: string[]) => got.filter((what, i) => got.indexOf(what) !== i);

it('a flood of new envelopes, each good: at most its budget gets through, each once, and others are heard', async () => {
  const send = await hostile();
  const seeds = Array.from({ length: 4 }, (_, i) => seedOf(`invented ${i}`));
  for (let i = 0; i < 600; i++) {
    const said = { seed: seeds[i % 4], sequence: BigInt(i), timestamp: now(), payload: `flood ${i}` };
    send(Kind.broadcast, broadcastBody(said).body);
  }
  await Promise.all([say(a, 'of a'), say(c, 'of c')]);
  const got = await delivered();
  expect(got.map(twice)).toEqual([[], [], []]);
  expect(got.map((of) => of.filter((what) => what.startsWith('of ')).sort())).toEqual([['of c'], ['of a', 'of c'], ['of a']]);
  expect(got.map((of) => of.length)).toEqual([601, 602, 601]);
  expect(told()).toEqual([]);
});

it('loops: what was heard comes back again and again, with other hops, from other sessions, and later', async () => {
  const bodies = Array.from(
    { length: 20 },
    (_, i) => broadcastBody({ seed: seedOf('origin'), sequence: BigInt(i), timestamp: now(), payload: `${i}` }).body,
  );
  const sends = [await hostile('one'), await hostile('another'), await hostile('third')];
  for (let round = 0; round < 12; round++) {
    for (const send of sends) for (const body of bodies) send(Kind.broadcast, cat([(220 + 20 * round) % 256], body.subarray(1)));
    await story.pass(round < 6 ? 100 : 20_000, 10_000);
  }
  const got = await delivered();
  for (const of of got) expect(of.sort()).toEqual(bodies.map((_, i) => `${i}`).sort());
  expect(told()).toEqual([]);
});

it('forged origins: nothing is delivered, whoever forges is charged and turned out, the origin is not', async () => {
  const send = await hostile();
  for (let i = 0; i < 20; i++) send(Kind.broadcast, unsignedBody(story.identity(i % 2 ? 'a' : 'c').publicKey, i, now()));
  const true_ = await say(a, 'true');
  expect(true_.length).toBe(32);
  expect(await delivered()).toEqual([[], ['true'], ['true']]);
  const lines = told();
  expect(lines).toContain('b ban hostile');
  expect(lines.filter((line) => !/hostile/.test(line))).toEqual([]);
  expect(b.bans().map(({ subject }) => subject)).toEqual([story.id('hostile')]);
  // What it made up lies about a and c, who still speak and are heard.
  await say(c, 'still heard');
  expect(await delivered()).toEqual([['still heard'], ['still heard'], []]);
});

it('a spoilt copy sent first keeps no true one out', async () => {
  const send = await hostile();
  const { body } = broadcastBody({ seed: seedOf('origin'), timestamp: now(), payload: 'true' });
  const spoilt = Uint8Array.from(body);
  spoilt[body.length - 1] ^= 1;
  send(Kind.broadcast, spoilt);
  const friend = await hostile('friend');
  friend(Kind.broadcast, body);
  expect(await delivered()).toEqual([['true'], ['true'], ['true']]);
  expect(told().filter((line) => line.includes('friend'))).toEqual([]);
});

it("other networks' envelopes, old ones, ones of tomorrow, and of an origin that is banned: dropped", async () => {
  const send = await hostile();
  const seed = seedOf('origin');
  const other = broadcastBody({ seed, network: 'another', timestamp: now(), payload: 'other network' });
  send(Kind.broadcast, other.body);
  for (const timestamp of [now() - 120_001, now() - 10 ** 12, now() + 30_001, 0])
    send(Kind.broadcast, broadcastBody({ seed, timestamp, payload: 'old' }).body);
  await story.settle();
  b.ban(peerIdOf(publicOf(seedOf('outlaw'))));
  send(Kind.broadcast, broadcastBody({ seed: seedOf('outlaw'), timestamp: now(), payload: 'outlaw' }).body);
  send(Kind.broadcast, broadcastBody({ seed, sequence: 2n, timestamp: now(), payload: 'good' }).body);
  expect(await delivered()).toEqual([['good'], ['good'], ['good']]);
  // In this network the first is a signature that does not match.
  expect(told().filter((line) => /warn|peerGone/.test(line))).toEqual(['b warn hostile HF_INVALID_SIGNATURE']);
});

it('IHAVE of a thousand ids that it does not have, IWANT answered with other bytes: memory stays bounded, the true ones are fetched elsewhere', async () => {
  const { body, id } = broadcastBody({ seed: seedOf('origin'), timestamp: now(), payload: 'wanted' });
  let asked = 0;
  const liar = await hostile('liar', (ids) => {
    asked += ids.length / 32;
    // Good envelopes, but none of those it was asked for.
    liar(
      Kind.broadcast,
      broadcastBody({ seed: seedOf('liar'), sequence: BigInt(asked), timestamp: now(), payload: `instead ${asked}` }).body,
    );
  });
  for (let list = 0; list < 100; list++) {
    liar(
      Kind.ihave,
      list === 0 ? id : id.slice(0, 0),
      ...Array.from({ length: list === 0 ? 999 : 1000 }, (_, i) => hash(text(`nothing ${list} ${i}`)).slice(0, 32)),
    );
    if (list % 10 === 9) await story.settle();
  }
  expect(Math.max(...use().map(({ wanted }) => wanted))).toBeLessThanOrEqual(4_096);
  const friend = await hostile('friend', (ids) => {
    if (Buffer.from(ids).includes(Buffer.from(id))) friend(Kind.broadcast, body);
  });
  friend(Kind.ihave, id);
  const got = await delivered();
  expect(got.map((of) => of.filter((what) => what === 'wanted'))).toEqual([['wanted'], ['wanted'], ['wanted']]);
  expect(got.map(twice)).toEqual([[], [], []]);
  await story.pass(10_000, 1_000);
  expect(
    use()
      .map(({ wanted }) => wanted)
      .every((wanted) => wanted === 0),
  ).toBe(true);
  expect(told()).toEqual([]);
});

it.each([
  ['a list of 1,001 ids', Kind.ihave, new Uint8Array(32 * 1001)],
  ['a list of none', Kind.iwant, new Uint8Array(0)],
  ['half an id', Kind.ihave, new Uint8Array(48)],
  ['an envelope cut short', Kind.broadcast, new Uint8Array(100)],
])('%s is misshapen: the session ends, its id is charged', async (_what, kind, body) => {
  const send = await hostile();
  send(kind, body);
  await story.settle();
  expect(told()).toEqual(['b peerGone hostile HF_MALFORMED']);
  await say(a, 'still');
  expect(await delivered()).toEqual([[], ['still'], ['still']]);
});

it('large envelopes of many origins, to nodes of which one reads nothing: what is stored and waits stays within its limits', async () => {
  const deaf = await story.session('deaf', 'b', { node: true, bootId: new Uint8Array(16) });
  sessions.push(deaf);
  const send = await hostile();
  const payload = Buffer.alloc(60_000, 1);
  for (let i = 0; i < 120; i++) {
    send(Kind.broadcast, broadcastBody({ seed: seedOf(i % 10), sequence: BigInt(i), timestamp: now(), payload }).body);
    if (i % 20 === 19) await story.settle();
    for (const { storedBytes, waitingBytes } of use()) {
      expect(storedBytes).toBeLessThanOrEqual(16 * 2 ** 20 + 70_000);
      expect(waitingBytes).toBeLessThanOrEqual(16 * 2 ** 20);
    }
  }
  await say(c, 'small');
  const got = await delivered();
  expect(got[0]).toContain('small');
  expect(got.map((of) => of.length)).toEqual([121, 121, 120]);
});
