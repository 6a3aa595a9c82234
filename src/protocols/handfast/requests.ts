/** Bodies of requests, answers and pings: exact shapes, as section 4 gives them. */
import type { Bytes } from '../../core/core.ts';
import { Reader } from '../../wire/reader.ts';
import { strictText } from '../../wire/text.ts';
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

export function readDirect(body: Bytes): Direct | undefined {
  const reader = new Reader(body);
  const id = reader.bytes(8);
  const millisecondsLeft = reader.u32();
  const topic = strictText(reader.bytes(reader.u8()));
  const payload = reader.rest();
  if (!reader.whole || topic === undefined || !readId(id)) return undefined;
  if (millisecondsLeft < 1 || millisecondsLeft > MOST_MILLISECONDS) return undefined;
  return { id, millisecondsLeft, topic, payload };
}

/** Whether the body of a RESPONSE or an ERROR has its shape. */
export function wellFormedAnswer(kind: number, body: Bytes): boolean {
  const reader = new Reader(body);
  if (!readId(reader.bytes(8))) return false;
  if (kind === Kind.response) return !reader.failed;
  const code = reader.u16();
  return reader.rest().length <= LIMITS.reason && reader.whole && code >>> 8 === 0x04;
}

/** Also of a PONG. */
export function readPing(body: Bytes): boolean {
  return body.length === 8;
}

function readId(id: Bytes): boolean {
  return id.length === 8 && id.some((byte) => byte !== 0);
}

const MOST_MILLISECONDS = 600_000;
