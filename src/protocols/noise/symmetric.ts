/** SymmetricState: the chaining key, the hash of all that was said, and the key of the moment. Revision 34, section 5.2. */
import type { Bytes, Core } from '../../core/core.ts';
import { utf8 } from '../../wire/text.ts';
import { NoiseCipher } from './cipher.ts';
import { type NoiseHash, noiseHash, noiseHkdf } from './hashes.ts';
import type { NoiseName } from './patterns.ts';

/**
 * The chaining key is bytes here, overwritten as soon as the next one follows: HMAC is not among what the cores do over guarded keys. Keys of ciphers are guarded again.
 */
export class SymmetricState {
  readonly #core: Core;
  readonly #name: NoiseName;
  readonly #hash: NoiseHash;
  #chainingKey: Bytes;
  #digest: Bytes;
  #cipher: NoiseCipher | undefined;

  constructor(core: Core, name: NoiseName) {
    this.#core = core;
    this.#name = name;
    this.#hash = noiseHash(core, name.hash);
    const bytes = utf8(name.name);
    this.#digest = new Uint8Array(this.#hash.length);
    if (bytes.length <= this.#hash.length) this.#digest.set(bytes);
    else this.#digest = this.#hash.digest(bytes);
    this.#chainingKey = this.#digest.slice();
  }

  /** The hash of all that was said so far: after the last message, what names the session. */
  get digest(): Bytes {
    return this.#digest;
  }

  get keyed(): boolean {
    return this.#cipher !== undefined;
  }

  mixHash(data: Bytes): void {
    this.#digest = this.#hash.digest(this.#digest, data);
  }

  /** @param material wiped by the caller. */
  mixKey(material: Bytes): void {
    const [chainingKey, key] = noiseHkdf(this.#hash, this.#chainingKey, material, 2);
    this.#advance(chainingKey!, key!);
  }

  mixKeyAndHash(material: Bytes): void {
    const [chainingKey, mixed, key] = noiseHkdf(this.#hash, this.#chainingKey, material, 3);
    this.mixHash(mixed!);
    mixed!.fill(0);
    this.#advance(chainingKey!, key!);
  }

  sealAndHash(plaintext: Bytes): Bytes {
    const sealed = this.#cipher ? this.#cipher.seal(plaintext, this.#digest) : plaintext.slice();
    this.mixHash(sealed);
    return sealed;
  }

  /** @throws HF_BAD_TAG */
  openAndHash(sealed: Bytes): Bytes {
    const plaintext = this.#cipher ? this.#cipher.open(sealed, this.#digest) : sealed.slice();
    this.mixHash(sealed);
    return plaintext;
  }

  /** Of the initiator's direction, and of the responder's. Ends this state. */
  split(): [NoiseCipher, NoiseCipher] {
    const keys = noiseHkdf(this.#hash, this.#chainingKey, NO_BYTES, 2);
    this.wipe();
    const ciphers = keys.map((key) => new NoiseCipher(this.#core, this.#name.cipher, key));
    for (const key of keys) key.fill(0);
    return ciphers as [NoiseCipher, NoiseCipher];
  }

  wipe(): void {
    this.#chainingKey.fill(0);
    this.#cipher?.wipe();
    this.#cipher = undefined;
  }

  #advance(chainingKey: Bytes, key: Bytes): void {
    this.wipe();
    this.#chainingKey = chainingKey;
    this.#cipher = new NoiseCipher(this.#core, this.#name.cipher, key);
    key.fill(0);
  }
}

const NO_BYTES = new Uint8Array(0);
