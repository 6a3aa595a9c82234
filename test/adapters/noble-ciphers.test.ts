/** Against @noble/ciphers, on both cores. */
import { gcm } from '@noble/ciphers/aes.js';
import { chacha20poly1305, xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { managedNonce } from '@noble/ciphers/utils.js';
import { describe, expect, it } from 'vitest';
import { nobleCiphers } from '../../src/adapters/noble-ciphers.ts';
import { toHex } from '../support/bytes.ts';
import { cores } from '../support/cores.ts';
import { Random, seedOfRun } from '../support/random.ts';

const seed = seedOfRun();
const theirs = { chacha20poly1305, xchacha20poly1305, gcm };

describe.each(cores.map((core) => [core.name, nobleCiphers(core)] as const))(
  `noble's ciphers by the %s core, seed ${seed}`,
  (coreName, ours) => {
    const random = new Random(seed, coreName);

    it.each(['chacha20poly1305', 'xchacha20poly1305', 'gcm'] as const)('%s makes and takes the same bytes', (name) => {
      const make = ours[name];
      expect(make.nonceLength).toBe(theirs[name].nonceLength);
      expect(make.tagLength).toBe(theirs[name].tagLength);
      expect(make.blockSize).toBe(theirs[name].blockSize);
      for (const size of [0, 1, 64, 1_000, 70_000]) {
        const [key, nonce, message] = [random.bytes(32), random.bytes(make.nonceLength), random.bytes(size)];
        const ad = random.below(2) === 0 ? undefined : random.bytes(20);
        const sealed = theirs[name](key, nonce, ad).encrypt(message);
        expect(toHex(make(key, nonce, ad).encrypt(message))).toBe(toHex(sealed));
        const out = new Uint8Array(size + 16);
        expect(make(key, nonce, ad).encrypt(message, out)).toBe(out);
        expect(toHex(out)).toBe(toHex(sealed));
        expect(toHex(make(key, nonce, ad).decrypt(sealed))).toBe(toHex(message));
        sealed[random.below(sealed.length)] ^= 1;
        expect(() => make(key, nonce, ad).decrypt(sealed)).toThrow(expect.objectContaining({ code: 'HF_BAD_TAG' }));
      }
    });

    it('seals once with a key and a nonce', () => {
      const cipher = ours.chacha20poly1305(random.bytes(32), random.bytes(12));
      cipher.encrypt(random.bytes(3));
      expect(() => cipher.encrypt(random.bytes(3))).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
    });

    it('goes into what noble wraps around its ciphers', () => {
      const [key, message] = [random.bytes(32), random.bytes(50)];
      const wrapped = managedNonce(ours.xchacha20poly1305 as typeof xchacha20poly1305)(key);
      expect(toHex(wrapped.decrypt(wrapped.encrypt(message)))).toBe(toHex(message));
    });
  },
);
