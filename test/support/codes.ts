/** Codes of errors in tests. */
import { HandfastError } from '../../src/errors.ts';

/** The code that `work` is refused with; 'no error' when it is not; anything that is not a HandfastError is thrown on. */
export function codeOf(work: () => unknown): string {
  try {
    work();
    return 'no error';
  } catch (error) {
    if (error instanceof HandfastError) return error.code;
    throw error;
  }
}
