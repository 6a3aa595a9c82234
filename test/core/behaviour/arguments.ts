/** What every function of a core says to arguments that are no bytes. */
import { expect, test } from 'vitest';
import type { Core } from '../../../src/core/core.ts';
import { detached, filled, NOT_BYTES } from '../../support/bytes.ts';
import { codeOf } from '../../support/codes.ts';

type Call = (bytes: Uint8Array) => unknown;

export function argumentBehaviour(core: Core): void {
  const { x25519, ed25519, secp256k1, hash, aead, guarded } = core;
  const good = filled(32, 1);
  const key = ed25519.keyPair(good);
  const signature = ed25519.sign(good, key.secretKey);
  const item = { signature, message: good, publicKey: key.publicKey };

  /** One argument at a time; the others are right. */
  const calls: Record<string, Call> = {
    'equal a': (x) => core.equal(x, good),
    'equal b': (x) => core.equal(good, x),
    wipe: (x) => core.wipe(x),
    'x25519.publicKey': (x) => x25519.publicKey(x),
    'x25519.shared secretKey': (x) => x25519.shared(x, filled(32, 9)),
    'x25519.shared publicKey': (x) => x25519.shared(good, x),
    'ed25519.sign message': (x) => ed25519.sign(x, key.secretKey),
    'ed25519.sign secretKey': (x) => ed25519.sign(good, x),
    'ed25519.verify signature': (x) => ed25519.verify(x, good, key.publicKey),
    'ed25519.verify message': (x) => ed25519.verify(signature, x, key.publicKey),
    'ed25519.verify publicKey': (x) => ed25519.verify(signature, good, x),
    'ed25519.verifyMany signature': (x) => ed25519.verifyMany([item, { ...item, signature: x }]),
    'ed25519.verifyMany message': (x) => ed25519.verifyMany([item, { ...item, message: x }]),
    'ed25519.verifyMany publicKey': (x) => ed25519.verifyMany([item, { ...item, publicKey: x }]),
    'ed25519.usablePublicKey': (x) => ed25519.usablePublicKey(x),
    'secp256k1.publicKey': (x) => secp256k1.publicKey(x),
    'secp256k1.sign digest': (x) => secp256k1.sign(x, good),
    'secp256k1.sign secretKey': (x) => secp256k1.sign(good, x),
    'secp256k1.verify signature': (x) => secp256k1.verify(x, good, good),
    'secp256k1.verify digest': (x) => secp256k1.verify(good, x, good),
    'secp256k1.verify publicKey': (x) => secp256k1.verify(good, good, x),
    'secp256k1.verifyMany publicKey': (x) => secp256k1.verifyMany([{ ...item, publicKey: x }]),
    'hash.blake2b': (x) => hash.blake2b(x),
    'hash.blake2b part': (x) => hash.blake2b([good, x]),
    'hash.sha256': (x) => hash.sha256(x),
    'hash.sha512': (x) => hash.sha512(x),
    'hash.hmacSha256 key': (x) => hash.hmacSha256(x, good),
    'hash.hmacSha256 message': (x) => hash.hmacSha256(good, x),
    'hash.hmacSha512 key': (x) => hash.hmacSha512(x, good),
    'hash.hmacSha512 message': (x) => hash.hmacSha512(good, x),
    'hash.hkdfSha256 ikm': (x) => hash.hkdfSha256(x, good, good, 32),
    'hash.hkdfSha256 salt': (x) => hash.hkdfSha256(good, x, good, 32),
    'hash.hkdfSha256 info': (x) => hash.hkdfSha256(good, good, x, 32),
    'aead.seal key': (x) => aead.seal('chacha20-poly1305', x, filled(12, 1), good),
    'aead.seal nonce': (x) => aead.seal('chacha20-poly1305', good, x, good),
    'aead.seal message': (x) => aead.seal('chacha20-poly1305', good, filled(12, 1), x),
    'aead.open key': (x) => aead.open('chacha20-poly1305', x, filled(12, 1), good),
    'aead.open sealed': (x) => aead.open('chacha20-poly1305', good, filled(12, 1), x),
    'guarded.import': (x) => guarded.import(x),
    'guarded.importEphemeral': (x) => guarded.importEphemeral(x),
    'guarded.blake2b part': (x) => guarded.blake2b([x], 32),
  };

  /** Where undefined stands for absent. */
  const optional: Record<string, Call> = {
    'x25519.keyPair seed': (x) => x25519.keyPair(x),
    'ed25519.keyPair seed': (x) => ed25519.keyPair(x),
    'secp256k1.keyPair secretKey': (x) => secp256k1.keyPair(x),
    'hash.blake2b key': (x) => hash.blake2b(good, { key: x }),
    'hash.blake2b salt': (x) => hash.blake2b(good, { salt: x }),
    'hash.blake2b personal': (x) => hash.blake2b(good, { personal: x }),
    'aead.seal ad': (x) => aead.seal('chacha20-poly1305', good, filled(12, 1), good, x),
    'aead.seal out': (x) => aead.seal('chacha20-poly1305', good, filled(12, 1), filled(16, 1), undefined, x),
    'aead.open ad': (x) => aead.open('chacha20-poly1305', good, filled(12, 1), good, x),
    'aead.open out': (x) => aead.open('chacha20-poly1305', good, filled(12, 1), filled(48, 1), undefined, x),
    'guarded.x25519KeyPair seed': (x) => guarded.x25519KeyPair(x),
    'guarded.ed25519KeyPair seed': (x) => guarded.ed25519KeyPair(x),
  };

  test('that are no Uint8Array, are detached or shared are HF_BAD_ARGUMENT everywhere', () => {
    const live = guarded.live;
    for (const [name, call] of Object.entries({ ...calls, ...optional })) {
      for (const value of NOT_BYTES) {
        if (value === undefined && name in optional) continue;
        expect(
          codeOf(() => call(value as Uint8Array)),
          `${name}: ${Object.prototype.toString.call(value)}`,
        ).toBe('HF_BAD_ARGUMENT');
      }
    }
    expect(guarded.live).toBe(live);
  });

  test('that are detached are refused even where an empty array would do', () => {
    for (const name of ['hash.sha256', 'ed25519.verify signature', 'aead.open sealed', 'aead.seal ad', 'wipe']) {
      expect(
        codeOf(() => (calls[name] ?? optional[name])!(detached(0))),
        name,
      ).toBe('HF_BAD_ARGUMENT');
    }
    expect(hash.sha256(new Uint8Array())).toHaveLength(32);
  });

  test('that are Buffers, or views into larger memory, are bytes like any other', () => {
    const pool = filled(100, 0);
    pool.set(good, 33);
    const view = pool.subarray(33, 65);
    for (const same of [view, Buffer.from(good)]) {
      expect(hash.sha256(same)).toEqual(hash.sha256(good));
      expect(x25519.publicKey(same)).toEqual(x25519.publicKey(good));
      expect(ed25519.keyPair(same)).toEqual(key);
      expect(secp256k1.keyPair(same)).toEqual(secp256k1.keyPair(good));
      expect(ed25519.verify(Buffer.from(signature), same, Buffer.from(key.publicKey))).toBe(true);
      const secret = guarded.import(same);
      expect(secret.export()).toEqual(good);
      secret.wipe();
    }
  });

  test('of lists that are no lists, and of options that are none, are refused', () => {
    for (const value of [undefined, null, {}, 'x', 3]) {
      expect(codeOf(() => ed25519.verifyMany(value as never))).toBe('HF_BAD_ARGUMENT');
      expect(codeOf(() => secp256k1.verifyMany(value as never))).toBe('HF_BAD_ARGUMENT');
    }
    for (const value of [undefined, null, 3]) {
      expect(codeOf(() => ed25519.verifyMany([value as never]))).toBe('HF_BAD_ARGUMENT');
      if (value === undefined) continue;
      expect(codeOf(() => hash.blake2b(good, value as never))).toBe('HF_BAD_ARGUMENT');
      expect(codeOf(() => secp256k1.verify(good, good, good, value as never))).toBe('HF_BAD_ARGUMENT');
    }
    expect(codeOf(() => secp256k1.verify(good, good, good, { lowS: 1 as never }))).toBe('HF_BAD_ARGUMENT');
  });

  test('random gives as many bytes as asked', () => {
    expect(core.random(0)).toHaveLength(0);
    const large = core.random(200_000);
    expect(large).toHaveLength(200_000);
    // Each of three calls' worth is filled: 64 zeros in a row do not happen.
    for (const at of [0, 65_536, 131_072, 199_936]) expect(large.subarray(at, at + 64).some((byte) => byte !== 0)).toBe(true);
    for (const length of [-1, 1.5, Number.NaN, '3', undefined, 2 ** 40])
      expect(codeOf(() => core.random(length as never))).toBe('HF_BAD_ARGUMENT');
  });

  test('equal compares content, wipe leaves zeros', () => {
    expect(core.equal(good, filled(32, 1))).toBe(true);
    expect(core.equal(good, filled(32, 2))).toBe(false);
    expect(core.equal(good, filled(31, 1))).toBe(false);
    expect(core.equal(new Uint8Array(), new Uint8Array())).toBe(true);
    const bytes = filled(40, 3);
    core.wipe(bytes.subarray(4, 36));
    expect(bytes).toEqual(Uint8Array.from({ length: 40 }, (_, i) => (i < 4 || i >= 36 ? 3 : 0)));
  });
}
