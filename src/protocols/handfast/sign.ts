/** Signing with the identity, wherever its key lies. */
import type { Bytes } from '../../core/core.ts';
import { HandfastError } from '../../errors.ts';
import type { Work, WorkAnswer } from '../machine.ts';
import type { Settings } from './settings.ts';

export function signWork({ core, identity }: Settings, message: Bytes): Work {
  const secretKey = identity.secretKeyFor(core);
  if (secretKey) return { op: 'sign', secretKey, message };
  return { op: 'sign-elsewhere', signer: identity.source!, message };
}

/** @returns 64 bytes, or why there are none: a key held elsewhere may be out of reach, or answer with something else than a signature. */
export function signatureOf(answer: WorkAnswer): Bytes | HandfastError {
  if (answer.op === 'failed') return answer.why;
  const signature = answer.op === 'sign' || answer.op === 'sign-elsewhere' ? answer.signature : undefined;
  if (signature instanceof Uint8Array && signature.length === 64) return signature;
  return new HandfastError('INTERNAL', 'the key held elsewhere did not answer with a signature of 64 bytes');
}
