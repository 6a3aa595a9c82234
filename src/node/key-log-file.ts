/** A file that keys of sessions are appended to, for `unsafeKeyLog`. */
import { appendFileSync, closeSync, fstatSync, openSync } from 'node:fs';
import { HandfastError } from '../errors.ts';
import type { KeyLog } from '../protocols/handfast/key-log.ts';
import { shellWord } from './private-file.ts';

/**
 * Makes it, with mode 0600, where it is not there; several processes may append to one. Written at once and not by and by: lines of a process that dies are not lost, and lines of two
 * connections do not mix. @throws HF_BAD_ARGUMENT when others can read it; errors of the file system as they are.
 */
export function keyLogFile(path: string): KeyLog {
  const file = openSync(path, 'a', 0o600);
  const { mode } = fstatSync(file);
  closeSync(file);
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw new HandfastError('BAD_ARGUMENT', `${path}: others can read it, and it is to hold keys: chmod 600 ${shellWord(path)}`);
  return (lines) => appendFileSync(path, lines, { mode: 0o600 });
}
