/** Who a node is: a long-lived key pair, kept by the core behind a handle or held elsewhere (a hardware module, an agent). */
import { HandfastError } from '../errors.ts';
import { peerIdOf } from '../wire/peer-id.ts';
import type { Bytes, Core, Secret } from './core.ts';
import { defaultCore } from './default.ts';
import { HeldKey } from './held-key.ts';

export interface IdentityOptions {
  /** Who holds the key; the chosen core by default. */
  core?: Core;
}

export interface IdentitySource {
  /** 32 bytes: an Ed25519 public key. */
  publicKey: Bytes;
  /** Signs with plain Ed25519 (RFC 8032). @returns 64 bytes. */
  sign(message: Bytes): Bytes | Promise<Bytes>;
}

/** An Ed25519 identity. Its private key never becomes bytes unless {@link Identity.exportSeed} is called. */
export class Identity {
  /** 32 bytes. */
  readonly publicKey: Bytes;
  /** The libp2p PeerId of the key: `12D3KooW...`. */
  readonly id: string;
  readonly #key: HeldKey | undefined;
  readonly #source: IdentitySource | undefined;

  private constructor(publicKey: Bytes, key: HeldKey | undefined, source?: IdentitySource) {
    this.publicKey = publicKey.slice();
    this.id = peerIdOf(this.publicKey);
    this.#key = key;
    this.#source = source;
  }

  /** A new identity. */
  static generate({ core = defaultCore() }: IdentityOptions = {}): Identity {
    const { publicKey, secretKey } = core.guarded.ed25519KeyPair();
    return new Identity(publicKey, new HeldKey(core, secretKey));
  }

  /** The identity of a seed. @param seed 32 bytes; copied, the caller wipes its own. */
  static fromSeed(seed: Bytes, { core = defaultCore() }: IdentityOptions = {}): Identity {
    const { publicKey, secretKey } = core.guarded.ed25519KeyPair(seed);
    return new Identity(publicKey, new HeldKey(core, secretKey));
  }

  /** An identity whose private key is held elsewhere. @throws HF_BAD_KEY when the public key cannot be a node's id. */
  static from(source: IdentitySource, { core = defaultCore() }: IdentityOptions = {}): Identity {
    if (!(source?.publicKey instanceof Uint8Array) || source.publicKey.length !== 32 || typeof source.sign !== 'function') {
      throw new HandfastError('BAD_ARGUMENT', 'Identity.from: expected { publicKey: 32 bytes, sign(message) }');
    }
    if (!core.ed25519.usablePublicKey(source.publicKey)) throw new HandfastError('BAD_KEY', 'publicKey: not a usable Ed25519 key');
    return new Identity(source.publicKey, undefined, source);
  }

  /**
   * The private key as a handle of `core`: its own, or a copy made once when another core holds it; undefined when the key is held elsewhere.
   * The identity owns it: `wipe` wipes every copy.
   */
  secretKeyFor(core: Core): Secret | undefined {
    return this.#key?.for(core);
  }

  /** Who signs when no core holds the key. */
  get source(): IdentitySource | undefined {
    return this.#source;
  }

  /** The 32-byte seed, on purpose: to write it to a file. The caller wipes it. @throws HF_UNSUPPORTED when the key is held elsewhere. */
  exportSeed(): Bytes {
    if (!this.#key) throw new HandfastError('UNSUPPORTED', 'this identity is held elsewhere: its private key cannot be exported');
    const both = this.#key.export();
    const seed = both.slice(0, 32);
    both.fill(0);
    return seed;
  }

  /** Wipes the private key; the identity cannot be used afterwards. */
  wipe(): void {
    this.#key?.wipe();
  }

  toString(): string {
    return this.id;
  }
}
