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
  if (!NodeBuffer) return decode(text);
  const read = NodeBuffer.from(text, 'base64url');
  // Node reads what it can and passes over the rest: only what would be written like this was all of it.
  return read.toString('base64url') === text ? new Uint8Array(read) : undefined;
}

/** Whether the text has nothing but characters of the alphabet, or of the other one. Quicker than decoding it; what it refuses may be base64url all the same. */
export function looksLikeBase64url(text: string): boolean {
  const { length } = text;
  // Node passes over what it cannot read, and then has less. Of a character too many at the end it has nothing in any case.
  return NodeBuffer !== undefined && length % 4 !== 1 && NodeBuffer.from(text, 'base64url').length === Math.floor((length * 3) / 4);
}

const NodeBuffer = (globalThis as { Buffer?: typeof Buffer }).Buffer;
