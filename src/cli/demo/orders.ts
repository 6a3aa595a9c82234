/** What the demo asks of its peers, which are processes of their own, and what they answer. All of it travels as JSON between parent and child. */
import type { HandshakeStep } from '../../transport/handshake.ts';
import type { SessionInfo } from '../../transport/session.ts';
import type { DemoMessage } from '../protocols/demo.ts';

export interface Order {
  begin: {
    /** An identity file. */
    identity: string;
    network: string;
    /** Claims this id without its key: signs with the key of `identity`. */
    claims?: string | undefined;
    /** Runs on a clock that is so much ahead (or behind, below 0). */
    clockShiftMs?: number | undefined;
    clockWindowMs?: number | undefined;
  };
  /** With a part it plays that; otherwise it is handfast, as it has begun. */
  listen: { allow?: readonly string[] | undefined; part?: Part };
  connect: { port: number; peer?: string | undefined; part?: Part };
  /** Waits for the next session of the listener, or for its next refusal. */
  accepted: Record<string, never>;
  refusal: Record<string, never>;
  /** Prepares for what the other side will send; `received` waits until it is all there. */
  expectFile: { path: string; bytes: number };
  expectMessages: { count: number; size: number };
  received: Record<string, never>;
  sendFile: { path: string };
  sendMessages: { count: number; size: number };
  /** Sends until the process dies. */
  flood: Record<string, never>;
  /** Waits until so many bytes came. */
  arrived: { bytes: number };
  /** Waits for the end of the session. */
  ended: Record<string, never>;
  leave: Record<string, never>;
  /** Stops listening. */
  retire: Record<string, never>;
  /** One message, and waiting for one: of sessions that were opened with a part. */
  say: DemoMessage;
  hear: Record<string, never>;
}

/** A protocol, and arguments as `handfast listen` or `handfast connect` have them. */
export interface Part {
  protocol: string;
  args: readonly string[];
}

/** For those that play a node. */
export interface Order {
  /** Port 0: any that is free. `peers` are dialled for ever. */
  startNode: { port: number; allow: readonly string[]; peers: readonly { address: string; peer: string }[] };
  /** Waits until there are sessions with all of them. */
  together: { peers: readonly string[] };
  /** Waits for the next session with this peer to end. */
  parted: { peer: string };
  dial: { address: string; peer: string };
  request: { peer: string; text: string };
  subscribe: { topic: string };
  broadcast: { topic: string; count: number; size: number };
  /** Waits until so many different ones came. */
  heard: { count: number };
  ban: { peer: string; ms: number };
  unban: { peer: string };
}

export type OrderName = keyof Order;
export type Obey<Name extends OrderName> = (order: Order[Name]) => Answer[Name] | Promise<Answer[Name]>;

export interface Answer {
  begin: { id: string; core: string; lanes: string };
  listen: { port: number };
  connect: Met | { refused: Refused; steps: readonly HandshakeStep[] };
  accepted: Met;
  refusal: Refused;
  expectFile: null;
  expectMessages: null;
  received: { bytes: number; count: number; inOrder: boolean; sha256?: string };
  sendFile: { bytes: number; sha256: string };
  sendMessages: null;
  flood: null;
  arrived: { bytes: number };
  ended: { error?: Refused; bytes: number };
  leave: null;
  retire: null;
  say: null;
  hear: DemoMessage;
}

export interface Answer {
  startNode: { address: string };
  /** How long each of those sessions has lasted. */
  together: { forMs: readonly number[] };
  parted: { error?: Refused };
  dial: { refused?: Refused };
  request: { ms: number; text: string } | { ms: number; refused: Refused };
  subscribe: null;
  /** The sum so far of all that was sent, and how many. */
  broadcast: Sum;
  heard: Sum;
  ban: null;
  unban: { found: boolean };
}

/** Messages counted and compared by their contents, in whatever order they came. */
export interface Sum {
  /** All that came, and how many of them were different. */
  count: number;
  different: number;
  /** SHA-256 of the sorted SHA-256 of each. */
  sha256: string;
}

/** An open session, as one of its sides sees it. */
export interface Met {
  peer: string;
  binding: string;
  suite: string;
  info: SessionInfo;
  steps: readonly HandshakeStep[];
}

export interface Refused {
  code: string;
  message: string;
  /** The other side said so: `claimed` in clear, or `proved`. Absent: found by this side. */
  remote?: 'claimed' | 'proved';
}

/** Parent to child, and back. */
export interface Request {
  number: number;
  name: OrderName;
  order: unknown;
}
export interface Response {
  number: number;
  answer?: unknown;
  /** The order failed. */
  error?: string;
}
