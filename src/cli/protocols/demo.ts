/** What the demo has to know of a protocol to play its scene: two processes that listen and dial with the very arguments of `handfast listen` and `handfast connect`. */
import type { SessionInfo } from '../../transport/session.ts';

export interface DemoForm {
  /** What sets it apart, where a protocol has several: `version 3`. */
  readonly variant?: string | undefined;
  /** Makes the keys, in files that `path` gives names to. */
  cast(path: (name: string) => string): Promise<Cast>;
  /** What one side knows of the other now, to follow its name; `knows n9K... = erin` where absent. */
  known?(peer: string, info: SessionInfo, other: string): string;
  /** The words in a message, which are shown and compared; all of it where absent. */
  words?(text: string): string;
  /** A message each way: in text, and where the protocol has them the kind and the rest. */
  readonly messages: { readonly dialler: DemoMessage; readonly listener: DemoMessage };
}

export interface DemoMessage {
  readonly text: string;
  readonly kind?: string | undefined;
  readonly meta?: Readonly<Record<string, unknown>> | undefined;
}

export interface Cast {
  /** Arguments of `handfast listen`, without address and port. */
  readonly listen: readonly string[];
  /** Arguments of `handfast connect`, without the address. */
  readonly connect: readonly string[];
  /** Who the two are to each other once they have met: what the dialler's `session.peer.id` is to be, and the listener's. Undefined: not compared. */
  readonly ids: { readonly dialler?: string | undefined; readonly listener?: string | undefined };
  /** The same dialler with a wrong key. */
  readonly wrong: WrongKey;
}

export interface WrongKey {
  /** `mallory dials with another handshake key`. */
  readonly story: string;
  readonly connect: readonly string[];
  /** Instead of the honest listener's arguments, where it is the listener that is false. */
  readonly listen?: readonly string[] | undefined;
  /** The code of the side that finds it. */
  readonly code: string;
  readonly foundBy: 'dialler' | 'listener';
  /** The code that the other side has in the end; undefined: whatever it is. */
  readonly told?: string | undefined;
}
