/**
 * What handshakes and sessions tell whoever subscribes to a channel of node:diagnostics_channel. Subscribers run inside the call, on the event loop that the handshake runs on; one that throws
 * is an uncaught exception of the process, and nothing of the handshake's. Where nobody subscribes, nothing is made.
 */
import { channel } from 'node:diagnostics_channel';
import type { HandfastError } from '../errors.ts';
import type { Peer, Role } from '../protocols/machine.ts';
import type { Session } from './session.ts';

/** One handshake: the same object in all that is told of it. */
export interface HandshakeSubject {
  /** `handfast`, `xrpl`, ... */
  readonly protocol: string;
  readonly role: Role;
  /** `address:port` of the other side, where the carrier has one. */
  readonly address: string | undefined;
}

/** `handfast:handshake:start`: the carrier is there. */
export interface HandshakeStart {
  readonly handshake: HandshakeSubject;
}

/** `handfast:handshake:end`: it went well. */
export interface HandshakeEnd {
  readonly handshake: HandshakeSubject;
  /** Since its start, milliseconds with fractions. */
  readonly durationMs: number;
  readonly peer: Peer;
  /** What was agreed, in the protocol's words. */
  readonly info: Readonly<Record<string, string | number | boolean>>;
}

/** `handfast:handshake:error`: it failed. */
export interface HandshakeFailure {
  readonly handshake: HandshakeSubject;
  readonly durationMs: number;
  readonly error: HandfastError;
}

/** `handfast:session:open`: before any of its messages. */
export interface SessionOpen {
  readonly session: Session;
}

/** `handfast:session:close`: its carrier is gone. */
export interface SessionClose {
  readonly session: Session;
  /** What ended it, unless it ended well. */
  readonly error: Error | undefined;
}

const handshakeStart = channel('handfast:handshake:start');
const handshakeEnd = channel('handfast:handshake:end');
const handshakeError = channel('handfast:handshake:error');
const sessionOpen = channel('handfast:session:open');
const sessionClose = channel('handfast:session:close');

/** @returns what the end or the failure is told with; undefined where nobody listens, and nothing will be told. */
export function tellHandshakeStart(protocol: string, role: Role, address: () => string | undefined): HandshakeSubject | undefined {
  if (!handshakeStart.hasSubscribers && !handshakeEnd.hasSubscribers && !handshakeError.hasSubscribers) return undefined;
  const handshake: HandshakeSubject = { protocol, role, address: address() };
  if (handshakeStart.hasSubscribers) handshakeStart.publish({ handshake } satisfies HandshakeStart);
  return handshake;
}

export function tellHandshakeEnd(told: HandshakeEnd): void {
  if (handshakeEnd.hasSubscribers) handshakeEnd.publish(told);
}

export function tellHandshakeFailure(told: HandshakeFailure): void {
  if (handshakeError.hasSubscribers) handshakeError.publish(told);
}

export function tellSessionOpen(session: Session): void {
  if (sessionOpen.hasSubscribers) sessionOpen.publish({ session } satisfies SessionOpen);
}

export function tellSessionClose(session: Session, error: Error | undefined): void {
  if (sessionClose.hasSubscribers) sessionClose.publish({ session, error } satisfies SessionClose);
}
