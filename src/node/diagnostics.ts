/** What nodes tell on channels of node:diagnostics_channel, as transport/diagnostics.ts does of handshakes and sessions. */
import { channel } from 'node:diagnostics_channel';
import type { HandfastError } from '../errors.ts';
import type { Ban } from './bans/bans.ts';
import type { Verdict } from './bans/charges.ts';
import type { Node } from './node.ts';

/** `handfast:peer:charge`: a fault was charged. */
export interface PeerCharge {
  /** An id, an address, or a block of addresses. */
  readonly subject: string;
  readonly points: number;
  /** With them. */
  readonly balance: number;
  /** Which mark that passed. */
  readonly verdict: Verdict;
  readonly error: HandfastError;
}

/** `handfast:peer:ban`: by hand, by charges, or out of the file that bans are kept in. */
export interface PeerBan {
  readonly ban: Ban;
}

/** `handfast:node:open`, once it listens and dials, and `handfast:node:close`, once it is gone. */
export interface NodeLife {
  readonly node: Node;
}

const peerCharge = channel('handfast:peer:charge');
const peerBan = channel('handfast:peer:ban');
const nodeOpen = channel('handfast:node:open');
const nodeClose = channel('handfast:node:close');

/** @param told called only where somebody listens. */
export function tellCharge(told: () => PeerCharge): void {
  if (peerCharge.hasSubscribers) peerCharge.publish(told());
}

export function tellBan(ban: Ban): void {
  if (peerBan.hasSubscribers) peerBan.publish({ ban } satisfies PeerBan);
}

export function tellNodeOpen(node: Node): void {
  if (nodeOpen.hasSubscribers) nodeOpen.publish({ node } satisfies NodeLife);
}

export function tellNodeClose(node: Node): void {
  if (nodeClose.hasSubscribers) nodeClose.publish({ node } satisfies NodeLife);
}
