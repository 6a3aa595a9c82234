/** Both ciphers of v0 to v2, section 7: no associated data, one key for both directions, a random nonce for each frame. */
import type { Bytes, Core } from '../../core/core.ts';
import { aesGcmOpen, aesGcmSeal } from '../../core/legacy/aes-gcm.ts';
import { HandfastError } from '../../errors.ts';

export type CipherName = 'CHACHA20-POLY1305' | 'AES-GCM';

export const CIPHERS: readonly CipherName[] = ['CHACHA20-POLY1305', 'AES-GCM'];

/** In bytes. AES-GCM with 16 is what peers insist on. */
export const NONCE_BYTES: Readonly<Record<CipherName, number>> = { 'CHACHA20-POLY1305': 12, 'AES-GCM': 16 };

export const TAG_BYTES = 16;

export function isCipherName(name: unknown): name is CipherName {
  return CIPHERS.includes(name as CipherName);
}

/** @throws HF_BAD_KEY unless the cipher takes keys of this length: 16, 24 or 32 bytes for AES-GCM, 32 for ChaCha20-Poly1305. */
export function checkKey(cipher: CipherName, key: Bytes): Bytes {
  const lengths = cipher === 'AES-GCM' ? [16, 24, 32] : [32];
  if (!lengths.includes(key.length))
    throw new HandfastError('BAD_KEY', `${cipher} takes keys of ${lengths.join(', ')} bytes, not ${key.length}`);
  return key;
}

/** @returns the ciphertext, then the 16-byte tag. */
export function sealBytes(core: Core, cipher: CipherName, key: Bytes, nonce: Bytes, plaintext: Bytes): Bytes {
  return cipher === 'AES-GCM' ? aesGcmSeal(key, nonce, plaintext) : core.aead.seal('chacha20-poly1305', key, nonce, plaintext);
}

/** @param sealed the ciphertext, then the tag. @returns undefined when it does not open, or the nonce has another length. */
export function openBytes(core: Core, cipher: CipherName, key: Bytes, nonce: Bytes, sealed: Bytes): Bytes | undefined {
  if (nonce.length !== NONCE_BYTES[cipher]) return undefined;
  if (cipher === 'AES-GCM') return aesGcmOpen(key, nonce, sealed);
  try {
    return core.aead.open('chacha20-poly1305', key, nonce, sealed);
  } catch (error) {
    if (error instanceof HandfastError && error.code === 'HF_BAD_TAG') return undefined;
    throw error;
  }
}
