/** Who a node of the XRP Ledger is: a secp256k1 key pair, kept by the core behind a handle or held elsewhere. */
import type { Bytes, Core, Secret } from '../../core/core.ts';
import { defaultCore } from '../../core/default.ts';
import { HeldKey } from '../../core/held-key.ts';
import type { IdentityOptions } from '../../core/identity.ts';
import { HandfastError } from '../../errors.ts';
import type { Signer } from '../machine.ts';
import { numberOf, ORDER } from './signature.ts';
import { nodePublicText, Prefix, readKeyText, writeKeyText } from './text-form.ts';

/** A secp256k1 node identity. Its private key never becomes bytes unless {@link XrplIdentity.exportSecret} is called. */
export class XrplIdentity {
  /** 33 bytes, compressed. */
  readonly publicKey: Bytes;
  /** The node public key as text: `n...`, 52 characters. */
  readonly id: string;
  readonly #key: HeldKey | undefined;
  readonly #source: Signer | undefined;

  private constructor(core: Core, publicKey: Bytes, key: HeldKey | undefined, source?: Signer) {
    this.publicKey = publicKey.slice();
    this.id = nodePublicText(this.publicKey, core.hash);
    this.#key = key;
    this.#source = source;
  }

  /** A new identity. */
  static generate({ core = defaultCore() }: IdentityOptions = {}): XrplIdentity {
    const { publicKey, secretKey } = core.secp256k1.keyPair();
    return new XrplIdentity(core, publicKey, held(core, secretKey));
  }

  /** @param secret 32 bytes, 1 to n-1, or their text form `p...`; bytes are copied, the caller wipes its own. @throws HF_BAD_KEY */
  static fromSecret(secret: Bytes | string, { core = defaultCore() }: IdentityOptions = {}): XrplIdentity {
    const bytes = typeof secret === 'string' ? readKeyText(Prefix.nodeSecret, secret, 32, core.hash) : secret;
    if (!bytes) throw new HandfastError('BAD_KEY', 'secret: not the text form of a node secret');
    const { publicKey, secretKey } = core.secp256k1.keyPair(bytes);
    if (bytes !== secret) bytes.fill(0);
    return new XrplIdentity(core, publicKey, held(core, secretKey));
  }

  /** The identity of a `node_seed`. @param seed 16 bytes, or their text form `s...`; bytes are copied. @throws HF_BAD_KEY */
  static fromSeed(seed: Bytes | string, options: IdentityOptions = {}): XrplIdentity {
    const core = options.core ?? defaultCore();
    const bytes = typeof seed === 'string' ? readKeyText(Prefix.familySeed, seed, SEED_BYTES, core.hash) : seed;
    if (!(bytes instanceof Uint8Array) || bytes.length !== SEED_BYTES)
      throw new HandfastError('BAD_KEY', 'seed: expected 16 bytes, or their text form s...');
    const secret = secretOfSeed(bytes, core);
    try {
      return XrplIdentity.fromSecret(secret, { core });
    } finally {
      secret.fill(0);
      if (bytes !== seed) bytes.fill(0);
    }
  }

  /** An identity whose private key is held elsewhere: `sign` is given the 32-byte digest and answers with DER; high S is brought down. @throws HF_BAD_KEY */
  static from(source: Signer, { core = defaultCore() }: IdentityOptions = {}): XrplIdentity {
    if (!(source?.publicKey instanceof Uint8Array) || typeof source.sign !== 'function') {
      throw new HandfastError('BAD_ARGUMENT', 'XrplIdentity.from: expected { publicKey: 33 bytes, sign(digest) }');
    }
    const { publicKey } = source;
    if (publicKey.length !== 33 || (publicKey[0] !== 0x02 && publicKey[0] !== 0x03)) {
      throw new HandfastError('BAD_KEY', 'publicKey: expected 33 bytes that begin with 02 or 03');
    }
    return new XrplIdentity(core, publicKey, undefined, source);
  }

  /** The private key as a handle of `core`, which the identity owns; undefined when it is held elsewhere. */
  secretKeyFor(core: Core): Secret | undefined {
    return this.#key?.for(core);
  }

  /** Who signs when no core holds the key. */
  get source(): Signer | undefined {
    return this.#source;
  }

  /** The 32 bytes, on purpose: to write them to a file. The caller wipes them. @throws HF_UNSUPPORTED when the key is held elsewhere. */
  exportSecret(): Bytes {
    if (!this.#key) throw new HandfastError('UNSUPPORTED', 'this identity is held elsewhere: its private key cannot be exported');
    return this.#key.export();
  }

  /** The text form of the secret, `p...`. @throws HF_UNSUPPORTED */
  exportSecretText({ core = defaultCore() }: IdentityOptions = {}): string {
    const secret = this.exportSecret();
    const text = writeKeyText(Prefix.nodeSecret, secret, core.hash);
    secret.fill(0);
    return text;
  }

  /** Wipes the private key; the identity cannot be used afterwards. */
  wipe(): void {
    this.#key?.wipe();
  }

  toString(): string {
    return this.id;
  }
}

/** The root key of a seed: of counters 0, 1, ... the first half of SHA-512(seed || counter) that is in range. @param seed 16 bytes. @returns 32 bytes; the caller wipes them. */
function secretOfSeed(seed: Bytes, core: Core): Bytes {
  for (let counter = 0; ; counter++) {
    // Not by `join`: its memory is shared and outlives the secret.
    const input = new Uint8Array(SEED_BYTES + 4);
    input.set(seed);
    new DataView(input.buffer).setUint32(SEED_BYTES, counter);
    const digest = core.hash.sha512(input);
    const secret = digest.slice(0, 32);
    input.fill(0);
    digest.fill(0);
    if (inRange(secret)) return secret;
    secret.fill(0);
  }
}

/** 1 to n-1; one of 2^128 is not. */
function inRange(secret: Bytes): boolean {
  const value = numberOf(secret);
  return value > 0n && value < ORDER;
}

function held(core: Core, secretKey: Bytes): HeldKey {
  const key = new HeldKey(core, core.guarded.import(secretKey));
  secretKey.fill(0);
  return key;
}

const SEED_BYTES = 16;
