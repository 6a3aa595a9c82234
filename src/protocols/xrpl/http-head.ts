/** The head of an HTTP/1.1 message as it comes in, in any cut: bounded, by bytes and by lines, strict, and without a body. */
import type { Bytes } from '../../core/core.ts';
import type { HandfastError } from '../../errors.ts';
import { shownText, utf8 } from '../../wire/text.ts';
import { join } from '../../wire/writer.ts';
import { fault } from '../faults.ts';
import { LIMITS } from './limits.ts';

/** Names in lower case; the first of repeated ones. Values are Latin-1, without blanks around them. */
export type Fields = ReadonlyMap<string, string>;

export interface RequestHead {
  readonly method: string;
  readonly target: string;
  /** 10 or 11. */
  readonly version: number;
  readonly fields: Fields;
}

export interface ResponseHead {
  readonly version: number;
  readonly status: number;
  readonly reason: string;
  readonly fields: Fields;
}

/** What came and is not a whole head yet, and how far it was looked through. */
export interface Held {
  readonly bytes: Bytes;
  /** No head ends before this. */
  readonly searched: number;
}

export type HeadTaken = { head: string; rest: Bytes; bytes: number } | { held: Held } | { fault: HandfastError };

export const NOTHING_HELD: Held = { bytes: new Uint8Array(0), searched: 0 };

/** Adds what came. @returns the head without its last empty line, and the bytes behind it (a copy); or what is held now; or why it can be none. */
export function takeHead(held: Held, data: Bytes): HeadTaken {
  // Only what a head may have is ever looked at or kept, whatever came with it.
  const room = LIMITS.head - held.bytes.length;
  const whole = held.bytes.length === 0 && data.length <= room;
  // Mostly it comes in one piece, and nothing of it is kept: then nothing is copied.
  const bytes = whole ? data : join([held.bytes, data.subarray(0, room)]);
  const end = headEnd(bytes, held.searched);
  if (end >= 0) {
    const rest = end === bytes.length && data.length <= room ? NONE : join([bytes.subarray(end), data.subarray(room)]);
    return { head: latin1(bytes.subarray(0, end - 4)), rest, bytes: end };
  }
  if (bytes.length >= LIMITS.head) return { fault: fault('TOO_LARGE', `a head of more than ${LIMITS.head} bytes`) };
  return { held: { bytes: whole ? join([bytes]) : bytes, searched: Math.max(0, bytes.length - 3) } };
}

/** @returns undefined when it is no request. */
export function readRequest(head: string): RequestHead | undefined {
  const match = REQUEST_LINE.exec(firstLine(head));
  const fields = match && readFields(head);
  return fields ? { method: match[1], target: match[2], version: 10 + Number(match[3]), fields } : undefined;
}

/** @returns undefined when it is no response. */
export function readResponse(head: string): ResponseHead | undefined {
  const match = STATUS_LINE.exec(firstLine(head));
  const fields = match && readFields(head);
  return fields ? { version: 10 + Number(match[1]), status: Number(match[2]), reason: match[3] ?? '', fields } : undefined;
}

/** A head as text: the first line, and fields in order. Fields without a value are left out. */
export function writeHead(first: string, fields: readonly (readonly [name: string, value: string | undefined])[]): string {
  let text = `${first}\r\n`;
  for (const [name, value] of fields) if (value !== undefined) text += `${name}: ${value}\r\n`;
  return `${text}\r\n`;
}

export function latin1(bytes: Bytes): string {
  // Mostly there is nothing beyond ASCII, of which UTF-8 is the same: anything else makes the text shorter, or has no character there.
  const plain = shownText(bytes);
  if (plain.length === bytes.length && !plain.includes('\ufffd')) return plain;
  let text = '';
  // Many at once: character by character the engine would build a rope of them, and take that apart again at the first look.
  for (let at = 0; at < bytes.length; at += CHARACTERS_AT_ONCE) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + CHARACTERS_AT_ONCE) as unknown as number[]);
  }
  return text;
}

export function latin1Bytes(text: string): Bytes {
  // Mostly there is nothing beyond ASCII, of which UTF-8 is the same.
  const bytes = utf8(text);
  return bytes.length === text.length ? bytes : Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function headEnd(bytes: Bytes, from: number): number {
  // Looked at where its last byte would be: a byte that is in no such end is the first that the next one can stand behind.
  for (let at = from + 3; at < bytes.length; ) {
    const byte = bytes[at];
    if (byte === LF) {
      if (bytes[at - 1] === CR && bytes[at - 2] === LF && bytes[at - 3] === CR) return at + 1;
      at += 2;
    } else at += byte === CR ? 1 : 4;
  }
  return -1;
}

function firstLine(head: string): string {
  const end = head.indexOf('\r\n');
  return end < 0 ? head : head.slice(0, end);
}

/** Of the lines behind the first. Continued lines, names with blanks, control characters and more than 64 lines are none. */
function readFields(head: string): Fields | undefined {
  const fields = new Map<string, string>();
  let at = head.indexOf('\r\n');
  // All lines at once: an expression run for each costs several times as much.
  if (at >= 0 && !FIELD_LINES.test(head.slice(at))) return undefined;
  for (let lines = 1; at >= 0; lines++) {
    if (lines > LIMITS.fields) return undefined;
    const colon = head.indexOf(':', at);
    const next = head.indexOf('\r\n', colon);
    const name = head.slice(at + 2, colon).toLowerCase();
    if (!fields.has(name)) fields.set(name, trimmed(head, colon + 1, next < 0 ? head.length : next));
    at = next;
  }
  return fields;
}

/** Blanks and tabs only: `trim` would take characters of Latin-1 that are not blanks here. */
function trimmed(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/** All are arguments of one call. */
const CHARACTERS_AT_ONCE = 1024;
const CR = 0x0d;
const LF = 0x0a;
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const REQUEST_LINE = new RegExp(`^(${TOKEN}) ([\\x21-\\x7e\\x80-\\xff]+) HTTP/1\\.([01])$`);
const STATUS_LINE = /^HTTP\/1\.([01]) ([0-9]{3})(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const FIELD_LINES = new RegExp(`^(?:\\r\\n${TOKEN}:[\\t\\x20-\\x7e\\x80-\\xff]*)*$`);
const NONE = new Uint8Array(0);
