/** Ways to a key: password, RSA, Noise. Each is a small machine of its own between handshake messages in and out; the slave's and the master's machines, and re-keying, drive it. */
import type { HandfastError } from '../../errors.ts';
import type { JsonObject } from '../../wire/json.ts';
import type { Work, WorkAnswer } from '../machine.ts';
import type { Channel } from './channel.ts';

export type PathInput =
  /** The payload of a `shake` of the other side. */
  { kind: 'shake'; payload: JsonObject } | { kind: 'answers'; answers: readonly WorkAnswer[] };

export interface Path {
  /** What it waits for, to say when it does not come. */
  readonly awaits: string;
  step(input: PathInput): PathStep;
  /** Gives up: wipes what it holds. */
  wipe(): void;
}

/** What a path does next. Payloads of `shakes` are sent first. */
export type PathStep =
  | { readonly shakes: readonly JsonObject[]; readonly work?: readonly Work[] | undefined; readonly next: Path }
  | { readonly shakes: readonly JsonObject[]; readonly keyed: Channel }
  | { readonly why: HandfastError };
