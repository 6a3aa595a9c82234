/** The one key that all devices share: its forms, and the name it goes by. */
import type { Bytes, Core, SecretInput } from '../../core/core.ts';
import { HandfastError } from '../../errors.ts';
import { utf8 } from '../../wire/text.ts';
import { LIMITS } from './limits.ts';

/**
 * The 32 bytes of a key that is written as eight numbers, the way the C++ library's applications do: `0x12345678, 0x9abcdef0, ...`.
 * @param words eight integers below 2^32, or 64 hexadecimal digits, the words in order. @throws HF_BAD_KEY
 */
export function handshakeKeyOfWords(words: readonly number[] | Uint32Array | string): Bytes {
  const numbers = typeof words === 'string' ? wordsOfText(words) : words;
  const key = new Uint8Array(LIMITS.handshakeKey);
  const view = new DataView(key.buffer);
  if (numbers?.length !== 8) throw badKey('expected eight words of 32 bits');
  for (const [i, word] of numbers.entries()) {
    if (!Number.isInteger(word) || word < 0 || word > 0xffff_ffff) throw badKey('expected eight words of 32 bits');
    view.setUint32(4 * i, word, true);
  }
  return key;
}

/** A key that was checked. */
export interface HandshakeKey {
  /** Bytes are a copy that nobody changes, a Secret is the caller's. */
  readonly key: SecretInput;
  readonly fingerprint: string;
}

/**
 * Checks a key and names it; whoever dials often with the same array has it checked once, as long as it holds the same bytes.
 * @throws HF_BAD_KEY when there is no key, or it is all zero.
 */
export function handshakeKeyOf(core: Core, key: SecretInput): HandshakeKey {
  if (!(key instanceof Uint8Array)) return { key, fingerprint: fingerprintOf(core, key) };
  let known = knownKeys.get(key);
  if (!known || !isSame(known.key as Bytes, key)) {
    known = { fingerprint: fingerprintOf(core, key), key: new Uint8Array(key) };
    knownKeys.set(key, known);
  }
  return known;
}

/**
 * Eight bytes of a hash of the key, as hexadecimal digits: names the key without giving it away, unless it is one that can be guessed.
 * @throws HF_BAD_KEY when there is no key, or it is all zero.
 */
export function fingerprintOf(core: Core, key: SecretInput): string {
  return withBytes(key, (bytes) => {
    if (isZero(bytes)) throw badKey('all zero: set the key that the devices were given');
    return toHex(core.hash.blake2b(bytes, { length: 8, personal: PERSONAL }));
  });
}

export function isZero(bytes: Bytes): boolean {
  let seen = 0;
  for (const byte of bytes) seen |= byte;
  return seen === 0;
}

/** Takes as long whatever differs. */
function isSame(a: Bytes, b: Bytes): boolean {
  let different = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) different |= a[i] ^ b[i];
  return different === 0;
}

/** Lends the bytes of a key; a copy that a Secret had to give is wiped. @throws HF_BAD_KEY, HF_RELEASED */
function withBytes<T>(key: unknown, use: (bytes: Bytes) => T): T {
  if (key instanceof Uint8Array) return use(checked(key));
  const secret = key as { export?: () => Bytes } | null | undefined;
  if (typeof secret?.export !== 'function') throw badKey(`missing: expected ${LIMITS.handshakeKey} bytes or a Secret of as many`);
  const copy = secret.export();
  try {
    return use(checked(copy));
  } finally {
    copy.fill(0);
  }
}

function checked(bytes: Bytes): Bytes {
  if (bytes.length !== LIMITS.handshakeKey) throw badKey(`expected ${LIMITS.handshakeKey} bytes, not ${bytes.length}`);
  return bytes;
}

function wordsOfText(text: string): number[] | undefined {
  return /^[0-9a-fA-F]{64}$/.test(text) ? text.match(/.{8}/g)!.map((digits) => Number.parseInt(digits, 16)) : undefined;
}

function toHex(bytes: Bytes): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += DIGITS[bytes[i] >>> 4] + DIGITS[bytes[i] & 15];
  return text;
}

const badKey = (message: string): HandfastError => new HandfastError('BAD_KEY', `handshakeKey: ${message}`);

/** By the caller's array, and no longer than it. */
const knownKeys = new WeakMap<Bytes, HandshakeKey>();
const DIGITS = '0123456789abcdef';
const PERSONAL = new Uint8Array(16);
PERSONAL.set(utf8('lwstcp key id'));
