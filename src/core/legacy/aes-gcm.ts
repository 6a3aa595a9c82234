/** AES-GCM (SP 800-38D) with the key and nonce sizes that older protocols use and the cores do not offer, by node:crypto, at once. */
import { HandfastError } from '../../errors.ts';
import type { Bytes } from '../core.ts';
import { nodeCrypto } from './node-crypto.ts';

/** @param key 16, 24 or 32 bytes. @param nonce 12 or 16 bytes. @returns the ciphertext, then the 16-byte tag. @throws HF_BAD_KEY for another length of key. */
export function aesGcmSeal(key: Bytes, nonce: Bytes, plaintext: Bytes): Bytes {
  const cipher = nodeCrypto().createCipheriv(nameOf(key), key, nonce);
  const sealed = new Uint8Array(plaintext.length + TAG);
  sealed.set(cipher.update(plaintext));
  cipher.final();
  sealed.set(cipher.getAuthTag(), plaintext.length);
  return sealed;
}

/** @param sealed the ciphertext, then the 16-byte tag. @returns undefined when it does not open. @throws HF_BAD_KEY */
export function aesGcmOpen(key: Bytes, nonce: Bytes, sealed: Bytes): Bytes | undefined {
  const name = nameOf(key);
  if (sealed.length < TAG) return undefined;
  const decipher = nodeCrypto().createDecipheriv(name, key, nonce, { authTagLength: TAG });
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
  const plaintext = new Uint8Array(decipher.update(sealed.subarray(0, sealed.length - TAG)));
  try {
    decipher.final();
    return plaintext;
  } catch {
    plaintext.fill(0);
    return undefined;
  }
}

function nameOf(key: Bytes): 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' {
  switch (key.length) {
    case 16:
      return 'aes-128-gcm';
    case 24:
      return 'aes-192-gcm';
    case 32:
      return 'aes-256-gcm';
    default:
      throw new HandfastError('BAD_KEY', `an AES key has 16, 24 or 32 bytes, not ${key.length}`);
  }
}

const TAG = 16;
