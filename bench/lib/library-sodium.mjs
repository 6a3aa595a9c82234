// @ts-check
/** sodium-native as the exchange by hand takes it: every result goes into a buffer made before. */
import { timingSafeEqual } from 'node:crypto';

/** @param {any} sodium @returns {import('./by-hand.mjs').Library} */
export function sodiumLibrary(sodium) {
  const nonce = Buffer.alloc(12);
  const context = Buffer.from('handfst1');
  return {
    keyPair(publicKey, secretKey, fixed) {
      if (fixed) secretKey.set(fixed);
      else sodium.randombytes_buf(secretKey);
      sodium.crypto_scalarmult_base(publicKey, secretKey);
    },
    shared: (out, secretKey, publicKey) => sodium.crypto_scalarmult(out, secretKey, publicKey),
    identity(seed) {
      const publicKey = Buffer.alloc(32);
      const secretKey = Buffer.alloc(64);
      sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed);
      return { publicKey, secretKey };
    },
    sign: (out, message, secretKey) => sodium.crypto_sign_detached(out, message, secretKey),
    verify: (signature, message, publicKey) => sodium.crypto_sign_verify_detached(signature, message, publicKey),
    hash: (out, message) => sodium.crypto_generichash(out, message),
    kdf: (out, key, id) => sodium.crypto_kdf_derive_from_key(out, id, context, key.length === 32 ? key : key.subarray(0, 32)),
    seal: (out, key, ad, plaintext) => sodium.crypto_aead_chacha20poly1305_ietf_encrypt(out, plaintext, ad, null, nonce, key),
    open: (out, key, ad, sealed) => sodium.crypto_aead_chacha20poly1305_ietf_decrypt(out, null, sealed, ad, nonce, key),
    equal: timingSafeEqual,
    wipe: (bytes) => bytes.fill(0),
  };
}
