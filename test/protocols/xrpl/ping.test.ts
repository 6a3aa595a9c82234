/** What is taken for a ping and what is not: protobuf with fields that nobody asked for, and what only looks like it. */
import { describe, expect, it } from 'vitest';
import { readPing, writePing } from '../../../src/protocols/xrpl/ping.ts';

const KIND = [0x08, 0];
const SEQ = [0x10, 7];
const varint = (field: number) => [field << 3, 0x81, 1];
const fixed64 = (field: number) => [(field << 3) | 1, ...Array(8).fill(1)];
const bytes = (field: number, length: number) => [(field << 3) | 2, length, ...Array(length).fill(1)];
const fixed32 = (field: number) => [(field << 3) | 5, ...Array(4).fill(1)];
const read = (...parts: number[][]) => readPing(Uint8Array.from(parts.flat()));
const PING = { pong: false, seq: 7, pingTime: undefined, netTime: undefined };

describe('a ping', () => {
  it.each([
    ['none', []],
    ['a number', varint(9)],
    ['eight bytes', fixed64(5)],
    ['four bytes', fixed32(6)],
    ['bytes', bytes(7, 3)],
    ['no bytes', bytes(7, 0)],
    ['a known field of another form', fixed32(3)],
  ])('is read around fields that are not its own: %s', (_, other) => {
    expect(read(other, KIND, SEQ)).toEqual(PING);
    expect(read(KIND, other, SEQ)).toEqual(PING);
    expect(read(KIND, SEQ, other)).toEqual(PING);
  });

  it.each([
    ['a field is cut', [...KIND, ...fixed64(5).slice(0, -1)]],
    ['a short field is cut', [...KIND, ...fixed32(5).slice(0, -1)]],
    ['bytes are cut', [...KIND, ...bytes(7, 3).slice(0, -1)]],
    ['the length of bytes is missing', [...KIND, 0x3a]],
    ['the value of a number is missing', [...KIND, 0x10]],
    ['a number has no end', [...KIND, 0x10, ...Array(10).fill(0x80)]],
    ['a field has the number 0', [...KIND, 0, 1]],
    ['a field has a number beyond 32 bits', [...KIND, 0x80, 0x80, 0x80, 0x80, 0x10, 1]],
    ...[3, 4, 6, 7].map((form) => [`a field has the form ${form}`, [...KIND, 0x28 | form, 1, 1, 1, 1]]),
    ['its kind is missing', SEQ],
    ['its kind is unknown', [0x08, 2, ...SEQ]],
    ['there is nothing', []],
  ] as [string, number[]][])('is none where %s', (_, payload) => {
    expect(read(payload)).toBeUndefined();
  });

  it.each([0, 1, 127, 128, 16_384, 0xffffffff])('has numbers of any length, as short as they can be written: %d', (seq) => {
    const written = writePing({ ...PING, seq });
    expect(readPing(written)).toEqual({ ...PING, seq });
    expect(written.length).toBe(3 + Math.max(1, Math.ceil(seq.toString(2).length / 7)));
  });

  it('has the last of what comes twice', () => {
    expect(read(KIND, [0x10, 6], SEQ)).toEqual(PING);
    // An unknown kind is as if it were not there.
    expect(read(KIND, [0x08, 2], SEQ)).toEqual(PING);
  });
});
