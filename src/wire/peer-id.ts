/** The text form of a node's id: the libp2p PeerId of an Ed25519 key, base58btc of 00 24 08 01 12 20 || key. No other form is taken. */
import { base58 } from '@scure/base';

/** @param publicKey 32 bytes. @returns `12D3KooW...`, 52 characters. */
export function peerIdOf(publicKey: Uint8Array): string {
  const bytes = new Uint8Array(38);
  bytes.set(PREFIX);
  bytes.set(publicKey, PREFIX.length);
  return base58.encode(bytes);
}

/** @returns the 32-byte key, or undefined when the text is not the id of an Ed25519 key. */
export function publicKeyOf(id: string): Uint8Array | undefined {
  if (!/^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/.test(id)) return undefined;
  const bytes = base58.decode(id);
  if (bytes.length !== 38 || !PREFIX.every((byte, i) => bytes[i] === byte)) return undefined;
  return bytes.slice(PREFIX.length);
}

// Multihash "identity" of 36 bytes; protobuf: field 1 (type) Ed25519, field 2 (data) 32 bytes.
const PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20);
