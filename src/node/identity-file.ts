/** Ed25519 identities in files. */
import type { Core } from '../core/core.ts';
import { Identity } from '../core/identity.ts';
import { badKeyFile, type ReadKeyOptions, readKeyFile, type WriteKeyOptions, writeKeyFile } from './key-file.ts';

/**
 * Writes a new file of mode 0600.
 * @throws HF_BAD_ARGUMENT when something is there already or the passphrase is empty; HF_UNSUPPORTED when the identity's key is held elsewhere; errors of the file system as they are.
 * Cost: with a passphrase some 0.4 s and 128 MiB.
 */
export async function writeIdentityFile(path: string, identity: Identity, options: WriteKeyOptions = {}): Promise<void> {
  const secret = identity.exportSeed();
  try {
    await writeKeyFile(path, { type: TYPE, id: identity.id, secret }, options);
  } finally {
    secret.fill(0);
  }
}

/** @throws HF_BAD_KEY, with the line that cures it, when others may read the file, it is no identity file, it is sealed and no passphrase opens it, or its key does not belong to its id. */
export async function readIdentityFile(path: string, options: Omit<ReadKeyOptions, 'types'> = {}): Promise<Identity> {
  const { id, secret } = await readKeyFile(path, { ...options, types: [TYPE] });
  try {
    return identityOf(path, id, secret, options.core);
  } finally {
    secret.fill(0);
  }
}

function identityOf(path: string, id: string, seed: Uint8Array, core: Core | undefined): Identity {
  const identity = Identity.fromSeed(seed, core ? { core } : {});
  if (identity.id === id) return identity;
  identity.wipe();
  throw badKeyFile(path, `the key in it belongs to ${identity.id}, not to the id it states: the file was changed`);
}

const TYPE = 'ed25519';
