/** Single sealed records outside the hot path: OPEN, CLOSE, PING and their like. */
import type { Bytes, Cipher, Core, FrameTable, Framing } from '../../core/core.ts';
import { LIMITS, TAG } from './limits.ts';

/** `u32 length || AEAD(key, counter, ad = the four length bytes, kind || body)`. */
export const FRAMING: Framing = { lengthBytes: 4, ad: 'length', rekeyEvery: LIMITS.rekeyEvery };

/** One record, whole, as it goes on the stream: 21 bytes more than its body. */
export function sealRecord(core: Core, cipher: Cipher, kind: number, body: Bytes): Bytes {
  const slab = core.slab(4 + 1 + body.length + TAG);
  const { bytes } = slab;
  const table = singleTableOf(core);
  bytes[4] = kind;
  bytes.set(body, 5);
  table.entries[0] = 4;
  table.entries[1] = 1 + body.length;
  try {
    cipher.sealMany(slab, table, 1);
    return bytes.slice(0, 4 + 1 + body.length + TAG);
  } finally {
    slab.release();
  }
}

/** One whole record with its length in front. @returns undefined when it does not open. */
export function openRecord(core: Core, cipher: Cipher, record: Bytes): { kind: number; body: Bytes } | undefined {
  const slab = core.slab(record.length);
  try {
    slab.bytes.set(record);
    const table = singleTableOf(core);
    if (cipher.openMany(slab, 0, record.length, table, record.length) !== 1) return undefined;
    const [at, length] = table.entries;
    return { kind: slab.bytes[at], body: slab.bytes.slice(at + 1, at + length) };
  } finally {
    slab.release();
  }
}

/** One table for all sessions of a core: what it holds is used up before the next call of any of them. */
export function frameTableOf(core: Core): FrameTable {
  return tableOf(chunks, core, TABLE_FRAMES);
}

/** Another for single records: a PONG or a CLOSE is sealed while the places of a chunk's messages are still in use. */
function singleTableOf(core: Core): FrameTable {
  return tableOf(singles, core, 1);
}

function tableOf(tables: WeakMap<Core, FrameTable>, core: Core, capacity: number): FrameTable {
  let table = tables.get(core);
  if (!table) {
    table = core.frameTable(capacity);
    tables.set(core, table);
  }
  return table;
}

const chunks = new WeakMap<Core, FrameTable>();
const singles = new WeakMap<Core, FrameTable>();
// A 64 KiB chunk of the shortest records has some 3,100; 1,024 keeps the table small and a chunk of usual messages in one call.
const TABLE_FRAMES = 1024;
