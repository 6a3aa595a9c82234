/** What `handfast keygen` and `handfast id` have to know of a protocol's keys. */
import type { StoredKey } from '../../node/key-file.ts';
import type { Call, Options } from '../command.ts';

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
