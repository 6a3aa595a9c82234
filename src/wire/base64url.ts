/**
 * base64url without padding, RFC 4648, section 5: one text for each run of bytes. The reader refuses everything else, also what most decoders let pass: padding, white space, the other
 * alphabet, and bits that are left over in the last character and not zero.
 */

export function encodeBase64url(bytes: Uint8Array): string {
  const length = bytes.length;
  const text = new Uint8Array(Math.ceil((length * 4) / 3));
  let at = 0;
  let i = 0;
  for (; i + 2 < length; i += 3) {
    const three = (bytes[i] << 16) | (bytes[i + 1] << 8) | bytes[i + 2];
    text[at++] = LETTERS[three >>> 18];
    text[at++] = LETTERS[(three >>> 12) & 63];
    text[at++] = LETTERS[(three >>> 6) & 63];
    text[at++] = LETTERS[three & 63];
  }
  if (i < length) {
    text[at++] = LETTERS[bytes[i] >>> 2];
    text[at++] = LETTERS[((bytes[i] << 4) | (i + 1 < length ? bytes[i + 1] >>> 4 : 0)) & 63];
    if (i + 1 < length) text[at++] = LETTERS[(bytes[i + 1] << 2) & 63];
  }
  return ascii.decode(text);
}

/** @returns undefined when the text is not what `encodeBase64url` writes. */
export function decodeBase64url(text: string): Uint8Array | undefined {
  const { length } = text;
  const left = length % 4;
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  // A value over 63 marks a character that is none of the alphabet; one at the end of all stands for all of them.
  let wrong = 0;
  let at = 0;
  let i = 0;
  const value = (index: number): number => {
    const char = text.charCodeAt(index);
    return char < 128 ? VALUES[char] : NONE;
  };
  for (; i + 3 < length; i += 4) {
    const a = value(i);
    const b = value(i + 1);
    const c = value(i + 2);
    const d = value(i + 3);
    wrong |= a | b | c | d;
    bytes[at++] = (a << 2) | (b >>> 4);
    bytes[at++] = (b << 4) | (c >>> 2);
    bytes[at++] = (c << 6) | d;
  }
  // One character alone lacks a second, which counts as one that is none.
  if (left > 0) {
    const a = value(i);
    const b = value(i + 1);
    const c = left === 3 ? value(i + 2) : 0;
    wrong |= a | b | c;
    bytes[at++] = (a << 2) | (b >>> 4);
    if (left === 3) bytes[at] = (b << 4) | (c >>> 2);
    if ((left === 2 ? b & 15 : c & 3) !== 0) return undefined;
  }
  return wrong > 63 ? undefined : bytes;
}

const ascii = new TextDecoder('latin1');
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const LETTERS = Uint8Array.from(ALPHABET, (letter) => letter.charCodeAt(0));
const NONE = 64;
const VALUES = new Uint8Array(128).fill(NONE);
LETTERS.forEach((letter, value) => {
  VALUES[letter] = value;
});
