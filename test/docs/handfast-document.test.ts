/** The document against itself: its formulas, written out once more with nothing of src, give the check values of its last table; and its list of codes is the one of src/errors.ts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gcm } from '@noble/ciphers/aes.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { base58 } from '@scure/base';
import { describe, expect, it } from 'vitest';
import { CODES } from '../../src/errors.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/protocols/handfast.md'), 'utf8');

/** Rows of the table behind a heading, cells without their marks. */
function table(heading: string): string[][] {
  const [, section] = page.split(`\n${heading}\n`);
  return section
    .split(/\n##/)[0]
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim().replace(/^`|`$/g, '')),
    );
}

const L = (text: string) => Buffer.from(`handfast/1 ${text}\0`, 'ascii');
const H = (...parts: Uint8Array[]) => blake2b(Buffer.concat(parts), { dkLen: 64 });
const u64 = (value: bigint | number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};
const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const kdf = (key: Uint8Array, n: number) => {
  const salt = Buffer.alloc(16);
  salt.writeBigUInt64LE(BigInt(n));
  const personalization = Buffer.alloc(16);
  personalization.write('handfst1', 'ascii');
  return blake2b(new Uint8Array(0), { dkLen: 32, key: key.slice(0, 32), salt, personalization });
};
const framed = (frame: Uint8Array) => Buffer.concat([u32(frame.length), frame]);
const fill = (byte: number) => new Uint8Array(32).fill(byte);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const NO_EXT = Buffer.alloc(2);
const NONE = new Uint8Array(0);

function seal(suite: number, key: Uint8Array, counter: bigint, ad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const nonce = Buffer.alloc(12);
  if (suite === 1) nonce.writeBigUInt64LE(counter, 4);
  else nonce.writeBigUInt64BE(counter, 4);
  return (suite === 1 ? chacha20poly1305 : gcm)(key, nonce, ad).encrypt(plaintext);
}

function computed(suite: number) {
  const idA = ed25519.getPublicKey(fill(1));
  const idB = ed25519.getPublicKey(fill(2));
  const eA = x25519.getPublicKey(fill(3));
  const eB = x25519.getPublicKey(fill(4));
  const tag = H(L('network'), Buffer.from('demo')).slice(0, 16);

  const frame1 = Buffer.concat([Uint8Array.of(1, 1, 1, 1, suite), tag, eA, NO_EXT]);
  const frame2head = Buffer.concat([Uint8Array.of(2, 1, suite), eB, NO_EXT]);
  const h2 = H(H(H(L('transcript')), frame1), frame2head);
  const prk = H(L('keys'), x25519.getSharedSecret(fill(3), eB), h2);
  const kB = kdf(prk, 1);
  const claimB = Buffer.concat([idB, u64(1700000000000), NO_EXT]);
  const sealed2 = seal(suite, kB, 0n, h2, Buffer.concat([claimB, ed25519.sign(Buffer.concat([L('responder'), h2, claimB]), fill(2))]));
  const h3 = H(h2, sealed2);
  const claimA = Buffer.concat([idA, u64(1700000000050), NO_EXT]);
  const signatureA = ed25519.sign(Buffer.concat([L('initiator'), h3, idB, claimA]), fill(1));
  const sealed3 = seal(suite, kdf(prk, 2), 0n, h3, Buffer.concat([claimA, signatureA]));
  const h4 = H(h3, sealed3);
  const prk2 = H(L('session'), prk, h4);
  const aToB = kdf(prk2, 1);

  const open = Buffer.concat([Uint8Array.of(0), u32(1_049_600), NO_EXT]);
  const length = u32(open.length + 16);
  const content = Buffer.concat([idA, u64(1), u64(1700000000000), Uint8Array.of(4), Buffer.from('news'), u32(5), Buffer.from('hello')]);
  const signedBroadcast = Buffer.concat([L('broadcast'), tag, content]);
  return {
    frames: [frame1, Buffer.concat([frame2head, sealed2]), Buffer.concat([Uint8Array.of(3), sealed3])].map((frame) => framed(frame).length),
    values: {
      tag: hex(tag),
      'id of A': hex(idA),
      'id of A as text': base58.encode(Buffer.concat([Buffer.from('002408011220', 'hex'), idA])),
      h2: hex(h2),
      kB: hex(kB),
      h4: hex(h4),
      'A to B': hex(aToB),
      'A to B after one rekey': hex(seal(suite, aToB, 2n ** 64n - 1n, NONE, fill(0)).slice(0, 32)),
      binding: hex(kdf(prk2, 3)),
      'first record of A': hex(Buffer.concat([length, seal(suite, aToB, 0n, length, open)])),
      'message id': hex(H(signedBroadcast).slice(0, 32)),
      'signature of the broadcast': hex(ed25519.sign(signedBroadcast, fill(1))),
    } as Record<string, string>,
  };
}

describe.each([1, 2])('check values of suite 0%i', (suite) => {
  const { values, frames } = computed(suite);
  const rows = table('## 10. Check values').slice(2);

  it('lists each value once', () => {
    expect(rows.map(([name]) => name)).toEqual(Object.keys(values));
  });

  it.each(rows)('%s', (name, ...shown) => {
    const whole = shown[suite - 1];
    if (whole.endsWith('…')) expect(values[name].slice(0, whole.length - 1)).toBe(whole.slice(0, -1));
    else expect(values[name]).toBe(whole);
  });

  it('gives frames of the sizes stated', () => {
    expect(page).toContain('59, 163 and 127 bytes');
    expect(frames).toEqual([59, 163, 127]);
  });
});

describe('codes', () => {
  const cells = table('### Codes').slice(2);
  const listed = cells
    .flatMap((row) => [0, 2, 4].map((i) => [row[i], row[i + 1]] as const))
    .filter(([code]) => code)
    .map(([code, name]) => ({ code, name: name.split(' ')[0], charged: name.endsWith('*') }))
    .sort((a, b) => a.code.localeCompare(b.code));

  it('are those of the library, with the same stars', () => {
    const ours = Object.entries(CODES as Record<string, { wire?: number; charged?: true }>)
      .filter(([, { wire }]) => wire !== undefined)
      .map(([name, { wire, charged }]) => ({ code: wire!.toString(16).padStart(4, '0'), name, charged: charged === true }));
    expect(listed).toEqual(ours.sort((a, b) => a.code.localeCompare(b.code)));
  });
});
