/**
 * Signatures of many messages, of both curves, verified off the event loop: by libuv's threads where the core has a native part for the curve, by worker threads where it has not.
 * What is done here, copying and hashing, is done in small parts with the event loop between them.
 */
import { HandfastError } from '../../errors.ts';
import { badArgument, checkArray, checkBytes, checkLength, checkObject } from '../check.ts';
import type { Bytes, Core, Job } from '../core.ts';
import { defaultCore } from '../default.ts';
import { isLowS } from './low-s.ts';
import { packedLength, type ToVerify } from './packed.ts';
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
 * Items are read while it runs and must not change before it ends. It holds about a hundred of them in copies at a time, however many there are.
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
  readonly #partItems: number;
  #next = 0;
  #stopped = false;

  constructor(items: readonly SignedMessage[], core: Core) {
    this.#items = items;
    this.#core = core;
    this.#valid = new Uint8Array(items.length);
    this.#small = items.length < LEAST_FOR_POOL;
    this.#partItems = hasThreads(core, 'secp256k1') ? PART_ITEMS : POOL_PART_ITEMS;
  }

  async done(): Promise<Uint8Array> {
    // So many that no thread waits while the next part is being copied.
    const lanes = hasThreads(this.#core, 'secp256k1') ? LANES : POOL.size + 1;
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
    const checks: ToVerify[] = [];
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

  async #verified(checks: readonly ToVerify[]): Promise<Uint8Array> {
    const threads = checks.map(({ algorithm }) => hasThreads(this.#core, algorithm));
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

  async #byPool(checks: readonly ToVerify[]): Promise<Uint8Array> {
    // A few are done before a thread has started.
    const valid = this.#small ? undefined : await POOL.verify(checks);
    return valid ?? this.#byCore(checks);
  }

  async #byCore(checks: readonly ToVerify[]): Promise<Uint8Array> {
    const jobs: Job[] = [];
    for (const check of checks) jobs.push(await this.#job(check));
    if (jobs.length === 0) return new Uint8Array(0);
    const answers = await this.#core.runAsync(jobs);
    return Uint8Array.from(answers, (answer) => Number('valid' in answer && answer.valid));
  }

  async #job({ algorithm, publicKey, signature, message, hashed }: ToVerify): Promise<Job> {
    if (algorithm === 'ed25519') return { op: 'verify', signature, message, publicKey };
    const digest = hashed ? message : await this.#halfHash(message);
    return { op: 'secp256k1-verify', signature, digest, publicKey };
  }

  async #halfHash(message: Bytes): Promise<Bytes> {
    if (message.length <= LARGE_MESSAGE) return this.#core.hash.sha512(message).subarray(0, 32);
    // Web Crypto hashes on a thread of its own.
    return new Uint8Array(await globalThis.crypto.subtle.digest('SHA-512', message as Uint8Array<ArrayBuffer>), 0, 32);
  }
}

/** @returns undefined where the key or the signature cannot be one. @throws HF_BAD_ARGUMENT */
function checkOf(item: SignedMessage, index: number): ToVerify | undefined {
  const name = `items[${index}]`;
  checkObject(item, name);
  const { algorithm, publicKey, signature, message, digest, lowS } = item;
  if (algorithm !== 'secp256k1' && algorithm !== 'ed25519') badArgument(`${name}.algorithm: expected secp256k1 or ed25519`);
  checkBytes(publicKey, `${name}.publicKey`);
  checkBytes(signature, `${name}.signature`);
  if ((message === undefined) === (digest === undefined)) badArgument(`${name}: expected either a message or a digest`);
  if (message !== undefined) checkBytes(message, `${name}.message`);
  if (lowS !== undefined && typeof lowS !== 'boolean') badArgument(`${name}.lowS: expected a boolean`);
  if (algorithm === 'ed25519') {
    if (message === undefined) badArgument(`${name}.digest: Ed25519 signs messages, not digests`);
    const key = publicKey.length === 33 && publicKey[0] === ED_PREFIX ? publicKey.subarray(1) : publicKey;
    if (key.length !== 32 || signature.length !== 64) return undefined;
    return { algorithm, publicKey: key, signature, message, hashed: false };
  }
  if (digest !== undefined) checkLength(digest, `${name}.digest`, 32);
  if (publicKey.length !== 33 && publicKey.length !== 65) return undefined;
  if (signature.length < 8 || signature.length > 72) return undefined;
  if (lowS === true && !isLowS(signature)) return undefined;
  return { algorithm, publicKey, signature, message: (message ?? digest) as Bytes, hashed: digest !== undefined };
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
/** Copying and hashing this many takes some 150 us, for which the event loop stands still; verifying them a millisecond of a thread. */
const PART_ITEMS = 32;
/** Of signatures that take a millisecond each. */
const POOL_PART_ITEMS = 16;
const PART_BYTES = 128 * 1024;
const LANES = 3;
const LEAST_FOR_POOL = 8;
/** Hashing as much takes some 200 us. */
const LARGE_MESSAGE = 64 * 1024;
