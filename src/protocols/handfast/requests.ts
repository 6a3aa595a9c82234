/** Requests, answers and pings: exact shapes, as section 6 of the document gives them. Readers take the body of a record, writers give a whole one, its kind in front. */
import type { Bytes } from '../../core/core.ts';
import { type CodeName, wireCode } from '../../errors.ts';
import { Reader, readU32 } from '../../wire/reader.ts';
import { shownText, strictText } from '../../wire/text.ts';
import { writeU32, writeU64 } from '../../wire/writer.ts';
import { Kind } from './format.ts';
import { LIMITS } from './limits.ts';

export interface Direct {
  /** 8 bytes, not all zero; a view. */
  id: Bytes;
  millisecondsLeft: number;
  /** Empty: the default handler. */
  topic: string;
  /** A view. */
  payload: Bytes;
}

/** `payload` is a view: a RESPONSE. `code` and `reason`: an ERROR. */
export type Answer = { id: bigint; payload: Bytes } | { id: bigint; code: number; reason: string };

export function readDirect(body: Bytes): Direct | undefined {
  const reader = new Reader(body);
  const id = reader.bytes(8);
  const millisecondsLeft = reader.u32();
  const topicBytes = reader.bytes(reader.u8());
  const topic = topicBytes.length === 0 ? '' : strictText(topicBytes);
  const payload = reader.rest();
  if (!reader.whole || topic === undefined || !readId(id)) return undefined;
  if (millisecondsLeft < 1 || millisecondsLeft > LIMITS.requestMs) return undefined;
  return { id, millisecondsLeft, topic, payload };
}

/** The id as a number, 1 to 2^64 - 1. */
export function requestId({ id }: Direct): bigint {
  return (BigInt(readU32(id, 0)) << 32n) | BigInt(readU32(id, 4));
}

/** @param kind RESPONSE or ERROR. @returns undefined when the body does not have its shape. */
export function readAnswer(kind: number, body: Bytes): Answer | undefined {
  const reader = new Reader(body);
  const id = reader.u64();
  if (id === 0n) return undefined;
  if (kind === Kind.response) return { id, payload: reader.rest() };
  const code = reader.u16();
  const reason = reader.rest();
  if (!reader.whole || reason.length > LIMITS.reason || code >>> 8 !== 0x04) return undefined;
  return { id, code, reason: shownText(reason) };
}

/** Whether the body of a RESPONSE or an ERROR has its shape. */
export function wellFormedAnswer(kind: number, body: Bytes): boolean {
  return readAnswer(kind, body) !== undefined;
}

/** Also of a PONG. */
export function readPing(body: Bytes): boolean {
  return body.length === 8;
}

/** Bytes of the body of a DIRECT without topic and payload. */
export const DIRECT_HEAD = 13;

/** DIRECT, whose milliseconds `writeMillisecondsLeft` sets. @param id 1 to 2^64 - 1. @param topic at most 255 bytes. */
export function directRecord(id: bigint, topic: Bytes, payload: Bytes): Bytes {
  const record = new Uint8Array(1 + DIRECT_HEAD + topic.length + payload.length);
  record[0] = Kind.direct;
  writeU64(record, 1, id);
  record[DIRECT_HEAD] = topic.length;
  record.set(topic, 1 + DIRECT_HEAD);
  record.set(payload, 1 + DIRECT_HEAD + topic.length);
  return record;
}

/** @param left 1 to 600,000. */
export function writeMillisecondsLeft(record: Bytes, left: number): void {
  writeU32(record, 9, left);
}

export function responseRecord(id: bigint, payload: Bytes): Bytes {
  const record = new Uint8Array(9 + payload.length);
  record[0] = Kind.response;
  writeU64(record, 1, id);
  record.set(payload, 9);
  return record;
}

/** ERROR without a reason. @param code one of those that travel as 04xx. */
export function errorRecord(id: bigint, code: CodeName): Bytes {
  const record = new Uint8Array(11);
  const wire = wireCode(code);
  record[0] = Kind.error;
  writeU64(record, 1, id);
  record[9] = wire >>> 8;
  record[10] = wire;
  return record;
}

function readId(id: Bytes): boolean {
  return id.length === 8 && id.some((byte) => byte !== 0);
}
