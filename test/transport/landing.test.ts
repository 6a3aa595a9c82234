import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Slab, SlabPool } from '../../src/core/slab.ts';
import { Landing } from '../../src/transport/landing.ts';

let pool: SlabPool;
let landings: Landing[];

beforeEach(() => {
  pool = new SlabPool({ register: () => 1, unregister() {} });
  landings = [];
});

afterEach(() => {
  for (const landing of landings) landing.release();
  expect(pool.leased).toBe(0);
});

/** A socket's reads, by hand: where it reads to, and that so many bytes came. */
function reader(room: () => Slab | undefined): { into(): Uint8Array; came(bytes: number): void; landing: Landing; told: Uint8Array[] } {
  const landing = new Landing();
  landings.push(landing);
  const told: Uint8Array[] = [];
  landing.tell({ data: (bytes) => told.push(bytes), room });
  let into = landing.onread.buffer();
  const came = (bytes: number): void => {
    into.fill(7, 0, bytes);
    expect(landing.onread.callback(bytes)).toBe(true);
    into = landing.onread.buffer();
  };
  return { into: () => into, came, landing, told };
}

const nowhere = (): undefined => undefined;

describe('a dialled socket reads', () => {
  it('to a place that all share, as long as nobody says where', () => {
    const [one, other] = [reader(nowhere), reader(nowhere)];
    expect(one.into()).toBe(other.into());
    expect([one.into().length, Buffer.isBuffer(one.into())]).toEqual([64 * 1024, false]);
    one.came(3);
    expect(one.told).toEqual([Uint8Array.of(7, 7, 7)]);
    expect(pool.leased).toBe(0);
  });

  it('behind what was touched of the slab that its reader names, once the read before is over', () => {
    let slab: Slab | undefined;
    const { into, came, told } = reader(() => slab);
    const shared = into();
    slab = pool.lease(4096);
    slab.bytes.fill(1, 0, 10);
    slab.touched = 10;
    came(2);
    expect(told[0].buffer).toBe(shared.buffer);
    expect([into().buffer, into().byteOffset, into().length]).toEqual([slab.bytes.buffer, 10, 4086]);
    came(5);
    expect(told[1]).toEqual(new Uint8Array(5).fill(7));
    expect([told[1].buffer, told[1].byteOffset, slab.touched]).toEqual([slab.bytes.buffer, 10, 15]);
    slab.release();
    slab = undefined;
    came(1);
    expect(into()).toBe(shared);
  });

  it('to memory that stays its own until the next read, whatever the reader does, and is wiped as far as it was written to', () => {
    let slab: Slab | undefined = pool.lease(4096);
    const { bytes } = slab;
    slab.touched = 0;
    const { into, came } = reader(() => slab);
    slab.release();
    slab = undefined;
    expect([pool.leased, into()]).toEqual([1, bytes]);
    expect(pool.lease(4096).bytes).not.toBe(bytes);
    came(4096);
    expect([pool.leased, bytes.every((byte) => byte === 0)]).toEqual([1, true]);
    pool.leased--;
  });

  it('not to a slab that is full', () => {
    const slab = pool.lease(4096);
    const { into } = reader(() => slab);
    expect(into().length).toBe(64 * 1024);
    slab.release();
  });

  it('to no slab any more once it has gone', () => {
    const slab = pool.lease(4096);
    slab.touched = 0;
    const { landing } = reader(() => slab);
    slab.release();
    landing.release();
    landing.release();
    expect(pool.leased).toBe(0);
  });
});

it('16 sockets at most have a place of their own; the next one has it when one of them gives its up', () => {
  const rooms: Slab[] = [];
  const room = (): Slab => {
    const slab = pool.lease(4096);
    slab.touched = 0;
    rooms.push(slab);
    return slab;
  };
  const readers = Array.from({ length: 16 }, () => reader(room));
  const late = reader(room);
  expect([rooms.length, late.into().length]).toEqual([16, 64 * 1024]);
  readers[3].landing.release();
  late.came(1);
  expect([rooms.length, late.into().length]).toEqual([17, 4096]);
  for (const slab of rooms) slab.release();
});
