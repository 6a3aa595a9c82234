/** What the control socket needs of a node: the part of it that commands can use. */
import type { Millis } from '../../protocols/machine.ts';

export interface ControlledNode {
  readonly id: string;
  readonly network: string;
  /** `address:port`; undefined: it does not listen. */
  readonly address: string | undefined;
  peers(): Soon<readonly ControlledPeer[]>;
  status(): Soon<ControlledStatus>;
  request(peerId: string, bytes: Uint8Array, options: ControlledRequest): Promise<Uint8Array>;
  broadcast(topic: string, bytes: Uint8Array): Promise<Uint8Array>;
  subscribe(topic: string, options: { signal: AbortSignal }): ControlledSubscription;
  ban(subject: string, options: { ms?: number; reason?: string }): Soon<ControlledBan>;
  unban(subject: string): Soon<boolean>;
  bans(): Soon<readonly ControlledBan[]>;
  /** Until bans so far hold wherever its identity answers. */
  stored(): Promise<void>;
}

/** Of one process at once, of several a little later. */
export type Soon<T> = T | Promise<T>;

export interface ControlledPeer {
  readonly id: string;
  readonly address?: string | undefined;
  readonly direction: 'inbound' | 'outbound';
  readonly since: Millis;
  readonly latencyMs?: number | undefined;
  readonly info: Readonly<Record<string, unknown>>;
  readonly received: ControlledCount;
  readonly sent: ControlledCount;
}

export interface ControlledCount {
  readonly messages: number;
  readonly bytes: number;
}

/** As `NodeStatus`. */
export interface ControlledStatus {
  readonly since: Millis;
  readonly opened: Readonly<Record<'inbound' | 'outbound', number>>;
  readonly refused: Readonly<Record<string, number>>;
  readonly dialsFailed: Readonly<Record<string, number>>;
  readonly charged: Readonly<Record<string, number>>;
  readonly points: number;
  readonly bans: number;
  readonly halfOpen: number;
  readonly core: string;
}

export interface ControlledRequest {
  topic?: string;
  deadlineMs?: number;
  idempotent?: boolean;
  signal: AbortSignal;
}

export interface ControlledBan {
  readonly subject: string;
  readonly until: Millis | undefined;
  readonly since: Millis;
  readonly reason: string;
  /** Made by charges, not by hand. */
  readonly automatic: boolean;
}

export interface ControlledSubscription extends AsyncIterable<ControlledMessage> {
  /** Messages lost so far, because they were not taken in time. */
  readonly dropped: number;
}

export interface ControlledMessage {
  readonly id: Uint8Array;
  readonly origin: string;
  readonly topic: string;
  readonly bytes: Uint8Array;
  readonly timestamp: Millis;
}
