import { describe, expect, it } from 'vitest';
import { Cluster, type SlotOptions, Slots } from '../../../src/protocols/xrpl/index.ts';
import type { Seat } from '../../../src/protocols/xrpl/slots.ts';
import { pure } from '../../support/cores.ts';
import { ALICE_SECRET, BOB_SECRET, identityOf } from '../../support/xrpl.ts';

const at = (address: string, port: number) => ({ remote: { address, port } });

function enter(slots: Slots, direction: 'inbound' | 'outbound', address: string, port: number): Seat {
  const seat = slots.enter(direction, at(address, port));
  if (typeof seat === 'string') throw new Error(seat);
  return seat;
}

describe('how many', () => {
  const rows: [options: SlotOptions, outbound: number, inbound: number, perAddress: number][] = [
    [{}, 10, 11, 2],
    [{ peers: 5 }, 10, 0, 1],
    [{ peers: 100 }, 15, 85, 6],
    [{ peers: 70 }, 11, 59, 4],
    [{ peers: 1000 }, 150, 850, 7],
    [{ inbound: 21, outbound: 3 }, 3, 21, 2],
    [{ inbound: 42 }, 10, 42, 4],
    [{ inbound: 3 }, 10, 3, 1],
    [{ private: true, inbound: 9 }, 10, 0, 1],
    [{ perAddress: 9 }, 10, 11, 9],
  ];
  it.each(rows)('%j', (options, outbound, inbound, perAddress) => {
    expect(new Slots(options)).toMatchObject({ outbound, inbound, perAddress });
  });

  it.each([{ peers: -1 }, { inbound: 1.5 }, { outbound: Number.NaN }, { perAddress: '2' as never }])('%j is refused', (options) => {
    expect(() => new Slots(options)).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
  });
});

describe('from where', () => {
  it('so many from one public address, however it is written, and any number from private ones', () => {
    const slots = new Slots();
    const seats = [enter(slots, 'inbound', '8.8.4.4', 1), enter(slots, 'inbound', '::ffff:8.8.4.4', 2)];
    expect(slots.enter('inbound', at('8.8.4.4', 3))).toBe('per-address');
    enter(slots, 'inbound', '8.8.8.8', 3);
    // Ours to them are not counted.
    enter(slots, 'outbound', '8.8.4.4', 51_235);
    seats[0].leave();
    enter(slots, 'inbound', '8.8.4.4', 4);
    expect(slots.enter('inbound', at('8.8.4.4', 5))).toBe('per-address');
    for (let port = 1; port < 30; port++) enter(slots, 'inbound', '10.0.0.1', port);
  });

  it('no endpoint twice', () => {
    const slots = new Slots();
    const seat = enter(slots, 'inbound', '10.0.0.1', 7);
    expect(slots.enter('outbound', at('10.0.0.1', 7))).toBe('same-endpoint');
    seat.leave();
    enter(slots, 'outbound', '10.0.0.1', 7);
  });

  it('not from ourselves', () => {
    const slots = new Slots();
    enter(slots, 'inbound', '10.0.0.1', 4000);
    expect(slots.enter('outbound', { ...at('10.0.0.1', 51_235), local: { address: '10.0.0.1', port: 4000 } })).toBe('own-address');
  });

  it('connections without an address are not counted', () => {
    const slots = new Slots();
    for (let i = 0; i < 100; i++) expect(typeof slots.enter('inbound', {})).toBe('object');
  });
});

describe('who', () => {
  it('each key once, whichever direction', () => {
    const slots = new Slots();
    const first = enter(slots, 'inbound', '10.0.0.1', 1);
    expect(first.take('nA', false)).toBeUndefined();
    const second = enter(slots, 'outbound', '10.0.0.2', 1);
    expect(second.take('nA', true)).toBe('duplicate');
    second.leave();
    expect(slots.active).toEqual({ inbound: 1, outbound: 0 });
    first.leave();
    first.leave();
    expect(slots.active).toEqual({ inbound: 0, outbound: 0 });
    expect(enter(slots, 'outbound', '10.0.0.2', 1).take('nA', false)).toBeUndefined();
  });

  it('as many as there are slots of a direction; fixed and reserved ones on top', () => {
    const slots = new Slots({ inbound: 1, outbound: 1, fixed: ['10.9.9.9:51235'] });
    expect(enter(slots, 'inbound', '10.0.0.1', 1).take('nA', false)).toBeUndefined();
    const late = enter(slots, 'inbound', '10.0.0.1', 2);
    expect(late.take('nB', false)).toBe('full');
    expect(late.take('nB', true)).toBeUndefined();
    expect(enter(slots, 'inbound', '10.9.9.9', 4000).take('nC', false)).toBeUndefined();
    expect(slots.active).toEqual({ inbound: 1, outbound: 0 });
    expect(enter(slots, 'outbound', '10.0.0.3', 1).take('nD', false)).toBeUndefined();
    expect(enter(slots, 'outbound', '10.0.0.3', 2).take('nE', false)).toBe('full');
    expect(enter(slots, 'outbound', '10.9.9.9', 51_235).take('nF', false)).toBeUndefined();
    late.leave();
    late.leave();
    expect(slots.active).toEqual({ inbound: 1, outbound: 1 });
  });
});

describe('a cluster', () => {
  const [alice, bob] = [ALICE_SECRET, BOB_SECRET].map((secret) => identityOf(secret).id);
  it('is read from lines of a configuration file', () => {
    const cluster = new Cluster([`  ${alice}   Alice of  the hill `, '', bob], { core: pure });
    expect(cluster.size).toBe(2);
    expect(cluster.nameOf(alice)).toBe('Alice of  the hill');
    expect(cluster.nameOf(bob)).toBe('');
    expect(cluster.nameOf('n')).toBeUndefined();
    expect([...cluster.ids()]).toEqual([alice, bob]);
    expect(cluster.remove(bob)).toBe(true);
    expect(cluster.has(bob)).toBe(false);
  });

  it('has no members that are no node keys', () => {
    expect(() => new Cluster([`${alice}x`], { core: pure })).toThrow(expect.objectContaining({ code: 'HF_BAD_KEY' }));
  });
});
