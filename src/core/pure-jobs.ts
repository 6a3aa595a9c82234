/** Mixed work of handshakes, one answer a job. */
import { badArgument, checkArray, checkBytes, checkLength, checkObject } from './check.ts';
import type { Answer, Bytes, Job, SecretInput } from './core.ts';
import { ed25519 } from './pure-ed25519.ts';
import { guarded, sharedSecret } from './pure-guarded.ts';
import { hash } from './pure-hash.ts';
import { secp256k1 } from './pure-secp256k1.ts';
import { checkSecret, checkSecretInput, PureSecret, withSecret } from './pure-secret.ts';

export function run(jobs: readonly Job[]): Answer[] {
  checkJobs(jobs);
  const answers: Answer[] = [];
  try {
    for (const job of jobs) answers.push(answer(job));
  } catch (error) {
    wipeAll(answers);
    throw error;
  }
  return answers;
}

/** On the event loop, as there is nothing else here, but other work gets its turn between two jobs. */
export async function runAsync(jobs: readonly Job[]): Promise<Answer[]> {
  checkJobs(jobs);
  const own: Job[] = [];
  const answers: Answer[] = [];
  try {
    for (const job of jobs) own.push(copyOf(job));
    for (const job of own) {
      await anotherTurn();
      answers.push(answer(job));
    }
    return answers;
  } catch (error) {
    wipeAll(answers);
    throw error;
  } finally {
    for (const job of own) if ('secretKey' in job) (job.secretKey as PureSecret).wipe();
  }
}

/** All before any is done. */
function checkJobs(jobs: readonly Job[]): void {
  checkArray(jobs, 'jobs');
  for (let i = 0; i < jobs.length; i++) checkJob(jobs[i]!, i);
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
      checkSecretInput(job.secretKey, 'secretKey', 32);
      return;
    case 'sign':
      checkBytes(job.message, 'message');
      checkSecretInput(job.secretKey, 'secretKey', 64);
      return;
    case 'verify':
    case 'secp256k1-verify-sha512':
      checkBytes(job.signature, 'signature');
      checkBytes(job.message, 'message');
      checkBytes(job.publicKey, 'publicKey');
      return;
    case 'secp256k1-sign':
      checkLength(job.digest, 'digest', 32);
      checkSecretInput(job.secretKey, 'secretKey', 32);
      return;
    case 'secp256k1-verify':
      checkBytes(job.signature, 'signature');
      checkLength(job.digest, 'digest', 32);
      checkBytes(job.publicKey, 'publicKey');
      return;
    default:
      badArgument(`jobs[${index}]: not an operation`);
  }
}

function answer(job: Job): Answer {
  switch (job.op) {
    case 'keygen':
      return { op: 'keygen', keyPair: guarded.x25519KeyPair() };
    case 'dh':
      return { op: 'dh', shared: sharedSecret(job.secretKey, job.publicKey) };
    case 'sign':
      return { op: 'sign', signature: ed25519.sign(job.message, job.secretKey) };
    case 'verify':
      return { op: 'verify', valid: ed25519.verify(job.signature, job.message, job.publicKey) };
    case 'secp256k1-sign':
      return { op: 'secp256k1-sign', signature: secp256k1.sign(job.digest, job.secretKey) };
    case 'secp256k1-verify':
      return { op: 'secp256k1-verify', valid: secp256k1.verify(job.signature, job.digest, job.publicKey) };
    case 'secp256k1-verify-sha512':
      return { op: job.op, valid: secp256k1.verify(job.signature, hash.sha512(job.message).subarray(0, 32), job.publicKey) };
  }
}

/** Of a job that was checked. */
function copyOf(job: Job): Job {
  switch (job.op) {
    case 'keygen':
      return job;
    case 'dh':
      return { op: 'dh', publicKey: copied(job.publicKey), secretKey: secretOf(job.secretKey) };
    case 'sign':
      return { op: 'sign', message: copied(job.message), secretKey: secretOf(job.secretKey) };
    case 'secp256k1-sign':
      return { op: 'secp256k1-sign', digest: copied(job.digest), secretKey: secretOf(job.secretKey) };
    case 'verify':
    case 'secp256k1-verify-sha512':
      return { op: job.op, signature: copied(job.signature), message: copied(job.message), publicKey: copied(job.publicKey) };
    case 'secp256k1-verify':
      return { op: 'secp256k1-verify', signature: copied(job.signature), digest: copied(job.digest), publicKey: copied(job.publicKey) };
  }
}

function copied(bytes: Bytes): Bytes {
  return new Uint8Array(bytes);
}

function secretOf(input: SecretInput): PureSecret {
  return withSecret(input, 'secretKey', 32, 64, (bytes) => new PureSecret(new Uint8Array(bytes)));
}

function wipeAll(answers: readonly Answer[]): void {
  for (const done of answers) {
    if (done.op === 'keygen') done.keyPair.secretKey.wipe();
    if (done.op === 'dh' && done.shared !== 'weak') done.shared.wipe();
  }
}

function anotherTurn(): Promise<void> {
  return new Promise((resolve) => {
    // Browsers have no setImmediate.
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
