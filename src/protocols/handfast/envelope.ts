/** Bodies of BROADCAST, IHAVE and IWANT, section 7: exact shapes, by offsets into the body, so that nothing is made for an envelope that is dropped. */
import type { Bytes, Core } from '../../core/core.ts';
import { readU32 } from '../../wire/reader.ts';
import { strictText, utf8 } from '../../wire/text.ts';
import { join, writeU32, writeU64 } from '../../wire/writer.ts';
import { label } from './schedule.ts';

/** What section 7 fixes for everybody. */
export const GOSSIP = {
  /** Hops of a new envelope; more counts as so many. */
  hops: 16,
  /** Ids in one IHAVE or IWANT. */
  ids: 1000,
  /** How old a timestamp may be, and how far ahead. */
  pastMs: 120_000,
  aheadMs: 30_000,
  topicBytes: 255,
} as const;

export const ID_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** Where the parts of `u8 hops | envelope` lie. */
export interface BroadcastShape {
  hops: number;
  /** Milliseconds; above 2^53 it is rounded, and far outside any window all the same. */
  timestamp: number;
  /** Offset of the topic is {@link AT}.topic. */
  topicLength: number;
  payloadAt: number;
  /** Where the payload ends and the signature begins. */
  signatureAt: number;
}

/** Offsets in `u8 hops | envelope`. */
export const AT = { envelope: 1, origin: 1, sequence: 33, timestamp: 41, topicLength: 49, topic: 50 } as const;

/** @returns undefined when the body has not its shape. Never throws. */
export function readBroadcast(body: Bytes): BroadcastShape | undefined {
  if (body.length < LEAST_BYTES) return undefined;
  const topicLength = body[AT.topicLength];
  const payloadAt = AT.topic + topicLength + 4;
  const signatureAt = body.length - SIGNATURE_BYTES;
  // Where a topic leads beyond the signature, what is left is negative, which no u32 declares.
  if (topicLength < 1 || readU32(body, payloadAt - 4) !== signatureAt - payloadAt) return undefined;
  if (!isText(body, AT.topic, AT.topic + topicLength)) return undefined;
  const timestamp = readU32(body, AT.timestamp) * 2 ** 32 + readU32(body, AT.timestamp + 4);
  return { hops: body[0], timestamp, topicLength, payloadAt, signatureAt };
}

export interface EnvelopeFields {
  /** 32 bytes. */
  origin: Bytes;
  sequence: bigint;
  /** Whole milliseconds. */
  timestamp: bigint;
  /** 1 to 255 bytes. */
  topic: Bytes;
  payload: Bytes;
}

/** An envelope up to its signature. */
export function writeEnvelope({ origin, sequence, timestamp, topic, payload }: EnvelopeFields): Bytes {
  const numbers = new Uint8Array(17);
  writeU64(numbers, 0, sequence);
  writeU64(numbers, 8, timestamp);
  numbers[16] = topic.length;
  const length = new Uint8Array(4);
  writeU32(length, 0, payload.length);
  return join([origin, numbers, topic, length, payload]);
}

/** What stands in front of an envelope in the text that is signed: label and tag. @param tag 16 bytes. @returns 37 bytes. */
export function signedPrefix(tag: Bytes): Bytes {
  return join([label('broadcast'), tag]);
}

/** @param signed prefix and envelope up to its signature, in one part or several. @returns 64 bytes, of which the first 32 are the id. */
export function messageDigest(core: Core, signed: Bytes | readonly Bytes[]): Bytes {
  return core.hash.blake2b(signed);
}

/** The text of a topic that {@link readBroadcast} has found to be text. */
export function topicText(topic: Bytes): string {
  let text = '';
  for (let i = 0; i < topic.length; i++) {
    // Short texts of letters are the rule, and the decoder costs more than they do.
    if (topic[i] >= 0x80) return strictText(topic) ?? '';
    text += String.fromCharCode(topic[i]);
  }
  return text;
}

/** @returns undefined for what is no topic: empty, over 255 bytes, or no text. */
export function topicBytes(topic: unknown): Bytes | undefined {
  if (typeof topic !== 'string' || /\p{Surrogate}/u.test(topic)) return undefined;
  const bytes = utf8(topic);
  return bytes.length < 1 || bytes.length > GOSSIP.topicBytes ? undefined : bytes;
}

/** How many ids the body of an IHAVE or IWANT has; 0 when it has not its shape. */
export function countIds(body: Bytes): number {
  const count = body.length / ID_BYTES;
  return Number.isInteger(count) && count <= GOSSIP.ids ? count : 0;
}

function isText(bytes: Bytes, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] >= 0x80) return strictText(bytes.subarray(from, to)) !== undefined;
  return true;
}

// Hops, the fields of fixed length, a topic of one byte, no payload.
const LEAST_BYTES = AT.topic + 1 + 4 + SIGNATURE_BYTES;
