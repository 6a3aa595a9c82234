/** Call by call against ripple-keypairs itself, on both cores. */

import * as theirs from 'ripple-keypairs';
import { describe, expect, it } from 'vitest';
import { rippleKeypairs } from '../../src/adapters/ripple-keypairs.ts';
import { toHex } from '../support/bytes.ts';
import { cores } from '../support/cores.ts';
import { Random, seedOfRun } from '../support/random.ts';

const ALGORITHMS = ['ecdsa-secp256k1', 'ed25519'] as const;
const seed = seedOfRun();

describe.each(cores.map((core) => [core.name, rippleKeypairs(core)] as const))(
  `ripple-keypairs by the %s core, seed ${seed}`,
  (name, ours) => {
    const random = new Random(seed, name);

    it.each(ALGORITHMS)('gives the same seeds, keys, signatures and addresses for %s', (algorithm) => {
      for (let i = 0; i < 8; i++) {
        const entropy = random.bytes(16);
        const text = ours.generateSeed({ entropy, algorithm });
        expect(text).toBe(theirs.generateSeed({ entropy, algorithm }));
        expect(ours.decodeSeed(text)).toEqual(theirs.decodeSeed(text));
        for (const options of [{}, { validator: true }, { accountIndex: i }, { algorithm }]) {
          const pair = ours.deriveKeypair(text, options);
          expect(pair).toEqual(theirs.deriveKeypair(text, options));
          const message = toHex(random.bytes(random.below(200)));
          const signature = ours.sign(message, pair.privateKey);
          expect(signature).toBe(theirs.sign(message, pair.privateKey));
          expect(ours.verify(message, signature, pair.publicKey)).toBe(true);
          expect(theirs.verify(message, signature, pair.publicKey)).toBe(true);
          expect(ours.verify(`${message}00`, signature, pair.publicKey)).toBe(false);
          expect(ours.deriveAddress(pair.publicKey)).toBe(theirs.deriveAddress(pair.publicKey));
        }
      }
    });

    it('signs with a secp256k1 key that has no 00 in front', () => {
      const { privateKey, publicKey } = theirs.deriveKeypair(theirs.generateSeed({ algorithm: 'ecdsa-secp256k1' }));
      const signature = ours.sign('abcd', privateKey.slice(2));
      expect(signature).toBe(theirs.sign('abcd', privateKey));
      expect(ours.verify('ABCD', signature.toLowerCase(), publicKey.toLowerCase())).toBe(true);
    });

    it('generates seeds of its own', () => {
      expect(ours.generateSeed()).toMatch(/^sEd/);
      expect(theirs.decodeSeed(ours.generateSeed({ algorithm: 'ecdsa-secp256k1' })).type).toBe('secp256k1');
      expect(ours.generateSeed()).not.toBe(ours.generateSeed());
    });

    it('finds the account of a node key', () => {
      const node = 'n9MXXueo837zYH36DvMc13BwHcqtfAWNJY5czWVbp7uYTj7x17TH';
      expect(ours.deriveNodeAddress(node)).toBe(theirs.deriveNodeAddress(node));
    });

    it('throws for an odd number of digits, where the last one is dropped there', () => {
      expect(() => ours.sign('abc', `00${'11'.repeat(32)}`)).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
    });

    it('refuses a high S as it does there', () => {
      const { privateKey, publicKey } = theirs.deriveKeypair(theirs.generateSeed({ algorithm: 'ecdsa-secp256k1' }));
      const high = withHighS(theirs.sign('00', privateKey));
      expect(theirs.verify('00', high, publicKey)).toBe(false);
      expect(ours.verify('00', high, publicKey)).toBe(false);
    });

    it.each([
      ['what is no hexadecimal text', (k: Calls) => k.verify('zz', '00', `02${'11'.repeat(32)}`)],
      ['a private key of 31 bytes', (k: Calls) => k.sign('00', '11'.repeat(31))],
      ['a public key with another first byte', (k: Calls) => k.verify('00', '30', `05${'11'.repeat(32)}`)],
      ['a signature that is no DER', (k: Calls) => k.verify('00', '3003020101', `02${'11'.repeat(32)}`)],
      ['entropy of 15 bytes', (k: Calls) => k.generateSeed({ entropy: new Uint8Array(15) })],
      ['another algorithm', (k: Calls) => k.generateSeed({ algorithm: 'rsa' as 'ed25519' })],
      ['a seed with a mistyped character', (k: Calls) => k.deriveKeypair('sEdSKaCy2JT7JaM7v95H9SxkhP9wS2s')],
      ['a seed that is an address', (k: Calls) => k.decodeSeed('rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh')],
      ['a node key that is a seed', (k: Calls) => k.deriveNodeAddress('sEdSKaCy2JT7JaM7v95H9SxkhP9wS2r')],
    ])('throws for %s, as it does there', (_what, call) => {
      expect(() => call(theirs)).toThrow();
      expect(() => call(ours)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^HF_BAD_/) }));
    });
  },
);

type Calls = Pick<typeof theirs, 'sign' | 'verify' | 'generateSeed' | 'deriveKeypair' | 'decodeSeed' | 'deriveNodeAddress'>;

/** The other S that verifies: n - S. */
function withHighS(der: string): string {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const rLength = Number.parseInt(der.slice(6, 8), 16);
  const r = der.slice(4, 8 + 2 * rLength);
  const s = order - BigInt(`0x${der.slice(12 + 2 * rLength)}`);
  const bytes = s.toString(16).padStart(64, '0');
  const positive = Number.parseInt(bytes.slice(0, 2), 16) >= 0x80 ? `00${bytes}` : bytes;
  const second = `02${(positive.length / 2).toString(16).padStart(2, '0')}${positive}`;
  return `30${((r.length + second.length) / 2).toString(16).padStart(2, '0')}${r}${second}`.toUpperCase();
}
