/** basE91 (Joachim Henke, 2006): 13 or 14 bits in two characters, the least significant ones first. */

export function encodeBase91(bytes: Uint8Array): string {
  const text = new Uint8Array(Math.ceil((bytes.length * 16) / 13) + 2);
  let at = 0;
  let queue = 0;
  let bits = 0;
  for (let i = 0; i < bytes.length; i++) {
    queue |= bytes[i] << bits;
    bits += 8;
    if (bits <= 13) continue;
    let value = queue & 8191;
    if (value > SHORTEST) {
      queue >>>= 13;
      bits -= 13;
    } else {
      value = queue & 16383;
      queue >>>= 14;
      bits -= 14;
    }
    text[at++] = LETTERS[value % 91];
    text[at++] = LETTERS[Math.floor(value / 91)];
  }
  if (bits > 0) {
    text[at++] = LETTERS[queue % 91];
    if (bits > 7 || queue > 90) text[at++] = LETTERS[Math.floor(queue / 91)];
  }
  return latin1.decode(text.subarray(0, at));
}

/** @returns undefined when a character is none of the alphabet. */
export function decodeBase91(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.ceil((text.length * 7) / 8) + 1);
  let at = 0;
  let queue = 0;
  let bits = 0;
  let first = -1;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    const value = char < 128 ? VALUES[char] : NONE;
    if (value === NONE) return undefined;
    if (first < 0) {
      first = value;
      continue;
    }
    const pair = first + value * 91;
    first = -1;
    queue |= pair << bits;
    bits += (pair & 8191) > SHORTEST ? 13 : 14;
    do {
      bytes[at++] = queue;
      queue >>>= 8;
      bits -= 8;
    } while (bits > 7);
  }
  if (first >= 0) bytes[at++] = queue | (first << bits);
  return bytes.slice(0, at);
}

const latin1 = new TextDecoder('latin1');
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&()*+,./:;<=>?@[]^_`{|}~"';
const LETTERS = Uint8Array.from(ALPHABET, (letter) => letter.charCodeAt(0));
const NONE = 255;
const VALUES = new Uint8Array(128).fill(NONE);
LETTERS.forEach((letter, value) => {
  VALUES[letter] = value;
});
// Values of 13 bits up to this leave room for one bit more.
const SHORTEST = 88;
