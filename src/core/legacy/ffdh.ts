/**
 * Diffie-Hellman in prime fields by node:crypto, with short exponents (RFC 7919, section 5.2: OpenSSL chooses their length by the group). Node derives at once or not at all, so keys and
 * secrets are made one in a turn of the event loop; a few key pairs of each group in use are made ahead, while nothing else waits.
 */
import { HandfastError } from '../../errors.ts';
import type { Bytes } from '../core.ts';
import { nodeCrypto } from './node-crypto.ts';
import { ownTurn, waitingTurns } from './turns.ts';

/** A key pair of a group that is trusted: the prime is never a peer's word. Some 0.6 ms in 2,048 bits, 1.6 ms in 3,072. */
export interface FfdhKeygenJob {
  op: 'ffdh-keygen';
  /** Big-endian. The same array for the same group, always: key pairs made ahead are kept by it. */
  prime: Bytes;
  generator: number;
}

export interface FfdhKeygenAnswer {
  op: 'ffdh-keygen';
  keyPair: FfdhKeyPair;
}

/** The shared secret; spends the key pair. As dear as making one. */
export interface FfdhDeriveJob {
  op: 'ffdh-derive';
  keyPair: FfdhKeyPair;
  /** Big-endian, of any length; checked by the caller to lie between 1 and prime - 1. */
  publicKey: Bytes;
}

export interface FfdhDeriveAnswer {
  op: 'ffdh-derive';
  /** Big-endian, as long as the prime; the caller's to wipe. `weak`: the public key is none of the group. */
  shared: Bytes | 'weak';
}

/** Used for one secret at most. Node has no way to overwrite the exponent; OpenSSL does, once the object is collected. */
export class FfdhKeyPair {
  /** Big-endian, as long as the prime. */
  readonly publicKey: Bytes;
  #key: import('node:crypto').DiffieHellman | undefined;
  readonly #length: number;

  /** @param exponent instead of a random one: for test vectors. */
  constructor({ prime, generator }: Pick<FfdhKeygenJob, 'prime' | 'generator'>, exponent?: Bytes) {
    const key = nodeCrypto().createDiffieHellman(prime, generator);
    if (exponent) key.setPrivateKey(exponent);
    // With a private key set, this computes its public key.
    const publicKey = key.generateKeys();
    this.#key = key;
    this.#length = prime.length;
    this.publicKey = padded(publicKey, prime.length);
  }

  /** @throws HF_RELEASED when it was used or wiped before. */
  derive(publicKey: Bytes): Bytes | 'weak' {
    const key = this.#key;
    if (!key) throw new HandfastError('RELEASED', 'this key pair was used before, or wiped');
    this.#key = undefined;
    let shared: Uint8Array;
    try {
      shared = key.computeSecret(publicKey);
    } catch {
      return 'weak';
    }
    const secret = padded(shared, this.#length);
    if (secret.buffer !== shared.buffer) shared.fill(0);
    return secret;
  }

  wipe(): void {
    this.#key = undefined;
  }
}

export async function ffdhKeygen(job: FfdhKeygenJob): Promise<FfdhKeygenAnswer> {
  let ready = ahead.get(job.prime);
  if (!ready) {
    ready = { job, pairs: [], refilling: false };
    ahead.set(job.prime, ready);
  }
  let keyPair = ready.pairs.pop();
  if (!keyPair) {
    await ownTurn();
    keyPair = new FfdhKeyPair(job);
  }
  refill(ready);
  return { op: 'ffdh-keygen', keyPair };
}

export async function ffdhDerive({ keyPair, publicKey }: FfdhDeriveJob): Promise<FfdhDeriveAnswer> {
  await ownTurn();
  return { op: 'ffdh-derive', shared: keyPair.derive(publicKey) };
}

/** Key pairs that lie ready for a group. */
export function keyPairsAhead(prime: Bytes): number {
  return ahead.get(prime)?.pairs.length ?? 0;
}

/** Makes key pairs ahead while nobody waits; whoever comes next starts it again. */
function refill(ready: Ahead): void {
  if (ready.pairs.length >= KEYS_AHEAD || ready.refilling) return;
  ready.refilling = true;
  setImmediate(refillOne, ready);
}

function refillOne(ready: Ahead): void {
  ready.refilling = false;
  if (waitingTurns() > 0) return;
  ready.pairs.push(new FfdhKeyPair(ready.job));
  refill(ready);
}

/** Of one group. */
interface Ahead {
  readonly job: FfdhKeygenJob;
  readonly pairs: FfdhKeyPair[];
  refilling: boolean;
}

/** @returns the same memory where the length is right. */
function padded(bytes: Uint8Array, length: number): Bytes {
  if (bytes.length === length) return new Uint8Array(bytes.buffer, bytes.byteOffset, length);
  const whole = new Uint8Array(length);
  whole.set(bytes, length - bytes.length);
  return whole;
}

const ahead = new WeakMap<Bytes, Ahead>();
const KEYS_AHEAD = 4;
