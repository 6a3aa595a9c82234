/** Text encodings of sealed bytes, section 7, by the names that peers use for them. */
import { base32, base64, base64url } from '@scure/base';
import type { Bytes } from '../../core/core.ts';
import { decodeBase91, encodeBase91 } from '../../wire/base91.ts';
import { decodeZ85b, decodeZ85p, encodeZ85b, encodeZ85p } from '../../wire/z85.ts';

export type Encoding = 'JSON-B64' | 'JSON-URLSAFE-B64' | 'JSON-B91' | 'JSON-Z85B' | 'JSON-Z85P' | 'JSON-B32' | 'JSON-HEX';

interface Codec {
  encode(bytes: Bytes): string;
  /** @returns undefined for what is no such text. */
  decode(text: string): Bytes | undefined;
}

export const ENCODINGS: Readonly<Record<Encoding, Codec>> = {
  'JSON-B64': careful(base64),
  'JSON-URLSAFE-B64': careful(base64url),
  'JSON-HEX': { encode: hexOf, decode: bytesOfHex },
  'JSON-B91': { encode: encodeBase91, decode: decodeBase91 },
  'JSON-Z85B': { encode: encodeZ85b, decode: decodeZ85b },
  'JSON-B32': careful(base32),
  'JSON-Z85P': { encode: encodeZ85p, decode: decodeZ85p },
};

/** In our order of preference. Z85P is left out: the decoder of released peers refuses what its own encoder writes. */
export const OFFERED_ENCODINGS: readonly Encoding[] = (Object.keys(ENCODINGS) as Encoding[]).filter((name) => name !== 'JSON-Z85P');

export function isEncoding(name: unknown): name is Encoding {
  return typeof name === 'string' && Object.hasOwn(ENCODINGS, name);
}

export function hexOf(bytes: Bytes): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += HEX[bytes[i]];
  return text;
}

/** Upper and lower case. @returns undefined for what are no pairs of hexadecimal digits. */
export function bytesOfHex(text: string): Bytes | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = nibble(text.charCodeAt(2 * i));
    const low = nibble(text.charCodeAt(2 * i + 1));
    if ((high | low) > 15) return undefined;
    bytes[i] = (high << 4) | low;
  }
  return bytes;
}

/** 16 for what is no digit. */
function nibble(char: number): number {
  if (char >= 0x30 && char <= 0x39) return char - 0x30;
  const lower = char | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : 16;
}

function careful(coder: { encode(bytes: Uint8Array): string; decode(text: string): Uint8Array }): Codec {
  return {
    encode: (bytes) => coder.encode(bytes),
    decode: (text) => {
      try {
        return coder.decode(text);
      } catch {
        return undefined;
      }
    },
  };
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
