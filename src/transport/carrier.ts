/** What handshakes and sessions need of a byte stream, whatever carries it: TCP, a Duplex of the caller, memory. */

export interface RemoteAddress {
  /** An IP address as text. */
  readonly address: string;
  readonly port: number;
}

export interface CarrierEvents {
  /** Bytes came. A view, valid during the call. */
  data(bytes: Uint8Array): void;
  /** The other side ended its direction; no more data. */
  end(): void;
  /** The carrier takes more, after a `write` that said false. */
  drained(): void;
  /** Gone for good: the last event, once. With an error unless it ended in peace. */
  closed(error?: Error): void;
}

export interface Carrier {
  readonly remote: RemoteAddress | undefined;
  /** Who is told from now on; the first call starts the flow. Tells nothing before it returns; a carrier that is gone says so again, later. */
  attach(events: CarrierEvents): void;
  /**
   * Sends bytes, which belong to the carrier until `written` is called: exactly once, later, with an error when they were lost.
   * @returns false when it would rather have no more until `drained`.
   */
  write(bytes: Uint8Array, written?: (error?: Error) => void): boolean;
  /** Whether a `drained` is still to come. */
  readonly congested: boolean;
  pause(): void;
  resume(): void;
  /** Ends our direction after what was written; `flushed` once all of it was handed over. */
  end(flushed?: () => void): void;
  /** Drops everything at once; `closed` follows. */
  destroy(): void;
}

/** `10.0.0.1:51235`, `[2001:db8::1]:51235`. */
export function addressText(remote: RemoteAddress | undefined): string | undefined {
  if (!remote) return undefined;
  return remote.address.includes(':') ? `[${remote.address}]:${remote.port}` : `${remote.address}:${remote.port}`;
}
