import { describe, expect, it } from 'vitest';
import type { Direction, NodeLink } from '../../src/node/link.ts';
import { type PeerLimits, PeerTable } from '../../src/node/peers.ts';

/** What the table looks at. */
function link(id: string, sum: number, { direction = 'inbound' as Direction, node = true, binding = 0 } = {}): NodeLink {
  return {
    peer: { id, publicKey: new Uint8Array(32) },
    direction,
    node,
    timestampSum: sum,
    session: { binding: new Uint8Array(32).fill(binding) },
  } as unknown as NodeLink;
}

const table = (limits: Partial<PeerLimits> = {}): PeerTable => new PeerTable({ maxPeers: 64, maxInbound: 64, maxOutbound: 64, ...limits });
const kept = (loser?: NodeLink) => ({ kept: true, loser });
const refused = (code: string) => ({ kept: false, why: expect.objectContaining({ code }) });

describe('two sessions with one node', () => {
  it('the greater sum of timestamps stays, in whichever order they open', () => {
    const [low, high] = [link('a', 10), link('a', 11, { direction: 'outbound' })];
    const first = table();
    expect(first.add(low)).toEqual(kept());
    expect(first.add(high)).toEqual(kept(low));
    expect(first.all()).toEqual([high]);
    const second = table();
    expect(second.add(high)).toEqual(kept());
    expect(second.add(low)).toEqual(refused('HF_DUPLICATE_CONNECTION'));
    expect(second.all()).toEqual([high]);
  });

  it('of equal sums the greater binding stays, compared as bytes', () => {
    const [low, high] = [link('a', 10, { binding: 0x7f }), link('a', 10, { binding: 0x80 })];
    const first = table();
    first.add(low);
    expect(first.add(high)).toEqual(kept(low));
    const second = table();
    second.add(high);
    expect(second.add(low)).toEqual(refused('HF_DUPLICATE_CONNECTION'));
  });

  it('any two choose alike, whoever sees which first', () => {
    for (let i = 0; i < 200; i++) {
      const one = link('a', i % 3, { binding: (i * 7) % 256 });
      const other = link('a', i % 2, { binding: (i * 11 + 1) % 256 });
      const [here, there] = [table(), table()];
      for (const each of [one, other]) here.add(each);
      for (const each of [other, one]) there.add(each);
      expect(here.all()).toEqual(there.all());
    }
  });

  it('plain sessions of one peer stay side by side, the newest is the one that is used', () => {
    const peers = table();
    const [one, other] = [link('a', 1, { node: false }), link('a', 2, { node: false })];
    expect([peers.add(one), peers.add(other)]).toEqual([kept(), kept()]);
    expect(peers.get('a')).toBe(other);
    expect(peers.remove(other)).toBe(true);
    expect(peers.get('a')).toBe(one);
    expect([peers.remove(one), peers.remove(one)]).toEqual([true, false]);
    expect([peers.get('a'), peers.size, peers.of('a')]).toEqual([undefined, 0, []]);
  });
});

describe('room', () => {
  it('is counted for all, and for each direction, with what is reserved', () => {
    const peers = table({ maxPeers: 3, maxInbound: 2, maxOutbound: 2 });
    const back = peers.reserve('a', 'inbound');
    peers.add(link('b', 1));
    expect(peers.reserve('c', 'inbound')).toBeUndefined();
    expect(peers.add(link('c', 1))).toEqual(refused('HF_TOO_MANY_CONNECTIONS'));
    peers.add(link('d', 1, { direction: 'outbound' }));
    expect(peers.reserve('e', 'outbound')).toBeUndefined();
    back!();
    expect(peers.reserve('c', 'inbound')).toBeTypeOf('function');
    expect(peers.reserve('e', 'outbound')).toBeUndefined();
  });

  it('of one id is a quarter, 4 places at least, also for what was reserved before it was known to be too much', () => {
    const peers = table({ maxPeers: 20 });
    const plain = () => link('a', 1, { node: false });
    const early = peers.reserve('a', 'inbound');
    for (let i = 0; i < 5; i++) expect(peers.add(plain())).toEqual(kept());
    expect([peers.reserve('a', 'inbound'), peers.add(plain())]).toEqual([undefined, refused('HF_TOO_MANY_CONNECTIONS')]);
    early?.();
    expect(peers.reserve('b', 'inbound')).toBeDefined();
    const small = table({ maxPeers: 6 });
    expect(Array.from({ length: 5 }, () => small.add(plain()).kept)).toEqual([true, true, true, true, false]);
  });

  it('a second session of a node needs none, and leaves the count as it was', () => {
    const peers = table({ maxPeers: 1 });
    const [old, young] = [link('a', 1), link('a', 2, { direction: 'outbound' })];
    peers.add(old);
    const back = peers.reserve('a', 'outbound');
    expect(peers.add(young)).toEqual(kept(old));
    back!();
    expect(peers.size).toBe(1);
    expect(peers.reserve('b', 'inbound')).toBeUndefined();
    peers.remove(young);
    expect([peers.size, peers.remove(old)]).toEqual([0, false]);
    expect(peers.reserve('b', 'inbound')).toBeTypeOf('function');
  });

  it('a plain session beside that of a node counts once it is open', () => {
    const peers = table({ maxPeers: 1 });
    peers.add(link('a', 1));
    expect(peers.reserve('a', 'inbound')).toBeTypeOf('function');
    expect(peers.add(link('a', 2, { node: false }))).toEqual(refused('HF_TOO_MANY_CONNECTIONS'));
  });
});
