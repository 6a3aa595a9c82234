/** The head of an HTTP/1.1 message as it comes in, in any cut: bounded, by bytes and by lines, strict, and without a body. */
import type { Bytes } from '../../core/core.ts';
import type { HandfastError } from '../../errors.ts';
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
  const bytes = join([held.bytes, data.subarray(0, room)]);
  const end = headEnd(bytes, held.searched);
  if (end >= 0) {
    const behind = join([bytes.subarray(end), data.subarray(room)]);
    return { head: latin1(bytes.subarray(0, end - 4)), rest: behind, bytes: end };
  }
  if (bytes.length >= LIMITS.head) return { fault: fault('TOO_LARGE', `a head of more than ${LIMITS.head} bytes`) };
  return { held: { bytes, searched: Math.max(0, bytes.length - 3) } };
}

/** @returns undefined when it is no request. */
export function readRequest(head: string): RequestHead | undefined {
  const [first, ...lines] = head.split('\r\n');
  const match = REQUEST_LINE.exec(first);
  const fields = match && readFields(lines);
  return fields ? { method: match[1], target: match[2], version: 10 + Number(match[3]), fields } : undefined;
}

/** @returns undefined when it is no response. */
export function readResponse(head: string): ResponseHead | undefined {
  const [first, ...lines] = head.split('\r\n');
  const match = STATUS_LINE.exec(first);
  const fields = match && readFields(lines);
  return fields ? { version: 10 + Number(match[1]), status: Number(match[2]), reason: match[3] ?? '', fields } : undefined;
}

/** A head as text: the first line, and fields in order. Fields without a value are left out. */
export function writeHead(first: string, fields: readonly (readonly [name: string, value: string | undefined])[]): string {
  let text = `${first}\r\n`;
  for (const [name, value] of fields) if (value !== undefined) text += `${name}: ${value}\r\n`;
  return `${text}\r\n`;
}

export function latin1(bytes: Bytes): string {
  let text = '';
  // Many at once: character by character the engine would build a rope of them, and take that apart again at the first look.
  for (let at = 0; at < bytes.length; at += CHARACTERS_AT_ONCE) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + CHARACTERS_AT_ONCE) as unknown as number[]);
  }
  return text;
}

export function latin1Bytes(text: string): Bytes {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function headEnd(bytes: Bytes, from: number): number {
  for (let at = bytes.indexOf(CR, from); at >= 0; at = bytes.indexOf(CR, at + 1)) {
    if (bytes[at + 1] === LF && bytes[at + 2] === CR && bytes[at + 3] === LF) return at + 4;
  }
  return -1;
}

/** Continued lines, names with blanks, control characters and more than 64 lines are none. */
function readFields(lines: readonly string[]): Fields | undefined {
  if (lines.length > LIMITS.fields) return undefined;
  const fields = new Map<string, string>();
  for (const line of lines) {
    const match = FIELD.exec(line);
    if (!match) return undefined;
    const name = match[1].toLowerCase();
    if (!fields.has(name)) fields.set(name, trimmed(match[2]));
  }
  return fields;
}

/** Blanks and tabs only: `trim` would take characters of Latin-1 that are not blanks here. */
function trimmed(text: string): string {
  let from = 0;
  let to = text.length;
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
const FIELD = new RegExp(`^(${TOKEN}):([\\t\\x20-\\x7e\\x80-\\xff]*)$`);
