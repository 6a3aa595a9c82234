/** Authenticated encryption of single messages by the addon. */
import { HandfastError } from '../errors.ts';
import { copyTo } from '../wire/bytes.ts';
import { badArgument, checkBytes, checkLength } from './check.ts';
import type { Aead, AeadName, Bytes } from './core.ts';
import { AT, type Border, BULK, LARGE, NOTHING, pack } from './native-border.ts';
import { aead as pureAead } from './pure-aead.ts';

/** @param aes whether AES-256-GCM runs on hardware here; without it that suite is the pure core's. */
export function makeAead(border: Border, aes: boolean): Aead {
  const { addon } = border;
  return {
    seal(name, key, nonce, message, ad, out) {
      if (name === 'aes-256-gcm' && !aes) return pureAead.seal(name, key, nonce, message, ad, out);
      const number = numberOf(name);
      checkLength(nonce, 'nonce', number === 2 ? 24 : 12);
      checkBytes(message, 'message');
      if (ad !== undefined) checkBytes(ad, 'ad');
      const length = message.length + TAG_BYTES;
      if (out !== undefined) checkLength(out, 'out', length);
      const keyPlace = border.key(key, 'key', 32);
      const noncePlace = border.put(nonce, AT.nonce);
      if (length > LARGE) {
        const target = out ?? new Uint8Array(length);
        addon.aeadSeal(number, target, keyPlace, noncePlace, message, ad === undefined ? NOTHING : border.bulk(ad));
        return target;
      }
      copyTo(border.bytes, message, BULK);
      const adPlace = ad === undefined ? NOTHING : behind(border, ad, length);
      const target = targetOf(out, adPlace, length);
      addon.aeadSeal(number, target, keyPlace, noncePlace, pack(BULK, message.length), adPlace);
      return result(border, length, out, target);
    },

    open(name, key, nonce, sealed, ad, out) {
      if (name === 'aes-256-gcm' && !aes) return pureAead.open(name, key, nonce, sealed, ad, out);
      const number = numberOf(name);
      checkLength(nonce, 'nonce', number === 2 ? 24 : 12);
      checkBytes(sealed, 'sealed');
      if (ad !== undefined) checkBytes(ad, 'ad');
      if (out !== undefined) checkBytes(out, 'out');
      const length = sealed.length - TAG_BYTES;
      if (out !== undefined && length >= 0) checkLength(out, 'out', length);
      const keyPlace = border.key(key, 'key', 32);
      if (length < 0) {
        border.bytes.fill(0, AT.key, AT.key + 64);
        out?.fill(0);
        throw new HandfastError('BAD_TAG', 'sealed: too short for its tag');
      }
      const noncePlace = border.put(nonce, AT.nonce);
      if (sealed.length > LARGE) {
        const target = out ?? new Uint8Array(length);
        addon.aeadOpen(number, target, keyPlace, noncePlace, sealed, ad === undefined ? NOTHING : border.bulk(ad));
        return target;
      }
      copyTo(border.bytes, sealed, BULK);
      const adPlace = ad === undefined ? NOTHING : behind(border, ad, sealed.length);
      const target = targetOf(out, adPlace, length);
      try {
        addon.aeadOpen(number, target, keyPlace, noncePlace, pack(BULK, sealed.length), adPlace);
      } catch (error) {
        out?.fill(0);
        throw error;
      }
      return result(border, length, out, target);
    },
  };
}

/** Associated data behind the message in the scratch block, or as it is when large. */
function behind(border: Border, ad: Bytes, length: number): number | Bytes {
  return ad.length > LARGE ? ad : border.put(ad, BULK + length);
}

/** Where the addon writes to: at once to where the caller wants it, unless associated data that are read where they are might lie there too. */
function targetOf(out: Bytes | undefined, ad: number | Bytes, length: number): number | Bytes {
  return out !== undefined && typeof ad === 'number' ? out : pack(BULK, length);
}

/** Takes the result out of the scratch block where it is there, and wipes the message in it. */
function result(border: Border, length: number, out: Bytes | undefined, target: number | Bytes): Bytes {
  if (out === undefined) return border.takeSecret(BULK, length);
  if (target !== out) out.set(border.bytes.subarray(BULK, BULK + length));
  border.bytes.fill(0, BULK, BULK + length);
  return out;
}

function numberOf(name: AeadName): 0 | 1 | 2 {
  switch (name) {
    case 'chacha20-poly1305':
      return 0;
    case 'aes-256-gcm':
      return 1;
    case 'xchacha20-poly1305':
      return 2;
    default:
      return badArgument('name: expected chacha20-poly1305, aes-256-gcm or xchacha20-poly1305');
  }
}

const TAG_BYTES = 16;
