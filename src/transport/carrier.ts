/** What handshakes and sessions need of whatever carries them: TCP, TLS, a WebSocket, a Duplex of the caller, memory. */
import type { Slab } from '../core/slab.ts';
import type { CarrierFacts, CloseCode } from '../protocols/machine.ts';

export interface RemoteAddress {
  /** An IP address as text. */
  readonly address: string;
  readonly port: number;
}

export interface CarrierEvents {
  /** It stands, and here is what is known of it: once, before bytes, messages or an end. Only told of carriers that have `standing`. */
  ready?(facts: CarrierFacts): void;
  /** Bytes came. A view, valid during the call. */
  data(bytes: Uint8Array): void;
  /** Where the next bytes are to be put, behind what was touched of a slab; absent: anywhere. Asked between two calls of `data` by carriers that can, which hold the slab with a lease of their own until they put nothing there any more. */
  room?(): Slab | undefined;
  /** One whole message, of a carrier that keeps borders. A view, valid during the call. */
  message?(data: Uint8Array, text: boolean): void;
  /** The other side ended its direction; no more data. `close`: with what code, of a WebSocket that gave one. */
  end(close?: CloseCode): void;
  /** The carrier takes more, after a `write` that said false. */
  drained(): void;
  /** Gone for good: the last event, once. With an error unless it ended in peace. */
  closed(error?: Error): void;
}

export interface Carrier {
  readonly remote: RemoteAddress | undefined;
  /** Of a carrier that is set up first, by TLS or an upgrade: whether that is done. The setting up begins with the first `attach`, and `ready` tells of its end. */
  readonly standing?: boolean;
  /** Each `write` arrives as one message, told by `message` instead of `data`. */
  readonly borders?: boolean;
  /** Who is told from now on; the first call starts the flow. Tells nothing before it returns; a carrier that is gone says so again, later. */
  attach(events: CarrierEvents): void;
  /**
   * Sends bytes, which belong to the carrier until `written` is called: exactly once, with an error when they were lost; before this returns where the system took them at once.
   * What is written before the carrier stands waits.
   * @param text they are valid UTF-8 and go as text, where the carrier knows such a thing.
   * @returns false when it would rather have no more until `drained`.
   */
  write(bytes: Uint8Array, written?: (error?: Error) => void, text?: boolean): boolean;
  /** Whether a `drained` is still to come. */
  readonly congested: boolean;
  pause(): void;
  resume(): void;
  /** Ends our direction after what was written; `flushed` once all of it was handed over. `close`: with what code, where there are such codes. */
  end(flushed?: () => void, close?: CloseCode): void;
  /** Drops everything at once; `closed` follows. */
  destroy(): void;
}

/** `10.0.0.1:51235`, `[2001:db8::1]:51235`. */
export function addressText(remote: RemoteAddress | undefined): string | undefined {
  if (!remote) return undefined;
  return remote.address.includes(':') ? `[${remote.address}]:${remote.port}` : `${remote.address}:${remote.port}`;
}
