/**
 * Signatures of many messages, of both curves, verified off the event loop: by libuv's threads where the core has a native part for the curve, by worker threads where it has not.
 * What is done here, copying, is done in small parts with the event loop between them.
 */
import { HandfastError } from '../../errors.ts';
import { badArgument, checkArray, checkBytes, checkLength, checkObject } from '../check.ts';
import type { Bytes, Core } from '../core.ts';
import { defaultCore } from '../default.ts';
import { isLowS } from './low-s.ts';
import { packedLength, type Verification } from './packed.ts';
import { VerifyPool } from './pool.ts';

export type SignatureAlgorithm = 'secp256k1' | 'ed25519';

/** A signature and what it is over: a message or, with secp256k1, a digest. */
export interface SignedMessage {
  readonly algorithm: SignatureAlgorithm;
  /** secp256k1: 33 bytes (02 or 03 first) or 65 (04). Ed25519: 32 bytes, or 33 of which the first is ED, as the XRP Ledger writes them. */
  readonly publicKey: Bytes;
  /** secp256k1: strict DER, 8 to 72 bytes. Ed25519: 64 bytes. */
  readonly signature: Bytes;
  /** Ed25519 signs it as it is; secp256k1 signs the first half of its SHA-512, as the XRP Ledger does. */
  readonly message?: Bytes | undefined;
  /** secp256k1 only, instead of `message`: the 32 bytes that were signed. */
  readonly digest?: Bytes | undefined;
  /** secp256k1 only: refuses an S above half of the group order ("not fully canonical"), which rippled does for manifests and transactions; accepted by default, as in its handshake. */
  readonly lowS?: boolean | undefined;
}

export interface VerifyManyOptions {
  readonly signal?: AbortSignal | undefined;
  /** The default core when absent. */
  readonly core?: Core | undefined;
}

/**
 * Verifies each signature for itself; no answer depends on another item. Ed25519 by the one rule of both cores (see `Core.ed25519`), which is stricter than RFC 8032 asks.
 * Items are read while it runs and must not change before it ends. It holds at most 256 of them in copies at a time, however many there are.
 * @returns one byte an item, 1 or 0; a misshapen key or signature is 0.
 * @throws (by rejection) HF_BAD_ARGUMENT for what a caller decides: types, a digest that is not 32 bytes, both of message and digest; HF_ABORTED.
 * Cost: see the suite `xrpl` of the benchmarks.
 */
export async function verifyMany(items: readonly SignedMessage[], options: VerifyManyOptions = {}): Promise<Uint8Array> {
  checkArray(items, 'items');
  checkObject(options, 'options');
  const { signal, core = defaultCore() } = options;
  const run = new Run(items, core);
  if (signal === undefined) return run.done();
  return cancellable(run, signal);
}

async function cancellable(run: Run, signal: AbortSignal): Promise<Uint8Array> {
  const cancelled = (): HandfastError => new HandfastError('ABORTED', 'verifyMany was cancelled', { cause: signal.reason });
  if (signal.aborted) throw cancelled();
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => {
      run.stop();
      reject(cancelled());
    };
  });
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([run.done(), aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** One call: a place in the items, and a few parts of them under way at once. */
class Run {
  readonly #items: readonly SignedMessage[];
  readonly #core: Core;
  readonly #valid: Uint8Array;
  readonly #small: boolean;
  /** Of which curves `runAsync` leaves the event loop. */
  readonly #threads: Readonly<Record<SignatureAlgorithm, boolean>>;
  readonly #partItems: number;
  #next = 0;
  #stopped = false;

  constructor(items: readonly SignedMessage[], core: Core) {
    this.#items = items;
    this.#core = core;
    this.#valid = new Uint8Array(items.length);
    this.#small = items.length < LEAST_FOR_POOL;
    this.#threads = { ed25519: hasThreads(core, 'ed25519'), secp256k1: hasThreads(core, 'secp256k1') };
    this.#partItems = this.#threads.secp256k1 ? PART_ITEMS : POOL_PART_ITEMS;
  }

  async done(): Promise<Uint8Array> {
    // So many that no thread waits while the next part is being copied.
    const lanes = this.#threads.secp256k1 ? LANES : POOL.size + 1;
    try {
      await Promise.all(Array.from({ length: lanes }, () => this.#lane()));
    } finally {
      this.#stopped = true;
    }
    return this.#valid;
  }

  stop(): void {
    this.#stopped = true;
  }

  async #lane(): Promise<void> {
    for (;;) {
      await anotherTurn();
      if (this.#stopped || this.#next >= this.#items.length) return;
      await this.#part();
    }
  }

  /** The next items, up to so many or so many bytes, and at least one. */
  async #part(): Promise<void> {
    const places: number[] = [];
    const checks: Verification[] = [];
    const last = Math.min(this.#items.length, this.#next + this.#partItems);
    for (let bytes = 0; this.#next < last && bytes < PART_BYTES; ) {
      const at = this.#next++;
      const check = checkOf(this.#items[at]!, at);
      if (check === undefined) continue;
      bytes += packedLength(check);
      places.push(at);
      checks.push(check);
    }
    const valid = await this.#verified(checks);
    for (let i = 0; i < places.length; i++) this.#valid[places[i]!] = valid[i]!;
  }

  async #verified(checks: readonly Verification[]): Promise<Uint8Array> {
    const { ed25519, secp256k1 } = this.#threads;
    if (ed25519 && secp256k1) return this.#byCore(checks);
    const threads = checks.map(({ op }) => (op === 'verify' ? ed25519 : secp256k1));
    if (!threads.includes(false)) return this.#byCore(checks);
    if (!threads.includes(true)) return this.#byPool(checks);
    const [native, pure] = await Promise.all([
      this.#byCore(checks.filter((_, i) => threads[i])),
      this.#byPool(checks.filter((_, i) => !threads[i])),
    ]);
    let a = 0;
    let b = 0;
    return Uint8Array.from(threads, (own) => (own ? native[a++]! : pure[b++]!));
  }

  async #byPool(checks: readonly Verification[]): Promise<Uint8Array> {
    // A few are done before a thread has started, unless they are long.
    const soon = this.#small && checks.every((check) => packedLength(check) <= LARGE_CHECK);
    const valid = soon ? undefined : await POOL.verify(checks);
    return valid ?? this.#byCore(checks);
  }

  async #byCore(checks: readonly Verification[]): Promise<Uint8Array> {
    const valid = new Uint8Array(checks.length);
    if (checks.length === 0) return valid;
    const answers = await this.#core.runAsync(checks);
    for (let i = 0; i < valid.length; i++) {
      const answer = answers[i]!;
      if ('valid' in answer && answer.valid) valid[i] = 1;
    }
    return valid;
  }
}

/** @returns undefined where the key or the signature cannot be one. @throws HF_BAD_ARGUMENT */
function checkOf(item: SignedMessage, index: number): Verification | undefined {
  try {
    return verificationOf(item);
  } catch (error) {
    if (!(error instanceof HandfastError)) throw error;
    // Named here and not before, since a text for every item takes as long as to copy it.
    badArgument(`items[${index}]${(error as Error).message}`);
  }
}

/** @throws HF_BAD_ARGUMENT, with a text that goes on from the name of the item. */
function verificationOf(item: SignedMessage): Verification | undefined {
  checkObject(item, '');
  const { algorithm, publicKey, signature, message, digest, lowS } = item;
  if (algorithm !== 'secp256k1' && algorithm !== 'ed25519') badArgument('.algorithm: expected secp256k1 or ed25519');
  checkBytes(publicKey, '.publicKey');
  checkBytes(signature, '.signature');
  if ((message === undefined) === (digest === undefined)) badArgument(': expected either a message or a digest');
  if (message !== undefined) checkBytes(message, '.message');
  if (lowS !== undefined && typeof lowS !== 'boolean') badArgument('.lowS: expected a boolean');
  if (algorithm === 'ed25519') {
    if (message === undefined) badArgument('.digest: Ed25519 signs messages, not digests');
    const key = publicKey.length === 33 && publicKey[0] === ED_PREFIX ? publicKey.subarray(1) : publicKey;
    if (key.length !== 32 || signature.length !== 64) return undefined;
    return { op: 'verify', signature, message, publicKey: key };
  }
  if (digest !== undefined) checkLength(digest, '.digest', 32);
  if (publicKey.length !== 33 && publicKey.length !== 65) return undefined;
  if (signature.length < 8 || signature.length > 72) return undefined;
  if (lowS === true && !isLowS(signature)) return undefined;
  if (digest !== undefined) return { op: 'secp256k1-verify', signature, digest, publicKey };
  return { op: 'secp256k1-verify-sha512', signature, message: message!, publicKey };
}

/** Whether `runAsync` of the core leaves the event loop for it. */
function hasThreads(core: Core, algorithm: SignatureAlgorithm): boolean {
  return !core.parts[algorithm].startsWith('@noble');
}

function anotherTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const POOL = new VerifyPool(new URL('./worker.js', import.meta.url));
const ED_PREFIX = 0xed;
/** Copying this many takes some 50 us, for which the event loop stands still; verifying them half a millisecond of a thread. */
const PART_ITEMS = 64;
/** Of signatures that take a millisecond each. */
const POOL_PART_ITEMS = 16;
const PART_BYTES = 128 * 1024;
const LANES = 4;
const LEAST_FOR_POOL = 8;
/** Hashing as much takes a millisecond. */
const LARGE_CHECK = 64 * 1024;
