/** The keys that a node knows. SDMP never sends a key: whoever is not in here cannot connect. */
import type { Bytes, Core } from '../../core/core.ts';
import { defaultCore } from '../../core/default.ts';
import { encodeBase64url } from '../../core/legacy/base64url.ts';
import { type RsaKeyInput, RsaPublicKey } from '../../core/legacy/rsa.ts';
import { HandfastError } from '../../errors.ts';
import type { Millis } from '../machine.ts';
import { Recent } from '../recent.ts';
import { FINGERPRINT_FORMS, fingerprintOf, headerOf } from './fingerprint.ts';
import { LIMITS } from './limits.ts';

export interface SdmpPeer {
  readonly key: RsaPublicKey;
  /** The fingerprint in the form `pem-escaped`. */
  readonly id: string;
  /** In all forms; the first is `id`. */
  readonly fingerprints: readonly string[];
  /** When the identity ends; Infinity when it does not. */
  readonly expires: Millis;
}

/** Shared by all connections of a node; may change at any time. */
export class SdmpPeers {
  readonly #core: Core;
  readonly #byFingerprint = new Map<string, SdmpPeer>();
  readonly #byHeader = new Map<string, SdmpPeer>();
  readonly #used = new Recent(LIMITS.recent);

  /** @param keys known from the start, as `add` takes them. @throws HF_BAD_KEY */
  constructor(keys: Iterable<RsaKeyInput> = [], { core = defaultCore() }: { core?: Core | undefined } = {}) {
    this.#core = core;
    for (const key of keys) this.add(key);
  }

  /**
   * Takes the place of an earlier entry of the same key.
   * @param key PEM, one line of base64 of the DER, the DER itself, or a public KeyObject. @throws HF_BAD_KEY unless it is RSA of 2,048 to 8,192 bits.
   */
  add(key: RsaKeyInput, { expires = Number.POSITIVE_INFINITY }: { expires?: Millis | undefined } = {}): SdmpPeer {
    if (typeof expires !== 'number' || Number.isNaN(expires))
      throw new HandfastError('BAD_ARGUMENT', 'expires: expected milliseconds since 1970');
    const known = new RsaPublicKey(key);
    const fingerprints = FINGERPRINT_FORMS.map((form) => fingerprintOf(this.#core, known.spki, form));
    const peer = { key: known, id: fingerprints[0], fingerprints, expires };
    for (const fingerprint of fingerprints) this.#byFingerprint.set(fingerprint, peer);
    this.#byHeader.set(headerOf(peer.id), peer);
    return peer;
  }

  /** @param fingerprint in any form. @returns whether there was one. */
  remove(fingerprint: string): boolean {
    const peer = this.find(fingerprint);
    if (!peer) return false;
    for (const each of peer.fingerprints) this.#byFingerprint.delete(each);
    this.#byHeader.delete(headerOf(peer.id));
    return true;
  }

  /** @param fingerprint in any form. */
  find(fingerprint: string): SdmpPeer | undefined {
    return this.#byFingerprint.get(fingerprint);
  }

  /** Whose signatures begin with this as our writer has it; another writer may name the same key otherwise. */
  findByHeader(header: string): SdmpPeer | undefined {
    return this.#byHeader.get(header);
  }

  has(fingerprint: string): boolean {
    return this.#byFingerprint.has(fingerprint);
  }

  *[Symbol.iterator](): IterableIterator<SdmpPeer> {
    yield* new Set(this.#byFingerprint.values());
  }

  /** A signature holds for ever (W2): whether a peer's offer was accepted before, of the last 65,536. */
  wasUsed(peer: SdmpPeer, publicKey: Bytes): boolean {
    return this.#used.has(usedKey(peer, publicKey));
  }

  remember(peer: SdmpPeer, publicKey: Bytes): void {
    this.#used.add(usedKey(peer, publicKey));
  }
}

/**
 * An honest N is as good as random, and its last 16 octets are too: whoever chooses others only shuts himself out. Written at once, since so many of them are kept: a text that is
 * joined of two keeps more than its letters.
 */
function usedKey({ id }: SdmpPeer, publicKey: Bytes): string {
  for (let i = 0; i < KEPT_OF_ID; i++) USED[i] = id.charCodeAt(i);
  USED.set(publicKey.subarray(-KEPT_OF_N), KEPT_OF_ID);
  return encodeBase64url(USED);
}

const KEPT_OF_ID = 20;
const KEPT_OF_N = 16;
const USED = new Uint8Array(KEPT_OF_ID + KEPT_OF_N);
