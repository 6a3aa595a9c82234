/** Errors that the machines of several protocols make. */
import { type CodeName, HandfastError } from '../errors.ts';
import type { WorkAnswer } from './machine.ts';

export function fault(code: CodeName, message: string): HandfastError {
  return new HandfastError(code, message);
}

/** Work that failed, or was answered with something else. */
export function broken(answer: WorkAnswer | undefined): HandfastError {
  return answer?.op === 'failed' ? answer.why : fault('INTERNAL', 'work was not answered');
}

export function late(waitingFor: string): HandfastError {
  return fault('HANDSHAKE_TIMEOUT', `no ${waitingFor} before the deadline`);
}

/** The stream ended where something should come. */
export function cut(waitingFor: string): HandfastError {
  return fault('TRUNCATED', `the stream ended where ${waitingFor} should come`);
}
