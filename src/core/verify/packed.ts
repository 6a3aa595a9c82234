/**
 * Signatures on their way to another thread, in one buffer that changes hands: a structured clone would copy the whole slab that a message may lie in.
 * Each item: u8 kind, u8 key length, u8 signature length, u8 zero, u32 message length (little-endian), then key, signature, message.
 */
import type { Bytes } from '../core.ts';

/** Lengths of key and signature are ones that may be right. */
export interface ToVerify {
  readonly algorithm: 'secp256k1' | 'ed25519';
  readonly publicKey: Bytes;
  readonly signature: Bytes;
  readonly message: Bytes;
  /** `message` is the 32 bytes that were signed. */
  readonly hashed: boolean;
}

export function packedLength({ publicKey, signature, message }: ToVerify): number {
  return HEADER_BYTES + publicKey.length + signature.length + message.length;
}

export function pack(checks: readonly ToVerify[]): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(checks.reduce((sum, check) => sum + packedLength(check), 0));
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const { algorithm, publicKey, signature, message, hashed } of checks) {
    packed[at] = algorithm === 'ed25519' ? KIND.ed25519 : hashed ? KIND.digest : KIND.secp256k1;
    packed[at + 1] = publicKey.length;
    packed[at + 2] = signature.length;
    view.setUint32(at + 4, message.length, true);
    at += HEADER_BYTES;
    for (const part of [publicKey, signature, message]) {
      packed.set(part, at);
      at += part.length;
    }
  }
  return packed;
}

/** Views of what {@link pack} made. */
export function unpack(packed: Bytes): ToVerify[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const checks: ToVerify[] = [];
  for (let at = 0; at < packed.length; ) {
    const kind = packed[at]!;
    const key = at + HEADER_BYTES;
    const signature = key + packed[at + 1]!;
    const message = signature + packed[at + 2]!;
    const end = message + view.getUint32(at + 4, true);
    checks.push({
      algorithm: kind === KIND.ed25519 ? 'ed25519' : 'secp256k1',
      publicKey: packed.subarray(key, signature),
      signature: packed.subarray(signature, message),
      message: packed.subarray(message, end),
      hashed: kind === KIND.digest,
    });
    at = end;
  }
  return checks;
}

const KIND = { ed25519: 0, secp256k1: 1, digest: 2 } as const;
const HEADER_BYTES = 8;
