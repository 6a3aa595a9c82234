/** Bytes in tests. */

export function hex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, '');
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** As many bytes, each the same. */
export function filled(length: number, byte: number): Uint8Array {
  return new Uint8Array(length).fill(byte);
}

/** A view whose memory went elsewhere. */
export function detached(length = 32): Uint8Array {
  const bytes = new Uint8Array(length);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

/** What is no Uint8Array of this thread's own memory, of 32 bytes where it has a length. */
export const NOT_BYTES: readonly unknown[] = [
  undefined,
  null,
  0,
  'x'.repeat(32),
  Array(32).fill(0),
  { length: 32 },
  new ArrayBuffer(32),
  new DataView(new ArrayBuffer(32)),
  new Uint16Array(16),
  new Uint8ClampedArray(32),
  new Int8Array(32),
  Object.create(Uint8Array.prototype),
  new Uint8Array(new SharedArrayBuffer(32)),
  detached(),
];
