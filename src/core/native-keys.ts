/** X25519, Ed25519 and secp256k1 by the addon. */
import { HandfastError } from '../errors.ts';
import { badArgument, checkBytes, checkLength, checkObject } from './check.ts';
import type { Ed25519, Secp256k1, X25519 } from './core.ts';
import { AT, type Border, pack } from './native-border.ts';
import type { Jobs } from './native-jobs.ts';
import { checkItems, secp256k1 as pureSecp256k1 } from './pure-secp256k1.ts';

export function makeX25519(border: Border): X25519 {
  const { addon } = border;
  const out = pack(AT.out, 32);
  return {
    keyPair(seed) {
      let secretKey: Uint8Array;
      if (seed === undefined) {
        addon.random(pack(AT.key, 32));
        secretKey = border.take(AT.key, 32);
        addon.x25519Public(out, pack(AT.key, 32)); // which wipes the copy
      } else {
        checkLength(seed, 'seed', 32);
        secretKey = new Uint8Array(seed);
        addon.x25519Public(out, border.put(seed, AT.key));
      }
      return { publicKey: border.take(AT.out, 32), secretKey };
    },

    publicKey(secretKey) {
      addon.x25519Public(out, border.key(secretKey, 'secretKey', 32));
      return border.take(AT.out, 32);
    },

    shared(secretKey, publicKey) {
      checkLength(publicKey, 'publicKey', 32);
      addon.x25519Shared(out, border.key(secretKey, 'secretKey', 32), border.put(publicKey, AT.small));
      return border.takeSecret(AT.out, 32);
    },
  };
}

export function makeEd25519(border: Border, jobs: Jobs): Ed25519 {
  const { addon } = border;
  return {
    keyPair(seed) {
      if (seed !== undefined) checkLength(seed, 'seed', 32);
      let place = pack(AT.key, 32);
      if (seed === undefined) addon.random(place);
      else place = border.put(seed, AT.key);
      addon.ed25519KeyPair(pack(AT.small, 32), pack(AT.out, 64), place);
      return { publicKey: border.take(AT.small, 32), secretKey: border.takeSecret(AT.out, 64) };
    },

    sign(message, secretKey) {
      checkBytes(message, 'message');
      addon.ed25519Sign(pack(AT.out, 64), border.bulk(message), border.key(secretKey, 'secretKey', 64));
      return border.take(AT.out, 64);
    },

    verify(signature, message, publicKey) {
      checkBytes(signature, 'signature');
      checkBytes(message, 'message');
      checkBytes(publicKey, 'publicKey');
      return addon.ed25519Verify(border.bulk(signature), border.more(message), border.more(publicKey));
    },

    verifyMany(items) {
      checkItems(items);
      return jobs.verifyMany('verify', items);
    },

    usablePublicKey(publicKey) {
      checkBytes(publicKey, 'publicKey');
      return addon.ed25519Usable(border.bulk(publicKey));
    },
  };
}

/** Without libsecp256k1 at build: the pure core's. */
export function makeSecp256k1(border: Border, jobs: Jobs, available: boolean): Secp256k1 {
  if (!available) return pureSecp256k1;
  const { addon } = border;
  return {
    keyPair(secretKey) {
      if (secretKey !== undefined) {
        checkLength(secretKey, 'secretKey', 32);
        addon.secp256k1Public(pack(AT.out, 33), border.put(secretKey, AT.key));
        return { publicKey: border.take(AT.out, 33), secretKey: new Uint8Array(secretKey) };
      }
      for (;;) {
        addon.random(pack(AT.key, 32));
        const made = border.take(AT.key, 32);
        try {
          addon.secp256k1Public(pack(AT.out, 33), pack(AT.key, 32));
          return { publicKey: border.take(AT.out, 33), secretKey: made };
        } catch (error) {
          // Once in 2^128: a number that is not from 1 to n-1.
          if (!(error instanceof HandfastError) || error.code !== 'HF_BAD_KEY') throw error;
        }
      }
    },

    publicKey(secretKey) {
      addon.secp256k1Public(pack(AT.out, 33), border.key(secretKey, 'secretKey', 32));
      return border.take(AT.out, 33);
    },

    sign(digest, secretKey) {
      checkLength(digest, 'digest', 32);
      const length = addon.secp256k1Sign(pack(AT.out, 72), border.put(digest, AT.small), border.key(secretKey, 'secretKey', 32));
      return border.take(AT.out, length);
    },

    verify(signature, digest, publicKey, options) {
      if (options !== undefined) {
        checkObject(options, 'options');
        if (options.lowS !== undefined && typeof options.lowS !== 'boolean') badArgument('lowS: expected a boolean');
      }
      checkBytes(signature, 'signature');
      checkLength(digest, 'digest', 32);
      checkBytes(publicKey, 'publicKey');
      return addon.secp256k1Verify(border.bulk(signature), border.put(digest, AT.small), border.more(publicKey), options?.lowS ? 1 : 0);
    },

    verifyMany(items) {
      checkItems(items);
      for (let i = 0; i < items.length; i++) checkLength(items[i]!.message, `items[${i}].message`, 32);
      return jobs.verifyMany('secp256k1-verify', items);
    },
  };
}
