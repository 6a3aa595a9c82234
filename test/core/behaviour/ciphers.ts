/** Directions of a session on any core: frames in slabs. */
import { expect, test } from 'vitest';
import { type Cipher, type Core, type FrameTable, type Framing, Stop, type Suite } from '../../../src/core/core.ts';
import type { Slab } from '../../../src/core/slab.ts';
import { filled, toHex } from '../../support/bytes.ts';
import { codeOf } from '../../support/codes.ts';

export function cipherBehaviour(core: Core): void {
  for (const suite of ['chacha20-poly1305', 'aes-256-gcm'] as const) {
    for (const framing of FRAMINGS) {
      const label = `${suite}, ${framing.lengthBytes} length bytes, ad ${framing.ad}`;
      test(`${label}: opens in one call what was sealed in one call`, () => roundTrip(core, suite, framing));
      test(`${label}: writes frames that aead.open opens`, () => framesAreAead(core, suite, framing));
      test(`${label}: stops at a spoilt frame, zeroes it and keeps the counter`, () => spoiltFrame(core, suite, framing));
    }
    test(`${suite}: replaces the key before each multiple of rekeyEvery, and only once`, () => rekeys(core, suite));
    test(`${suite}: replaces the key before frame 65,536, for a cipher from 0 and for one from 65,535`, () => rekeysLate(core, suite));
    test(`${suite}: seals and opens one frame outside slabs, as in them`, () => singleFrames(core, suite));
    test(`${suite}: counts beyond 2^32`, () => countsOn(core, suite));
    test(`${suite}: has 2^64-2 as its last counter`, () => counterEnds(core, suite));
  }

  test('says why it stopped: cut short, full, too large, malformed', () => stops(core));
  test('takes entries that lie in the slab only, and seals all or nothing', () => entries(core));
  test('takes sensible options and arguments only', () => options(core));
  test('copies its key and refuses everything once wiped', () => wiped(core));
  test('numbers from 0 by itself', () => {
    const cipher = core.cipher({ suite: 'chacha20-poly1305', key: filled(32, 1), framing: FRAMINGS[0]! });
    expect(cipher.counter).toBe(0n);
    expect(cipher.suite).toBe('chacha20-poly1305');
    expect(core.cipher({ suite: 'aes-256-gcm', key: filled(32, 1), framing: FRAMINGS[0]!, counter: 2n ** 63n + 5n }).counter).toBe(
      2n ** 63n + 5n,
    );
  });
}

function roundTrip(core: Core, suite: Suite, framing: Framing): void {
  const [sealer, opener] = pair(core, suite, framing);
  const slab = core.slab();
  const table = core.frameTable(64);
  const messages = [1, 2, 15, 16, 17, 255, 256, 1000, 4096].map((length, i) => filled(length, i + 1));
  for (let round = 0; round < 3; round++) {
    const end = seal(sealer, slab, table, framing, messages);
    expect(opener.openMany(slab, 3, end, table, 65_535)).toBe(messages.length);
    expect([...table.outcome]).toEqual([Stop.short, end, 0]);
    expect(opened(slab, table, messages.length)).toEqual(messages.map(toHex));
  }
  expect(sealer.counter).toBe(27n);
  expect(opener.counter).toBe(27n);
  release(slab, sealer, opener);
}

function singleFrames(core: Core, suite: Suite): void {
  for (const framing of FRAMINGS) {
    const [sealer, opener] = pair(core, suite, framing, 2n ** 64n - 6n);
    const inSlab = core.cipher({ suite, key: KEY, framing, counter: 2n ** 64n - 6n });
    const slab = core.slab();
    const table = core.frameTable(1);
    for (const message of [filled(1, 1), filled(300, 2), filled(4096, 3)]) {
      const frame = sealer.seal(message);
      expect(frame).toHaveLength(framing.lengthBytes + message.length + 16);
      expect(opener.open(frame)).toEqual(message);
      expect(frame).toEqual(sealedIn(inSlab, slab, table, framing, message));
    }
    const last = sealer.seal(filled(7, 7));
    const { counter } = opener;
    const spoilt = [
      last.subarray(1),
      last.subarray(0, -1),
      Uint8Array.of(...last, 0),
      last.map((byte, i) => (i === last.length - 1 ? byte ^ 1 : byte)),
      last.map((byte, i) => (i === 0 ? byte ^ 1 : byte)),
      filled(0, 0),
      filled(framing.lengthBytes, 0),
      Uint8Array.of(...filled(framing.lengthBytes - 1, 0), 16, ...filled(16, 0)),
    ];
    for (const frame of spoilt) expect(opener.open(frame)).toBeUndefined();
    expect(opener.counter).toBe(counter);
    expect(opener.open(last)).toEqual(filled(7, 7));
    sealer.seal(filled(1, 1));
    expect(codeOf(() => sealer.seal(filled(1, 1)))).toBe('HF_NONCE_SPENT');
    for (const length of [0, 4097]) expect(codeOf(() => opener.seal(filled(length, 1)))).toBe('HF_BAD_ARGUMENT');
    expect(codeOf(() => opener.open(filled(4117, 1)))).toBe('HF_BAD_ARGUMENT');
    for (const wrong of [undefined, 'frame', new ArrayBuffer(32)]) {
      expect(codeOf(() => opener.seal(wrong as never))).toBe('HF_BAD_ARGUMENT');
      expect(codeOf(() => opener.open(wrong as never))).toBe('HF_BAD_ARGUMENT');
    }
    release(slab, sealer, opener);
    inSlab.wipe();
    expect(codeOf(() => sealer.seal(filled(1, 1)))).toBe('HF_RELEASED');
    expect(codeOf(() => opener.open(last))).toBe('HF_RELEASED');
  }
}

function sealedIn(cipher: Cipher, slab: Slab, table: FrameTable, framing: Framing, message: Uint8Array): Uint8Array {
  slab.bytes.set(message, framing.lengthBytes);
  table.entries.set([framing.lengthBytes, message.length]);
  cipher.sealMany(slab, table, 1);
  return slab.bytes.slice(0, framing.lengthBytes + message.length + 16);
}

function framesAreAead(core: Core, suite: Suite, framing: Framing): void {
  const [sealer, opener] = pair(core, suite, framing, 258n);
  const slab = core.slab();
  const table = core.frameTable(2);
  const end = seal(sealer, slab, table, framing, [filled(5, 7), filled(70, 8)]);
  let at = 3;
  for (const [counter, message] of [filled(5, 7), filled(70, 8)].entries()) {
    const head = slab.bytes.slice(at, at + framing.lengthBytes);
    const length = Number.parseInt(toHex(head), 16);
    expect(length).toBe(message.length + 16);
    const nonce = new Uint8Array(12);
    new DataView(nonce.buffer).setBigUint64(4, BigInt(258 + counter), suite === 'chacha20-poly1305');
    at += framing.lengthBytes;
    const sealed = slab.bytes.slice(at, at + length);
    expect(core.aead.open(suite, KEY, nonce, sealed, framing.ad === 'length' ? head : undefined)).toEqual(message);
    at += length;
  }
  expect(at).toBe(end);
  release(slab, sealer, opener);
}

function spoiltFrame(core: Core, suite: Suite, framing: Framing): void {
  const slab = core.slab();
  const table = core.frameTable(8);
  const messages = [filled(40, 1), filled(50, 2), filled(60, 3)];
  const second = 3 + framing.lengthBytes + 40 + 16;
  for (const place of [framing.lengthBytes, framing.lengthBytes + 49, framing.lengthBytes + 50, framing.lengthBytes + 65]) {
    const [sealer, opener] = pair(core, suite, framing);
    const end = seal(sealer, slab, table, framing, messages);
    const third = slab.bytes.slice(second + framing.lengthBytes + 66, end);
    const good = slab.bytes.slice(second, second + framing.lengthBytes + 66);
    slab.bytes[second + place]! ^= 0x10;
    expect(opener.openMany(slab, 3, end, table, 65_535)).toBe(1);
    expect([...table.outcome]).toEqual([Stop.badTag, second, 66]);
    expect(opened(slab, table, 1)).toEqual([toHex(messages[0]!)]);
    expect(slab.bytes.slice(second, second + framing.lengthBytes + 66)).toEqual(filled(framing.lengthBytes + 66, 0));
    expect(slab.bytes.slice(second + framing.lengthBytes + 66, end)).toEqual(third);
    expect(opener.counter).toBe(1n);
    // The counter stayed, so that the true frame still opens.
    slab.bytes.set(good, second);
    expect(opener.openMany(slab, second, end, table, 65_535)).toBe(2);
    sealer.wipe();
    opener.wipe();
  }
  slab.release();
}

function rekeys(core: Core, suite: Suite): void {
  const framing: Framing = { lengthBytes: 4, ad: 'length', rekeyEvery: 3 };
  const [sealer, opener] = pair(core, suite, framing);
  const slab = core.slab();
  const table = core.frameTable(16);
  const messages = Array.from({ length: 8 }, (_, i) => filled(10, i));
  const end = seal(sealer, slab, table, framing, messages);
  const wire = slab.bytes.slice(3, end);
  // Frames 0 to 2, 3 to 5 and 6 to 7 each under a key of their own.
  let key: Uint8Array = KEY;
  for (let i = 0; i < 8; i++) {
    if (i === 3 || i === 6) key = rekeyed(core, suite, key);
    const nonce = new Uint8Array(12);
    new DataView(nonce.buffer).setBigUint64(4, BigInt(i), suite === 'chacha20-poly1305');
    const frame = wire.subarray(i * 30, (i + 1) * 30);
    expect(core.aead.open(suite, key, nonce, frame.subarray(4), frame.subarray(0, 4))).toEqual(messages[i]);
  }
  expect(opener.openMany(slab, 3, 3 + 90, table, 100)).toBe(3);
  // A frame that fails right where the key is replaced must not replace it a second time.
  slab.bytes[3 + 90 + 10]! ^= 1;
  for (let i = 0; i < 3; i++) {
    expect(opener.openMany(slab, 3 + 90, end, table, 100)).toBe(0);
    expect(table.outcome[0]).toBe(Stop.badTag);
    slab.bytes.set(wire.subarray(90), 3 + 90);
    if (i < 2) slab.bytes[3 + 90 + 5 + i]! ^= 1;
  }
  expect(opener.openMany(slab, 3 + 90, end, table, 100)).toBe(5);
  expect(opened(slab, table, 5)).toEqual(messages.slice(3).map(toHex));
  // One that starts beyond a multiple takes the key as the one in force there.
  const late = core.cipher({ suite, key: rekeyed(core, suite, KEY), framing, counter: 4n });
  slab.bytes.set(wire, 3);
  expect(late.openMany(slab, 3 + 120, end, table, 100)).toBe(4);
  late.wipe();
  release(slab, sealer, opener);
}

function rekeysLate(core: Core, suite: Suite): void {
  const framing: Framing = { lengthBytes: 2, ad: 'none', rekeyEvery: 65_536 };
  const slab = core.slab(4096);
  const table = core.frameTable(4);
  const [late, opener] = pair(core, suite, framing, 65_534n);
  const messages = [filled(1, 1), filled(1, 2), filled(1, 3), filled(1, 4)];
  const end = seal(late, slab, table, framing, messages);
  const beyond = core.cipher({ suite, key: rekeyed(core, suite, KEY), framing, counter: 65_537n });
  const wire = slab.bytes.slice(3, end);
  expect(opener.openMany(slab, 3, end, table, 65_535)).toBe(4);
  slab.bytes.set(wire, 3);
  expect(beyond.openMany(slab, 3 + 57, end, table, 65_535)).toBe(1);
  expect(opened(slab, table, 1)).toEqual(['04']);
  // And a cipher that counted all the way arrives at the same bytes.
  const walker = core.cipher({ suite, key: KEY, framing });
  const many = core.frameTable(4096);
  const big = core.slab(4096 * 19);
  const ones = Array.from({ length: 4096 }, () => filled(1, 0));
  for (let i = 0; i < 15; i++) seal(walker, big, many, framing, ones, 0);
  seal(walker, big, many, framing, ones.slice(2), 0);
  expect(walker.counter).toBe(65_534n);
  expect(seal(walker, slab, table, framing, messages)).toBe(end);
  expect(slab.bytes.slice(3, end)).toEqual(wire);
  beyond.wipe();
  walker.wipe();
  big.release();
  release(slab, late, opener);
}

function countsOn(core: Core, suite: Suite): void {
  const slab = core.slab(4096);
  const table = core.frameTable(2);
  const framing: Framing = { lengthBytes: 4, ad: 'length', rekeyEvery: 0 };
  const [sealer, opener] = pair(core, suite, framing, 2n ** 32n - 1n);
  const end = seal(sealer, slab, table, framing, [filled(3, 1), filled(3, 2)]);
  expect(sealer.counter).toBe(2n ** 32n + 1n);
  // The second frame is that of a cipher which starts at 2^32.
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setBigUint64(4, 2n ** 32n, suite === 'chacha20-poly1305');
  const frame = slab.bytes.slice(end - 23, end);
  expect(core.aead.open(suite, KEY, nonce, frame.subarray(4), frame.subarray(0, 4))).toEqual(filled(3, 2));
  expect(opener.openMany(slab, 3, end, table, 100)).toBe(2);
  expect(opener.counter).toBe(2n ** 32n + 1n);
  release(slab, sealer, opener);
}

function counterEnds(core: Core, suite: Suite): void {
  const framing = FRAMINGS[0]!;
  const slab = core.slab(4096);
  const table = core.frameTable(4);
  const [sealer, opener] = pair(core, suite, framing, 2n ** 64n - 3n);
  const messages = [filled(9, 1), filled(9, 2), filled(9, 3)];
  lay(slab, table, framing, messages, 3);
  const before = slab.bytes.slice();
  expect(codeOf(() => sealer.sealMany(slab, table, 3))).toBe('HF_NONCE_SPENT');
  expect(slab.bytes).toEqual(before);
  expect(sealer.counter).toBe(2n ** 64n - 3n);
  const end = seal(sealer, slab, table, framing, messages.slice(0, 2));
  expect(sealer.counter).toBe(2n ** 64n - 1n);
  lay(slab, core.frameTable(1), framing, messages.slice(2), end);
  expect(codeOf(() => seal(sealer, slab, core.frameTable(1), framing, messages.slice(2), end))).toBe('HF_NONCE_SPENT');
  sealer.sealMany(slab, table, 0);
  // A third frame, of whatever bytes, is not even tried.
  slab.bytes.set([0, 0, 0, 25], end);
  expect(opener.openMany(slab, 3, end + 29, table, 1000)).toBe(2);
  expect([...table.outcome]).toEqual([Stop.nonceSpent, end, 25]);
  release(slab, sealer, opener);
}

function stops(core: Core): void {
  const framing = FRAMINGS[0]!;
  const [sealer, opener] = pair(core, 'chacha20-poly1305', framing);
  const slab = core.slab(4096);
  const table = core.frameTable(2);
  const end = seal(sealer, slab, core.frameTable(3), framing, [filled(10, 1), filled(20, 2), filled(30, 3)]);
  const open = (to: number, from = 3, most = 1000): number[] => {
    const count = opener.openMany(slab, from, to, table, most);
    return [count, ...table.outcome];
  };
  for (const to of [3, 4, 6]) expect(open(to)).toEqual([0, Stop.short, 3, 0]);
  for (const to of [7, 20, 3 + 29]) expect(open(to)).toEqual([0, Stop.short, 3, 26]);
  expect(open(end, 3, 25)).toEqual([0, Stop.tooLarge, 3, 26]);
  expect(open(7, 3, 25)).toEqual([0, Stop.tooLarge, 3, 26]);
  expect(open(end)).toEqual([2, Stop.full, 3 + 30 + 40, 46]);
  expect(open(end, 3 + 30 + 40)).toEqual([1, Stop.short, end, 0]);
  for (const length of [0, 1, 16]) {
    slab.bytes.set([0, 0, 0, length], 100);
    expect(open(200, 100)).toEqual([0, Stop.malformed, 100, length]);
  }
  slab.bytes.set([0xff, 0xff, 0xff, 0xff], 100);
  expect(open(104, 100, 0xffff_ffff)).toEqual([0, Stop.short, 100, 0xffff_ffff]);
  expect(open(104, 100, 0xffff_fffe)).toEqual([0, Stop.tooLarge, 100, 0xffff_ffff]);
  expect(opener.counter).toBe(3n);
  release(slab, sealer, opener);
}

function entries(core: Core): void {
  for (const framing of FRAMINGS) {
    const [sealer, opener] = pair(core, 'chacha20-poly1305', framing);
    const slab = core.slab(framing.lengthBytes === 2 ? 128 * 1024 : 4096);
    const table = core.frameTable(2);
    const wrong: [number, number][] = [
      [framing.lengthBytes - 1, 10],
      [100, 0],
      [slab.size - 20, 5],
      [slab.size, 1],
      [0xffff_fff0, 10],
      [100, 0xffff_ffff],
    ];
    if (framing.lengthBytes === 2) wrong.push([100, 65_520]);
    const before = slab.bytes.slice();
    for (const [offset, length] of wrong) {
      table.entries.set([100, 10, offset, length]);
      expect(
        codeOf(() => sealer.sealMany(slab, table, 2)),
        `${offset}, ${length}`,
      ).toBe('HF_BAD_ARGUMENT');
    }
    expect(slab.bytes).toEqual(before);
    expect(sealer.counter).toBe(0n);
    table.entries.set([framing.lengthBytes, 10, slab.size - 26, 10]);
    sealer.sealMany(slab, table, 2);
    expect(sealer.counter).toBe(2n);
    release(slab, sealer, opener);
  }
}

function options(core: Core): void {
  const good = { suite: 'chacha20-poly1305', key: KEY, framing: FRAMINGS[0]! } as const;
  const framing = (change: object): object => ({ framing: { ...good.framing, ...change } });
  const wrong: object[] = [
    { suite: 'xchacha20-poly1305' },
    { suite: undefined },
    { key: filled(31, 1) },
    { key: filled(64, 1) },
    { key: 'x'.repeat(32) },
    { framing: undefined },
    framing({ lengthBytes: 3 }),
    framing({ ad: true }),
    framing({ rekeyEvery: -1 }),
    framing({ rekeyEvery: 1.5 }),
    { counter: 1 },
    { counter: -1n },
    { counter: 2n ** 64n },
  ];
  for (const change of wrong)
    expect(
      codeOf(() => core.cipher({ ...good, ...change } as never)),
      show(change),
    ).toBe('HF_BAD_ARGUMENT');
  for (const value of [undefined, null, 3]) expect(codeOf(() => core.cipher(value as never))).toBe('HF_BAD_ARGUMENT');
  for (const capacity of [0, -1, 65_537, 1.5, '4', undefined])
    expect(codeOf(() => core.frameTable(capacity as never))).toBe('HF_BAD_ARGUMENT');

  const cipher = core.cipher(good);
  const slab = core.slab(4096);
  const table = core.frameTable(2);
  expect(table.entries).toHaveLength(4);
  for (const count of [3, -1, 0.5, undefined]) expect(codeOf(() => cipher.sealMany(slab, table, count as never))).toBe('HF_BAD_ARGUMENT');
  for (const [start, end, most] of [
    [0, 4097, 100],
    [-1, 100, 100],
    [101, 100, 100],
    [0.5, 100, 100],
    [0, 100, -1],
    [0, 100, 2 ** 32],
  ] as const) {
    expect(
      codeOf(() => cipher.openMany(slab, start, end, table, most)),
      `${start} ${end} ${most}`,
    ).toBe('HF_BAD_ARGUMENT');
  }
  for (const value of [undefined, null, {}, filled(100, 0)]) {
    expect(codeOf(() => cipher.sealMany(value as never, table, 0))).toBe('HF_BAD_ARGUMENT');
    expect(codeOf(() => cipher.openMany(slab, 0, 100, value as never, 100))).toBe('HF_BAD_ARGUMENT');
  }
  slab.release();
  expect(codeOf(() => cipher.sealMany(slab, table, 0))).toBe('HF_RELEASED');
  expect(codeOf(() => cipher.openMany(slab, 0, 0, table, 100))).toBe('HF_RELEASED');
  cipher.wipe();
}

function wiped(core: Core): void {
  const key = filled(32, 1);
  const cipher = core.cipher({ suite: 'chacha20-poly1305', key, framing: FRAMINGS[0]! });
  const secret = core.guarded.import(KEY);
  const other = core.cipher({ suite: 'chacha20-poly1305', key: secret, framing: FRAMINGS[0]! });
  key.fill(0);
  secret.wipe();
  const slab = core.slab(4096);
  const table = core.frameTable(2);
  const end = seal(cipher, slab, table, FRAMINGS[0]!, [filled(5, 5)]);
  expect(toHex(core.aead.open('chacha20-poly1305', KEY, filled(12, 0), slab.bytes.slice(7, end), slab.bytes.slice(3, 7)))).toBe(
    '0505050505',
  );
  expect(other.openMany(slab, 3, end, table, 100)).toBe(1);
  cipher.wipe();
  cipher.wipe();
  expect(codeOf(() => cipher.sealMany(slab, table, 0))).toBe('HF_RELEASED');
  expect(codeOf(() => cipher.openMany(slab, 0, 0, table, 100))).toBe('HF_RELEASED');
  expect(codeOf(() => core.cipher({ suite: 'aes-256-gcm', key: secret, framing: FRAMINGS[0]! }))).toBe('HF_RELEASED');
  other.wipe();
  slab.release();
}

function pair(core: Core, suite: Suite, framing: Framing, counter = 0n): [Cipher, Cipher] {
  return [core.cipher({ suite, key: KEY, framing, counter }), core.cipher({ suite, key: KEY, framing, counter })];
}

/** Lays messages as frames one behind the other, by default from an odd place. @returns where the last one ends. */
function lay(slab: Slab, table: FrameTable, framing: Framing, messages: readonly Uint8Array[], start = 3): number {
  let at = start;
  for (const [i, message] of messages.entries()) {
    at += framing.lengthBytes;
    slab.bytes.set(message, at);
    table.entries[2 * i] = at;
    table.entries[2 * i + 1] = message.length;
    at += message.length + 16;
  }
  return at;
}

function seal(cipher: Cipher, slab: Slab, table: FrameTable, framing: Framing, messages: readonly Uint8Array[], start = 3): number {
  const end = lay(slab, table, framing, messages, start);
  cipher.sealMany(slab, table, messages.length);
  return end;
}

function opened(slab: Slab, table: FrameTable, count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const offset = table.entries[2 * i]!;
    return toHex(slab.bytes.subarray(offset, offset + table.entries[2 * i + 1]!));
  });
}

function rekeyed(core: Core, suite: Suite, key: Uint8Array): Uint8Array {
  const nonce = filled(12, 255);
  nonce.fill(0, 0, 4);
  return core.aead.seal(suite, key, nonce, new Uint8Array(32)).slice(0, 32);
}

function release(slab: Slab, ...ciphers: Cipher[]): void {
  slab.release();
  for (const cipher of ciphers) cipher.wipe();
}

function show(value: object): string {
  return JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${each}n` : each));
}

const KEY = filled(32, 1);
const FRAMINGS: readonly Framing[] = [
  { lengthBytes: 4, ad: 'length', rekeyEvery: 65_536 },
  { lengthBytes: 2, ad: 'none', rekeyEvery: 0 },
];
