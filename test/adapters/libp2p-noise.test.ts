/** Method by method against the defaults of @chainsafe/libp2p-noise, on both cores. */
import { pureJsCrypto } from '@chainsafe/libp2p-noise';
import { Uint8ArrayList } from 'uint8arraylist';
import { describe, expect, it } from 'vitest';
import { noiseCrypto } from '../../src/adapters/libp2p-noise.ts';
import { toHex } from '../support/bytes.ts';
import { cores } from '../support/cores.ts';
import { Random, seedOfRun } from '../support/random.ts';

const seed = seedOfRun();
const SIZES = [0, 1, 16, 63, 64, 255, 1_199, 1_200, 16_384, 65_519];

/** The same bytes in several pieces. */
function listOf(bytes: Uint8Array, cut: number): Uint8ArrayList {
  return new Uint8ArrayList(bytes.subarray(0, cut), bytes.subarray(cut));
}

describe.each(cores.map((core) => [core.name, core] as const))(`libp2p-noise by the %s core, seed ${seed}`, (name, core) => {
  const ours = noiseCrypto(core);
  const random = new Random(seed, name);
  const key = random.bytes(32);
  const nonce = random.bytes(12);
  const ad = random.bytes(32);

  it('satisfies the interface of the package', () => {
    const asTheirs: typeof pureJsCrypto = ours;
    expect(Object.keys(asTheirs).sort()).toEqual(Object.keys(pureJsCrypto).sort());
  });

  it('seals and opens as the package does, whole or in pieces, with and without a place to write to', () => {
    for (const size of SIZES) {
      const message = random.bytes(size);
      const theirs = toHex(new Uint8ArrayList(pureJsCrypto.chaCha20Poly1305Encrypt(message, nonce, ad, key)).subarray());
      const cut = random.below(size + 1);
      // Methods are copied off the object by the package.
      const { chaCha20Poly1305Encrypt: seal, chaCha20Poly1305Decrypt: open } = ours;
      const sealed = seal(message, nonce, ad, key);
      expect(toHex(sealed)).toBe(theirs);
      expect(toHex(seal(listOf(message, cut), nonce, ad, key))).toBe(theirs);
      expect(toHex(open(sealed, nonce, ad, key))).toBe(toHex(message));
      expect(toHex(open(listOf(sealed, cut), nonce, ad, key))).toBe(toHex(message));
      const own = sealed.slice();
      const inPlace = open(own, nonce, ad, key, own.subarray(0, size));
      expect(inPlace.buffer).toBe(own.buffer);
      expect(toHex(inPlace)).toBe(toHex(message));
    }
  });

  it('leaves message, nonce, associated data and key as they were', () => {
    const message = random.bytes(100);
    const before = [message, nonce, ad, key].map(toHex);
    ours.chaCha20Poly1305Decrypt(ours.chaCha20Poly1305Encrypt(listOf(message, 40), nonce, ad, key), nonce, ad, key);
    expect([message, nonce, ad, key].map(toHex)).toEqual(before);
  });

  it('throws for what does not open', () => {
    const sealed = ours.chaCha20Poly1305Encrypt(random.bytes(64), nonce, ad, key);
    sealed[random.below(sealed.length)] ^= 1 << random.below(8);
    for (const bytes of [sealed, listOf(sealed, 9), sealed.subarray(0, 15), new Uint8Array(0)]) {
      expect(() => ours.chaCha20Poly1305Decrypt(bytes, nonce, ad, key)).toThrow(expect.objectContaining({ code: 'HF_BAD_TAG' }));
    }
  });

  it('hashes, derives and agrees as the package does', () => {
    const data = random.bytes(200);
    expect(toHex(ours.hashSHA256(data))).toBe(toHex(pureJsCrypto.hashSHA256(data)));
    expect(toHex(ours.hashSHA256(listOf(data, 77)))).toBe(toHex(pureJsCrypto.hashSHA256(data)));
    for (const ikm of [random.bytes(32), new Uint8Array(0)]) {
      expect(ours.getHKDF(key, ikm).map(toHex)).toEqual(pureJsCrypto.getHKDF(key, ikm).map(toHex));
    }
    const pair = ours.generateX25519KeyPairFromSeed(key);
    expect(toHex(pair.publicKey)).toBe(toHex(pureJsCrypto.generateX25519KeyPairFromSeed(key).publicKey));
    const other = ours.generateX25519KeyPair();
    const shared = toHex(pureJsCrypto.generateX25519SharedKey(pair.privateKey, other.publicKey).subarray(0, 32));
    expect(toHex(ours.generateX25519SharedKey(pair.privateKey, other.publicKey))).toBe(shared);
    expect(toHex(ours.generateX25519SharedKey(listOf(other.privateKey, 5), listOf(pair.publicKey, 31)))).toBe(shared);
    expect(() => ours.generateX25519SharedKey(key, new Uint8Array(32))).toThrow(expect.objectContaining({ code: 'HF_WEAK_KEY' }));
  });
});
