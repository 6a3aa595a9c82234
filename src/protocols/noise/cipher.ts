/** CipherState: one direction of a Noise session, or the key of a handshake. Revision 34, sections 5.1, 11.3 and 12. */
import type { Bytes, Core, Secret, Suite } from '../../core/core.ts';
import { HandfastError } from '../../errors.ts';
import type { NoiseCipherName } from './patterns.ts';

/**
 * The key lies in the core's guarded memory. The counter rises by one with each message, stays where one does not open, and its last value, 2^64-1, is never used for messages.
 */
export class NoiseCipher {
  readonly #core: Core;
  readonly #name: NoiseCipherName;
  #key: Secret;
  #counter = 0n;

  /** @param key at least 32 bytes, of which the first 32 count; copied, so that the caller still wipes its own. */
  constructor(core: Core, name: NoiseCipherName, key: Bytes) {
    this.#core = core;
    this.#name = name;
    this.#key = core.guarded.importEphemeral(key.subarray(0, KEY_BYTES));
  }

  /** The number of the next message. */
  get counter(): bigint {
    return this.#counter;
  }

  /** For carriers that lose or swap messages, and for tests: whoever sets it answers for no number being used twice. @throws HF_BAD_ARGUMENT */
  set counter(value: bigint) {
    if (value < 0n || value > LAST) throw new HandfastError('BAD_ARGUMENT', 'counter: 0 to 2^64-1');
    this.#counter = value;
  }

  /** @returns the message and its 16-byte tag. @throws HF_NONCE_SPENT, HF_TOO_LARGE (blame caller) beyond 65,519 bytes, HF_RELEASED. */
  seal(message: Bytes, ad: Bytes = NO_BYTES): Bytes {
    if (message.length + TAG_BYTES > MOST_MESSAGE) throw tooLarge(message.length + TAG_BYTES, 'caller');
    const sealed = this.#core.aead.seal(SUITES[this.#name], this.#key, this.#nonce(), message, ad);
    this.#counter++;
    return sealed;
  }

  /** @throws HF_BAD_TAG, HF_MALFORMED for fewer than 16 bytes, HF_TOO_LARGE beyond 65,535, HF_NONCE_SPENT, HF_RELEASED. */
  open(sealed: Bytes, ad: Bytes = NO_BYTES): Bytes {
    if (sealed.length > MOST_MESSAGE) throw tooLarge(sealed.length, 'peer');
    if (sealed.length < TAG_BYTES) throw new HandfastError('MALFORMED', `${sealed.length} bytes cannot hold a tag`);
    const message = this.#core.aead.open(SUITES[this.#name], this.#key, this.#nonce(), sealed, ad);
    this.#counter++;
    return message;
  }

  /** Replaces the key by one that does not lead back to it; the counter goes on. Both sides have to do it at the same message. */
  rekey(): void {
    const bytes = this.#core.aead.seal(SUITES[this.#name], this.#key, nonceOf(this.#name, LAST), new Uint8Array(KEY_BYTES));
    this.#key.wipe();
    this.#key = this.#core.guarded.importEphemeral(bytes.subarray(0, KEY_BYTES));
    bytes.fill(0);
  }

  wipe(): void {
    this.#key.wipe();
  }

  #nonce(): Bytes {
    if (this.#counter >= LAST) throw new HandfastError('NONCE_SPENT', 'the counter of a Noise cipher has reached its end');
    return nonceOf(this.#name, this.#counter);
  }
}

/** A refusal of a message that is longer than Noise allows. */
export function tooLarge(length: number, blame: 'peer' | 'caller'): HandfastError {
  return new HandfastError('TOO_LARGE', `a Noise message of ${length} bytes, ${MOST_MESSAGE} are allowed`, { blame });
}

function nonceOf(name: NoiseCipherName, counter: bigint): Bytes {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setBigUint64(4, counter, name === 'ChaChaPoly');
  return nonce;
}

/** Bytes of a whole Noise message, at most. */
export const MOST_MESSAGE = 65_535;
export const KEY_BYTES = 32;
export const TAG_BYTES = 16;
const LAST = 2n ** 64n - 1n;
const SUITES: Readonly<Record<NoiseCipherName, Suite>> = { ChaChaPoly: 'chacha20-poly1305', AESGCM: 'aes-256-gcm' };
const NO_BYTES = new Uint8Array(0);
