/** What `handfast keygen` and `handfast id` have to know of a protocol's keys. */
import type { Call, Options } from '../command.ts';

export interface KeyForm {
  /** The `type` of its files: `secp256k1`. */
  readonly type: string;
  /** Paragraphs for the help. */
  readonly help: readonly string[];
  readonly options: Options;
  readonly examples: readonly string[];
  /** Makes a key. @returns the secret part, to be written by the caller and wiped, and its public forms. */
  make(call: Call): Promise<NewKey>;
  /** The public forms of a secret that was read. @throws HF_BAD_KEY */
  shown(secret: Uint8Array): PublicForms | Promise<PublicForms>;
}

export interface NewKey {
  readonly secret: Uint8Array;
  readonly public: PublicForms;
}

/** By name; the first is what others are given, and what `handfast id` prints. */
export type PublicForms = Readonly<Record<string, string>>;
