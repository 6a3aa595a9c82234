/** What the command line has to know of a protocol. One file beside this one fills it in for each, index.ts lists them, and no command names one. */
import type { HandfastError } from '../../errors.ts';
import type { MessageAbout, Peer } from '../../protocols/machine.ts';
import type { AnyProtocol } from '../../protocols/registry.ts';
import type { HandshakeStep } from '../../transport/handshake.ts';
import type { SessionInfo } from '../../transport/session.ts';
import type { Call, Options } from '../command.ts';
import type { DemoForm } from './demo.ts';
import type { KeyForm } from './keys.ts';

/** The commands that speak a protocol. */
export type Use = 'connect' | 'listen' | 'probe';

export interface CommandProtocol {
  readonly protocol: AnyProtocol;
  /** As a heading says it: `handfast/1`. */
  readonly title: string;
  /** What it is, to follow its name in a line of help: `our signed node protocol`. */
  readonly summary: string;
  /** Listened on where no --port is given. */
  readonly port: number;
  /** One side can be done while the other goes on: answers still come after this side has closed. */
  readonly halfCloses: boolean;
  /** What each command has for this protocol only; the same name may mean something else with another one, but not have another type. */
  readonly options: Readonly<Record<Use, Options>>;
  readonly examples: Readonly<Record<Use, readonly string[]>>;
  /** Reads those options, opens key files. @throws UsageError, Failure, HandfastError */
  settings(call: Call, use: Use): Promise<Settings>;
  /** What was agreed, in a few words for a line that has more to say: the suite, the version. */
  agreed(info: SessionInfo): string;
  readonly probe: ProbeForm;
  /** How lines become messages and messages become lines, where they are more than their bytes. */
  readonly messages?: MessageForm | undefined;
  /** Instead of a listener that echoes or prints: something of its own, a node. */
  readonly listen?: ((call: Call) => Promise<number>) | undefined;
  /** The keys that `handfast keygen` makes for it. */
  readonly keys?: KeyForm | undefined;
  /** Its scenes of the demo. */
  readonly demos?: readonly DemoForm[] | undefined;
}

/** For `connect` and `listen` of the library. */
export interface Settings {
  readonly options: Readonly<Record<string, unknown>>;
  /** Wipes the keys that were opened. */
  wipe(): void;
}

export interface MessageForm {
  /** What a listener does with messages unless told; `echo` where absent. */
  readonly mode?: 'echo' | 'print' | undefined;
  /** A line or a piece of a file, as it is to be sent. @throws UsageError for what cannot be. */
  outgoing?(bytes: Uint8Array, call: Call): Outgoing;
  /** A message for people, without control characters that matter: those are escaped by the caller. Its text where absent. */
  shown?(bytes: Uint8Array, about: MessageAbout): string;
}

export interface Outgoing extends MessageAbout {
  readonly bytes: Uint8Array;
}

/** How far a probe came. */
export interface Found {
  readonly steps: readonly HandshakeStep[];
  /** Who proved to hold its key, also where the handshake failed afterwards. */
  readonly peer?: Peer | undefined;
  /** What was agreed; there when the handshake went well. */
  readonly info?: SessionInfo | undefined;
  readonly error?: HandfastError | undefined;
}

export interface ProbeForm {
  /** What it is that answered, for people: rows of a name and what there is to say. Called with a peer or without, with an error or without. */
  facts(found: Found): readonly (readonly string[])[];
  /** The same for programs, beside `info`, where that is not all. */
  json?(found: Found): object;
  /** What the failure usually means here and what to do; undefined: the general advice for its code will do. */
  advice?(found: Found, call: Call): string | undefined;
}
