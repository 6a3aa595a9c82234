/** X25519, Ed25519 and secp256k1 of any core. */
import { expect, test } from 'vitest';
import type { Core } from '../../../src/core/core.ts';
import { ascii, filled, hex, toHex } from '../../support/bytes.ts';
import { codeOf } from '../../support/codes.ts';

export function x25519Behaviour({ x25519 }: Core): void {
  test('gives the shared secret of RFC 7748, section 5.2', () => {
    const scalar = hex('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4');
    const u = hex('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c');
    expect(toHex(x25519.shared(scalar, u))).toBe('c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552');
  });

  test('agrees from both sides, with random and with given keys', () => {
    const one = x25519.keyPair();
    const other = x25519.keyPair(filled(32, 7));
    expect(other.secretKey).toEqual(filled(32, 7));
    expect(x25519.publicKey(other.secretKey)).toEqual(other.publicKey);
    expect(x25519.shared(one.secretKey, other.publicKey)).toEqual(x25519.shared(other.secretKey, one.publicKey));
    expect(x25519.keyPair().secretKey).not.toEqual(one.secretKey);
  });

  test('ignores the top bit of a public key and takes non-canonical ones', () => {
    const key = filled(32, 9);
    const point = x25519.publicKey(filled(32, 3));
    const marked = new Uint8Array(point);
    marked[31]! |= 0x80;
    expect(x25519.shared(key, marked)).toEqual(x25519.shared(key, point));
    // p + 9 is the base point.
    const base = filled(32, 0xff);
    base[0] = 0xf6;
    base[31] = 0x7f;
    expect(x25519.shared(key, base)).toEqual(x25519.publicKey(key));
  });

  test('refuses every point of small order as HF_WEAK_KEY, blame peer', () => {
    for (const y of SMALL_ORDER_U) {
      for (const top of [0, 0x80]) {
        const point = hex(y);
        point[31]! |= top;
        expect(codeOf(() => x25519.shared(filled(32, 5), point))).toBe('HF_WEAK_KEY');
      }
    }
    expect(() => x25519.shared(filled(32, 5), filled(32, 0))).toThrowError(expect.objectContaining({ blame: 'peer' }));
  });

  test('does not keep a seed that it was given', () => {
    const seed = filled(32, 1);
    const pair = x25519.keyPair(seed);
    seed.fill(2);
    expect(pair.secretKey).toEqual(filled(32, 1));
  });

  test('refuses wrong lengths as the caller’s doing', () => {
    for (const length of [0, 31, 33, 64]) {
      expect(codeOf(() => x25519.keyPair(filled(length, 1)))).toBe('HF_BAD_ARGUMENT');
      expect(codeOf(() => x25519.publicKey(filled(length, 1)))).toBe('HF_BAD_ARGUMENT');
      expect(codeOf(() => x25519.shared(filled(length, 1), filled(32, 9)))).toBe('HF_BAD_ARGUMENT');
      expect(codeOf(() => x25519.shared(filled(32, 1), filled(length, 9)))).toBe('HF_BAD_ARGUMENT');
    }
  });
}

export function ed25519Behaviour({ ed25519, hash }: Core): void {
  const message = ascii('message');
  const { publicKey, secretKey } = ed25519.keyPair(filled(32, 1));
  const signature = ed25519.sign(message, secretKey);

  test('signs as RFC 8032, section 7.1, does', () => {
    for (const [seed, key, text, expected] of RFC_8032) {
      const pair = ed25519.keyPair(hex(seed));
      expect(toHex(pair.publicKey)).toBe(key);
      expect(toHex(pair.secretKey)).toBe(seed + key);
      expect(toHex(ed25519.sign(hex(text), pair.secretKey))).toBe(expected);
      expect(ed25519.verify(hex(expected), hex(text), pair.publicKey)).toBe(true);
    }
  });

  test('takes the public key from the secret key it is given', () => {
    const other = ed25519.keyPair(filled(32, 2));
    const mixed = Uint8Array.of(...secretKey.subarray(0, 32), ...other.publicKey);
    const made = ed25519.sign(message, mixed);
    // R depends on the seed and the message alone, s on the public key too.
    expect(made.subarray(0, 32)).toEqual(signature.subarray(0, 32));
    expect(made.subarray(32)).not.toEqual(signature.subarray(32));
    expect(ed25519.verify(made, message, publicKey)).toBe(false);
  });

  test('makes a new key each time, and one that works', () => {
    const one = ed25519.keyPair();
    expect(one.publicKey).not.toEqual(ed25519.keyPair().publicKey);
    expect(ed25519.verify(ed25519.sign(message, one.secretKey), message, one.publicKey)).toBe(true);
  });

  test('refuses a signature with any one bit turned, and of another message or key', () => {
    for (let bit = 0; bit < 512; bit += 7) {
      const spoilt = new Uint8Array(signature);
      spoilt[bit >> 3]! ^= 1 << (bit & 7);
      expect(ed25519.verify(spoilt, message, publicKey)).toBe(false);
    }
    expect(ed25519.verify(signature, ascii('massage'), publicKey)).toBe(false);
    expect(ed25519.verify(signature, message, ed25519.keyPair(filled(32, 2)).publicKey)).toBe(false);
  });

  test('refuses s + L, which is the same number to a lax verifier', () => {
    const malleated = new Uint8Array(signature);
    malleated.set(bytes32(littleEndian(signature.subarray(32)) + ORDER), 32);
    expect(ed25519.verify(malleated, message, publicKey)).toBe(false);
  });

  test('refuses keys and R of small order, also where the equation holds', () => {
    // With A the neutral element sB = R whatever the message is; with R too, s = 0 signs everything.
    const neutral = hex(`01${'00'.repeat(31)}`);
    const forged = new Uint8Array(64);
    forged.set(neutral);
    expect(ed25519.verify(forged, message, neutral)).toBe(false);
    // R neutral under a good key, and a good R under a neutral key: each holds as sB = R + kA and must fail by the order of one of them alone.
    const expanded = hash.sha512(filled(32, 1));
    expanded[0]! &= 248;
    expanded[31] = (expanded[31]! & 127) | 64;
    const secret = littleEndian(expanded.subarray(0, 32)) % ORDER;
    const k = littleEndian(hash.sha512(Uint8Array.of(...neutral, ...publicKey, ...message))) % ORDER;
    expect(ed25519.verify(Uint8Array.of(...neutral, ...bytes32((k * secret) % ORDER)), message, publicKey)).toBe(false);
    expect(ed25519.verify(Uint8Array.of(...publicKey, ...bytes32(secret)), message, neutral)).toBe(false);
    for (const point of SMALL_ORDER_POINTS) {
      const small = hex(point);
      expect(ed25519.usablePublicKey(small)).toBe(false);
      expect(ed25519.verify(signature, message, small)).toBe(false);
      const other = new Uint8Array(signature);
      other.set(small);
      expect(ed25519.verify(other, message, publicKey)).toBe(false);
    }
  });

  test('says of a key whether it may be an id: y below p, not of small order', () => {
    expect(ed25519.usablePublicKey(publicKey)).toBe(true);
    for (let low = 0xed; low <= 0xff; low++) {
      const beyond = filled(32, 0xff);
      beyond[0] = low;
      expect(ed25519.usablePublicKey(beyond)).toBe(false);
      beyond[31] = 0x7f;
      expect(ed25519.usablePublicKey(beyond)).toBe(false);
    }
    const greatest = filled(32, 0xff);
    greatest[0] = 0xeb;
    expect(ed25519.usablePublicKey(greatest)).toBe(true);
    for (const length of [0, 31, 33]) expect(ed25519.usablePublicKey(filled(length, 5))).toBe(false);
  });

  test('answers false, and throws nothing, for misshapen signatures and keys', () => {
    for (const length of [0, 1, 31, 32, 33, 63, 65, 128]) {
      const cut = new Uint8Array(length);
      cut.set(signature.subarray(0, length));
      expect(ed25519.verify(cut, message, publicKey)).toBe(false);
      if (length !== 32) expect(ed25519.verify(signature, message, new Uint8Array(length))).toBe(false);
    }
    // y = 2 is not on the curve.
    expect(ed25519.verify(signature, message, hex(`02${'00'.repeat(31)}`))).toBe(false);
  });

  test('checks many one by one', () => {
    const items = [
      { signature, message, publicKey },
      { signature, message: ascii('other'), publicKey },
      { signature: filled(3, 0), message, publicKey },
      { signature, message, publicKey },
    ];
    expect([...ed25519.verifyMany(items)]).toEqual([1, 0, 0, 1]);
    expect([...ed25519.verifyMany([])]).toEqual([]);
  });

  test('signs with a key of 64 bytes only', () => {
    for (const length of [0, 32, 63, 65]) expect(codeOf(() => ed25519.sign(message, filled(length, 1)))).toBe('HF_BAD_ARGUMENT');
    expect(codeOf(() => ed25519.keyPair(filled(31, 1)))).toBe('HF_BAD_ARGUMENT');
  });
}

export function secp256k1Behaviour({ secp256k1, hash }: Core): void {
  const one = filled(32, 0);
  one[31] = 1;
  const digest = hash.sha256(ascii('Satoshi Nakamoto'));
  const signature = secp256k1.sign(digest, one);
  const { publicKey } = secp256k1.keyPair(one);
  const n = hex('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141');

  test('signs by RFC 6979 with low s, as strict DER', () => {
    expect(toHex(publicKey)).toBe('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');
    expect(toHex(signature)).toBe(
      '3045022100934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d802202442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5',
    );
    expect(secp256k1.verify(signature, digest, publicKey)).toBe(true);
    expect(secp256k1.verify(signature, digest, publicKey, { lowS: true })).toBe(true);
  });

  test('takes high s unless low s is asked for', () => {
    const s = toHex(signature.slice(-32));
    const high = (BigInt(`0x${toHex(n)}`) - BigInt(`0x${s}`)).toString(16).padStart(64, '0');
    const flipped = hex(`3046${toHex(signature.slice(2, -34))}022100${high}`);
    expect(secp256k1.verify(flipped, digest, publicKey)).toBe(true);
    expect(secp256k1.verify(flipped, digest, publicKey, { lowS: true })).toBe(false);
  });

  test('takes compressed and uncompressed keys, no hybrid ones and no others', () => {
    const x = '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
    const y = '483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8';
    expect(secp256k1.verify(signature, digest, hex(`04${x}${y}`))).toBe(true);
    for (const other of [
      `06${x}${y}`,
      `07${x}${y}`,
      `03${x}`,
      `04${x}`,
      `00${x}`,
      x,
      '',
      `04${x}${y}00`,
      `04${x}${x}`,
      `02${'ff'.repeat(32)}`,
    ]) {
      expect(secp256k1.verify(signature, digest, hex(other))).toBe(false);
    }
  });

  test('takes DER in one form only', () => {
    const r = toHex(signature.slice(4, 37));
    const s = toHex(signature.slice(39));
    const wrong = [
      `30810245022100${r}0220${s}`,
      `308145022100${r.slice(2)}0220${s}`,
      `3044${toHex(signature.slice(2))}`,
      `${toHex(signature)}00`,
      `3046022100${r.slice(2)}022100${s}`,
      `30440220${r.slice(2)}0220${s}`,
      `31${toHex(signature.slice(1))}`,
      `3026022100${r.slice(2)}020100`,
      '3006020100020100',
      '3000',
      '',
    ];
    for (const der of wrong) expect(secp256k1.verify(hex(der), digest, publicKey), der).toBe(false);
    expect(toHex(signature)).toBe(`3045022100${r.slice(2)}0220${s}`);
  });

  test('takes secret keys from 1 to n-1', () => {
    expect(codeOf(() => secp256k1.keyPair(filled(32, 0)))).toBe('HF_BAD_KEY');
    expect(codeOf(() => secp256k1.publicKey(n))).toBe('HF_BAD_KEY');
    expect(codeOf(() => secp256k1.sign(digest, filled(32, 255)))).toBe('HF_BAD_KEY');
    const last = new Uint8Array(n);
    last[31]! -= 1;
    expect(secp256k1.publicKey(last)).toHaveLength(33);
    for (const length of [0, 31, 33]) expect(codeOf(() => secp256k1.sign(digest, filled(length, 1)))).toBe('HF_BAD_ARGUMENT');
  });

  test('signs digests from n upwards as their remainder', () => {
    const beyond = filled(32, 255);
    const rest = hex((BigInt(`0x${toHex(beyond)}`) - BigInt(`0x${toHex(n)}`)).toString(16).padStart(64, '0'));
    expect(secp256k1.sign(beyond, one)).toEqual(secp256k1.sign(rest, one));
    expect(secp256k1.verify(secp256k1.sign(beyond, one), beyond, publicKey)).toBe(true);
  });

  test('wants a digest of 32 bytes, one by one and in lists', () => {
    for (const length of [0, 31, 33, 64]) {
      const wrong = filled(length, 1);
      expect(codeOf(() => secp256k1.sign(wrong, one))).toBe('HF_BAD_ARGUMENT');
      expect(codeOf(() => secp256k1.verify(signature, wrong, publicKey))).toBe('HF_BAD_ARGUMENT');
      expect(codeOf(() => secp256k1.verifyMany([{ signature, message: wrong, publicKey }]))).toBe('HF_BAD_ARGUMENT');
    }
    const items = [
      { signature, message: digest, publicKey },
      { signature, message: filled(32, 1), publicKey },
      { signature: filled(0, 0), message: digest, publicKey },
    ];
    expect([...secp256k1.verifyMany(items)]).toEqual([1, 0, 0]);
  });
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(new Uint8Array(bytes).reverse())}`);
}

function bytes32(value: bigint): Uint8Array {
  return hex(value.toString(16).padStart(64, '0')).reverse();
}

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/** 0, 1, two of order 8, p-1, p, p+1. */
const SMALL_ORDER_U = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
];

/** All encodings, canonical or not, of the eight points of the torsion. */
const SMALL_ORDER_POINTS = [
  '00'.repeat(32),
  `${'00'.repeat(31)}80`,
  `01${'00'.repeat(31)}`,
  `01${'00'.repeat(30)}80`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  `ec${'ff'.repeat(30)}7f`,
  `ec${'ff'.repeat(31)}`,
  `ed${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(31)}`,
  `ee${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(31)}`,
];

/** Seed, public key, message, signature: tests 1 to 3. */
const RFC_8032 = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
] as const;
