/** Hash functions of Noise, and HKDF over each: revision 34, sections 4.3 and 12. Outputs of HKDF are secrets; whoever asked wipes them. */
import type { Bytes, Core, Hash } from '../../core/core.ts';
import { join } from '../../wire/writer.ts';
import type { NoiseHashName } from './patterns.ts';

export interface NoiseHash {
  /** HASHLEN: 32 or 64 bytes. */
  readonly length: number;
  digest(...parts: readonly Bytes[]): Bytes;
  hmac(key: Bytes, message: Bytes): Bytes;
}

export function noiseHash({ hash }: Core, name: NoiseHashName): NoiseHash {
  switch (name) {
    case 'SHA256':
      return { length: 32, digest: (...parts) => hash.sha256(join(parts)), hmac: (key, message) => hash.hmacSha256(key, message) };
    case 'SHA512':
      return { length: 64, digest: (...parts) => hash.sha512(join(parts)), hmac: (key, message) => hash.hmacSha512(key, message) };
    case 'BLAKE2b':
      return { length: 64, digest: (...parts) => hash.blake2b(parts), hmac: (key, message) => hmacBlake2b(hash, key, message) };
  }
}

/** HKDF of the chaining key and what is mixed into it. @returns `count` outputs of HASHLEN bytes each. */
export function noiseHkdf({ hmac }: NoiseHash, chainingKey: Bytes, material: Bytes, count: 2 | 3): Bytes[] {
  const extracted = hmac(chainingKey, material);
  const outputs: Bytes[] = [];
  for (let i = 1; i <= count; i++) {
    const block = join([outputs[i - 2] ?? NO_BYTES, Uint8Array.of(i)]);
    outputs.push(hmac(extracted, block));
    block.fill(0);
  }
  extracted.fill(0);
  return outputs;
}

/** RFC 2104; a key is never longer than a block here. BLAKE2b has a keyed mode of its own, which Noise does not use. */
function hmacBlake2b(hash: Hash, key: Bytes, message: Bytes): Bytes {
  const inner = new Uint8Array(BLAKE2B_BLOCK).fill(0x36);
  const outer = new Uint8Array(BLAKE2B_BLOCK).fill(0x5c);
  for (let i = 0; i < key.length; i++) {
    inner[i]! ^= key[i]!;
    outer[i]! ^= key[i]!;
  }
  const digest = hash.blake2b([outer, hash.blake2b([inner, message])]);
  inner.fill(0);
  outer.fill(0);
  return digest;
}

const BLAKE2B_BLOCK = 128;
const NO_BYTES = new Uint8Array(0);
