/** Authenticated encryption on @noble/ciphers. */
import { gcm } from '@noble/ciphers/aes.js';
import { chacha20poly1305, xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { HandfastError } from '../errors.ts';
import { badArgument, checkBytes, checkLength } from './check.ts';
import type { Aead, AeadName, Bytes } from './core.ts';
import { withSecret } from './pure-secret.ts';

export const aead: Aead = {
  seal(name, key, nonce, message, ad, out) {
    checkLength(nonce, 'nonce', nonceBytes(name));
    checkBytes(message, 'message');
    if (ad !== undefined) checkBytes(ad, 'ad');
    if (out !== undefined) checkLength(out, 'out', message.length + TAG_BYTES);
    const target = out ?? new Uint8Array(message.length + TAG_BYTES);
    withSecret(key, 'key', KEY_BYTES, KEY_BYTES, (k) => sealInto(name, k, nonce, message, ad, target));
    return target;
  },

  open(name, key, nonce, sealed, ad, out) {
    checkLength(nonce, 'nonce', nonceBytes(name));
    checkBytes(sealed, 'sealed');
    if (ad !== undefined) checkBytes(ad, 'ad');
    if (out !== undefined) checkBytes(out, 'out');
    const length = sealed.length - TAG_BYTES;
    if (out !== undefined && length >= 0) checkLength(out, 'out', length);
    const target = out ?? new Uint8Array(Math.max(0, length));
    if (!withSecret(key, 'key', KEY_BYTES, KEY_BYTES, (k) => length >= 0 && openInto(name, k, nonce, sealed, ad, target))) {
      target.fill(0);
      throw new HandfastError('BAD_TAG', 'sealed: does not open under this key, nonce and associated data');
    }
    return target;
  },
};

/** Seals into `out`, message length + 16 bytes, which may begin where the message begins. Arguments checked. */
export function sealInto(name: AeadName, key: Bytes, nonce: Bytes, message: Bytes, ad: Bytes | undefined, out: Bytes): void {
  if (name === 'aes-256-gcm') out.set(gcm(key, nonce, ad).encrypt(message));
  else chachaOf(name)(key, nonce, ad).encrypt(message, out);
}

/** Opens into `out`, sealed length - 16 bytes, which may begin where `sealed` begins. @returns false, with nothing written, when the tag is wrong. */
export function openInto(name: AeadName, key: Bytes, nonce: Bytes, sealed: Bytes, ad: Bytes | undefined, out: Bytes): boolean {
  try {
    if (name === 'aes-256-gcm') {
      const message = gcm(key, nonce, ad).decrypt(sealed);
      out.set(message);
      message.fill(0);
    } else {
      chachaOf(name)(key, nonce, ad).decrypt(sealed, out);
    }
    return true;
  } catch {
    // Lengths and types were checked, so that only the tag is left to be wrong; it is compared before anything is deciphered.
    return false;
  }
}

function chachaOf(name: AeadName): typeof chacha20poly1305 {
  return name === 'xchacha20-poly1305' ? xchacha20poly1305 : chacha20poly1305;
}

function nonceBytes(name: AeadName): number {
  switch (name) {
    case 'chacha20-poly1305':
    case 'aes-256-gcm':
      return 12;
    case 'xchacha20-poly1305':
      return 24;
    default:
      return badArgument(`name: expected chacha20-poly1305, aes-256-gcm or xchacha20-poly1305`);
  }
}

const KEY_BYTES = 32;
export const TAG_BYTES = 16;
