/** Hashes and authenticated encryption of any core. */
import { expect, test } from 'vitest';
import type { AeadName, Core } from '../../../src/core/core.ts';
import { ascii, filled, hex, toHex } from '../../support/bytes.ts';
import { codeOf } from '../../support/codes.ts';

export function hashBehaviour({ hash }: Core): void {
  test('gives the digests of RFC 7693, FIPS 180-4 and RFC 4231', () => {
    const abc = ascii('abc');
    expect(toHex(hash.blake2b(abc))).toBe(
      'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923',
    );
    expect(toHex(hash.sha256(abc))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(toHex(hash.sha512(abc))).toBe(
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    );
    const key = filled(20, 0x0b);
    expect(toHex(hash.hmacSha256(key, ascii('Hi There')))).toBe('b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7');
    expect(toHex(hash.hmacSha512(key, ascii('Hi There')))).toBe(
      '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854',
    );
  });

  test('derives as RFC 5869, section A.1, does, up to 8,160 bytes', () => {
    const ikm = filled(22, 0x0b);
    const salt = hex('000102030405060708090a0b0c');
    const info = hex('f0f1f2f3f4f5f6f7f8f9');
    expect(toHex(hash.hkdfSha256(ikm, salt, info, 42))).toBe(
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    );
    expect(hash.hkdfSha256(ikm, new Uint8Array(), new Uint8Array(), 8160)).toHaveLength(8160);
    for (const length of [0, -1, 8161, 1.5, Number.NaN]) {
      expect(codeOf(() => hash.hkdfSha256(ikm, salt, info, length))).toBe('HF_BAD_ARGUMENT');
    }
  });

  test('hashes parts as if joined', () => {
    const whole = Uint8Array.from({ length: 300 }, (_, i) => i);
    const parts = [whole.subarray(0, 1), whole.subarray(1, 129), new Uint8Array(), whole.subarray(129)];
    expect(hash.blake2b(parts)).toEqual(hash.blake2b(whole));
    expect(hash.blake2b([])).toEqual(hash.blake2b(new Uint8Array()));
  });

  test('takes a key, a salt, a personalisation and a length', () => {
    const options = { length: 32, key: filled(32, 1), salt: filled(16, 2), personal: filled(16, 3) };
    const digest = hash.blake2b(ascii('x'), options);
    expect(digest).toHaveLength(32);
    for (const other of [{ length: 31 }, { key: filled(33, 1) }, { salt: filled(16, 1) }, { personal: filled(16, 2) }]) {
      expect(toHex(hash.blake2b(ascii('x'), { ...options, ...other })).slice(0, 62)).not.toBe(toHex(digest).slice(0, 62));
    }
    const wrong = [
      { length: 0 },
      { length: 65 },
      { length: 1.5 },
      { key: new Uint8Array() },
      { key: filled(65, 1) },
      { salt: filled(15, 1) },
      { salt: filled(17, 1) },
      { personal: filled(8, 1) },
    ];
    for (const each of wrong)
      expect(
        codeOf(() => hash.blake2b(ascii('x'), each)),
        JSON.stringify(each),
      ).toBe('HF_BAD_ARGUMENT');
  });
}

export function aeadBehaviour(core: Core): void {
  const { aead } = core;
  const key = hex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f');
  const sunscreen = ascii(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  );
  const ad = hex('50515253c0c1c2c3c4c5c6c7');

  test('seals as RFC 8439, section 2.8.2, does', () => {
    expect(toHex(aead.seal('chacha20-poly1305', key, hex('070000004041424344454647'), sunscreen, ad))).toBe(
      'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36' +
        '92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691',
    );
  });

  test('seals as the draft of XChaCha20-Poly1305, section A.3.1, does', () => {
    const nonce = hex('404142434445464748494a4b4c4d4e4f5051525354555657');
    expect(toHex(aead.seal('xchacha20-poly1305', key, nonce, sunscreen, ad)).slice(-32)).toBe('c0875924c1c7987947deafd8780acf49');
  });

  test('seals as test case 16 of the GCM specification does', () => {
    const gcmKey = hex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308');
    const message = hex(
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    );
    expect(
      toHex(aead.seal('aes-256-gcm', gcmKey, hex('cafebabefacedbaddecaf888'), message, hex('feedfacedeadbeeffeedfacedeadbeefabaddad2'))),
    ).toBe(
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662' +
        '76fc6ece0f4e1768cddf8853bb2d551b',
    );
  });

  for (const [name, nonceLength] of NAMES) {
    const nonce = filled(nonceLength, 4);

    test(`${name} opens what it sealed, with and without associated data, into new arrays, given ones and in place`, () => {
      for (const length of [0, 1, 15, 16, 17, 63, 64, 65, 1000]) {
        const message = Uint8Array.from({ length }, (_, i) => i);
        const sealed = aead.seal(name, key, nonce, message, ad);
        expect(sealed).toHaveLength(length + 16);
        expect(aead.open(name, key, nonce, sealed, ad)).toEqual(message);
        expect(aead.open(name, key, nonce, aead.seal(name, key, nonce, message))).toEqual(message);
        expect(aead.seal(name, key, nonce, message, new Uint8Array())).toEqual(aead.seal(name, key, nonce, message));
        // At an odd place of a larger buffer, as frames lie.
        const room = new Uint8Array(length + 19);
        room.set(message, 3);
        const out = room.subarray(3);
        expect(aead.seal(name, key, nonce, room.subarray(3, 3 + length), ad, out)).toBe(out);
        expect(out).toEqual(sealed);
        const inner = out.subarray(0, length);
        expect(aead.open(name, key, nonce, out, ad, inner)).toBe(inner);
        expect(inner).toEqual(message);
      }
    });

    test(`${name} refuses every change as HF_BAD_TAG and leaves zeros`, () => {
      const message = filled(20, 1);
      const sealed = aead.seal(name, key, nonce, message, ad);
      for (let i = 0; i < sealed.length; i++) {
        const spoilt = new Uint8Array(sealed);
        spoilt[i]! ^= 1;
        const out = filled(20, 9);
        expect(codeOf(() => aead.open(name, key, nonce, spoilt, ad, out))).toBe('HF_BAD_TAG');
        expect(out).toEqual(filled(20, 0));
      }
      expect(codeOf(() => aead.open(name, key, nonce, sealed))).toBe('HF_BAD_TAG');
      expect(codeOf(() => aead.open(name, filled(32, 1), nonce, sealed, ad))).toBe('HF_BAD_TAG');
      expect(codeOf(() => aead.open(name, key, filled(nonceLength, 5), sealed, ad))).toBe('HF_BAD_TAG');
    });

    test(`${name} takes what is too short for a tag as a peer's doing`, () => {
      for (let length = 0; length < 16; length++) expect(codeOf(() => aead.open(name, key, nonce, filled(length, 1)))).toBe('HF_BAD_TAG');
    });

    test(`${name} takes keys, nonces and outputs of one length`, () => {
      for (const length of [0, 8, 11, 12, 13, 16, 23, 24, 25, 32]) {
        if (length === nonceLength) continue;
        expect(codeOf(() => aead.seal(name, key, filled(length, 1), sunscreen))).toBe('HF_BAD_ARGUMENT');
        expect(codeOf(() => aead.open(name, key, filled(length, 1), sunscreen))).toBe('HF_BAD_ARGUMENT');
      }
      for (const length of [0, 16, 24, 31, 33]) {
        expect(codeOf(() => aead.seal(name, filled(length, 1), nonce, sunscreen))).toBe('HF_BAD_ARGUMENT');
        expect(codeOf(() => aead.open(name, filled(length, 1), nonce, sunscreen))).toBe('HF_BAD_ARGUMENT');
      }
      const { length } = sunscreen;
      for (const wrong of [0, length, length + 15, length + 17]) {
        expect(codeOf(() => aead.seal(name, key, nonce, sunscreen, ad, new Uint8Array(wrong)))).toBe('HF_BAD_ARGUMENT');
      }
      for (const wrong of [0, length - 17, length - 15, length]) {
        expect(codeOf(() => aead.open(name, key, nonce, sunscreen, ad, new Uint8Array(wrong)))).toBe('HF_BAD_ARGUMENT');
      }
    });

    test(`${name} takes a Secret as key`, () => {
      const secret = core.guarded.import(key);
      expect(aead.seal(name, secret, nonce, sunscreen)).toEqual(aead.seal(name, key, nonce, sunscreen));
      secret.wipe();
      expect(codeOf(() => aead.seal(name, secret, nonce, sunscreen))).toBe('HF_RELEASED');
    });
  }

  test('knows three names', () => {
    for (const name of ['', 'aes-128-gcm', undefined, 3]) {
      expect(codeOf(() => aead.seal(name as AeadName, key, filled(12, 1), sunscreen))).toBe('HF_BAD_ARGUMENT');
    }
  });
}

const NAMES: readonly [AeadName, number][] = [
  ['chacha20-poly1305', 12],
  ['xchacha20-poly1305', 24],
  ['aes-256-gcm', 12],
];
