/** AES-256-CBC (SP 800-38A, section 6.2) by node:crypto, at once. No padding of its own: what protocols have behind their last byte is theirs to write and to check. */
import type { Bytes } from '../core.ts';
import { nodeCrypto } from './node-crypto.ts';

/** @param key 32 bytes. @param iv 16 bytes. @param plaintext a multiple of 16 bytes. @returns as many. */
export function aes256CbcEncrypt(key: Bytes, iv: Bytes, plaintext: Bytes): Bytes {
  const cipher = nodeCrypto().createCipheriv('aes-256-cbc', key, iv).setAutoPadding(false);
  const sealed = cipher.update(plaintext);
  cipher.final();
  return new Uint8Array(sealed.buffer, sealed.byteOffset, sealed.length);
}

/** @param key 32 bytes. @param iv 16 bytes. @param sealed a multiple of 16 bytes. @returns as many, whatever the key: nothing tells a wrong one. */
export function aes256CbcDecrypt(key: Bytes, iv: Bytes, sealed: Bytes): Bytes {
  const decipher = nodeCrypto().createDecipheriv('aes-256-cbc', key, iv).setAutoPadding(false);
  const plaintext = decipher.update(sealed);
  decipher.final();
  return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.length);
}
