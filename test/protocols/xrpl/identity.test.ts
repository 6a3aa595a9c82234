import { deriveKeypair, generateSeed } from 'ripple-keypairs';
import { describe, expect, it } from 'vitest';
import { nodePublicText, readNodePublic, XrplIdentity } from '../../../src/protocols/xrpl/index.ts';
import { Prefix, readKeyText, writeKeyText } from '../../../src/protocols/xrpl/text-form.ts';
import { cores, pure } from '../../support/cores.ts';

const SECRET = new Uint8Array(32).fill(0x42);

describe.each(cores.map((core) => [core.name, core] as const))('an identity on the %s core', (_name, core) => {
  it('comes from bytes and from text, signs through a handle, and leaves nothing behind', () => {
    const before = core.guarded.live;
    const made = XrplIdentity.fromSecret(SECRET, { core });
    expect(made.id).toMatch(/^n[1-9A-HJ-NP-Za-km-z]{51}$/);
    expect(`${made}`).toBe(made.id);
    const text = made.exportSecretText({ core });
    expect(text).toMatch(/^p/);
    const again = XrplIdentity.fromSecret(text, { core });
    expect(again.publicKey).toEqual(made.publicKey);
    expect(again.exportSecret()).toEqual(SECRET);
    for (const other of cores) {
      const digest = new Uint8Array(32).fill(1);
      const signature = other.secp256k1.sign(digest, made.secretKeyFor(other)!);
      expect(core.secp256k1.verify(signature, digest, made.publicKey, { lowS: true })).toBe(true);
    }
    made.wipe();
    again.wipe();
    expect(core.guarded.live).toBe(before);
    expect(() => made.exportSecret()).toThrow(expect.objectContaining({ code: 'HF_RELEASED' }));
  });

  it('is another each time it is generated', () => {
    const [a, b] = [XrplIdentity.generate({ core }), XrplIdentity.generate({ core })];
    expect(a.id).not.toBe(b.id);
    a.wipe();
    b.wipe();
  });

  it.each([new Uint8Array(32), new Uint8Array(32).fill(0xff)])('is not made of a number out of range', (secret) => {
    expect(() => XrplIdentity.fromSecret(secret, { core })).toThrow(expect.objectContaining({ code: 'HF_BAD_KEY' }));
  });
});

it.each(['', 'p', 'snoPBrXtMeMyMHUVTgbuqAfg1SUTb', 'n9M8asZW5sT1vcsQkRcfuLuVpqGTykMw8qhKQj71bYJinRPiKVdc'])(
  '%j is no node secret',
  (text) => {
    expect(() => XrplIdentity.fromSecret(text, { core: pure })).toThrow(expect.objectContaining({ code: 'HF_BAD_KEY' }));
  },
);

it.each(['', 's', new Uint8Array(15), 'n9M8asZW5sT1vcsQkRcfuLuVpqGTykMw8qhKQj71bYJinRPiKVdc', 7 as never])('%j is no seed', (seed) => {
  expect(() => XrplIdentity.fromSeed(seed, { core: pure })).toThrow(expect.objectContaining({ code: 'HF_BAD_KEY' }));
});

it('a key held elsewhere has to be a compressed secp256k1 key', () => {
  const sign = (): Uint8Array => new Uint8Array(8);
  expect(XrplIdentity.from({ publicKey: new Uint8Array(33).fill(2), sign }, { core: pure }).secretKeyFor(pure)).toBeUndefined();
  expect(() => XrplIdentity.from({ publicKey: new Uint8Array(33).fill(4), sign }, { core: pure })).toThrow(
    expect.objectContaining({ code: 'HF_BAD_KEY' }),
  );
  expect(() => XrplIdentity.from({ publicKey: new Uint8Array(32).fill(2), sign }, { core: pure })).toThrow(
    expect.objectContaining({ code: 'HF_BAD_KEY' }),
  );
  expect(() => XrplIdentity.from({} as never, { core: pure })).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
  expect(() => XrplIdentity.from({ publicKey: new Uint8Array(33).fill(2), sign }, { core: pure }).exportSecret()).toThrow(
    expect.objectContaining({ code: 'HF_UNSUPPORTED' }),
  );
});

describe('text forms', () => {
  it('of validator keys are those of node keys, of both curves', () => {
    for (const first of [2, 3, 0xed]) {
      const key = Uint8Array.from([first, ...new Uint8Array(32).fill(9)]);
      const text = nodePublicText(key, pure.hash);
      expect(readNodePublic(text, pure.hash)).toEqual({ publicKey: key, type: first === 0xed ? 'ed25519' : 'secp256k1' });
    }
  });

  it('keep leading zeros, and tell one kind from another', () => {
    const zeros = writeKeyText(0, new Uint8Array(20), pure.hash);
    expect(zeros).toBe('rrrrrrrrrrrrrrrrrrrrrhoLvTp');
    expect(readKeyText(0, zeros, 20, pure.hash)).toEqual(new Uint8Array(20));
    const seed = writeKeyText(Prefix.familySeed, new Uint8Array(16).fill(3), pure.hash);
    for (const [name, prefix] of Object.entries(Prefix))
      expect(readKeyText(prefix, seed, 16, pure.hash) !== undefined, name).toBe(prefix === 33);
  });

  it('no wrong character of one is overlooked', () => {
    const text = nodePublicText(Uint8Array.from([2, ...SECRET]), pure.hash);
    for (let i = 0; i < text.length; i++) {
      for (const wrong of ['r', 'p', '0', 'é', ' ']) {
        if (text[i] === wrong) continue;
        expect(readNodePublic(text.slice(0, i) + wrong + text.slice(i + 1), pure.hash)).toBeUndefined();
      }
    }
  });
});

it('of any seed is the validator key that ripple-keypairs derives', () => {
  for (let i = 0; i < 20; i++) {
    const entropy = pure.random(16);
    const seed = generateSeed({ entropy, algorithm: 'ecdsa-secp256k1' });
    const expected = deriveKeypair(seed, { validator: true });
    for (const given of [seed, entropy]) {
      const identity = XrplIdentity.fromSeed(given, { core: pure });
      expect(Buffer.from(identity.publicKey).toString('hex').toUpperCase()).toBe(expected.publicKey);
      expect(Buffer.from(identity.exportSecret()).toString('hex').toUpperCase()).toBe(expected.privateKey.slice(-64));
      identity.wipe();
    }
  }
});
