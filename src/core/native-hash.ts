/** Hashes, HMAC and HKDF by the addon. */
import { wipe } from '../wire/bytes.ts';
import { checkArray, checkBytes, checkInteger, checkLength, checkObject } from './check.ts';
import type { Bytes, Hash } from './core.ts';
import type { Place } from './native-addon.ts';
import { AT, type Border, LARGE, NOTHING, pack } from './native-border.ts';

export function makeHash(border: Border): Hash {
  const { addon } = border;
  return {
    blake2b(message, options) {
      let length = 64;
      let key: Place = NOTHING;
      let salt: Place = NOTHING;
      let personal: Place = NOTHING;
      if (options !== undefined) {
        checkObject(options, 'options');
        if (options.length !== undefined) {
          length = options.length;
          checkInteger(length, 'length', 1, 64);
        }
        if (options.key !== undefined) {
          checkLength(options.key, 'key', 1, 64);
          key = border.put(options.key, AT.key);
        }
        if (options.salt !== undefined) {
          checkLength(options.salt, 'salt', 16);
          salt = border.put(options.salt, AT.small);
        }
        if (options.personal !== undefined) {
          checkLength(options.personal, 'personal', 16);
          personal = border.put(options.personal, AT.other);
        }
      }
      const place = Array.isArray(message) ? joined(border, message) : whole(border, message as Bytes);
      addon.blake2b(pack(AT.out, length), place, key, salt, personal);
      if (key === NOTHING) return border.take(AT.out, length);
      wipe(border.bytes, AT.key, AT.key + 64);
      return border.takeSecret(AT.out, length);
    },

    sha256(message) {
      checkBytes(message, 'message');
      addon.sha256(pack(AT.out, 32), border.bulk(message));
      return border.take(AT.out, 32);
    },

    sha512(message) {
      checkBytes(message, 'message');
      addon.sha512(pack(AT.out, 64), border.bulk(message));
      return border.take(AT.out, 64);
    },

    hmacSha256(key, message) {
      checkBytes(key, 'key');
      checkBytes(message, 'message');
      addon.hmacSha256(pack(AT.out, 32), border.bulk(key), border.more(message));
      border.wipeBulk();
      return border.takeSecret(AT.out, 32);
    },

    hmacSha512(key, message) {
      checkBytes(key, 'key');
      checkBytes(message, 'message');
      addon.hmacSha512(pack(AT.out, 64), border.bulk(key), border.more(message));
      border.wipeBulk();
      return border.takeSecret(AT.out, 64);
    },

    hkdfSha256(ikm, salt, info, length) {
      checkBytes(ikm, 'ikm');
      checkBytes(salt, 'salt');
      checkBytes(info, 'info');
      checkInteger(length, 'length', 1, 255 * 32);
      const out = new Uint8Array(length);
      addon.hkdfSha256(out, border.bulk(ikm), border.more(salt), border.more(info));
      border.wipeBulk();
      return out;
    },
  };
}

function whole(border: Border, message: Bytes): Place {
  checkBytes(message, 'message');
  return border.bulk(message);
}

/** The parts behind one another: in the scratch block, or an array of their own when they are large. */
function joined(border: Border, parts: readonly Bytes[]): Place {
  checkArray(parts, 'message');
  let length = 0;
  for (let i = 0; i < parts.length; i++) {
    checkBytes(parts[i], `message[${i}]`);
    length += parts[i]!.length;
  }
  if (length > LARGE) {
    const all = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
  return border.bulkOf(parts, length);
}
