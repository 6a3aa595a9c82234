/**
 * Signatures on their way to another thread, in one buffer that changes hands: a structured clone would copy the whole slab that a message may lie in.
 * Each item: u8 kind, u8 key length, u8 signature length, u8 zero, u32 message length (little-endian), then key, signature, message.
 */
import type { Bytes, Job } from '../core.ts';

/** Lengths of key and signature are ones that may be right. */
export type Verification = Extract<Job, { publicKey: Bytes; signature: Bytes }>;

export function packedLength(check: Verification): number {
  return HEADER_BYTES + check.publicKey.length + check.signature.length + signedBytes(check).length;
}

export function pack(checks: readonly Verification[]): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(checks.reduce((sum, check) => sum + packedLength(check), 0));
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const check of checks) {
    const { publicKey, signature } = check;
    const message = signedBytes(check);
    packed[at] = KINDS.indexOf(check.op);
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
export function unpack(packed: Bytes): Verification[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const checks: Verification[] = [];
  for (let at = 0; at < packed.length; ) {
    const op = KINDS[packed[at]!]!;
    const key = at + HEADER_BYTES;
    const signatureAt = key + packed[at + 1]!;
    const messageAt = signatureAt + packed[at + 2]!;
    const end = messageAt + view.getUint32(at + 4, true);
    const publicKey = packed.subarray(key, signatureAt);
    const signature = packed.subarray(signatureAt, messageAt);
    const message = packed.subarray(messageAt, end);
    checks.push(op === 'secp256k1-verify' ? { op, signature, digest: message, publicKey } : { op, signature, message, publicKey });
    at = end;
  }
  return checks;
}

function signedBytes(check: Verification): Bytes {
  return check.op === 'secp256k1-verify' ? check.digest : check.message;
}

const KINDS: readonly Verification['op'][] = ['verify', 'secp256k1-verify', 'secp256k1-verify-sha512'];
const HEADER_BYTES = 8;
