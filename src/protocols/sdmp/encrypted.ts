/** Encrypted containers, `{iv, payload, recipients}`: rules E, and how ours are written. AES-256-CBC under one key for both directions, without a MAC. */
import type { Bytes, Core, Secret } from '../../core/core.ts';
import { aes256CbcDecrypt, aes256CbcEncrypt } from '../../core/legacy/aes.ts';
import { decodeBase64url, encodeBase64url, readBase64url } from '../../core/legacy/base64url.ts';
import { isJsonObject, type JsonObject } from '../../wire/json.ts';
import { Recent } from '../recent.ts';
import { type Reading, readContainer, type Shape, texts } from './container.ts';
import { ENCRYPTED, writeForm } from './form.ts';
import { LIMITS } from './limits.ts';
import { type Padding, pad, unpad } from './padding.ts';
import { broken, type RuleError } from './rules.ts';

/** What seals and opens the objects of one connection, in the order in which they are sent and come. */
export interface Sealer {
  /** @param plaintext the text of a container, in UTF-8. @returns the text of an encrypted one. */
  seal(plaintext: Bytes): string;
  /** Rules C, then E1 to E5 and E7. @param root as `readJson` gives it. @returns the plaintext, in memory of its own. */
  open(root: JsonObject): Bytes | RuleError;
  /** Wipes the keys. */
  wipe(): void;
}

export interface CbcOptions {
  core: Core;
  reading: Reading;
  padding: Padding;
}

export class CbcSealer implements Sealer {
  readonly #options: CbcOptions;
  readonly #key: Secret;
  readonly #sent = new Recent(LIMITS.recent);
  readonly #received = new Recent(LIMITS.recent);

  /** @param key 32 bytes; belongs to the sealer. */
  constructor(key: Secret, options: CbcOptions) {
    this.#key = key;
    this.#options = options;
  }

  seal(plaintext: Bytes): string {
    const { core, padding } = this.#options;
    const iv = core.random(IV);
    const padded = pad(plaintext, padding);
    const sealed = this.#withKey((key) => aes256CbcEncrypt(key, iv, padded));
    padded.fill(0);
    const ivText = encodeBase64url(iv);
    this.#sent.add(ivText);
    return writeEncrypted(ivText, sealed);
  }

  open(root: JsonObject): Bytes | RuleError {
    const { reading } = this.#options;
    const parts = readEncrypted(root, reading, IV);
    if (!('iv' in parts)) return parts;
    const { iv, payload, ivText } = parts;
    if (payload.length === 0 || payload.length % BLOCK !== 0) return broken('E3', 'payload is no whole number of blocks');
    // One text for each iv, since base64url is read strictly. Before the rules that cost a decryption: what is seen from outside is the same.
    if (this.#sent.has(ivText) || this.#received.has(ivText)) return broken('E7', 'an iv of this connection came again');
    const plaintext = this.#withKey((key) => aes256CbcDecrypt(key, iv, payload));
    const text = unpad(plaintext, reading);
    if (!text) {
      plaintext.fill(0);
      return broken('E5', 'the plaintext does not end as one does');
    }
    this.#received.add(ivText);
    return text;
  }

  wipe(): void {
    this.#key.wipe();
  }

  #withKey<T>(use: (key: Bytes) => T): T {
    const key = this.#key.export();
    try {
      return use(key);
    } finally {
      key.fill(0);
    }
  }
}

/** Rules C, then E1, E4, E2, and that payload is base64url. */
export function readEncrypted(
  root: JsonObject,
  reading: Reading,
  ivLength: number,
): { iv: Bytes; ivText: string; payload: Bytes } | RuleError {
  const container = readContainer(root, SHAPE, reading);
  if (!('property' in container)) return container;
  const { property } = container;
  if (!isJsonObject(property) || !('iv' in property && 'payload' in property)) return broken('E1', 'iv or payload is missing');
  const { recipients } = property;
  const noRecipients = Array.isArray(recipients) && recipients.length === 0;
  if (!noRecipients && (reading === 'strict' || recipients !== undefined)) return broken('E4', 'recipients is no empty list');
  if (!texts(property, ['iv'])) return broken('E2', 'iv is no text');
  const iv = decodeBase64url(property.iv);
  if (iv?.length !== ivLength) return broken('E2', `iv is not ${ivLength} octets`);
  const payload = typeof property.payload === 'string' ? readBase64url(property.payload) : undefined;
  if (!payload) return broken('E3', 'payload is not base64url');
  return { iv, ivText: property.iv, payload };
}

/** @param iv in base64url. */
export function writeEncrypted(iv: string, payload: Bytes): string {
  return writeForm(ENCRYPTED, iv, encodeBase64url(payload));
}

const SHAPE: Shape = { property: 'encrypted', schema: 'encrypted', members: ['iv', 'payload', 'recipients'] };
const IV = 16;
const BLOCK = 16;
