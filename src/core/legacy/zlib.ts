/** zlib streams (RFC 1950) by node:zlib, at once, with a bound on what comes out: memory for what is allowed, never for what a peer's bytes would swell to. */
import type { Bytes } from '../core.ts';
import { nodeZlib } from './node-crypto.ts';

export function deflate(bytes: Bytes): Bytes {
  const out = nodeZlib().deflateSync(bytes);
  return new Uint8Array(out.buffer, out.byteOffset, out.length);
}

/** @returns undefined when the bytes are no whole stream, have something behind it, or would give more than `limit` bytes. Never throws for what a peer sent. */
export function inflate(bytes: Bytes, limit: number): Bytes | undefined {
  try {
    // One byte more than allowed is asked for, since some versions count the limit itself as too much.
    const { buffer, engine } = nodeZlib().inflateSync(bytes, { maxOutputLength: limit + 1, info: true } as object) as unknown as Inflated;
    if (buffer.length > limit || engine.bytesWritten !== bytes.length) return undefined;
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
  } catch {
    return undefined;
  }
}

/** What node:zlib gives with `info`. */
interface Inflated {
  readonly buffer: Uint8Array;
  /** Bytes that the stream took. */
  readonly engine: { readonly bytesWritten: number };
}
