/**
 * `handfast/adapters/libp2p-noise`: the cryptography of @chainsafe/libp2p-noise 17, by the core: `noise({ crypto })`. The bytes on the wire stay what they are, so that peers need not
 * know. Everything is synchronous and uses no `this`, since the methods are copied off the object.
 */
import { core as chosen } from '../core/choose.ts';
import type { Bytes, Core } from '../core/core.ts';

/** Several arrays in a row, as `Uint8ArrayList` is. */
export interface ByteList extends Iterable<Bytes> {
  readonly byteLength: number;
}

export type BytesLike = Bytes | ByteList;

/** As `ICryptoInterface` of @chainsafe/libp2p-noise, so that its types need not be installed. */
export interface NoiseCrypto {
  /** @returns 32 bytes. */
  hashSHA256(data: BytesLike): Bytes;
  /** HKDF with HMAC-SHA-256 and no info (RFC 5869), `ck` as salt. @returns three times 32 bytes. */
  getHKDF(ck: Bytes, ikm: Bytes): [Bytes, Bytes, Bytes];
  generateX25519KeyPair(): NoiseKeyPair;
  /** @param seed 32 bytes: the private key itself. */
  generateX25519KeyPairFromSeed(seed: Bytes): NoiseKeyPair;
  /** RFC 7748, section 6.1. @returns 32 bytes. @throws HF_WEAK_KEY when they would all be zero. */
  generateX25519SharedKey(privateKey: BytesLike, publicKey: BytesLike): Bytes;
  /** RFC 8439. @param nonce 12 bytes, not kept. @param k 32 bytes. @returns ciphertext and 16 bytes of tag. */
  chaCha20Poly1305Encrypt(plaintext: BytesLike, nonce: Bytes, ad: Bytes, k: Bytes): Bytes;
  /** @param dst 16 bytes shorter than `ciphertext`; may be its own memory. @returns the plaintext, in `dst` where it was given. @throws HF_BAD_TAG */
  chaCha20Poly1305Decrypt(ciphertext: BytesLike, nonce: Bytes, ad: Bytes, k: Bytes, dst?: Bytes): Bytes;
}

export interface NoiseKeyPair {
  publicKey: Bytes;
  privateKey: Bytes;
}

/** By a core of your choice. */
export function noiseCrypto(core: Core): NoiseCrypto {
  const { aead, hash, x25519 } = core;
  return {
    hashSHA256: (data) => hash.sha256(joined(data)),

    getHKDF(ck, ikm) {
      const made = hash.hkdfSha256(ikm, ck, NOTHING, 96);
      return [made.subarray(0, 32), made.subarray(32, 64), made.subarray(64)];
    },

    generateX25519KeyPair: () => named(x25519.keyPair()),
    generateX25519KeyPairFromSeed: (seed) => named(x25519.keyPair(seed)),
    generateX25519SharedKey: (privateKey, publicKey) => x25519.shared(joined(privateKey), joined(publicKey)),

    chaCha20Poly1305Encrypt(plaintext, nonce, ad, k) {
      const length = plaintext.byteLength;
      const out = Buffer.allocUnsafe(length + TAG_BYTES);
      // Several arrays are put where their ciphertext will lie: that is the one copy.
      const message = plaintext instanceof Uint8Array ? plaintext : gathered(plaintext, out.subarray(0, length));
      return aead.seal('chacha20-poly1305', k, nonce, message, ad, out);
    },

    chaCha20Poly1305Decrypt(ciphertext, nonce, ad, k, dst) {
      const length = Math.max(0, ciphertext.byteLength - TAG_BYTES);
      if (ciphertext instanceof Uint8Array)
        return aead.open('chacha20-poly1305', k, nonce, ciphertext, ad, dst ?? Buffer.allocUnsafe(length));
      const sealed = gathered(ciphertext, Buffer.allocUnsafe(ciphertext.byteLength));
      return aead.open('chacha20-poly1305', k, nonce, sealed, ad, dst ?? sealed.subarray(0, length));
    },
  };
}

/** By the chosen core: `noise({ crypto })`. */
export const crypto: NoiseCrypto = noiseCrypto(chosen);

function joined(bytes: BytesLike): Bytes {
  return bytes instanceof Uint8Array ? bytes : gathered(bytes, Buffer.allocUnsafe(bytes.byteLength));
}

function gathered(list: ByteList, into: Bytes): Bytes {
  let at = 0;
  for (const part of list) {
    into.set(part, at);
    at += part.length;
  }
  return into;
}

function named({ publicKey, secretKey }: { publicKey: Bytes; secretKey: Bytes }): NoiseKeyPair {
  return { publicKey, privateKey: secretKey };
}

const NOTHING = new Uint8Array(0);
const TAG_BYTES = 16;
