/** XTEA256 in TypeScript: 32-bit words in typed arrays, one block at a time. */
import { badArgument, checkBytes, checkInteger, checkLength, checkObject } from './check.ts';
import type { Bytes, SecretInput, Xtea256 } from './core.ts';
import { withSecret } from './pure-secret.ts';
import type { Slab } from './slab.ts';

export const xtea256: Xtea256 = {
  encrypt: (key, data, rounds, out) => crypted(encryptBlocks, key, data, rounds, out),
  decrypt: (key, data, rounds, out) => crypted(decryptBlocks, key, data, rounds, out),
  encryptIn: (slab, offset, length, key, rounds) => cryptIn(encryptBlocks, slab, offset, length, key, rounds),
  decryptIn: (slab, offset, length, key, rounds) => cryptIn(decryptBlocks, slab, offset, length, key, rounds),
};

/** What XTEA256 takes; the same in both cores. @throws HF_BAD_ARGUMENT */
export function checkBlocks(length: number, rounds: number): void {
  if (length % BLOCK !== 0) badArgument(`data: expected whole blocks of ${BLOCK} bytes, not ${length} bytes`);
  checkInteger(rounds, 'rounds', 1, MOST_ROUNDS);
}

/** A part of a slab, named by integers. @returns all of the slab's memory. @throws HF_BAD_ARGUMENT, HF_RELEASED */
export function checkRange(slab: Slab, offset: number, length: number): Bytes {
  checkObject(slab, 'slab');
  const { bytes } = slab;
  if (!(bytes instanceof Uint8Array)) badArgument('slab: expected a slab of a core');
  checkInteger(offset, 'offset', 0, bytes.length);
  checkInteger(length, 'length', 0, bytes.length - offset);
  return bytes;
}

type Blocks = (keys: Int32Array, rounds: number, data: Bytes, out: Bytes) => void;

function crypted(blocks: Blocks, key: SecretInput, data: Bytes, rounds: number, out: Bytes | undefined): Bytes {
  checkBytes(data, 'data');
  checkBlocks(data.length, rounds);
  if (out !== undefined) checkLength(out, 'out', data.length);
  const target = out ?? new Uint8Array(data.length);
  withSecret(key, 'key', KEY_BYTES, KEY_BYTES, (bytes) => withRoundKeys(bytes, rounds, (keys) => blocks(keys, rounds, data, target)));
  return target;
}

function cryptIn(blocks: Blocks, slab: Slab, offset: number, length: number, key: SecretInput, rounds: number): void {
  const data = checkRange(slab, offset, length).subarray(offset, offset + length);
  checkBlocks(length, rounds);
  withSecret(key, 'key', KEY_BYTES, KEY_BYTES, (bytes) => withRoundKeys(bytes, rounds, (keys) => blocks(keys, rounds, data, data)));
}

/** What each round adds, two words a round: they depend on the key alone. */
function withRoundKeys(key: Bytes, rounds: number, use: (keys: Int32Array) => void): void {
  const words = new DataView(key.buffer, key.byteOffset, KEY_BYTES);
  const word = (index: number): number => words.getInt32(4 * (index & 7), true);
  let sum = 0;
  for (let i = 0; i < 2 * rounds; i += 2) {
    roundKeys[i] = sum + word(sum);
    sum = (sum + DELTA) | 0;
    roundKeys[i + 1] = sum + word(sum >>> 11);
  }
  use(roundKeys);
  roundKeys.fill(0, 0, 2 * rounds);
}

function encryptBlocks(keys: Int32Array, rounds: number, data: Bytes, out: Bytes): void {
  const last = 2 * rounds;
  for (let at = 0; at < data.length; at += BLOCK) {
    let v0 = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24);
    let v1 = data[at + 4]! | (data[at + 5]! << 8) | (data[at + 6]! << 16) | (data[at + 7]! << 24);
    for (let i = 0; i < last; i += 2) {
      v0 = (v0 + ((((v1 << 4) ^ (v1 >>> 5)) + v1) ^ keys[i]!)) | 0;
      v1 = (v1 + ((((v0 << 4) ^ (v0 >>> 5)) + v0) ^ keys[i + 1]!)) | 0;
    }
    store(out, at, v0, v1);
  }
}

function decryptBlocks(keys: Int32Array, rounds: number, data: Bytes, out: Bytes): void {
  for (let at = 0; at < data.length; at += BLOCK) {
    let v0 = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24);
    let v1 = data[at + 4]! | (data[at + 5]! << 8) | (data[at + 6]! << 16) | (data[at + 7]! << 24);
    for (let i = 2 * rounds - 2; i >= 0; i -= 2) {
      v1 = (v1 - ((((v0 << 4) ^ (v0 >>> 5)) + v0) ^ keys[i + 1]!)) | 0;
      v0 = (v0 - ((((v1 << 4) ^ (v1 >>> 5)) + v1) ^ keys[i]!)) | 0;
    }
    store(out, at, v0, v1);
  }
}

function store(out: Bytes, at: number, v0: number, v1: number): void {
  out[at] = v0;
  out[at + 1] = v0 >>> 8;
  out[at + 2] = v0 >>> 16;
  out[at + 3] = v0 >>> 24;
  out[at + 4] = v1;
  out[at + 5] = v1 >>> 8;
  out[at + 6] = v1 >>> 16;
  out[at + 7] = v1 >>> 24;
}

const KEY_BYTES = 32;
const BLOCK = 8;
const MOST_ROUNDS = 128;
const DELTA = 0x9e3779b9;
const roundKeys = new Int32Array(2 * MOST_ROUNDS);
