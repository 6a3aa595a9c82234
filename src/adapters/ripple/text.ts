/** Base58 of the XRP Ledger: seeds, account ids, node keys, with a prefix and four bytes of checksum. */
import { sha256 } from '@noble/hashes/sha2.js';
import { base58xrp } from '@scure/base';
import type { Bytes } from '../../core/core.ts';
import { HandfastError } from '../../errors.ts';

export interface Seed {
  version: number[];
  /** 16. */
  bytes: Bytes;
  type: 'secp256k1' | 'ed25519';
}

/** @param entropy 16 bytes. */
export function encodeSeed(entropy: Bytes, type: Seed['type']): string {
  return encode(type === 'ed25519' ? ED25519_SEED : SECP256K1_SEED, entropy);
}

/** @throws HF_BAD_ARGUMENT */
export function decodeSeed(text: string): Seed {
  const bytes = decode(text);
  for (const [type, version] of [
    ['ed25519', ED25519_SEED],
    ['secp256k1', SECP256K1_SEED],
  ] as const) {
    if (bytes.length === version.length + 16 && version.every((byte, i) => bytes[i] === byte)) {
      return { version: [...version], bytes: bytes.slice(version.length), type };
    }
  }
  throw new HandfastError('BAD_ARGUMENT', 'seed: expected s... or sEd..., of 16 bytes');
}

/** @param id 20 bytes. */
export function encodeAccountId(id: Bytes): string {
  return encode([0], id);
}

/** @returns 33 bytes. @throws HF_BAD_ARGUMENT */
export function decodeNodePublic(text: string): Bytes {
  const bytes = decode(text);
  if (bytes.length !== 34 || bytes[0] !== 0x1c) throw new HandfastError('BAD_ARGUMENT', 'publicKey: expected n..., of 33 bytes');
  return bytes.slice(1);
}

function encode(version: readonly number[], bytes: Bytes): string {
  const plain = Uint8Array.of(...version, ...bytes);
  return base58xrp.encode(Uint8Array.of(...plain, ...checksumOf(plain)));
}

function decode(text: string): Bytes {
  let bytes: Bytes;
  try {
    bytes = base58xrp.decode(text);
  } catch (cause) {
    throw new HandfastError('BAD_ARGUMENT', 'expected base58 of the XRP Ledger', { cause });
  }
  const plain = bytes.subarray(0, -4);
  if (bytes.length < 5 || !checksumOf(plain).every((byte, i) => bytes[plain.length + i] === byte)) {
    throw new HandfastError('BAD_ARGUMENT', 'the checksum is wrong: a character was mistyped');
  }
  return plain;
}

function checksumOf(bytes: Bytes): Bytes {
  return sha256(sha256(bytes)).subarray(0, 4);
}

const SECP256K1_SEED = [0x21];
const ED25519_SEED = [0x01, 0xe1, 0x4b];
