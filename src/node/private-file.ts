/** Small files that belong to their owner alone: mode 0600, and whole or not there, since they are written beside their place, synced, and moved into it. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { HandfastError } from '../errors.ts';

/**
 * @param place moves the temporary file to `path`: by a link, which refuses when something is there, or by a rename, which replaces it.
 * @throws HF_BAD_ARGUMENT when the directory is not there; errors of the file system as they are.
 */
export async function writePrivateFile(path: string, bytes: Uint8Array, place: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await writeNew(temporary, bytes).catch((error: NodeJS.ErrnoException) => {
      // The name of the temporary file would tell nobody anything.
      if (error.code !== 'ENOENT') throw error;
      throw new HandfastError('BAD_ARGUMENT', `${path}: the directory ${dirname(path)} is not there: make it first`, { cause: error });
    });
    await place(temporary);
  } finally {
    await unlink(temporary).catch(() => {});
  }
  await syncDirectory(dirname(path));
}

/** Writes and syncs a file of mode 0600 that must not be there yet. @throws errors of the file system. */
export async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    // The mode given to open is cut by the umask only; a strange umask must not lock the owner out either.
    await handle.chmod(0o600);
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export interface ReadPrivateOptions {
  /** What it should be, for messages: `an identity file`. */
  kind: string;
  /** In bytes. */
  largest: number;
  /** Makes the error for what is no such file. */
  refuse(what: string): HandfastError;
}

/** @returns the text; and the permission bits, 0600 where the system knows none. @throws what `refuse` makes; errors of the file system as they are. */
export async function readPrivateFile(
  path: string,
  { kind, largest, refuse }: ReadPrivateOptions,
): Promise<{ readonly text: string; readonly mode: number }> {
  const handle = await open(path, 'r');
  try {
    const about = await handle.stat();
    if (!about.isFile()) throw refuse('it is not a file');
    if (about.size > largest) throw refuse(`it is too long to be ${kind}`);
    const bytes = await handle.readFile();
    const text = bytes.toString('utf8');
    bytes.fill(0);
    return { text, mode: process.platform === 'win32' ? 0o600 : about.mode & 0o777 };
  } finally {
    await handle.close();
  }
}

/** A path as a shell takes it, for the line that cures something. */
export function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

async function syncDirectory(path: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    await handle.sync();
  } catch {
    // Not every system syncs directories; the file itself is on the disk.
  } finally {
    await handle?.close();
  }
}
