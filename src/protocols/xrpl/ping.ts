/** Message 3, the only one that the overlay itself reads: four optional numbers in protobuf, read by hand and within bounds. */
import type { Bytes } from '../../core/core.ts';

export interface Ping {
  readonly pong: boolean;
  readonly seq: number | undefined;
  readonly pingTime: bigint | undefined;
  readonly netTime: bigint | undefined;
}

/** @returns undefined when it is no TMPing: not protobuf, or without its kind. Unknown fields are passed over. */
export function readPing(payload: Bytes): Ping | undefined {
  const values: (bigint | undefined)[] = [];
  let at = 0;
  let value = 0n;
  const varint = (): boolean => {
    value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (at >= payload.length) return false;
      const byte = payload[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        value &= MAX_U64;
        return true;
      }
    }
    return false;
  };
  while (at < payload.length) {
    if (!varint() || value > 0xffffffffn) return undefined;
    const field = Number(value >> 3n);
    const wire = Number(value & 7n);
    if (field === 0) return undefined;
    if (wire === VARINT) {
      if (!varint()) return undefined;
      // An unknown kind counts as a field that is not there.
      if (field <= 4 && (field > 1 || value <= 1n)) values[field] = value;
    } else if (wire === BYTES) {
      if (!varint()) return undefined;
      at += Number(value);
    } else if (wire === FIXED64) at += 8;
    else if (wire === FIXED32) at += 4;
    else return undefined;
    if (at > payload.length) return undefined;
  }
  const [, kind, seq, pingTime, netTime] = values;
  if (kind === undefined) return undefined;
  return { pong: kind === 1n, seq: seq === undefined ? undefined : Number(seq & 0xffffffffn), pingTime, netTime };
}

export function writePing({ pong, seq, pingTime, netTime }: Ping): Bytes {
  const bytes: number[] = [];
  const field = (number: number, value: bigint | undefined): void => {
    if (value === undefined) return;
    bytes.push(number << 3);
    let left = value;
    for (; left > 0x7fn; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
    bytes.push(Number(left));
  };
  field(1, pong ? 1n : 0n);
  field(2, seq === undefined ? undefined : BigInt(seq));
  field(3, pingTime);
  field(4, netTime);
  return Uint8Array.from(bytes);
}

const MAX_U64 = 0xffffffffffffffffn;
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
