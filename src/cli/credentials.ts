/** What a HiveMind client needs to be let in, in a file that only its owner can read. */
import { link } from 'node:fs/promises';
import { HandfastError } from '../errors.ts';
import { readPrivateFile, shellWord, writePrivateFile } from '../node/private-file.ts';

export interface Credentials {
  readonly accessKey: string;
  readonly password?: string | undefined;
  readonly presharedKey?: string | undefined;
}

/** @throws HF_BAD_ARGUMENT when something is there already. */
export async function writeCredentials(path: string, credentials: Credentials): Promise<void> {
  const text = `${JSON.stringify({ handfast: KIND, version: 1, ...credentials }, null, 2)}\n`;
  await writePrivateFile(path, Buffer.from(text), (temporary) => link(temporary, path)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    throw new HandfastError('BAD_ARGUMENT', `${path} is there already and is never overwritten: name another file with --out`);
  });
}

/** @throws HF_BAD_KEY that says what is wrong with the file. */
export async function readCredentials(path: string): Promise<Credentials> {
  const refuse = (what: string): HandfastError => new HandfastError('BAD_KEY', `${path}: ${what}`);
  const { text, mode } = await readPrivateFile(path, { kind: 'a file of credentials', largest: 16_384, refuse });
  let file: Record<string, unknown>;
  try {
    file = Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    throw refuse('it is not a file of credentials: handfast hivemind add-client makes one');
  }
  const { accessKey, password, presharedKey } = file;
  if (file.handfast !== KIND || typeof accessKey !== 'string')
    throw refuse('it is not a file of credentials: handfast hivemind add-client makes one');
  if ((mode & 0o077) !== 0) throw refuse(`others can reach this password: chmod 600 ${shellWord(path)}`);
  return {
    accessKey,
    ...(typeof password === 'string' && { password }),
    ...(typeof presharedKey === 'string' && { presharedKey }),
  };
}

const KIND = 'hivemind-credentials';
