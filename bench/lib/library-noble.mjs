// @ts-check
/** @noble as the exchange by hand takes it. It makes new arrays; copying them costs nothing beside the operations. */
import { randomFillSync, timingSafeEqual } from 'node:crypto';

/** @returns {Promise<import('./by-hand.mjs').Library>} */
export async function nobleLibrary() {
  const { ed25519, x25519 } = await import('@noble/curves/ed25519.js');
  const { blake2b } = await import('@noble/hashes/blake2.js');
  const { chacha20poly1305 } = await import('@noble/ciphers/chacha.js');
  const nonce = new Uint8Array(12);
  const personalization = new Uint8Array(16);
  personalization.set(Buffer.from('handfst1'));
  const salts = [0, 1, 2, 3].map((id) => Uint8Array.of(id, ...new Uint8Array(15)));
  const nothing = new Uint8Array(0);
  return {
    keyPair(publicKey, secretKey, fixed) {
      if (fixed) secretKey.set(fixed);
      else randomFillSync(secretKey);
      publicKey.set(x25519.getPublicKey(secretKey));
    },
    shared: (out, secretKey, publicKey) => out.set(x25519.getSharedSecret(secretKey, publicKey)),
    identity: (seed) => ({ publicKey: ed25519.getPublicKey(seed), secretKey: seed }),
    sign: (out, message, secretKey) => out.set(ed25519.sign(message, secretKey)),
    verify: (signature, message, publicKey) => ed25519.verify(signature, message, publicKey, { zip215: false }),
    hash: (out, message) => out.set(blake2b(message)),
    kdf: (out, key, id) => out.set(blake2b(nothing, { dkLen: 32, key: key.subarray(0, 32), salt: salts[id], personalization })),
    seal: (out, key, ad, plaintext) => out.set(chacha20poly1305(key, nonce, ad).encrypt(plaintext)),
    open: (out, key, ad, sealed) => out.set(chacha20poly1305(key, nonce, ad).decrypt(sealed)),
    equal: timingSafeEqual,
    wipe: (bytes) => bytes.fill(0),
  };
}
