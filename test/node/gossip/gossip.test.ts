/** One node's gossip, with the other sides played by the test: what is delivered, passed on, asked for, charged. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Core, SignedItem } from '../../../src/core/core.ts';
import { Identity } from '../../../src/core/identity.ts';
import { Kind } from '../../../src/protocols/handfast/format.ts';
import { toHex } from '../../support/bytes.ts';
import { cores } from '../../support/cores.ts';
import { broadcastBody, GossipNet, type Said, seedOf, stranger, type TestLink, type TestNode } from '../../support/gossip.ts';
import { cat, hash, text } from '../../support/reference.ts';

const ids = (count: number, what: string) => cat(...Array.from({ length: count }, (_, i) => hash(text(`${what} ${i}`)).slice(0, 32)));
const ALICE = seedOf('alice');

describe.each(cores.map((core) => [core.name, core] as const))('gossip of one node, %s core', (_name, core) => {
  let net: GossipNet;
  let node: TestNode;
  let link: TestLink;
  let other: TestLink;
  const said = (more: Partial<Said> = {}) => broadcastBody({ seed: ALICE, timestamp: net.clock.now(), ...more });
  const spoilt = (body: Uint8Array) => Object.assign(body.slice(), { [body.length - 40]: body[body.length - 40] ^ 1 });
  const hear = async (from: TestLink, body: Uint8Array) => {
    node.hear(from, Kind.broadcast, body);
    await net.settle();
  };

  beforeEach(() => {
    net = new GossipNet(core);
    node = net.add();
    link = node.link();
    other = node.link();
  });
  afterEach(() => net.close());

  it('delivers what verifies, once, with what its origin said', async () => {
    const { body, id } = said({ topic: 'météo', payload: 'rain' });
    await hear(link, body);
    await hear(link, body);
    await hear(other, body);
    expect(node.messages).toHaveLength(1);
    const [message] = node.messages;
    expect(message).toMatchObject({ origin: Identity.fromSeed(ALICE, { core }).id, topic: 'météo', timestamp: net.clock.now() });
    expect([toHex(message.id), Buffer.from(message.bytes).toString()]).toEqual([toHex(id), 'rain']);
    expect(node.charges).toEqual([]);
  });

  it('gives payloads and ids that may be changed without touching what is passed on', async () => {
    await hear(link, said().body);
    const record = other.shared[0].slice();
    node.messages[0].bytes.fill(0);
    node.messages[0].id.fill(0);
    expect(other.shared[0]).toEqual(record);
  });

  it('passes on the same bytes with one hop less, to those who have not sent it', async () => {
    const { body } = said({ hops: 5 });
    await hear(link, body);
    expect(link.sent).toEqual([]);
    expect(other.sent).toEqual([cat([Kind.broadcast, 4], body.slice(1))]);
  });

  it.each([
    [16, 15],
    [17, 15],
    [255, 15],
    [1, 0],
  ])('counts %i hops down to %i', async (hops, left) => {
    await hear(link, said({ hops }).body);
    expect(other.bodies(Kind.broadcast)[0][0]).toBe(left);
  });

  it('does not push what has no hops left, but delivers it, tells of it and answers for it', async () => {
    const { body, id } = said({ hops: 0 });
    await hear(link, body);
    expect(node.messages).toHaveLength(1);
    expect(other.sent).toEqual([]);
    await net.advance(1000);
    expect(other.sent).toEqual([cat([Kind.ihave], id)]);
    node.hear(other, Kind.iwant, id);
    expect(other.bodies(Kind.broadcast)).toEqual([body]);
    expect(link.sent).toEqual([]);
  });

  it('shares one record among all sessions', async () => {
    const third = node.link();
    await node.gossip.publish('news', text('mine'));
    expect(link.shared[0]).toBe(third.shared[0]);
    expect([...link.shared[0].slice(0, 2)]).toEqual([Kind.broadcast, 16]);
  });

  it('signs and hashes a message once, however many sessions it goes to, and copies none of its bytes for them', async () => {
    const counted = countingCore(core);
    const publishing = new GossipNet(counted.core);
    const busy = publishing.add();
    const links = Array.from({ length: 8 }, () => busy.link());
    await busy.gossip.publish('news', text('mine'));
    expect([counted.signed, counted.hashed.length]).toEqual([1, 1]);
    expect(links.map(({ shared }) => shared.length)).toEqual(links.map(() => 1));
    expect(new Set(links.map(({ shared }) => shared[0])).size).toBe(1);
    publishing.close();
  });

  it('hashes an envelope where it came, copies it once, verifies that copy and hands it on as it is', async () => {
    const counted = countingCore(core);
    const relaying = new GossipNet(counted.core);
    const relay = relaying.add();
    const from = relay.link();
    const others = Array.from({ length: 7 }, () => relay.link());
    const slab = new Uint8Array(1000);
    const { body } = said({ timestamp: relaying.clock.now() });
    slab.set(body, 300);
    relay.gossip.received(from, Kind.broadcast, slab.subarray(300, 300 + body.length));
    slab.fill(0xee);
    await relaying.settle();
    const records = others.map(({ shared }) => shared[0]);
    expect(new Set(records).size).toBe(1);
    expect(counted.signed).toBe(0);
    // What lies in front of an envelope in what is hashed is somewhere else: two parts.
    expect(counted.hashed).toHaveLength(1);
    expect((counted.hashed[0] as Uint8Array[])[1].buffer === slab.buffer).toBe(true);
    expect(counted.verified).toHaveLength(1);
    const { message, signature } = counted.verified[0];
    expect([message.buffer === records[0].buffer, signature.buffer === records[0].buffer]).toEqual([true, true]);
    expect(message.byteOffset + message.length).toBe(signature.byteOffset);
    expect(signature.byteOffset + signature.length).toBe(records[0].byteOffset + records[0].length);
    relaying.close();
  });

  it('publishes what another node takes, and never delivers it to itself', async () => {
    const id = await node.gossip.publish('news', text('mine'));
    const peer = net.add();
    const from = peer.link(node.peer);
    peer.hear(from, Kind.broadcast, link.bodies(Kind.broadcast)[0]);
    await net.settle();
    expect(peer.said).toEqual(['mine']);
    expect(toHex(peer.messages[0].id)).toBe(toHex(id));
    await hear(link, link.bodies(Kind.broadcast)[0]);
    expect(node.messages).toEqual([]);
  });

  it.each([
    ['exactly 120 s old', -120_000, true],
    ['a millisecond older', -120_001, false],
    ['exactly 30 s ahead', 30_000, true],
    ['a millisecond further ahead', 30_001, false],
  ])('a message that is %s: %i ms, delivered %s', async (_what, ms, delivered) => {
    await hear(link, said({ timestamp: net.clock.now() + ms }).body);
    expect(node.messages.length).toBe(delivered ? 1 : 0);
    expect(node.charges).toEqual([]);
    expect(link.failure).toBeUndefined();
  });

  it('drops replays after they were forgotten', async () => {
    const { body } = said();
    await hear(link, body);
    await net.advance(119_000, 1000);
    await hear(other, body);
    await net.advance(60_000, 1000);
    expect(node.gossip.use.seen).toBe(0);
    await hear(other, body);
    // The clock is set back to when it was new.
    net.clock.set(-179_000);
    await hear(other, body);
    expect(node.messages).toHaveLength(1);
  });

  it('drops what is of another network, and charges for it as for any signature that does not match', async () => {
    await hear(link, said({ network: 'other' }).body);
    expect(node.messages).toEqual([]);
    expect(node.charges.map(({ link: who, error }) => [who, error.code])).toEqual([[link, 'HF_INVALID_SIGNATURE']]);
    expect(other.sent).toEqual([]);
  });

  it('charges a forger, not the origin it names, and lets the true message in afterwards', async () => {
    const { body } = said();
    await hear(link, spoilt(body));
    expect(node.messages).toEqual([]);
    expect(node.charges.map(({ link: who }) => who)).toEqual([link]);
    await hear(other, body);
    expect(node.said).toEqual(['hello']);
    expect(node.charges).toHaveLength(1);
  });

  it('lets a spoilt copy that came first keep the true one out of no turn', async () => {
    const { body } = said();
    const third = node.link();
    const fourth = node.link();
    node.hear(link, Kind.broadcast, spoilt(body));
    node.hear(other, Kind.broadcast, spoilt(spoilt(spoilt(body))));
    node.hear(third, Kind.broadcast, Object.assign(body.slice(), { [body.length - 1]: 77 }));
    node.hear(fourth, Kind.broadcast, body);
    await net.settle();
    expect(node.said).toEqual(['hello']);
    expect(node.charges.map(({ link: who }) => who)).toEqual([link, other, third]);
    expect(node.gossip.use).toMatchObject({ waiting: 0, waitingBytes: 0 });
  });

  it('does not send a message back to those whose copies came while it waited', async () => {
    const { body } = said();
    const third = node.link();
    node.hear(link, Kind.broadcast, body);
    node.hear(other, Kind.broadcast, body);
    await net.settle();
    expect([link.sent.length, other.sent.length, third.sent.length]).toEqual([0, 0, 1]);
  });

  it('drops the messages of origins that are not allowed, without a charge', async () => {
    node.refused.add(Identity.fromSeed(ALICE, { core }).id);
    await hear(link, said().body);
    expect([node.messages, node.charges, other.sent]).toEqual([[], [], []]);
    node.refused.clear();
    await hear(link, said().body);
    expect(node.messages).toHaveLength(1);
  });

  it.each([
    ['a BROADCAST cut short', Kind.broadcast, (body: Uint8Array) => body.slice(0, -1)],
    ['a BROADCAST of nothing', Kind.broadcast, () => new Uint8Array(0)],
    ['an IHAVE of no id', Kind.ihave, () => new Uint8Array(0)],
    ['an IHAVE of a cut id', Kind.ihave, () => new Uint8Array(33)],
    ['an IHAVE of too many', Kind.ihave, () => new Uint8Array(32 * 1001)],
    ['an IWANT of a cut id', Kind.iwant, () => new Uint8Array(31)],
  ])('ends a session that sends %s', async (_what, kind, change) => {
    node.hear(link, kind, change(said().body));
    expect(link.failure?.code).toBe('HF_MALFORMED');
    expect(other.failure).toBeUndefined();
    await hear(other, said().body);
    expect(node.messages).toHaveLength(1);
  });

  it('ends a session that is none between nodes and gossips all the same', () => {
    for (const kind of [Kind.broadcast, Kind.ihave, Kind.iwant]) {
      const plain = node.link();
      node.gossip.closed(plain);
      plain.node = false;
      node.gossip.opened(plain);
      node.hear(plain, kind, said().body);
      expect(plain.failure?.code).toBe('HF_OUT_OF_TURN');
    }
  });

  it('pushes to all of up to 8 sessions, and of more to always the same 6', async () => {
    const links = [link, other, ...Array.from({ length: 6 }, () => node.link())];
    const source = links[0];
    await hear(source, said().body);
    expect(links.map(({ sent }) => sent.length)).toEqual([0, 1, 1, 1, 1, 1, 1, 1]);
    links.push(node.link(), node.link(), node.link(), node.link());
    const before = links.map(({ sent }) => sent.length);
    for (let i = 0; i < 5; i++) await hear(source, said({ sequence: BigInt(10 + i) }).body);
    const more = links.map(({ sent }, i) => sent.length - before[i]);
    expect(more.filter((count) => count === 5)).toHaveLength(6);
    expect(more.filter((count) => count === 0)).toHaveLength(6);
    expect(more[0]).toBe(0);
    // Its own go to everybody, the rest is told of the others.
    await node.gossip.publish('news', text('mine'));
    expect(links.map(({ sent }, i) => sent.length - before[i])).toEqual(more.map((count) => count + 1));
    await net.advance(1000);
    expect(links.map((one) => one.bodies(Kind.ihave).reduce((sum, body) => sum + body.length / 32, 0)).slice(8)).toEqual(
      more.slice(8).map((count) => (count === 5 ? 1 : 6)),
    );
  });

  it('tells a new session what is still held, once', async () => {
    const { body, id } = said();
    await hear(link, body);
    await net.advance(3000);
    const late = node.link();
    await net.advance(3000);
    expect(late.sent).toEqual([cat([Kind.ihave], id)]);
    await net.advance(10_000);
    expect(late.sent).toHaveLength(1);
    expect(node.gossip.use).toMatchObject({ stored: 0, storedBytes: 0 });
  });

  it('tells nobody of a message who has announced it', async () => {
    const { body, id } = said({ hops: 0 });
    await hear(link, body);
    node.hear(other, Kind.ihave, id);
    await net.advance(3000);
    expect(other.sent).toEqual([]);
  });

  it('tells a session whose queue was full, and again until it could be told', async () => {
    const { body, id } = said();
    other.full = true;
    await hear(link, body);
    await net.advance(3000);
    other.full = false;
    await net.advance(1000);
    expect(other.sent).toEqual([cat([Kind.ihave], id)]);
  });

  it('neither sends nor tells what is larger than a session takes', async () => {
    other.largestBody = 65_000;
    await hear(link, said({ payload: new Uint8Array(66_000) }).body);
    expect(node.messages).toHaveLength(1);
    await net.advance(2000);
    expect(other.sent).toEqual([]);
    node.hear(other, Kind.iwant, node.messages[0].id);
    expect(other.sent).toEqual([]);
  });

  it('asks one announcer for what it has not, the next a second later, two rounds in all', async () => {
    const { body, id } = said();
    const third = node.link();
    for (const from of [link, other, third]) node.hear(from, Kind.ihave, id);
    const asked = () => [link, other, third].map((one) => one.bodies(Kind.iwant).length);
    expect(asked()).toEqual([1, 0, 0]);
    await net.advance(999);
    expect(asked()).toEqual([1, 0, 0]);
    await net.advance(1);
    expect(asked()).toEqual([1, 1, 0]);
    net.cut(third);
    await net.advance(1000);
    expect(asked()).toEqual([2, 1, 0]);
    await net.advance(5000);
    expect(asked()).toEqual([2, 2, 0]);
    expect(node.gossip.use.wanted).toBe(0);
    await hear(link, body);
    expect(node.messages).toHaveLength(1);
  });

  it('sends a wanted message to nobody who announced it, and asks nobody any more', async () => {
    const { body, id } = said();
    const third = node.link();
    for (const from of [link, other]) node.hear(from, Kind.ihave, id);
    await hear(link, body);
    expect([other.bodies(Kind.broadcast).length, third.bodies(Kind.broadcast).length]).toEqual([0, 1]);
    expect(node.gossip.use.wanted).toBe(0);
    await net.advance(5000);
    expect(other.sent).toEqual([]);
  });

  it('goes on wanting a message of which a spoilt copy came', async () => {
    const { body, id } = said();
    for (const from of [link, other]) node.hear(from, Kind.ihave, id);
    await hear(link, spoilt(body));
    await net.advance(1000);
    expect(other.bodies(Kind.iwant)).toEqual([id]);
    await hear(other, body);
    expect(node.said).toEqual(['hello']);
  });

  it('asks for nothing that it has, had, or is about to have', async () => {
    const { body, id } = said();
    node.hear(link, Kind.broadcast, body);
    node.hear(other, Kind.ihave, id);
    await net.settle();
    node.hear(other, Kind.ihave, id);
    expect(other.sent).toEqual([]);
    await net.advance(20_000);
    node.hear(other, Kind.ihave, id);
    expect(other.sent).toEqual([]);
  });

  it('answers an IWANT from its store, twice for one id and session, for 10 s', async () => {
    const { body, id } = said({ hops: 9 });
    await hear(link, body);
    for (let i = 0; i < 5; i++) node.hear(other, Kind.iwant, cat(ids(3, 'nothing'), id, id));
    const answer = cat([Kind.broadcast, 8], body.slice(1));
    expect(other.sent).toEqual([answer, answer, answer]); // the push, and two answers
    node.hear(link, Kind.iwant, id);
    expect(link.sent).toEqual([answer]);
    await net.advance(11_000);
    node.hear(link, Kind.iwant, id);
    expect(link.sent).toHaveLength(1);
  });

  it('takes in no more after it was closed, and leaves no timer behind', async () => {
    node.hear(link, Kind.broadcast, said().body);
    node.hear(link, Kind.ihave, ids(2, 'x'));
    node.gossip.close();
    await net.settle();
    expect(node.messages).toEqual([]);
    expect(net.clock.armed).toBe(0);
    await expect(node.gossip.publish('news', text('x'))).rejects.toMatchObject({ code: 'HF_CLOSED' });
    const before = node.gossip.use;
    node.hear(link, Kind.broadcast, said({ sequence: 2n }).body);
    node.hear(link, Kind.ihave, ids(3, 'y'));
    expect(node.gossip.use).toEqual(before);
    expect(link.bodies(Kind.iwant)).toHaveLength(1);
  });

  it('is quiet when there is nothing to do', async () => {
    expect(net.clock.armed).toBe(0);
    await hear(link, said().body);
    await net.advance(200_000, 1000);
    expect(node.gossip.use).toEqual({ seen: 0, origins: 0, stored: 0, storedBytes: 0, waiting: 0, waitingBytes: 0, wanted: 0 });
    expect(net.clock.armed).toBe(0);
  });

  it('delivers what a session sent right before it ended', async () => {
    node.hear(link, Kind.broadcast, said().body);
    net.cut(link);
    await net.settle();
    expect(node.messages).toHaveLength(1);
  });

  it('delivers the rest of a turn although one message made its taker throw', async () => {
    const times: string[] = [];
    const deliver = ({ topic }: { topic: string }) => {
      times.push(topic);
      if (topic === 'bad') throw new Error('a fault of whoever listens');
    };
    const odd = net.add({}, { deliver });
    const from = odd.link(stranger(9));
    for (const topic of ['a', 'bad', 'c']) odd.hear(from, Kind.broadcast, said({ topic, sequence: BigInt(topic.length) }).body);
    const [run] = net.deferred.splice(0);
    expect(run).toThrow('a fault of whoever listens');
    expect(times).toEqual(['a', 'bad', 'c']);
  });
});

/** A core that says what it was asked for. */
function countingCore(core: Core) {
  const { ed25519, hash } = core;
  const counted = { signed: 0, hashed: [] as Parameters<Core['hash']['blake2b']>[0][], verified: [] as SignedItem[] };
  const sign: typeof ed25519.sign = (message, key) => {
    counted.signed++;
    return ed25519.sign(message, key);
  };
  const verifyMany: typeof ed25519.verifyMany = (items) => {
    counted.verified.push(...items);
    return ed25519.verifyMany(items);
  };
  const blake2b: typeof hash.blake2b = (parts, ...rest) => {
    counted.hashed.push(Array.isArray(parts) ? [...parts] : parts);
    return hash.blake2b(parts, ...rest);
  };
  const counting: Core = { ...core, ed25519: { ...ed25519, sign, verifyMany }, hash: { ...hash, blake2b } };
  return Object.assign(counted, { core: counting });
}
