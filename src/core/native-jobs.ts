/** Batches of mixed public-key work: one crossing for many jobs. The layout of a batch is described in native/addon/jobs.cpp. */
import { HandfastError } from '../errors.ts';
import { copyTo, partOf } from '../wire/bytes.ts';
import { badArgument, checkArray, checkBytes, checkLength, checkObject } from './check.ts';
import type { Answer, Bytes, Job, Secret, SecretInput, SignedItem } from './core.ts';
import { type Border, NativeSecret } from './native-border.ts';
import { checkSecret } from './native-guarded.ts';
import { isForeignSecret } from './pure-secret.ts';

export interface Jobs {
  run(jobs: readonly Job[]): Answer[];
  runAsync(jobs: readonly Job[]): Promise<Answer[]>;
  /** Items of any lengths, checked to be bytes. */
  verifyMany(op: 'verify' | 'secp256k1-verify', items: readonly SignedItem[]): Uint8Array;
}

/** @param fallback does the secp256k1 jobs where the addon cannot. */
export function makeJobs(border: Border, fallback: Jobs['run'] | undefined): Jobs {
  const { addon } = border;
  let block = new Batch(new ArrayBuffer(USUAL_BYTES));
  let id = addon.register(block.buffer);
  /** Of batches that other threads have done. What is in them is public: the addon wipes the keys. */
  const spare: Batch[] = [];

  /** Room for `bytes`: the usual block, grown for good up to a limit, beyond it for this once. */
  function blockOf(bytes: number): Batch {
    if (bytes > block.buffer.byteLength || (block.buffer.byteLength > KEPT_BYTES && bytes <= USUAL_BYTES)) {
      addon.unregister(id);
      block = new Batch(new ArrayBuffer(Math.max(USUAL_BYTES, 2 ** Math.ceil(Math.log2(bytes)))));
      id = addon.register(block.buffer);
    }
    return block;
  }

  function runNative(jobs: readonly Job[], answers: Answer[]): void {
    for (let first = 0; first < jobs.length; first += MAX_JOBS) {
      const part = jobs.length <= MAX_JOBS ? jobs : jobs.slice(first, first + MAX_JOBS);
      const batch = blockOf(sizeOf(part));
      try {
        batch.write(part);
        addon.run(id, part.length);
      } catch (error) {
        batch.forget();
        throw error;
      }
      batch.read(border, part, answers);
    }
  }

  return {
    run(jobs) {
      checkArray(jobs, 'jobs');
      for (let i = 0; i < jobs.length; i++) checkJob(jobs[i]!, i);
      const answers: Answer[] = [];
      try {
        if (fallback === undefined) runNative(jobs, answers);
        else for (const job of jobs) if (!viaFallback(fallback, job, answers)) runNative([job], answers);
      } catch (error) {
        wipeAll(answers);
        throw error;
      }
      return answers;
    },

    async runAsync(jobs) {
      checkArray(jobs, 'jobs');
      for (let i = 0; i < jobs.length; i++) checkJob(jobs[i]!, i);
      const own = jobs.slice();
      const threads = fallback === undefined ? own : own.filter((job) => !job.op.startsWith('secp256k1'));
      const here: Answer[] = [];
      const done: Answer[] = [];
      let work: Promise<void> | undefined;
      let batch: Batch | undefined;
      if (threads.length > 0) {
        const size = sizeOf(threads);
        batch = size <= USUAL_BYTES ? (spare.pop() ?? new Batch(new ArrayBuffer(USUAL_BYTES))) : new Batch(new ArrayBuffer(size));
        try {
          batch.write(threads);
          work = addon.runAsync(batch.buffer, size, threads.length);
        } catch (error) {
          batch.forget();
          throw error;
        }
      }
      // Done before the first await, so that arguments may change once this function has returned its promise.
      let failed: { error: unknown } | undefined;
      try {
        if (fallback !== undefined) for (const job of own) viaFallback(fallback, job, here);
      } catch (error) {
        failed = { error };
      }
      await work;
      try {
        batch?.read(border, threads, done);
        if (batch?.buffer.byteLength === USUAL_BYTES && spare.length < MOST_SPARE) spare.push(batch);
        if (failed) throw failed.error;
      } catch (error) {
        wipeAll(done);
        throw error;
      }
      if (fallback === undefined) return done;
      let a = 0;
      let b = 0;
      return own.map((job) => (job.op.startsWith('secp256k1') ? here[a++]! : done[b++]!));
    },

    verifyMany(op, items) {
      const valid = new Uint8Array(items.length);
      for (let first = 0; first < items.length; first += MAX_JOBS) {
        const part = items.slice(first, first + MAX_JOBS);
        let size = part.length * RECORD_BYTES;
        for (const item of part) size += item.signature.length + item.message.length + item.publicKey.length;
        const batch = blockOf(size);
        batch.begin(part.length);
        for (let i = 0; i < part.length; i++) {
          const { signature, message, publicKey } = part[i]!;
          batch.record(i, OPS[op]);
          batch.field(i, 0, signature);
          batch.field(i, 1, message);
          batch.field(i, 2, publicKey);
        }
        addon.run(id, part.length);
        for (let i = 0; i < part.length; i++) valid[first + i] = batch.result(i);
      }
      return valid;
    },
  };
}

/** A block being filled: records first, the bytes behind them. */
class Batch {
  readonly buffer: ArrayBuffer;
  readonly #numbers: Float64Array;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer;
    this.#numbers = new Float64Array(buffer, 0, buffer.byteLength >> 3);
    this.#bytes = new Uint8Array(buffer);
  }

  begin(count: number): void {
    this.#at = count * RECORD_BYTES;
  }

  record(index: number, op: number): void {
    const at = RECORD_NUMBERS * index;
    this.#numbers[at] = op;
    // Not by fill, which is a call.
    for (let i = 1; i < RECORD_NUMBERS; i++) this.#numbers[at + i] = 0;
  }

  field(index: number, which: 0 | 1 | 2, bytes: Bytes): void {
    copyTo(this.#bytes, bytes, this.#at);
    this.room(index, which, bytes.length);
  }

  room(index: number, which: 0 | 1 | 2, length: number): void {
    const at = RECORD_NUMBERS * index + 1 + 2 * which;
    this.#numbers[at] = this.#at;
    this.#numbers[at + 1] = length;
    this.#at += length;
  }

  key(index: number, input: SecretInput): void {
    const handle = NativeSecret.handleOf(input);
    if (handle !== undefined) {
      this.#numbers[RECORD_NUMBERS * index + 1] = handle;
      this.#numbers[RECORD_NUMBERS * index + 2] = -1;
    } else if (isForeignSecret(input)) {
      const copy = input.export();
      this.field(index, 0, copy);
      copy.fill(0);
    } else {
      this.field(index, 0, input as Bytes);
    }
  }

  write(jobs: readonly Job[]): void {
    this.begin(jobs.length);
    for (let i = 0; i < jobs.length; i++) {
      const job = jobs[i]!;
      this.record(i, OPS[job.op]);
      switch (job.op) {
        case 'keygen':
          this.room(i, 0, 32);
          break;
        case 'dh':
          this.key(i, job.secretKey);
          this.field(i, 1, job.publicKey);
          break;
        case 'sign':
          this.key(i, job.secretKey);
          this.field(i, 1, job.message);
          this.room(i, 2, 64);
          break;
        case 'secp256k1-sign':
          this.key(i, job.secretKey);
          this.field(i, 1, job.digest);
          this.room(i, 2, 72);
          break;
        case 'verify':
        case 'secp256k1-verify':
        case 'secp256k1-verify-sha512':
          this.field(i, 0, job.signature);
          this.field(i, 1, job.op === 'secp256k1-verify' ? job.digest : job.message);
          this.field(i, 2, job.publicKey);
          break;
      }
    }
  }

  result(index: number): number {
    return this.#numbers[RECORD_NUMBERS * index + RECORD_NUMBERS - 1]!;
  }

  /** Appends an answer for each job. All keys become secrets before anything is thrown, so that none is lost. */
  read(border: Border, jobs: readonly Job[], answers: Answer[]): void {
    let badKey = false;
    for (let i = 0; i < jobs.length; i++) {
      const { op } = jobs[i]!;
      const result = this.result(i);
      switch (op) {
        case 'keygen':
          answers.push({ op, keyPair: { publicKey: this.#out(i, 0, 32), secretKey: border.secret(result, 32) } });
          break;
        case 'dh':
          answers.push({ op, shared: result === 0 ? 'weak' : border.secret(result, 32) });
          break;
        case 'sign':
          answers.push({ op, signature: this.#out(i, 2, 64) });
          break;
        case 'secp256k1-sign':
          if (result === 0) badKey = true;
          answers.push({ op, signature: this.#out(i, 2, result) });
          break;
        case 'verify':
        case 'secp256k1-verify':
        case 'secp256k1-verify-sha512':
          answers.push({ op, valid: result === 1 });
          break;
      }
    }
    if (badKey) throw new HandfastError('BAD_KEY', 'secretKey: expected a number from 1 to n-1');
  }

  /** Wipes what was written, in which there may be a key. */
  forget(): void {
    this.#bytes.fill(0, 0, this.#at);
  }

  #out(index: number, which: 0 | 2, length: number): Bytes {
    const at = this.#numbers[RECORD_NUMBERS * index + 1 + 2 * which]!;
    return partOf(this.#bytes, at, at + length);
  }
}

/** Only what the caller decides is refused; a peer's misshapen key or signature is an answer. */
function checkJob(job: Job, index: number): void {
  checkObject(job, `jobs[${index}]`);
  switch (job.op) {
    case 'keygen':
      return;
    case 'dh':
      checkSecret(job.secretKey, 'secretKey');
      checkLength(job.publicKey, 'publicKey', 32);
      checkKey(job.secretKey, 32);
      break;
    case 'sign':
      checkBytes(job.message, 'message');
      checkKey(job.secretKey, 64);
      break;
    case 'verify':
    case 'secp256k1-verify-sha512':
      checkBytes(job.signature, 'signature');
      checkBytes(job.message, 'message');
      checkBytes(job.publicKey, 'publicKey');
      break;
    case 'secp256k1-sign':
      checkLength(job.digest, 'digest', 32);
      checkKey(job.secretKey, 32);
      break;
    case 'secp256k1-verify':
      checkBytes(job.signature, 'signature');
      checkLength(job.digest, 'digest', 32);
      checkBytes(job.publicKey, 'publicKey');
      break;
    default:
      badArgument(`jobs[${index}]: not an operation`);
  }
}

/** @throws HF_BAD_ARGUMENT, HF_RELEASED */
function checkKey(input: SecretInput, size: number): void {
  if (NativeSecret.handleOf(input) !== undefined || isForeignSecret(input)) {
    if (input.length !== size) badArgument(`secretKey: expected ${size} bytes, got ${input.length}`);
  } else {
    checkLength(input, 'secretKey', size);
  }
}

/** Bytes that a batch of these jobs takes. */
function sizeOf(jobs: readonly Job[]): number {
  let size = jobs.length * RECORD_BYTES;
  for (const job of jobs) {
    switch (job.op) {
      case 'keygen':
        size += 32;
        break;
      case 'dh':
        size += 64;
        break;
      case 'sign':
        size += 128 + job.message.length;
        break;
      case 'secp256k1-sign':
        size += 136;
        break;
      case 'verify':
      case 'secp256k1-verify-sha512':
        size += job.signature.length + job.message.length + job.publicKey.length;
        break;
      case 'secp256k1-verify':
        size += job.signature.length + job.digest.length + job.publicKey.length;
        break;
    }
  }
  // Whole doubles, so that the records of the block are an array of them.
  return (size + 7) & ~7;
}

function viaFallback(fallback: Jobs['run'], job: Job, answers: Answer[]): boolean {
  if (!job.op.startsWith('secp256k1')) return false;
  answers.push(...fallback([job]));
  return true;
}

function wipeAll(answers: readonly Answer[]): void {
  for (const done of answers) {
    if (done.op === 'keygen') done.keyPair.secretKey.wipe();
    if (done.op === 'dh' && done.shared !== 'weak') (done.shared as Secret).wipe();
  }
}

const OPS = { keygen: 0, dh: 1, sign: 2, verify: 3, 'secp256k1-sign': 4, 'secp256k1-verify': 5, 'secp256k1-verify-sha512': 6 } as const;
const RECORD_NUMBERS = 8;
const RECORD_BYTES = 8 * RECORD_NUMBERS;
/** As many as the addon takes in one call. */
const MAX_JOBS = 256;
const USUAL_BYTES = 64 * 1024;
const KEPT_BYTES = 1024 * 1024;
const MOST_SPARE = 4;
