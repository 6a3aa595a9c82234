/** Where chunks lie while they are opened: copied, or come to a slab by themselves. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Slab, SlabPool } from '../../src/core/slab.ts';
import type { Received, Traffic } from '../../src/protocols/machine.ts';
import { Inbound } from '../../src/transport/inbound.ts';
import { Random, seedOfRun } from '../support/random.ts';
import { type ToyCore, toyCore } from '../support/toy.ts';

const LARGE = 64 * 1024;
const ROOM = 512 * 1024;

/** `u32 length || payload`, opened where it lies. */
function framed(): Traffic {
  const received = { places: new Uint32Array(2 * 4096), count: 0, next: 0, wanted: 0, again: false, outputs: [] };
  const open = ({ bytes }: Slab, start: number, end: number): Received => {
    const view = new DataView(bytes.buffer);
    Object.assign(received, { count: 0, next: start });
    while (end - received.next >= 4) {
      const length = view.getUint32(received.next);
      if (end - received.next < 4 + length) break;
      received.places.set([received.next + 4, length], 2 * received.count++);
      received.next += 4 + length;
    }
    return received;
  };
  return { open } as unknown as Traffic;
}

const frame = (payload: Uint8Array): Uint8Array => {
  const whole = new Uint8Array(4 + payload.length);
  new DataView(whole.buffer).setUint32(0, payload.length);
  whole.set(payload, 4);
  return whole;
};
/** A frame that takes so many bytes in all. */
const frameOf = (bytes: number, fill = 1): Uint8Array => frame(new Uint8Array(bytes - 4).fill(fill));

let core: ToyCore;
let inbound: Inbound;
let messages: Uint8Array[];
/** The slab of each call that brought messages. */
let slabs: Slab[];

const received = (slab: Slab, { places, count }: Received): void => {
  if (count > 0) slabs.push(slab);
  for (let i = 0; i < count; i++) messages.push(slab.bytes.slice(places[2 * i], places[2 * i] + places[2 * i + 1]));
};
const take = (chunk: Uint8Array): void => inbound.take(chunk, 0, received);

/** Puts bytes where `room` says, as a carrier does, and tells of them. */
function put(slab: Slab, bytes: Uint8Array): void {
  slab.retain();
  const from = slab.touched;
  slab.bytes.set(bytes, from);
  slab.touched = from + bytes.length;
  take(slab.bytes.subarray(from, from + bytes.length));
  slab.release();
}

beforeEach(() => {
  core = toyCore();
  inbound = new Inbound(core, framed());
  messages = [];
  slabs = [];
});

afterEach(() => {
  inbound.release();
  expect(core.slabs.leased).toBe(0);
});

describe('room for the next chunk', () => {
  it('there is after a large one only, and what comes there is opened where it lies', () => {
    take(frameOf(LARGE - 1));
    expect(inbound.room(true)).toBeUndefined();
    take(frameOf(LARGE));
    const room = inbound.room(true)!;
    expect([room.size, room.touched]).toEqual([ROOM, 0]);
    put(room, frameOf(LARGE, 7));
    expect(slabs.at(-1)).toBe(room);
    expect(Buffer.compare(messages.at(-1)!, new Uint8Array(LARGE - 4).fill(7))).toBe(0);
    expect(inbound.room(true)).not.toBe(room);
  });

  it('the rest of a record that a border cut goes in front of it', () => {
    const record = frameOf(300, 5);
    take(Buffer.concat([frameOf(LARGE), record.subarray(0, 200)]));
    const room = inbound.room(true)!;
    // What is behind a short rest is the same view of the slab each time, whatever the rest.
    expect([room.touched, room.size, room.back(room.touched) === room.back(4096)]).toEqual([4096, ROOM, true]);
    put(room, Buffer.concat([record.subarray(200), frameOf(LARGE)]));
    expect(messages.map(({ length }) => length)).toEqual([LARGE - 4, 296, LARGE - 4]);
    expect(messages[1]).toEqual(new Uint8Array(296).fill(5));
  });

  it('a long record goes on where it is, and is copied only when its slab is full', () => {
    const record = frameOf(4 * 1024 * 1024, 3);
    take(record.subarray(0, LARGE));
    const rooms = new Set<Slab>();
    for (let at = LARGE; at < record.length; at += LARGE) {
      const room = inbound.room(true)!;
      rooms.add(room);
      put(room, record.subarray(at, at + LARGE));
    }
    expect([messages.length, Buffer.compare(messages[0], record.subarray(4))]).toEqual([1, 0]);
    // Of 1, 2, 4 and 8 MiB, the last for what may follow.
    expect(rooms.size).toBeLessThanOrEqual(5);
  });

  it('little that comes there is moved to a small slab, so that it does not hold a large one', () => {
    take(frameOf(LARGE));
    const room = inbound.room(true)!;
    put(room, frameOf(100, 9));
    expect(slabs.at(-1)!.size).toBe(4096);
    expect(messages.at(-1)).toEqual(new Uint8Array(96).fill(9));
    expect(room.released).toBe(true);
  });

  it('there is none while nothing is expected, and a few bytes do not hold a large slab then', () => {
    take(frameOf(LARGE));
    const room = inbound.room(true)!;
    put(room, Buffer.concat([frameOf(LARGE), Uint8Array.of(0, 0)]));
    expect(inbound.heldBytes).toBe(ROOM);
    expect(inbound.room(false)).toBeUndefined();
    expect(inbound.heldBytes).toBe(4096);
    inbound.hold();
    expect(inbound.room(true)).toBeUndefined();
  });

  it('what comes from elsewhere all the same is copied behind what there is', () => {
    const record = frameOf(300, 5);
    take(Buffer.concat([frameOf(LARGE), record.subarray(0, 200)]));
    expect(inbound.room(true)).toBeDefined();
    take(record.subarray(200));
    expect(messages.at(-1)).toEqual(new Uint8Array(296).fill(5));
    take(frameOf(LARGE));
    const room = inbound.room(true)!;
    room.bytes.set(frameOf(LARGE, 6), 10);
    take(room.bytes.subarray(10, 10 + LARGE));
    expect(Buffer.compare(messages.at(-1)!, new Uint8Array(LARGE - 4).fill(6))).toBe(0);
  });

  it('there is none after the end', () => {
    take(frameOf(LARGE));
    inbound.release();
    expect(inbound.room(true)).toBeUndefined();
  });
});

it('wherever chunks are cut, and wherever they come, the messages are the same', () => {
  const seed = seedOfRun();
  const random = new Random(seed, 'inbound');
  const sent = Array.from({ length: 2000 }, (_, i) => new Uint8Array(random.below(random.below(4) === 0 ? 40_000 : 600)).fill(i));
  const stream = Buffer.concat(sent.map(frame));
  for (let at = 0; at < stream.length; ) {
    const room = random.below(8) === 0 ? undefined : inbound.room(random.below(8) > 0);
    const most = room ? room.size - room.touched : 64 * 1024;
    const chunk = stream.subarray(at, at + (random.below(3) === 0 ? 1 + random.below(most) : most));
    if (room && random.below(8) > 0) put(room, chunk);
    else take(chunk);
    at += chunk.length;
  }
  expect(messages.length, `seed ${seed}`).toBe(sent.length);
  for (const [i, message] of messages.entries()) if (Buffer.compare(message, sent[i]) !== 0) expect.fail(`seed ${seed}: message ${i}`);
});

it('the pool has every slab back, wiped, once its holders are gone', () => {
  const pool = new SlabPool({ register: () => 1, unregister() {} });
  inbound = new Inbound({ ...core, slab: (size?: number) => pool.lease(size) } as ToyCore, framed());
  take(frameOf(LARGE));
  const room = inbound.room(true)!;
  room.retain();
  const { bytes } = room;
  bytes.fill(8, 0, 1000);
  room.touched = 1000;
  inbound.release();
  expect([pool.leased, bytes[999]]).toEqual([1, 8]);
  room.release();
  expect([pool.leased, bytes[0], bytes[999]]).toEqual([0, 0, 0]);
});
