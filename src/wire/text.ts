/** UTF-8 as peers send it: strict where it is compared, lenient where it is only shown. */

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** @returns undefined when the bytes are not UTF-8. Nothing is normalised, a leading U+FEFF is kept. */
export function strictText(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

/** What is not UTF-8 becomes U+FFFD. */
export function shownText(bytes: Uint8Array): string {
  return lenient.decode(bytes);
}

/** The longest beginning of `text` that takes at most `limit` bytes and cuts no character. */
export function clipped(text: string, limit: number): Uint8Array {
  const bytes = utf8(text);
  if (bytes.length <= limit) return bytes;
  let end = limit;
  while (end > 0 && (bytes[end] & 0xc0) === 0x80) end--;
  return bytes.slice(0, end);
}

const encoder = new TextEncoder();
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
