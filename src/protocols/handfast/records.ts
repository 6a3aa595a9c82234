/** Single sealed records outside the hot path: OPEN, CLOSE, PING and their like. */
import type { Bytes, Cipher, Core, FrameTable, Framing } from '../../core/core.ts';
import { copyTo, partOf } from '../../wire/bytes.ts';
import { room } from '../../wire/writer.ts';
import { LIMITS } from './limits.ts';

/** `u32 length || AEAD(key, counter, ad = the four length bytes, kind || body)`. */
export const FRAMING: Framing = { lengthBytes: 4, ad: 'length', rekeyEvery: LIMITS.rekeyEvery };

/** One record, whole, as it goes on the stream: 21 bytes more than its body. */
export function sealRecord(cipher: Cipher, kind: number, body: Bytes): Bytes {
  const message = room(1 + body.length);
  message[0] = kind;
  copyTo(message, body, 1);
  return cipher.seal(message);
}

/** One whole record with its length in front. @returns undefined when it does not open. */
export function openRecord(cipher: Cipher, record: Bytes): { kind: number; body: Bytes } | undefined {
  const message = cipher.open(record);
  // Not a view: an array as short as this has memory of its own only once somebody asks for it.
  return message && { kind: message[0], body: partOf(message, 1, message.length) };
}

/** One table for all sessions of a core: what it holds is used up before the next call of any of them. */
export function frameTableOf(core: Core): FrameTable {
  let table = tables.get(core);
  if (!table) {
    table = core.frameTable(TABLE_FRAMES);
    tables.set(core, table);
  }
  return table;
}

const tables = new WeakMap<Core, FrameTable>();
// The largest chunk, of 512 KiB, has 25,000 of the shortest records and 1,900 with messages of 256 bytes: those go in one call, and the table stays small.
const TABLE_FRAMES = 2048;
