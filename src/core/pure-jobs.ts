/** Mixed work of handshakes, one answer a job. */
import { badArgument, checkArray, checkBytes, checkObject } from './check.ts';
import type { Answer, Bytes, Job, SecretInput } from './core.ts';
import { ed25519 } from './pure-ed25519.ts';
import { guarded, sharedSecret } from './pure-guarded.ts';
import { secp256k1 } from './pure-secp256k1.ts';
import { checkSecret, PureSecret, withSecret } from './pure-secret.ts';

export function run(jobs: readonly Job[]): Answer[] {
  checkArray(jobs, 'jobs');
  const answers: Answer[] = [];
  try {
    for (let i = 0; i < jobs.length; i++) answers.push(answer(jobs[i]!, i));
  } catch (error) {
    wipeAll(answers);
    throw error;
  }
  return answers;
}

/** On the event loop, as there is nothing else here, but other work gets its turn between two jobs. */
export async function runAsync(jobs: readonly Job[]): Promise<Answer[]> {
  checkArray(jobs, 'jobs');
  const own: Job[] = [];
  const answers: Answer[] = [];
  try {
    for (let i = 0; i < jobs.length; i++) own.push(copyOf(jobs[i]!, i));
    for (let i = 0; i < own.length; i++) {
      await anotherTurn();
      answers.push(answer(own[i]!, i));
    }
    return answers;
  } catch (error) {
    wipeAll(answers);
    throw error;
  } finally {
    for (const job of own) if ('secretKey' in job) (job.secretKey as PureSecret).wipe();
  }
}

function answer(job: Job, index: number): Answer {
  checkObject(job, `jobs[${index}]`);
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
    default:
      return badArgument(`jobs[${index}]: not an operation`);
  }
}

function copyOf(job: Job, index: number): Job {
  checkObject(job, `jobs[${index}]`);
  switch (job.op) {
    case 'keygen':
      return { op: 'keygen' };
    case 'dh':
      checkSecret(job.secretKey, 'secretKey');
      return { op: 'dh', publicKey: bytesOf(job.publicKey, 'publicKey'), secretKey: secretOf(job.secretKey) };
    case 'sign':
      return { op: 'sign', message: bytesOf(job.message, 'message'), secretKey: secretOf(job.secretKey) };
    case 'verify':
      return {
        op: 'verify',
        signature: bytesOf(job.signature, 'signature'),
        message: bytesOf(job.message, 'message'),
        publicKey: bytesOf(job.publicKey, 'publicKey'),
      };
    case 'secp256k1-sign':
      return { op: 'secp256k1-sign', digest: bytesOf(job.digest, 'digest'), secretKey: secretOf(job.secretKey) };
    case 'secp256k1-verify':
      return {
        op: 'secp256k1-verify',
        signature: bytesOf(job.signature, 'signature'),
        digest: bytesOf(job.digest, 'digest'),
        publicKey: bytesOf(job.publicKey, 'publicKey'),
      };
    default:
      return badArgument(`jobs[${index}]: not an operation`);
  }
}

function bytesOf(value: Bytes, name: string): Bytes {
  checkBytes(value, name);
  return new Uint8Array(value);
}

function secretOf(input: SecretInput): PureSecret {
  return withSecret(input, 'secretKey', 1, 64, (bytes) => new PureSecret(new Uint8Array(bytes)));
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
