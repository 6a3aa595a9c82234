/** What `handfast keygen` and `handfast id` have to know of a protocol's keys. */
import { HandfastError } from '../../errors.ts';
import { badKeyFile, type StoredKey } from '../../node/key-file.ts';
import type { Call, Options } from '../command.ts';
import { openKey } from '../passphrase.ts';

export interface KeyForm {
  /** The `type` of its files: `secp256k1`. */
  readonly type: string;
  /** What it makes and what that is for, in sentences of the help. */
  readonly help: string;
  /** Options that `keygen` has for it. */
  readonly options: Options;
  readonly examples: readonly string[];
  /** Makes a key. @returns the secret, which the caller wipes. @throws UsageError, HF_BAD_KEY */
  make(call: Call): Promise<Uint8Array>;
  /** What may be known of a key. The first goes into the file as its id, is what others are given, and what `handfast id` prints. @throws HF_BAD_KEY when it is no such key. */
  forms(secret: Uint8Array): PublicForms;
  /** Another kind of key that the protocol has, made where `flag` is given. */
  readonly also?: (KeyForm & { readonly flag: string }) | undefined;
  /** The secret as it is typed into the other side, where both have the same. */
  reveal?(secret: Uint8Array): string;
}

/** By name. */
export type PublicForms = Readonly<Record<string, string>>;

/** The first of them. */
export function idOf(forms: PublicForms): string {
  return Object.values(forms)[0];
}

/** @param secret stays the caller's. */
export function storedKey({ type, forms }: KeyForm, secret: Uint8Array): StoredKey {
  return { type, id: idOf(forms(secret)), secret };
}

/** The secret of a file of this kind, whatever it takes to open it; the caller wipes it. @throws HF_BAD_KEY */
export async function openSecret(keys: KeyForm, path: string, call: Call): Promise<Uint8Array> {
  const key = await openKey(path, call, [keys.type]);
  try {
    checkedForms(keys, path, key);
    return key.secret;
  } catch (error) {
    key.secret.fill(0);
    throw error;
  }
}

/** The public forms of a key that was read. @throws HF_BAD_KEY when it is no such key, or another one than the file says. */
export function checkedForms(keys: KeyForm, path: string, { id, secret }: StoredKey): PublicForms {
  const forms = formsOf(keys, path, secret);
  if (idOf(forms) === id) return forms;
  throw badKeyFile(path, `the key in it belongs to ${idOf(forms)}, not to the id it states: the file was changed`);
}

function formsOf(keys: KeyForm, path: string, secret: Uint8Array): PublicForms {
  try {
    return keys.forms(secret);
  } catch (error) {
    throw badKeyFile(path, error instanceof HandfastError ? error.message : `what it holds is no key of type ${keys.type}`);
  }
}
