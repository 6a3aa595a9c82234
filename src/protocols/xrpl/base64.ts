/** base64 as header fields carry it: standard with padding when written, lenient when read (section 8.3). */
import type { Bytes } from '../../core/core.ts';

export function base64Of(bytes: Bytes): string {
  const codes = new Array<number>(4 * Math.ceil(bytes.length / 3)).fill(PADDING);
  for (let i = 0, at = 0; i < bytes.length; i += 3, at += 4) {
    const left = bytes.length - i;
    const word = (bytes[i] << 16) | ((left > 1 ? bytes[i + 1] : 0) << 8) | (left > 2 ? bytes[i + 2] : 0);
    codes[at] = CODES[word >> 18];
    codes[at + 1] = CODES[(word >> 12) & 63];
    if (left > 1) codes[at + 2] = CODES[(word >> 6) & 63];
    if (left > 2) codes[at + 3] = CODES[word & 63];
  }
  // As one text: put together character by character it would be a rope of them. What is written here is a signature, short enough for the arguments of one call.
  return String.fromCharCode.apply(null, codes);
}

/** Decodes up to the first `=` or foreign character and keeps what it has. Never throws. */
export function lenientBase64(text: string): Bytes {
  const bytes = new Uint8Array((text.length * 3) >> 2);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const value = code < VALUES.length ? VALUES[code] : -1;
    if (value < 0) break;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = held >> bits;
    }
  }
  return at === bytes.length ? bytes : bytes.slice(0, at);
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const PADDING = 0x3d;
const CODES = Uint8Array.from(ALPHABET, (character) => character.charCodeAt(0));
const VALUES = new Int8Array(128).fill(-1);
for (let i = 0; i < ALPHABET.length; i++) VALUES[CODES[i]] = i;
