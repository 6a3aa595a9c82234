/**
 * Heavy work that only the older protocols ask for, done by node:crypto off the event loop, the same under both cores. A job answers with a value or, where what a peer sent
 * makes it impossible, with a verdict; the workbench keeps the number of them that run at once small, so that a flood of handshakes cannot fill the thread pool.
 */
import { HandfastError } from '../../errors.ts';
import type { Bytes } from '../core.ts';
import { type Argon2idAnswer, type Argon2idJob, deriveArgon2id } from './argon2id.ts';
import { type FfdhDeriveAnswer, type FfdhDeriveJob, type FfdhKeygenAnswer, type FfdhKeygenJob, ffdhDerive, ffdhKeygen } from './ffdh.ts';
import { nodeCrypto } from './node-crypto.ts';
import { type RsaSignAnswer, type RsaSignJob, type RsaVerifyAnswer, type RsaVerifyJob, rsaSign, rsaVerify } from './rsa.ts';
import {
  type EnvelopeOpenAnswer,
  type EnvelopeOpenJob,
  type EnvelopeSealAnswer,
  type EnvelopeSealJob,
  openEnvelope,
  sealEnvelope,
} from './rsa-envelope.ts';

export type LegacyJob =
  | Pbkdf2Job
  | Argon2idJob
  | FfdhKeygenJob
  | FfdhDeriveJob
  | RsaSignJob
  | RsaVerifyJob
  | EnvelopeSealJob
  | EnvelopeOpenJob;
export type LegacyAnswer =
  | Pbkdf2Answer
  | Argon2idAnswer
  | FfdhKeygenAnswer
  | FfdhDeriveAnswer
  | RsaSignAnswer
  | RsaVerifyAnswer
  | EnvelopeSealAnswer
  | EnvelopeOpenAnswer;

/** PBKDF2 with HMAC-SHA-256 (RFC 8018, section 5.2); 100,000 iterations take some 16 to 40 ms of a thread. */
export interface Pbkdf2Job {
  op: 'pbkdf2-sha256';
  password: Bytes;
  salt: Bytes;
  iterations: number;
  /** Bytes of the key. */
  length: number;
}

export interface Pbkdf2Answer {
  op: 'pbkdf2-sha256';
  key: Bytes;
}

/** Whether work is of this kind: its names are those of {@link runLegacy}. */
export function isLegacyJob(item: { readonly op: string }): item is LegacyJob {
  return Object.hasOwn(RUN, item.op);
}

/** @throws (by rejection) HF_INTERNAL, or HF_UNSUPPORTED where there is no node:crypto. */
export function runLegacy<Job extends LegacyJob>(job: Job): Promise<Extract<LegacyAnswer, { op: Job['op'] }>> {
  return (RUN[job.op] as unknown as (job: Job) => Promise<Extract<LegacyAnswer, { op: Job['op'] }>>)(job);
}

const RUN: { readonly [Op in LegacyJob['op']]: (job: Extract<LegacyJob, { op: Op }>) => Promise<Extract<LegacyAnswer, { op: Op }>> } = {
  'pbkdf2-sha256': ({ password, salt, iterations, length }) =>
    new Promise((resolve, reject) => {
      nodeCrypto().pbkdf2(password, salt, iterations, length, 'sha256', (error, key) => {
        if (error) reject(new HandfastError('INTERNAL', 'PBKDF2 failed', { cause: error }));
        else resolve({ op: 'pbkdf2-sha256', key: new Uint8Array(key) });
      });
    }),
  argon2id: deriveArgon2id,
  'ffdh-keygen': ffdhKeygen,
  'ffdh-derive': ffdhDerive,
  'rsa-sign': rsaSign,
  'rsa-verify': rsaVerify,
  'rsa-envelope-seal': sealEnvelope,
  'rsa-envelope-open': openEnvelope,
};
