/** What a handshake is given, and what it gives: everything about it but how it goes, which is the driver's. */
import type { HandfastError } from '../errors.ts';
import type { CloseCode, Machine, Millis, Opened, Peer, Refusal, Role } from '../protocols/machine.ts';
import type { Carrier } from './carrier.ts';
import type { Clock } from './clock.ts';
import type { Workbench } from './workbench.ts';

/** What has just happened in a handshake. */
export interface HandshakeStep {
  /** In the protocol's words: `hello sent`. */
  readonly what: string;
  readonly direction: 'sent' | 'received' | 'done';
  /** As on the wire; 0 when nothing moved. */
  readonly bytes: number;
  readonly at: Millis;
  /** Since the carrier was there, with fractions. */
  readonly sinceStartMs: number;
}

/** Whether a peer that has proved who it is may stay; undefined: it may. @param reserved whether it has a place of its own, and needs no room. */
export type Judge = (peer: Peer, reserved: boolean) => Refusal | undefined | Promise<Refusal | undefined>;

export interface HandshakeOptions {
  readonly machine: Machine;
  readonly carrier: Carrier;
  readonly clock: Clock;
  readonly workbench: Workbench;
  /** What subscribers of the channels are told; nothing when absent. */
  readonly about?: { readonly protocol: string; readonly role: Role } | undefined;
  /** Everybody may stay when absent. */
  readonly judge?: Judge | undefined;
  readonly onStep?: ((step: HandshakeStep) => void) | undefined;
  /** Given the keys that a machine was told to give out. */
  readonly keyLog?: ((lines: string) => void) | undefined;
  /** Keep the steps for the result. */
  readonly keepSteps?: boolean | undefined;
  /** Why this one is refused before it has begun; the machine says so to the other side. */
  readonly refusal?: HandfastError | undefined;
  /** A limit on the whole, besides the machine's own. */
  readonly deadlineMs?: number | undefined;
  /** One of these two is called, once. Should `opened` throw, the handshake has failed after all; `failed` must not throw. */
  opened(result: HandshakeResult): void;
  failed(why: HandfastError): void;
  /** After `failed`: the carrier is gone. */
  closed?(): void;
}

/** An open handshake; the carrier is the caller's from here on, who attaches to it at once, takes what arrived, and resumes it. */
export interface HandshakeResult {
  readonly opened: Opened;
  readonly carrier: Carrier;
  /** The connection's own, steady from its beginning. */
  readonly clock: Clock;
  /** Does what the traffic asks for. */
  readonly workbench: Workbench;
  /** What came while the last step was taken: it follows `opened.rest`. */
  readonly arrived: readonly Arrived[];
  /** The other side has ended its direction already. */
  readonly heardEnd: Ended | undefined;
  readonly steps: readonly HandshakeStep[] | undefined;
}

/** Bytes of a stream; or a message of a carrier that keeps borders: then `text` is there, and says whether it came as text. */
export interface Arrived {
  readonly data: Uint8Array;
  readonly now: Millis;
  readonly text?: boolean | undefined;
}

/** When the other side ended its direction, and with what code. */
export interface Ended {
  readonly now: Millis;
  readonly close: CloseCode | undefined;
}
