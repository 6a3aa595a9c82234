/**
 * Binary frames, section 8: `pad 0*, 1, versioned:1, [version:8], type:5, compressed:1, meta length:8, meta, [bin type:4], payload`. What is no BINARY lies on byte borders by itself;
 * a BINARY begins with four zero bits, so that its payload does.
 */
import type { Bytes } from '../../core/core.ts';
import { deflate, inflate } from '../../core/legacy/zlib.ts';
import { HandfastError } from '../../errors.ts';
import { isJsonObject, type JsonObject, parseJson } from '../../wire/json.ts';
import { utf8 } from '../../wire/text.ts';
import { malformed } from './faults.ts';
import { asciiJson } from './json-text.ts';
import { BIN_TYPES, BINARY_KINDS, type MessageKind } from './kinds.ts';

export interface BinaryFrame {
  kind: MessageKind;
  meta: JsonObject;
  /** An index of BIN_TYPES; 0 for all but `bin`. */
  binType: number;
  /** The payload's JSON, or the raw bytes of `bin`. */
  payload: Bytes;
}

export interface FrameForm {
  /** zlib for the meta and, except in `bin`, for the payload. Released peers read no other frames. */
  compressed: boolean;
  /** Says version 1; the reference never does. */
  versioned?: boolean;
}

/** @throws HF_BAD_ARGUMENT for a kind without a number, HF_TOO_LARGE (blame caller) when the meta takes more than 255 bytes. */
export function writeFrame({ kind, meta, binType, payload }: BinaryFrame, { compressed, versioned = false }: FrameForm): Bytes {
  const code = (BINARY_KINDS as readonly string[]).indexOf(kind);
  if (code < 0) throw new HandfastError('BAD_ARGUMENT', `kind: ${kind} has no binary form`);
  const metaBytes = compressed ? deflatedMeta(meta) : utf8(asciiJson(meta));
  if (metaBytes.length > MOST_META) {
    throw new HandfastError('TOO_LARGE', `metadata: takes ${metaBytes.length} bytes of a frame, ${MOST_META} are allowed`, {
      blame: 'caller',
    });
  }
  const first = (code << 1) | Number(compressed);
  const head = versioned ? [0xc0 | (VERSION >>> 2), ((VERSION & 3) << 6) | first, metaBytes.length] : [0x80 | first, metaBytes.length];
  if (kind !== 'bin') {
    const body = compressed ? deflate(payload) : payload;
    const frame = new Uint8Array(head.length + metaBytes.length + body.length);
    frame.set(head);
    frame.set(metaBytes, head.length);
    frame.set(body, head.length + metaBytes.length);
    return frame;
  }
  const shifted = [...head, ...metaBytes];
  const frame = new Uint8Array(shifted.length + 1 + payload.length);
  for (let i = 0; i < shifted.length; i++) {
    frame[i] |= shifted[i] >>> 4;
    frame[i + 1] = shifted[i] << 4;
  }
  frame[shifted.length] |= binType;
  frame.set(payload, shifted.length + 1);
  return frame;
}

/** @param limit bytes of the payload, inflated. @returns the frame, its payload perhaps a view; or what is wrong with it: HF_MALFORMED, HF_TOO_LARGE. */
export function readFrame(bytes: Bytes, limit: number): BinaryFrame | HandfastError {
  const binary = bytes[0] >>> 4 === 0;
  if (!binary && bytes[0] < 0x80) return malformed('a frame does not begin where a byte or a half of one does');
  /** Byte `i` of the frame, as it stands behind the padding. */
  const at = (i: number): number => (binary ? ((bytes[i] & 15) << 4) | (bytes[i + 1] >>> 4) : bytes[i]);
  if (bytes.length < 4 || (binary && (bytes[0] & 8) === 0)) return malformed('a frame without its start');
  let next = 0;
  if ((at(0) & 0x40) !== 0) {
    const version = ((at(0) & 0x3f) << 2) | (at(1) >>> 6);
    if (version > VERSION) return malformed(`a frame of version ${version}`);
    next = 1;
  }
  const first = at(next++) & 0x3f;
  const kind = BINARY_KINDS[first >>> 1];
  const compressed = (first & 1) === 1;
  if (kind === undefined) return malformed(`a frame of unassigned type ${first >>> 1}`);
  if ((kind === 'bin') !== binary) return malformed('a frame whose payload does not begin where a byte does');
  const metaLength = at(next++);
  if (next + metaLength + Number(binary) > bytes.length) return malformed('a frame shorter than its metadata');
  const metaBytes = new Uint8Array(metaLength);
  for (let i = 0; i < metaLength; i++) metaBytes[i] = at(next + i);
  next += metaLength;
  const meta = metaOf(compressed ? inflatedMeta(metaBytes) : metaBytes);
  if (meta instanceof HandfastError) return meta;
  if (binary) {
    const binType = bytes[next] & 15;
    if (binType >= BIN_TYPES.length) return malformed(`a binary payload of unassigned type ${binType}`);
    return { kind, meta, binType, payload: bytes.subarray(next + 1) };
  }
  const rest = bytes.subarray(next);
  const payload = compressed ? inflate(rest, limit) : rest;
  if (!payload) return malformed(`a frame whose payload is no whole zlib stream, or would swell beyond ${limit} bytes`);
  return { kind, meta, binType: 0, payload };
}

function metaOf(bytes: Bytes | undefined): JsonObject | HandfastError {
  if (!bytes) return malformed(`metadata that is no whole zlib stream, or would swell beyond ${META_LIMITS.bytes} bytes`);
  const read = parseJson(bytes, META_LIMITS);
  if ('fault' in read) return malformed(`metadata of a frame: ${read.fault}`);
  return isJsonObject(read.value) ? read.value : malformed('metadata of a frame: no object');
}

/** Most frames have no metadata: a zlib stream for two bytes would cost more than everything else about a small message, by the memory that it needs. */
function deflatedMeta(meta: JsonObject): Bytes {
  return Object.keys(meta).length === 0 ? noMeta().slice() : deflate(utf8(asciiJson(meta)));
}

function inflatedMeta(bytes: Bytes): Bytes | undefined {
  const none = noMeta();
  const isNone = bytes.length === none.length && bytes.every((byte, i) => byte === none[i]);
  return isNone ? NO_META : inflate(bytes, META_LIMITS.bytes);
}

/** `{}` as zlib writes it. */
function noMeta(): Bytes {
  deflatedNoMeta ??= deflate(NO_META);
  return deflatedNoMeta;
}

let deflatedNoMeta: Bytes | undefined;
const NO_META = utf8('{}');
const VERSION = 1;
const MOST_META = 255;
const META_LIMITS = { bytes: 16 * 1024, depth: 8, members: 256 };
