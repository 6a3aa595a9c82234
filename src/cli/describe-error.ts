/** Code and words of whatever was thrown. */
import { HandfastError } from '../errors.ts';

/** The code of an error and its words, whatever it is. */
export function describeError(error: unknown): { code: string; message: string } {
  if (error instanceof HandfastError) return { code: error.code, message: error.message };
  const { code, message } = Object(error) as { code?: unknown; message?: unknown };
  return { code: typeof code === 'string' ? code : 'ERROR', message: typeof message === 'string' ? message : String(error) };
}
