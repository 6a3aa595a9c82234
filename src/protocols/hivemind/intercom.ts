/**
 * INTERCOM, section 10: a message inside of a message, sealed to the RSA key of one node and signed with that of another, so that whoever carries it in between can neither read nor
 * change it. Two forms: the message itself under RSA-OAEP where it is short enough, or an AES-256-GCM key for it. The signature of the second covers the ciphertext alone, so that its
 * recipient could wrap the key again for somebody else: messages that we seal in it name their recipient inside.
 */
import type { Bytes, Core } from '../../core/core.ts';
import { aesGcmOpen, aesGcmSeal } from '../../core/legacy/aes-gcm.ts';
import { HandfastError } from '../../errors.ts';
import type { JsonObject, JsonValue } from '../../wire/json.ts';
import { utf8 } from '../../wire/text.ts';
import { join } from '../../wire/writer.ts';
import { ENCODINGS } from './encodings.ts';
import { malformed } from './faults.ts';
import { jsonText } from './json-text.ts';
import { LIMITS } from './limits.ts';
import { type HiveMessage, type MessageParts, messageOf, readMessage } from './message.ts';
import { TAG_BYTES } from './sealing.ts';

/** The payload of an `intercom`, its bytes decoded. */
export interface Envelope {
  /** Under RSA-OAEP: the message, or the key for it. */
  readonly wrapped: Bytes;
  /** Of the sender, over `signed`. */
  readonly signature: Bytes;
  readonly signed: Bytes;
  /** Where a key is wrapped: what it opens. */
  readonly sealed?: { readonly nonce: Bytes; readonly ciphertext: Bytes; readonly tag: Bytes } | undefined;
}

/** @returns the envelope, or HF_MALFORMED for what has the shape of none. */
export function readEnvelope(payload: JsonObject): Envelope | HandfastError {
  const { encrypted_key, ciphertext, signature, nonce, tag } = payload;
  const [body, by] = [bytesIn(ciphertext), bytesIn(signature)];
  // Without a signature anybody could have made it.
  if (!body || !by || by.length === 0 || by.length > MOST_MODULUS) return malformed('an intercom without ciphertext or signature');
  if (encrypted_key === undefined) {
    return body.length > MOST_MODULUS ? malformed('an intercom longer than any key') : { wrapped: body, signature: by, signed: body };
  }
  const [wrapped, once, check] = [bytesIn(encrypted_key), bytesIn(nonce), bytesIn(tag)];
  if (!wrapped || wrapped.length > MOST_MODULUS || (once?.length !== 12 && once?.length !== NONCE_BYTES) || check?.length !== TAG_BYTES)
    return malformed('an intercom whose key, nonce or tag is none');
  return { wrapped, signature: by, signed: body, sealed: { nonce: once, ciphertext: body, tag: check } };
}

export function writeEnvelope({ wrapped, signature, sealed }: Envelope): JsonObject {
  const text = ENCODINGS['JSON-B64'].encode;
  if (!sealed) return { ciphertext: text(wrapped), signature: text(signature) };
  return {
    encrypted_key: text(wrapped),
    ciphertext: text(sealed.ciphertext),
    tag: text(sealed.tag),
    nonce: text(sealed.nonce),
    signature: text(signature),
  };
}

/** A message as it is sealed: the members that say something alone, since there is room for 214 bytes under a key of 2,048 bits. @throws HF_BAD_ARGUMENT that says what is wrong with it. */
export function innerText(parts: MessageParts): Bytes {
  const read = messageOf(parts, LIMITS.json);
  if (read instanceof HandfastError || read.msg_type === 'hello' || read.msg_type === 'shake')
    throw new HandfastError(
      'BAD_ARGUMENT',
      `intercom: ${read instanceof HandfastError ? read.message : `no ${read.msg_type} can be sealed`}`,
    );
  return utf8(jsonText(parts));
}

/** Under a new key. @returns the key too, 32 bytes, for the caller to wrap and to wipe. */
export function sealInner(core: Core, plaintext: Bytes): { key: Bytes; sealed: NonNullable<Envelope['sealed']> } {
  const [key, nonce] = [core.random(KEY_BYTES), core.random(NONCE_BYTES)];
  const all = aesGcmSeal(key, nonce, plaintext);
  return { key, sealed: { nonce, ciphertext: all.subarray(0, plaintext.length), tag: all.subarray(plaintext.length) } };
}

/**
 * The message in an envelope whose signature was verified. @param unwrapped what RSA-OAEP gave; wiped where it is a key. @param publicKey ours, PEM.
 * @returns the message, and whether it can only have been meant for this key; or HF_WRONG_KEY, HF_MALFORMED, HF_UNEXPECTED_PEER.
 */
export function readInner(
  { sealed }: Envelope,
  unwrapped: Bytes,
  publicKey: string,
): { readonly message: HiveMessage; readonly bound: boolean } | HandfastError {
  const plaintext = sealed ? openInner(sealed, unwrapped) : unwrapped;
  if (!plaintext) return new HandfastError('WRONG_KEY', 'an intercom whose key does not open it');
  const message = readMessage(plaintext, LIMITS.json);
  if (message instanceof HandfastError) return message;
  if (message.msg_type === 'hello' || message.msg_type === 'shake') return malformed(`an intercom with a ${message.msg_type} in it`);
  const { target_pubkey } = message;
  if (target_pubkey !== null && target_pubkey.trimEnd() !== publicKey.trimEnd())
    return new HandfastError('UNEXPECTED_PEER', 'an intercom that was sealed for somebody else and wrapped again for us');
  return { message, bound: !sealed || target_pubkey !== null };
}

function openInner({ nonce, ciphertext, tag }: NonNullable<Envelope['sealed']>, key: Bytes): Bytes | undefined {
  const plaintext = key.length === KEY_BYTES ? aesGcmOpen(key, nonce, join([ciphertext, tag])) : undefined;
  key.fill(0);
  return plaintext;
}

function bytesIn(value: JsonValue | undefined): Bytes | undefined {
  return typeof value === 'string' ? ENCODINGS['JSON-B64'].decode(value) : undefined;
}

const KEY_BYTES = 32;
// As the library of released peers draws them.
const NONCE_BYTES = 16;
/** Of an RSA key of 8,192 bits. */
const MOST_MODULUS = 1024;
