/**
 * The profile `bound`, ours and not the specification's: a key for each direction, XChaCha20-Poly1305 with a counter in place of CBC, and signatures over both sides' messages, the
 * role and the signer. Set at both ends, never negotiated, never fallen back to or from.
 */
import type { Bytes, Core, Secret } from '../../core/core.ts';
import { encodeBase64url } from '../../core/legacy/base64url.ts';
import type { JsonObject } from '../../wire/json.ts';
import { utf8 } from '../../wire/text.ts';
import { join, writeU64 } from '../../wire/writer.ts';
import type { Role } from '../machine.ts';
import type { Reading } from './container.ts';
import { readEncrypted, type Sealer, writeEncrypted } from './encrypted.ts';
import { broken, type RuleError } from './rules.ts';

export class BoundSealer implements Sealer {
  readonly #core: Core;
  readonly #reading: Reading;
  readonly #sealing: Secret;
  readonly #opening: Secret;
  #sealed = 0n;
  #opened = 0n;

  /** @param sealing 32 bytes; both keys belong to the sealer. */
  constructor({ core, reading }: { core: Core; reading: Reading }, sealing: Secret, opening: Secret) {
    this.#core = core;
    this.#reading = reading;
    this.#sealing = sealing;
    this.#opening = opening;
  }

  seal(plaintext: Bytes): string {
    const iv = this.#core.random(IV);
    return writeEncrypted(encodeBase64url(iv), this.#core.aead.seal(CIPHER, this.#sealing, iv, plaintext, counter(this.#sealed++)));
  }

  open(root: JsonObject): Bytes | RuleError {
    const parts = readEncrypted(root, this.#reading, IV);
    if (!('iv' in parts)) return parts;
    if (parts.payload.length < TAG) return broken('E3', 'payload has no room for a tag');
    try {
      const plaintext = this.#core.aead.open(CIPHER, this.#opening, parts.iv, parts.payload, counter(this.#opened));
      this.#opened++;
      return plaintext;
    } catch {
      return broken('E5', 'the payload does not open as the next one');
    }
  }

  wipe(): void {
    this.#sealing.wipe();
    this.#opening.wipe();
  }
}

/** What is signed. @param kid the signer's fingerprint, as it stands in the object. @param payload as it stands there, in base64url. */
export function boundText(role: Role, transcript: Bytes, kid: string, payload: string): Bytes {
  return join([LABEL, Uint8Array.of(role === 'initiator' ? 1 : 2), transcript, utf8(kid), utf8(payload)]);
}

function counter(value: bigint): Bytes {
  const bytes = new Uint8Array(8);
  writeU64(bytes, 0, value);
  return bytes;
}

const CIPHER = 'xchacha20-poly1305';
const LABEL = utf8('sdmp-bound');
const IV = 24;
const TAG = 16;
