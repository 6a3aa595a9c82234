/** Keys and seeds as the XRP Ledger writes them: base58 with its own alphabet, a byte that says what it is in front, four of a double SHA-256 behind (section 4). */
import { base58xrp } from '@scure/base';
import type { Bytes, Hash } from '../../core/core.ts';

type Sha256 = Pick<Hash, 'sha256'>;

/** The byte in front. */
export const Prefix = { nodePublic: 28, nodeSecret: 32, familySeed: 33, accountPublic: 35 } as const;

export type KeyType = 'secp256k1' | 'ed25519';

/** The text form of a node's or validator's public key: `n...`. @param publicKey 33 bytes. */
export function nodePublicText(publicKey: Bytes, hash: Sha256): string {
  return writeKeyText(Prefix.nodePublic, publicKey, hash);
}

/** @returns the 33 bytes of a node's or validator's public key; undefined when the text is none. Whether it is on the curve is only found out by verification. */
export function readNodePublic(text: string, hash: Sha256): { publicKey: Bytes; type: KeyType } | undefined {
  const publicKey = readKeyText(Prefix.nodePublic, text, 33, hash);
  if (!publicKey) return undefined;
  if (publicKey[0] === 0x02 || publicKey[0] === 0x03) return { publicKey, type: 'secp256k1' };
  return publicKey[0] === 0xed ? { publicKey, type: 'ed25519' } : undefined;
}

export function writeKeyText(prefix: number, payload: Bytes, hash: Sha256): string {
  // Not by `join`: its memory is shared, and this may be a secret.
  const bytes = new Uint8Array(payload.length + 5);
  bytes[0] = prefix;
  bytes.set(payload, 1);
  bytes.set(checksum(bytes.subarray(0, payload.length + 1), hash).subarray(0, CHECKSUM_BYTES), payload.length + 1);
  return base58xrp.encode(bytes);
}

/** @returns the payload, or undefined when a character, the checksum, the prefix or the length is wrong. Nothing is trimmed. */
export function readKeyText(prefix: number, text: string, length: number, hash: Sha256): Bytes | undefined {
  // Decoding takes time with the square of the length.
  if (text.length > LONGEST || !ALPHABET.test(text)) return undefined;
  const bytes = base58xrp.decode(text);
  if (bytes.length !== length + 5 || bytes[0] !== prefix) return undefined;
  const named = bytes.subarray(0, length + 1);
  const expected = checksum(named, hash);
  for (let i = 0; i < CHECKSUM_BYTES; i++) if (expected[i] !== bytes[length + 1 + i]) return undefined;
  return named.slice(1);
}

/** The first four bytes of it. */
function checksum(bytes: Bytes, hash: Sha256): Bytes {
  return hash.sha256(hash.sha256(bytes));
}

const CHECKSUM_BYTES = 4;
// 38 bytes take at most 52 characters.
const LONGEST = 52;
const ALPHABET = /^[rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz]+$/;
