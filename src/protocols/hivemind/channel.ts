/** How messages are sealed once both sides hold a key: by the frames of v0 to v2 (section 7) here, by Noise in v3. */
import type { Bytes, Core } from '../../core/core.ts';
import { HandfastError } from '../../errors.ts';
import type { JsonObject } from '../../wire/json.ts';
import { utf8 } from '../../wire/text.ts';
import { join } from '../../wire/writer.ts';
import { ENCODINGS, type Encoding } from './encodings.ts';
import { malformed } from './faults.ts';
import { LIMITS } from './limits.ts';
import { readJson } from './message.ts';
import { type CipherName, checkKey, NONCE_BYTES, openBytes, sealBytes, TAG_BYTES } from './sealing.ts';

export interface Sealed {
  readonly data: Bytes;
  readonly text: boolean;
}

/** What a carrier message was: a whole message of the JSON or the binary form; or text that was not sealed at all. `more`: a piece, the others are still to come. */
export type Unsealed =
  | { readonly form: 'json' | 'frame'; readonly plaintext: Bytes }
  | { readonly form: 'clear'; readonly object: JsonObject }
  | 'more'
  | HandfastError;

export interface Channel {
  /** What was agreed, to show. */
  readonly info: Readonly<Record<string, string | number | boolean>>;
  /** Both sides agreed that messages may go in the binary form. */
  readonly binarize: boolean;
  /** Whether binary frames have to be compressed for the other side to read them. */
  readonly compresses: boolean;
  /** Whether its key wears out and has to be replaced by another handshake, as random nonces make it. */
  readonly wears: boolean;
  /** Bytes of plaintext that fit into a carrier message of `limit` bytes. */
  room(limit: number): number;
  /** One carrier message, or several in order. @throws HF_NONCE_SPENT */
  seal(plaintext: Bytes, form: 'json' | 'frame'): readonly [Sealed, ...Sealed[]];
  open(data: Bytes, text: boolean): Unsealed;
  /** @param hello the carrier message that the slave's HELLO came in. @returns 32 bytes that both sides have, of this session alone. */
  binding(hello: Bytes): Bytes;
  wipe(): void;
}

export interface AeadChannelOptions {
  core: Core;
  cipher: CipherName;
  encoding: Encoding;
  /** Taken over: wiped by the channel. */
  key: Bytes;
  binarize: boolean;
  /** Random bytes for nonces. */
  random(length: number): Bytes;
  info: Readonly<Record<string, string | number | boolean>>;
}

/** Text frames `{"ciphertext", "tag", "nonce"}`, binary ones `nonce || ciphertext || tag`. */
export class AeadChannel implements Channel {
  readonly info: Readonly<Record<string, string | number | boolean>>;
  readonly binarize: boolean;
  readonly compresses = true;
  readonly wears = true;
  readonly #options: AeadChannelOptions;
  readonly #key: Bytes;

  /** @throws HF_BAD_KEY */
  constructor(options: AeadChannelOptions) {
    this.#options = options;
    this.#key = checkKey(options.cipher, options.key);
    this.binarize = options.binarize;
    this.info = { ...options.info, encoding: options.encoding, cipher: options.cipher, binarize: options.binarize };
  }

  room(limit: number): number {
    return Math.floor((limit - FRAME_OVERHEAD) / EXPANSION[this.#options.encoding]);
  }

  seal(plaintext: Bytes, form: 'json' | 'frame'): readonly [Sealed] {
    const nonce = this.#options.random(NONCE_BYTES[this.#options.cipher]);
    const text = form === 'json';
    return [{ data: (text ? sealText : sealBinary)(this.#options, this.#key, nonce, plaintext), text }];
  }

  open(data: Bytes, text: boolean): Unsealed {
    if (!text) {
      const plaintext = openBinary(this.#options, this.#key, data);
      return plaintext ? { form: 'frame', plaintext } : doesNotOpen();
    }
    const object = readJson(data, LIMITS.sealedText, 'a text frame');
    if (object instanceof HandfastError) return object;
    if (!Object.hasOwn(object, 'ciphertext')) return { form: 'clear', object };
    const plaintext = openText(this.#options, this.#key, object);
    return plaintext instanceof HandfastError ? plaintext : { form: 'json', plaintext };
  }

  binding(hello: Bytes): Bytes {
    const { hash } = this.#options.core;
    return hash.hmacSha256(this.#key, join([BINDING, hash.sha256(hello)]));
  }

  wipe(): void {
    this.#key.fill(0);
  }
}

type Agreed = Pick<AeadChannelOptions, 'core' | 'cipher' | 'encoding'>;

/** @returns UTF-8 of the frame. */
export function sealText({ core, cipher, encoding }: Agreed, key: Bytes, nonce: Bytes, plaintext: Bytes): Bytes {
  const sealed = sealBytes(core, cipher, key, nonce, plaintext);
  const { encode } = ENCODINGS[encoding];
  const ciphertext = encode(sealed.subarray(0, plaintext.length));
  const tag = encode(sealed.subarray(plaintext.length));
  return utf8(`{"ciphertext": ${JSON.stringify(ciphertext)}, "tag": ${JSON.stringify(tag)}, "nonce": ${JSON.stringify(encode(nonce))}}`);
}

/** Without a `tag`, it is the end of the ciphertext. @returns the plaintext, or HF_MALFORMED, HF_BAD_TAG. */
export function openText({ core, cipher, encoding }: Agreed, key: Bytes, frame: JsonObject): Bytes | HandfastError {
  const { ciphertext, tag = '', nonce } = frame;
  if (typeof ciphertext !== 'string' || typeof nonce !== 'string' || typeof tag !== 'string')
    return malformed('a text frame without ciphertext or nonce');
  const { decode } = ENCODINGS[encoding];
  const [sealed, tagBytes, nonceBytes] = [decode(ciphertext), tag === '' ? NONE : decode(tag), decode(nonce)];
  if (!sealed || !tagBytes || !nonceBytes) return unproved('MALFORMED', `a text frame that is not ${encoding}`);
  if (tag !== '' && tagBytes.length !== TAG_BYTES) return doesNotOpen();
  return openBytes(core, cipher, key, nonceBytes, tagBytes.length > 0 ? join([sealed, tagBytes]) : sealed) ?? doesNotOpen();
}

export function sealBinary({ core, cipher }: Omit<Agreed, 'encoding'>, key: Bytes, nonce: Bytes, plaintext: Bytes): Bytes {
  return join([nonce, sealBytes(core, cipher, key, nonce, plaintext)]);
}

export function openBinary({ core, cipher }: Omit<Agreed, 'encoding'>, key: Bytes, data: Bytes): Bytes | undefined {
  const nonce = NONCE_BYTES[cipher];
  if (data.length < nonce + TAG_BYTES) return undefined;
  return openBytes(core, cipher, key, data.subarray(0, nonce), data.subarray(nonce));
}

function doesNotOpen(): HandfastError {
  return unproved('BAD_TAG', 'a frame does not open');
}

const unproved = (code: 'BAD_TAG' | 'MALFORMED', message: string): HandfastError => new HandfastError(code, message, { unproved: true });

const BINDING = utf8('handfast hivemind binding');
const NONE = new Uint8Array(0);
const FRAME_OVERHEAD = 256;
// Characters for a byte, at worst; those that JSON escapes count twice.
const EXPANSION: Readonly<Record<Encoding, number>> = {
  'JSON-B64': 4 / 3,
  'JSON-URLSAFE-B64': 4 / 3,
  'JSON-HEX': 2,
  'JSON-B32': 1.6,
  'JSON-Z85B': 1.25,
  'JSON-Z85P': 1.25,
  'JSON-B91': 2.5,
};
