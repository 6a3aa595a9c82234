/** The frames and records of handfast/1 as values: reading is exact (bytes missing or left over are `undefined`, which the machines call MALFORMED), writing cannot go wrong. */
import type { Bytes, Suite } from '../../core/core.ts';
import { copyTo, viewOf } from '../../wire/bytes.ts';
import { Reader, readU32 } from '../../wire/reader.ts';
import { clipped, shownText, strictText } from '../../wire/text.ts';
import { room, Writer, writeU32 } from '../../wire/writer.ts';
import { LIMITS } from './limits.ts';

export const VERSION = 1;

export const Frame = { hello: 0x01, reply: 0x02, finish: 0x03, sealedRefusal: 0x04, clearRefusal: 0x7f } as const;

export const Kind = {
  open: 0x00,
  direct: 0x01,
  response: 0x02,
  error: 0x03,
  broadcast: 0x04,
  ping: 0x05,
  pong: 0x06,
  close: 0x07,
  ihave: 0x08,
  iwant: 0x09,
  data: 0x0a,
} as const;

export const SUITES: Readonly<Record<number, Suite>> = { 1: 'chacha20-poly1305', 2: 'aes-256-gcm' };
export const SUITE_IDS: Readonly<Record<Suite, number>> = { 'chacha20-poly1305': 1, 'aes-256-gcm': 2 };

/** Extensions that this version knows; all of them belong into OPEN. */
export const Extension = { agent: 0x0001, node: 0x0002, boot: 0x0003 } as const;
const MUST_UNDERSTAND = 0x8000;

export interface ExtensionEntry {
  type: number;
  value: Bytes;
}

export interface Hello {
  versions: Bytes;
  suites: Bytes;
  /** 16 bytes. */
  tag: Bytes;
  /** 32 bytes. */
  ephemeral: Bytes;
  extensions: readonly ExtensionEntry[];
}

export interface Reply {
  version: number;
  suite: number;
  ephemeral: Bytes;
  extensions: readonly ExtensionEntry[];
  /** The frame up to its sealed part. */
  head: Bytes;
  sealed: Bytes;
}

/** What a side signs, and the signature. All are views of the opened frame. */
export interface Proof {
  /** 32 bytes. */
  id: Bytes;
  /** Milliseconds. */
  timestamp: number;
  extensions: readonly ExtensionEntry[];
  /** id, timestamp and extensions as they were sent. */
  claim: Bytes;
  /** 64 bytes. */
  signature: Bytes;
}

export interface Refused {
  code: number;
  reason: string;
}

export interface Open {
  largestRecord: number;
  extensions: readonly ExtensionEntry[];
  agent?: string;
  node: boolean;
  /** 16 bytes; a view. */
  bootId?: Bytes;
}

/** One frame off the front of a stream. */
export type Taken = { kind: 'frame'; length: number } | { kind: 'short' } | { kind: 'empty' } | { kind: 'too-large'; declared: number };

/** Its length stands in the first 4 bytes of `bytes`, and what follows them is the frame. */
export function takeFrame(bytes: Bytes, limit: number): Taken {
  if (bytes.length < 4) return { kind: 'short' };
  const declared = readU32(bytes, 0);
  if (declared === 0) return { kind: 'empty' };
  if (declared > limit) return { kind: 'too-large', declared };
  if (bytes.length < 4 + declared) return { kind: 'short' };
  return { kind: 'frame', length: declared };
}

/** The frame with its length in front: what goes on the stream. @param head begins it, and `tail` follows. */
export function framed(head: Bytes, tail: Bytes): Bytes {
  const whole = room(4 + head.length + tail.length);
  writeU32(whole, 0, whole.length - 4);
  copyTo(whole, head, 4);
  copyTo(whole, tail, 4 + head.length);
  return whole;
}

/** With its length in front: the frame itself begins behind 4 bytes. */
export function writeHello(versions: Bytes, suites: Bytes, tag: Bytes, ephemeral: Bytes): Bytes {
  const whole = room(4 + 3 + versions.length + suites.length + 16 + 32 + NO_EXTENSIONS.length);
  writeU32(whole, 0, whole.length - 4);
  whole[4] = Frame.hello;
  whole[5] = versions.length;
  copyTo(whole, versions, 6);
  let at = 6 + versions.length;
  whole[at++] = suites.length;
  copyTo(whole, suites, at);
  at += suites.length;
  copyTo(whole, tag, at);
  copyTo(whole, ephemeral, at + 16);
  return whole;
}

export function readHello(frame: Bytes): Hello | undefined {
  const reader = new Reader(frame);
  reader.u8();
  const versions = readList(reader);
  const suites = readList(reader);
  const tag = reader.bytes(16);
  const ephemeral = reader.bytes(32);
  const extensions = readExtensions(reader);
  if (!versions || !suites || !extensions || !reader.whole) return undefined;
  return { versions, suites, tag, ephemeral, extensions };
}

/** The reply up to its sealed part. */
export function writeReplyHead(suite: number, ephemeral: Bytes): Bytes {
  const head = room(3 + 32 + NO_EXTENSIONS.length);
  head[0] = Frame.reply;
  head[1] = VERSION;
  head[2] = suite;
  copyTo(head, ephemeral, 3);
  return head;
}

export function readReply(frame: Bytes): Reply | undefined {
  const reader = new Reader(frame);
  reader.u8();
  const version = reader.u8();
  const suite = reader.u8();
  const ephemeral = reader.bytes(32);
  const extensions = readExtensions(reader);
  const head = viewOf(frame, 0, reader.position);
  const sealed = reader.rest();
  if (!extensions || !reader.whole || sealed.length < 16) return undefined;
  return { version, suite, ephemeral, extensions, head, sealed };
}

export function writeClaim(id: Bytes, timestamp: number): Bytes {
  const claim = room(32 + 8 + NO_EXTENSIONS.length);
  copyTo(claim, id, 0);
  // Milliseconds are below 2^53, so two halves hold them without a bigint.
  writeU32(claim, 32, Math.floor(timestamp / 2 ** 32));
  writeU32(claim, 36, timestamp % 2 ** 32);
  return claim;
}

export function readProof(opened: Bytes): Proof | undefined {
  const reader = new Reader(opened);
  const id = reader.bytes(32);
  // Rounded beyond 2^53, which is far outside any window all the same.
  const timestamp = reader.u32() * 2 ** 32 + reader.u32();
  const extensions = readExtensions(reader);
  const claim = viewOf(opened, 0, reader.position);
  const signature = reader.bytes(64);
  if (!extensions || !reader.whole) return undefined;
  return { id, timestamp, extensions, claim, signature };
}

export function writeRefusal(code: number, reason: string): Bytes {
  return new Writer().u16(code).bytes(clipped(reason, LIMITS.reason)).joined();
}

/** Also the body of CLOSE. Codes of answers (04xx) stand in ERROR only: here they are out of range. */
export function readRefusal(body: Bytes): Refused | undefined {
  const reader = new Reader(body);
  const code = reader.u16();
  const reason = reader.rest();
  if (!reader.whole || reason.length > LIMITS.reason || code >>> 8 === 0x04) return undefined;
  return { code, reason: shownText(reason) };
}

/** What a side says of itself in OPEN. */
export interface OpenFields {
  largestRecord: number;
  agent: string | undefined;
  node: boolean;
  bootId: Bytes | undefined;
}

export function writeOpen({ largestRecord, agent, node, bootId }: OpenFields): Bytes {
  if (agent === undefined && !node && !bootId) {
    const open = new Uint8Array(4 + NO_EXTENSIONS.length);
    writeU32(open, 0, largestRecord);
    return open;
  }
  const entries = new Writer();
  if (agent !== undefined) {
    const value = clipped(agent, LIMITS.agent);
    entries.u16(Extension.agent).u16(value.length).bytes(value);
  }
  if (node) entries.u16(Extension.node).u16(0);
  if (bootId) entries.u16(Extension.boot).u16(bootId.length).bytes(bootId);
  const list = entries.joined();
  return new Writer().u32(largestRecord).u16(list.length).bytes(list).joined();
}

export function readOpen(body: Bytes): Open | undefined {
  const reader = new Reader(body);
  const largestRecord = reader.u32();
  const extensions = readExtensions(reader);
  if (!extensions || !reader.whole) return undefined;
  if (largestRecord < LIMITS.leastRecord || largestRecord > LIMITS.mostRecord) return undefined;
  const open: Open = { largestRecord, extensions, node: false };
  for (const { type, value } of extensions) {
    if (type === Extension.agent) {
      const agent = readAgent(value);
      if (agent === undefined) return undefined;
      open.agent = agent;
    } else if (type === Extension.node) {
      if (value.length > 0) return undefined;
      open.node = true;
    } else if (type === Extension.boot) {
      if (value.length !== LIMITS.bootId) return undefined;
      open.bootId = value;
    }
  }
  return open;
}

/** The first entry that must be understood and is not: `known` are the types that belong in this place. */
export function unsupported(extensions: readonly ExtensionEntry[], known: readonly number[] = []): number | undefined {
  if (extensions.length === 0) return undefined;
  return extensions.find(({ type }) => (type & MUST_UNDERSTAND) !== 0 && !known.includes(type))?.type;
}

/** An extension list: a u16 length, then entries that fill it exactly, types strictly rising. */
function readExtensions(reader: Reader): readonly ExtensionEntry[] | undefined {
  const length = reader.u16();
  // The usual case. A list that is not there reads as empty: then the reader around it is not whole.
  if (length === 0) return NO_ENTRIES;
  const list = new Reader(reader.bytes(length));
  const entries: ExtensionEntry[] = [];
  let last = -1;
  while (list.left > 0) {
    const type = list.u16();
    const value = list.bytes(list.u16());
    if (type <= last) return undefined;
    entries.push({ type, value });
    last = type;
  }
  return list.whole ? entries : undefined;
}

/** 1 to 16 bytes, strictly rising. */
function readList(reader: Reader): Bytes | undefined {
  const count = reader.u8();
  const list = reader.bytes(count);
  if (count < 1 || count > LIMITS.listed || list.length !== count) return undefined;
  for (let i = 1; i < count; i++) if (list[i] <= list[i - 1]) return undefined;
  return list;
}

function readAgent(value: Bytes): string | undefined {
  return value.length < 1 || value.length > LIMITS.agent ? undefined : strictText(value);
}

const NO_EXTENSIONS = new Uint8Array(2);
const NO_ENTRIES: readonly ExtensionEntry[] = [];
