/**
 * Z85 (ZeroMQ RFC 32), in two forms that are older than their use here: `Z85B` reads groups of four bytes little-endian and writes digits least significant first, a short last group
 * losing digits from its end; `Z85P` is plain Z85 of padded bytes behind a control character that counts the padding.
 */

export function encodeZ85b(bytes: Uint8Array): string {
  const text = new Uint8Array(Math.ceil(bytes.length / 4) * 5);
  let at = 0;
  for (let i = 0; i < bytes.length; i += 4) {
    let value = 0;
    for (let k = 3; k >= 0; k--) value = value * 256 + (bytes[i + k] ?? 0);
    for (let k = 0; k < 5; k++) {
      text[at++] = LETTERS[value % 85];
      value = Math.floor(value / 85);
    }
  }
  return latin1.decode(text.subarray(0, at - ((4 - (bytes.length % 4)) % 4)));
}

/** @returns undefined when a character is none of the alphabet, a group says more than four bytes can, or the last one is a single digit. */
export function decodeZ85b(text: string): Uint8Array | undefined {
  const missing = (5 - (text.length % 5)) % 5;
  if (missing === 4) return undefined;
  const bytes = new Uint8Array(((text.length + missing) / 5) * 4);
  let at = 0;
  for (let i = 0; i < text.length; i += 5) {
    let value = 0;
    for (let k = Math.min(4, text.length - 1 - i); k >= 0; k--) {
      const digit = digitOf(text.charCodeAt(i + k));
      if (digit === undefined) return undefined;
      value = value * 85 + digit;
    }
    if (value > LARGEST) return undefined;
    for (let k = 0; k < 4; k++) {
      bytes[at++] = value % 256;
      value = Math.floor(value / 256);
    }
  }
  return bytes.slice(0, bytes.length - missing);
}

export function encodeZ85p(bytes: Uint8Array): string {
  const padding = (4 - (bytes.length % 4)) % 4;
  const text = new Uint8Array(((bytes.length + padding) / 4) * 5 + 1);
  text[0] = padding;
  for (let i = 0, end = 6; i < bytes.length; i += 4, end += 5) {
    let value = 0;
    for (let k = 0; k < 4; k++) value = value * 256 + (bytes[i + k] ?? 0);
    for (let k = 1; k <= 5; k++) {
      text[end - k] = LETTERS[value % 85];
      value = Math.floor(value / 85);
    }
  }
  return latin1.decode(text);
}

/** @returns undefined when the count is not 0 to 3, a character is none of the alphabet, a group says more than four bytes can, or one is not whole. */
export function decodeZ85p(text: string): Uint8Array | undefined {
  const padding = text.charCodeAt(0);
  const groups = (text.length - 1) / 5;
  if (!(padding <= 3) || !Number.isInteger(groups) || (groups === 0 && padding > 0)) return undefined;
  const bytes = new Uint8Array(groups * 4);
  for (let group = 0; group < groups; group++) {
    let value = 0;
    for (let k = 0; k < 5; k++) {
      const digit = digitOf(text.charCodeAt(1 + group * 5 + k));
      if (digit === undefined) return undefined;
      value = value * 85 + digit;
    }
    if (value > LARGEST) return undefined;
    for (let k = 3; k >= 0; k--) {
      bytes[group * 4 + k] = value % 256;
      value = Math.floor(value / 256);
    }
  }
  return bytes.slice(0, bytes.length - padding);
}

function digitOf(char: number): number | undefined {
  const digit = char < 128 ? VALUES[char] : NONE;
  return digit === NONE ? undefined : digit;
}

const latin1 = new TextDecoder('latin1');
const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';
const LETTERS = Uint8Array.from(ALPHABET, (letter) => letter.charCodeAt(0));
const NONE = 255;
const VALUES = new Uint8Array(128).fill(NONE);
LETTERS.forEach((letter, value) => {
  VALUES[letter] = value;
});
const LARGEST = 0xffff_ffff;
