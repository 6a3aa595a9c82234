/** What a node tells. */
import type { HandfastError } from '../errors.ts';
import type { Peer } from '../protocols/machine.ts';
import type { Ban } from './bans/bans.ts';
import type { PeerSnapshot } from './peers.ts';

/** Who has been charged much. */
export interface Warning {
  /** An id, or an address. */
  readonly subject: string;
  /** Points. */
  readonly balance: number;
  /** What was charged last. */
  readonly error: HandfastError;
}

export interface NodeEvents {
  /** Others can dial it from now on. */
  listening: [address: string];
  /** A session with a peer has opened. */
  peer: [peer: PeerSnapshot];
  /** It is gone: the same object as in `peer`. With what ended it, unless it ended well or another session with this peer was kept. */
  peerGone: [peer: PeerSnapshot, error: HandfastError | undefined];
  /** Somebody who dialled was not let in, or gave up. */
  handshakeError: [error: HandfastError, address: string | undefined];
  /** An attempt to dial came to nothing. */
  dialFailed: [error: HandfastError, address: string, nextTryInMs: number | undefined];
  ban: [ban: Ban];
  /** By hand, on expiry, or to make room. */
  unban: [ban: Ban];
  /** Charges have passed the mark at which one is warned of. */
  warn: [warning: Warning];
  /** A handler threw; the other side was told HANDLER_FAILED and nothing more. */
  handlerFailed: [error: unknown, from: Peer, topic: string];
  /** The file of bans could not be written. */
  bansNotWritten: [error: HandfastError];
  /** The store cannot be reached; what goes on is said by `withoutStore`. */
  storeDown: [error: HandfastError];
  /** It can again. */
  storeUp: [];
  close: [];
}
