/**
 * base64url as src/wire/base64url.ts reads and writes it, with the same refusals, by Node's own code: for the older protocols, whose messages are texts of several kilobytes. Where
 * there is no Node, by the other.
 */
import { decodeBase64url as decode, encodeBase64url as encode } from '../../wire/base64url.ts';
import type { Bytes } from '../core.ts';

export function encodeBase64url(bytes: Bytes): string {
  return NodeBuffer ? NodeBuffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url') : encode(bytes);
}

/** @returns undefined when the text is not what `encodeBase64url` writes. In memory of its own. */
export function decodeBase64url(text: string): Bytes | undefined {
  const read = readBase64url(text);
  return read && new Uint8Array(read);
}

/** As `decodeBase64url`, but in memory that may be shared with others: for what is used at once and forgotten, and is no secret. */
export function readBase64url(text: string): Bytes | undefined {
  if (!NodeBuffer) return decode(text);
  const read = NodeBuffer.from(text, 'base64url');
  if (!isWhole(read, text) || text.includes('+') || text.includes('/') || NodeBuffer.byteLength(text) !== text.length) return undefined;
  const last = text.charAt(text.length - 1);
  if (text.length % 4 === 2 && !'AQgw'.includes(last)) return undefined;
  if (text.length % 4 === 3 && !'AEIMQUYcgkosw048'.includes(last)) return undefined;
  return new Uint8Array(read.buffer, read.byteOffset, read.length);
}

/** Whether the text has nothing but characters of the alphabet, or of the other one. Quicker than decoding it; what it refuses may be base64url all the same. */
export function looksLikeBase64url(text: string): boolean {
  return NodeBuffer !== undefined && isWhole(NodeBuffer.from(text, 'base64url'), text);
}

/** Node reads both alphabets, of characters beyond ASCII eight bits, and passes over what it cannot read: then it has less than the length says. A character too many says nothing. */
function isWhole(read: Uint8Array, { length }: string): boolean {
  return length % 4 !== 1 && read.length === Math.floor((length * 3) / 4);
}

const NodeBuffer = (globalThis as { Buffer?: typeof Buffer }).Buffer;
