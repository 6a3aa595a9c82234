/** Links after protocol start: frames in any cut, their limits, pings, and what is written. */
import { describe, expect, it } from 'vitest';
import type { Core } from '../../../src/core/core.ts';
import { lz4Compress } from '../../../src/core/legacy/lz4.ts';
import type { OwnMessage, TrafficOutput } from '../../../src/protocols/machine.ts';
import { writeHeader } from '../../../src/protocols/xrpl/frames.ts';
import { Slots, type XrplOptions } from '../../../src/protocols/xrpl/index.ts';
import { readPing, writePing } from '../../../src/protocols/xrpl/ping.ts';
import { settingsOf } from '../../../src/protocols/xrpl/settings.ts';
import { XrplTraffic } from '../../../src/protocols/xrpl/traffic.ts';
import type { Version } from '../../../src/protocols/xrpl/versions.ts';
import { cores, pure } from '../../support/cores.ts';
import { ALICE_SECRET, frameOf, identityOf, NOW } from '../../support/xrpl.ts';

interface LinkGiven extends Partial<XrplOptions> {
  core?: Core;
  compr?: boolean;
  role?: 'initiator' | 'responder';
  version?: Version;
}

function link({ core = pure, compr = false, role = 'initiator', version = 'XRPL/2.2', ...options }: LinkGiven = {}): XrplTraffic {
  const settings = settingsOf({ core, ...options, identity: identityOf(ALICE_SECRET, core) }, role);
  return new XrplTraffic({ settings, role, version, compr, binding: new Uint8Array(32).fill(1), seat: undefined }, NOW);
}

/** One that has sent what it starts with. */
function started(options: LinkGiven = {}): XrplTraffic {
  const made = link(options);
  made.tick(NOW);
  return made;
}

interface Heard {
  messages: { kind: string | undefined; bytes: Uint8Array }[];
  outputs: TrafficOutput[];
  rest: number;
  wanted: number;
}

function hear(traffic: XrplTraffic, bytes: Uint8Array, now = NOW, core: Core = pure): Heard {
  const slab = core.slab(Math.max(1, bytes.length));
  slab.bytes.set(bytes);
  const heard: Heard = { messages: [], outputs: [], rest: 0, wanted: 0 };
  let next = 0;
  for (let again = true; again; ) {
    const received = traffic.open(slab, next, bytes.length, now);
    for (const { kind, bytes: own } of (received.own ?? []) as OwnMessage[]) heard.messages.push({ kind, bytes: own });
    expect(received.own === undefined || received.count === 0).toBe(true);
    for (let i = 0; i < received.count; i++) {
      const [at, length] = received.places.subarray(2 * i);
      heard.messages.push({ kind: received.abouts?.[i].kind, bytes: slab.bytes.slice(at, at + length) });
    }
    heard.outputs.push(...received.outputs);
    again = received.again;
    next = received.next;
    heard.wanted = received.wanted;
  }
  slab.release();
  heard.rest = bytes.length - next;
  return heard;
}

function compressed(type: number, payload: Uint8Array, announced = payload.length): Uint8Array {
  const block = lz4Compress(payload)!;
  return Uint8Array.from([...writeHeader(block.length, type, announced), ...block]);
}

const why = (outputs: readonly TrafficOutput[]) => outputs.flatMap((output) => (output.kind === 'ended' ? [output.why?.code] : []));
const sent = (outputs: readonly TrafficOutput[]) => outputs.flatMap((output) => (output.kind === 'send' ? [output.data] : []));
const REPEATED = new Uint8Array(1000).fill(7);

describe.each(cores.map((core) => [core.name, core] as const))('frames on the %s core', (_name, core) => {
  const stream = Uint8Array.from([
    ...frameOf(41, Uint8Array.of(1, 2, 3)),
    ...compressed(30, REPEATED),
    ...frameOf(3, writePing({ pong: false, seq: 5, pingTime: 6n, netTime: 7n })),
    ...frameOf(999, new Uint8Array(0)),
    ...frameOf(2, Uint8Array.of(9)),
  ]);

  it('come with their kinds, in order, in whatever pieces', () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const traffic = started({ core, compr: true });
      const first = hear(traffic, stream.subarray(0, cut), NOW, core);
      const second = hear(traffic, stream.subarray(cut - first.rest), NOW, core);
      const messages = [...first.messages, ...second.messages];
      expect(messages.map(({ kind }) => kind)).toEqual(['validation', 'transaction', '999', 'manifests']);
      expect(messages.map(({ bytes }) => bytes)).toEqual([Uint8Array.of(1, 2, 3), REPEATED, new Uint8Array(0), Uint8Array.of(9)]);
      expect(sent([...first.outputs, ...second.outputs])).toEqual([
        frameOf(3, writePing({ pong: true, seq: 5, pingTime: 6n, netTime: 7n })),
      ]);
      expect(second.rest).toBe(0);
    }
    expect(core.slabs.leased).toBe(0);
  });

  it('say how much is missing', () => {
    const traffic = started({ core });
    expect(hear(traffic, stream.subarray(0, 5), NOW, core)).toMatchObject({ rest: 5, wanted: 0 });
    expect(hear(traffic, stream.subarray(0, 7), NOW, core)).toMatchObject({ rest: 7, wanted: 9 });
  });

  it('hundreds in one piece all come', () => {
    const one = frameOf(41, Uint8Array.of(1));
    const many = new Uint8Array(2000 * one.length);
    for (let i = 0; i < 2000; i++) many.set(one, i * one.length);
    expect(hear(started({ core }), many, NOW, core).messages).toHaveLength(2000);
  });
});

describe('a frame that ends the link', () => {
  const rows: [name: string, bytes: Uint8Array, code: string, options?: LinkGiven][] = [
    ['a first byte that begins none, at once', Uint8Array.of(0x04), 'HF_MALFORMED'],
    ['an unknown algorithm', Uint8Array.of(0xa0, 0, 1, 0, 0, 31, 0, 0, 4, 0), 'HF_MALFORMED', { compr: true }],
    ['reserved bits', Uint8Array.of(0x94, 0, 1, 0, 0, 31, 0, 0, 4, 0), 'HF_MALFORMED', { compr: true }],
    ['compression that was not agreed, before its payload', compressed(30, REPEATED).subarray(0, 10), 'HF_MALFORMED'],
    ['more than the limit on the wire, before its payload', writeHeader(2000, 41), 'HF_TOO_LARGE', { maxMessage: 1999 }],
    [
      'more than the limit after decompression, before its payload',
      writeHeader(1000, 30, 2000),
      'HF_TOO_LARGE',
      { maxMessage: 1999, compr: true },
    ],
    [
      'more than the limit on the wire, though less is announced',
      writeHeader(2000, 30, 100),
      'HF_TOO_LARGE',
      { maxMessage: 1999, compr: true },
    ],
    ['more than 64 MiB announced', writeHeader(1_000_000, 30, 67_108_865), 'HF_TOO_LARGE', { maxMessage: 67_108_864, compr: true }],
    ['nothing announced', writeHeader(10, 30, 0), 'HF_MALFORMED', { compr: true }],
    ['nothing on the wire', writeHeader(0, 30, 10), 'HF_MALFORMED', { compr: true }],
    ['more announced than its bytes can give', writeHeader(10, 30, 2551), 'HF_MALFORMED', { compr: true }],
    ['one byte fewer announced', compressed(30, REPEATED, 999), 'HF_MALFORMED', { compr: true }],
    ['one byte more announced', compressed(30, REPEATED, 1001), 'HF_MALFORMED', { compr: true }],
    ['a ping without its kind', frameOf(3, Uint8Array.of(16, 1)), 'HF_MALFORMED'],
    ['a ping that is no protobuf', frameOf(3, Uint8Array.of(0xff)), 'HF_MALFORMED'],
    ['a ping of a kilobyte', frameOf(3, Uint8Array.from([8, 0, 0x2a, 0x80, 8, ...new Uint8Array(1024)])), 'HF_MALFORMED'],
  ];
  it.each(rows)('%s', (_name, bytes, code, options) => {
    const traffic = started(options);
    const heard = hear(traffic, Uint8Array.from([...frameOf(41, Uint8Array.of(1)), ...bytes]));
    expect(heard.messages).toHaveLength(1);
    expect(why(heard.outputs)).toEqual([code]);
    expect(heard.rest).toBe(0);
    expect(hear(traffic, frameOf(41, Uint8Array.of(1)))).toMatchObject({ messages: [], outputs: [] });
    expect(traffic.deadline).toBe(Number.POSITIVE_INFINITY);
  });

  it('at the limits all is well', () => {
    expect(hear(started({ maxMessage: 1024 }), frameOf(41, new Uint8Array(1024))).messages).toHaveLength(1);
    expect(hear(started({ maxMessage: 1024, compr: true }), compressed(41, new Uint8Array(1024))).messages).toHaveLength(1);
  });
});

describe('protocol start', () => {
  const start = { manifests: REPEATED, validatorLists: [Uint8Array.of(1)], validatorListCollections: [Uint8Array.of(2), Uint8Array.of(3)] };
  it.each([
    ['initiator', 'XRPL/2.2', [2]],
    ['responder', 'XRPL/2.1', [54, 2]],
    ['responder', 'XRPL/2.2', [56, 56, 2]],
  ] as const)('of the %s on %s sends %j', (role, version, types) => {
    const traffic = link({ role, version, start, compr: true });
    expect(traffic.deadline).toBe(NOW);
    const frames = sent(traffic.tick(NOW));
    expect(frames.map((frame) => (frame[4] << 8) | frame[5])).toEqual(types);
    expect(frames.at(-1)![0]).toBe(0x90);
    expect(traffic.deadline).toBe(NOW + 60_000);
  });

  it('may be silent', () => {
    expect(link().tick(NOW)).toEqual([]);
  });
});

describe('the peer timer', () => {
  const pong = (seq: number | undefined) => frameOf(3, writePing({ pong: true, seq, pingTime: undefined, netTime: undefined }));
  const ping = (traffic: XrplTraffic, now: number) => readPing(sent(traffic.tick(now))[0].subarray(6))!;

  it('pings each minute, tells the latency, and its average', () => {
    const traffic = started();
    expect(traffic.tick(NOW + 59_999)).toEqual([]);
    const first = ping(traffic, NOW + 60_000);
    expect(first.pong).toBe(false);
    expect(hear(traffic, pong(first.seq), NOW + 60_080).outputs).toEqual([
      { kind: 'event', name: 'ping', detail: { latencyMs: 80, averageMs: 80 } },
    ]);
    const second = ping(traffic, NOW + 120_000);
    expect(second.seq).not.toBe(first.seq);
    expect(hear(traffic, pong(second.seq), NOW + 120_160).outputs).toEqual([
      { kind: 'event', name: 'ping', detail: { latencyMs: 160, averageMs: 90 } },
    ]);
  });

  it('takes no pong but that of the last ping', () => {
    const traffic = started();
    expect(hear(traffic, pong(1)).outputs).toEqual([]);
    const { seq } = ping(traffic, NOW + 60_000);
    for (const wrong of [undefined, (seq! + 1) >>> 0]) expect(hear(traffic, pong(wrong), NOW + 60_001).outputs).toEqual([]);
    expect(why(traffic.tick(NOW + 120_000))).toEqual(['HF_PING_TIMEOUT']);
    expect(traffic.deadline).toBe(Number.POSITIVE_INFINITY);
  });

  it('does not hold against the other side what we did not read', () => {
    const traffic = started();
    const { seq } = ping(traffic, NOW + 60_000);
    traffic.reading(false, NOW + 61_000);
    expect(traffic.deadline).toBe(Number.POSITIVE_INFINITY);
    expect(traffic.tick(NOW + 500_000)).toEqual([]);
    traffic.reading(true, NOW + 600_000);
    expect(traffic.deadline).toBe(NOW + 120_000 + 539_000);
    expect(hear(traffic, pong(seq), NOW + 600_001).outputs).toHaveLength(1);
  });

  it('answers 60 pings at once, and 60 more each 32 s, and no faster', () => {
    const one = frameOf(3, writePing({ pong: false, seq: 1, pingTime: undefined, netTime: undefined }));
    const many = (count: number) => Uint8Array.from(new Array(count).fill([...one]).flat());
    const traffic = started();
    expect(sent(hear(traffic, many(60)).outputs)).toHaveLength(60);
    expect(sent(hear(traffic, many(30), NOW + 16_000).outputs)).toHaveLength(30);
    const flood = hear(traffic, many(1000), NOW + 16_000 + 600);
    expect(sent(flood.outputs)).toHaveLength(1);
    expect(why(flood.outputs)).toEqual(['HF_RATE_LIMITED']);
    // An hour of silence does not save up more than 60.
    expect(sent(hear(started(), many(100), NOW + 3_600_000).outputs)).toHaveLength(60);
  });

  it('answers a ping with its own fields, whatever else it holds', () => {
    const odd = Uint8Array.from([
      8, 0, 0x42, 2, 1, 2, 16, 0xff, 0xff, 0xff, 0xff, 0x0f, 24, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
    ]);
    const [answer] = sent(hear(started(), frameOf(3, odd)).outputs);
    expect(readPing(answer.subarray(6))).toEqual({ pong: true, seq: 0xffffffff, pingTime: 0xffffffffffffffffn, netTime: undefined });
  });
});

describe('what comes at once', () => {
  it('may be more frames than one call gives', () => {
    const frames = Array.from({ length: 1_300 }, (_, i) => frameOf(41, Uint8Array.of(i >> 8, i)));
    const { messages, rest } = hear(started(), Uint8Array.from(frames.flatMap((frame) => [...frame])));
    expect(messages.map(({ bytes }) => 256 * bytes[0] + bytes[1])).toEqual(frames.map((_, i) => i));
    expect(rest).toBe(0);
  });

  it('says how long the frame is of which the rest is still to come, once its header is there', () => {
    const [whole, cut] = [frameOf(41, new Uint8Array(10)), frameOf(41, new Uint8Array(1_000))];
    for (const [length, wanted] of [
      [0, 0],
      [5, 0],
      [6, 1_006],
      [1_005, 1_006],
    ]) {
      expect(hear(started(), Uint8Array.from([...whole, ...cut.subarray(0, length)]))).toMatchObject({ rest: length, wanted });
    }
  });
});

describe('the writer', () => {
  it('writes one message as one frame, by the name of its type or its number', () => {
    const { writer } = started();
    expect(writer.singly).toBe(true);
    expect(writer.write(Uint8Array.of(1, 2), { kind: 'validation' }, NOW).data).toEqual(frameOf(41, Uint8Array.of(1, 2)));
    expect(writer.write(Uint8Array.of(1), { kind: '65535' }, NOW).data).toEqual(frameOf(65_535, Uint8Array.of(1)));
  });

  it('compresses only what is shorter for it, its longer header counted', () => {
    const { writer } = started({ compr: true });
    let [shorter, longer] = [0, 0];
    for (let repeated = 0; repeated < 40; repeated++) {
      const payload = Uint8Array.from({ length: 200 }, (_, i) => (i < repeated ? 0 : (i * i * 131 + i * 31) >> 3));
      const packed = lz4Compress(payload);
      const { data } = writer.write(payload, { kind: 'transaction' }, NOW);
      const saves = packed !== undefined && packed.length + 10 < payload.length + 6;
      expect(data.length).toBe(saves ? packed.length + 10 : payload.length + 6);
      expect(data[0] >> 4).toBe(saves ? 9 : 0);
      if (saves) shorter++;
      else longer++;
    }
    expect(Math.min(shorter, longer)).toBeGreaterThan(0);
  });

  it('compresses where that was agreed, the type is one of those, and it is worth it', () => {
    const first = (compr: boolean, kind: string, payload: Uint8Array): number =>
      started({ compr }).writer.write(payload, { kind }, NOW).data[0];
    expect(first(true, 'transaction', REPEATED)).toBe(0x90);
    expect(first(false, 'transaction', REPEATED)).toBe(0);
    expect(first(true, 'validation', REPEATED)).toBe(0);
    expect(first(true, 'transaction', REPEATED.subarray(0, 70))).toBe(0);
    expect(first(true, 'transaction', REPEATED.subarray(0, 71))).toBe(0x90);
    expect(first(true, 'transaction', pure.random(1000))).toBe(0);
  });

  it.each([undefined, '', 'Validation', '65536', '-1', '01', 'constructor', 'ping', '3'])('refuses kind %j', (kind) => {
    expect(() => started().writer.write(REPEATED, { kind }, NOW)).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
  });

  it('refuses a meta, more than a frame takes, and anything once the link has ended', () => {
    const traffic = started();
    expect(() => traffic.writer.write(REPEATED, { kind: 'validation', meta: {} }, NOW)).toThrow(
      expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }),
    );
    const huge = { length: 67_108_864 } as Uint8Array;
    expect(() => traffic.writer.write(huge, { kind: 'validation' }, NOW)).toThrow(
      expect.objectContaining({ code: 'HF_TOO_LARGE', blame: 'caller' }),
    );
    expect(traffic.close(NOW)).toEqual([{ kind: 'ended', lingerMs: 0 }]);
    expect(() => traffic.writer.write(REPEATED, { kind: 'validation' }, NOW)).toThrow(expect.objectContaining({ code: 'HF_CLOSED' }));
    expect(traffic.close(NOW)).toEqual([]);
  });
});

describe('the end', () => {
  it('between frames is one in peace, within a frame it is not', () => {
    expect(started().end()).toEqual([{ kind: 'peer-done' }, { kind: 'ended', lingerMs: 0 }]);
    const cut = started();
    hear(cut, frameOf(41, REPEATED).subarray(0, 20));
    expect(why(cut.end())).toEqual(['HF_TRUNCATED']);
    const whole = started();
    hear(whole, frameOf(41, REPEATED).subarray(0, 20));
    hear(whole, frameOf(41, REPEATED));
    expect(why(whole.end())).toEqual([undefined]);
  });

  it('of our own refusal says why to our side', () => {
    expect(why(started().close(NOW, { code: 'INTERNAL', reason: 'x' }))).toEqual(['HF_INTERNAL']);
    expect(why(started().close(NOW, { code: 'SHUTTING_DOWN', reason: '' }))).toEqual([undefined]);
  });

  it('leaves the seat', () => {
    const slots = new Slots();
    const seat = slots.enter('inbound', { remote: { address: '10.0.0.1', port: 1 } });
    if (typeof seat === 'string') throw new Error(seat);
    seat.take('n1', false);
    const settings = settingsOf({ core: pure, identity: identityOf(ALICE_SECRET) }, 'responder');
    const traffic = new XrplTraffic(
      { settings, role: 'responder', version: 'XRPL/2.2', compr: false, binding: new Uint8Array(32), seat },
      NOW,
    );
    expect(slots.active.inbound).toBe(1);
    traffic.wipe();
    expect(slots.active.inbound).toBe(0);
  });
});

describe('noise', () => {
  it('and spoilt frames never throw, and leave nothing behind', () => {
    let seed = 3;
    const random = (): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return seed >>> 16;
    };
    const good = Uint8Array.from([
      ...frameOf(41, REPEATED),
      ...compressed(30, REPEATED),
      ...frameOf(3, writePing({ pong: false, seq: 1, pingTime: 2n, netTime: 3n })),
    ]);
    for (let i = 0; i < 3000; i++) {
      const bytes = good.slice();
      for (let k = random() % 4; k >= 0; k--) bytes[random() % bytes.length] = random();
      hear(started({ compr: true }), bytes);
    }
    expect(pure.slabs.leased).toBe(0);
  });
});
