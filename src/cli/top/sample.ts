/** What `handfast top` shows, whatever it was read from: what there is at one moment, and how fast it changes between two. */
import type { BanLine, Count, PeerLine, StatusAnswer } from '../../node/control/messages.ts';

/** A running node at one moment, as its control socket tells. */
export interface NodeSample {
  /** Milliseconds, of a clock that nobody sets. */
  readonly at: number;
  /** The time of day then. */
  readonly now: number;
  readonly node: { readonly id: string; readonly network: string; readonly address?: string | undefined };
  /** A node of an older version has none. */
  readonly status?: StatusAnswer | undefined;
  readonly peers: readonly PeerLine[];
  /** The first ones; `status.bans` says how many there are. */
  readonly bans: readonly BanLine[];
}

/** A second: messages and bytes, each way. */
export interface Rates {
  readonly received: Count;
  readonly sent: Count;
}

export interface PeerRow extends PeerLine {
  /** Absent where it was not there before, or does not count. */
  readonly rates?: Rates | undefined;
}

export const SORTS = ['traffic', 'ping', 'age', 'id'] as const;
export type Sort = (typeof SORTS)[number];

/** Each peer with its rates since an earlier sample. A session that is another one than before has none: its counts began anew. */
export function rowsOf({ at, peers }: NodeSample, earlier: NodeSample | undefined): PeerRow[] {
  const before = new Map(earlier?.peers.map((peer) => [keyOf(peer), peer]));
  const seconds = earlier ? (at - earlier.at) / 1000 : 0;
  return peers.map((peer) => {
    const then = before.get(keyOf(peer));
    if (!then?.received || !then.sent || !peer.received || !peer.sent || !(seconds > 0)) return peer;
    return { ...peer, rates: { received: rate(then.received, peer.received, seconds), sent: rate(then.sent, peer.sent, seconds) } };
  });
}

/** Of all peers together. */
export function totalRates(rows: readonly PeerRow[]): Rates | undefined {
  const known = rows.flatMap(({ rates }) => rates ?? []);
  if (known.length === 0) return undefined;
  const sum = (of: (rates: Rates) => Count): Count => ({
    messages: known.reduce((total, rates) => total + of(rates).messages, 0),
    bytes: known.reduce((total, rates) => total + of(rates).bytes, 0),
  });
  return { received: sum(({ received }) => received), sent: sum(({ sent }) => sent) };
}

/** The busiest, the slowest, the oldest, or by id. */
export function sorted(rows: readonly PeerRow[], by: Sort): PeerRow[] {
  const traffic = ({ rates }: PeerRow): number => (rates ? rates.received.messages + rates.sent.messages : 0);
  const orders: Readonly<Record<Sort, (a: PeerRow, b: PeerRow) => number>> = {
    traffic: (a, b) => traffic(b) - traffic(a),
    ping: (a, b) => (b.latencyMs ?? -1) - (a.latencyMs ?? -1),
    age: (a, b) => a.since - b.since,
    id: () => 0,
  };
  return [...rows].sort((a, b) => orders[by](a, b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

/** A second, never below 0. */
export function rate(before: Count, now: Count, seconds: number): Count {
  return {
    messages: Math.max(0, now.messages - before.messages) / seconds,
    bytes: Math.max(0, now.bytes - before.bytes) / seconds,
  };
}

const keyOf = ({ id, direction, since }: PeerLine): string => `${id} ${direction} ${since}`;
