/** Texts of ASCII as bytes, by Node's own code where there is Node: for the older protocols, whose messages are texts of several kilobytes. */
import { utf8 } from '../../wire/text.ts';
import type { Bytes } from '../core.ts';

/**
 * In memory that may be shared with others: for what is sent, signed or hashed and then forgotten, not for secrets, nor for what is kept.
 * @param text of ASCII, which is for the caller to know.
 */
export function asciiOf(text: string): Bytes {
  if (!NodeBuffer) return utf8(text);
  const bytes = NodeBuffer.from(text, 'latin1');
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

const NodeBuffer = (globalThis as { Buffer?: typeof Buffer }).Buffer;
