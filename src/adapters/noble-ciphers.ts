/**
 * `handfast/adapters/noble-ciphers`: ciphers in the shape of @noble/ciphers, by the core: `chacha20poly1305(key, nonce, ad).encrypt(message)`. Each object seals once, as there, so that no
 * nonce is used twice.
 */
import { core as chosen } from '../core/choose.ts';
import type { AeadName, Bytes, Core } from '../core/core.ts';
import { HandfastError } from '../errors.ts';

/** One key, one nonce. */
export interface NobleCipher {
  /** @param output message length + 16 bytes. @returns it, or a new array: the ciphertext, then the 16-byte tag. @throws HF_BAD_ARGUMENT when called twice. */
  encrypt(message: Bytes, output?: Bytes): Bytes;
  /** @param output 16 bytes shorter than `sealed`. @throws HF_BAD_TAG */
  decrypt(sealed: Bytes, output?: Bytes): Bytes;
}

export interface NobleCipherMaker {
  /** @param key 32 bytes. @param nonce `nonceLength` bytes. @param ad associated data. */
  (key: Bytes, nonce: Bytes, ad?: Bytes): NobleCipher;
  readonly blockSize: number;
  readonly nonceLength: number;
  readonly tagLength: 16;
}

export interface NobleCiphers {
  /** RFC 8439. */
  readonly chacha20poly1305: NobleCipherMaker;
  readonly xchacha20poly1305: NobleCipherMaker;
  /** AES-256-GCM; keys of 32 and nonces of 12 bytes only. */
  readonly gcm: NobleCipherMaker;
}

/** By a core of your choice. */
export function nobleCiphers({ aead }: Core): NobleCiphers {
  const maker = (name: AeadName, blockSize: number, nonceLength: number): NobleCipherMaker => {
    const make = (key: Bytes, nonce: Bytes, ad?: Bytes): NobleCipher => {
      // Copies, so that what the caller does to its arrays afterwards does not matter.
      const own = { key: key.slice(), nonce: nonce.slice(), ad: ad?.slice() };
      let sealed = false;
      return {
        encrypt(message, output) {
          if (sealed) throw new HandfastError('BAD_ARGUMENT', 'encrypt: called twice with the same key and nonce');
          sealed = true;
          return aead.seal(name, own.key, own.nonce, message, own.ad, output);
        },
        decrypt: (sealedMessage, output) => aead.open(name, own.key, own.nonce, sealedMessage, own.ad, output),
      };
    };
    return Object.assign(make, { blockSize, nonceLength, tagLength: 16 as const });
  };
  return {
    chacha20poly1305: maker('chacha20-poly1305', 64, 12),
    xchacha20poly1305: maker('xchacha20-poly1305', 64, 24),
    gcm: maker('aes-256-gcm', 16, 12),
  };
}

/** By the chosen core. */
export const { chacha20poly1305, xchacha20poly1305, gcm } = nobleCiphers(chosen);
