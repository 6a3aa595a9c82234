/**
 * What a running node and its commands say to each other over the control socket: JSON, a line each, described in docs/cli.md.
 * The node greets; then each order has a number, and gets any number of items and one answer or error under it.
 */
import { CODES, type CodeName, HandfastError, type HandfastErrorOptions } from '../../errors.ts';

/** The node's first line. */
export interface Greeting {
  handfast: 'control';
  version: 1;
  id: string;
  network: string;
  /** `address:port` that it listens on; absent: it only dials. */
  address?: string;
}

/** What can be asked. `payload`s are base64. */
export interface Orders {
  request: { peer: string; payload: string; topic?: string | undefined; deadlineMs?: number | undefined; idempotent?: boolean | undefined };
  broadcast: { topic: string; payload: string };
  /** Lasts until it is cancelled. */
  subscribe: { topic: string };
  peers: Record<string, never>;
  status: Record<string, never>;
  ban: { subject: string; ms?: number | undefined; reason?: string | undefined };
  unban: { subject: string };
  bans: Record<string, never>;
}

export interface Items {
  subscribe: Heard;
  peers: PeerLine;
  bans: BanLine;
}

export interface Answers {
  request: { payload: string };
  /** Hex of 32 bytes, and to how many sessions it was handed at once. */
  broadcast: { message: string; peers: number };
  subscribe: Record<string, never>;
  peers: Record<string, never>;
  status: StatusAnswer;
  ban: BanLine;
  unban: { found: boolean };
  bans: Record<string, never>;
}

export interface Heard {
  message: string;
  origin: string;
  topic: string;
  payload: string;
  timestamp: number;
  /** Messages lost before this one since the subscription began, because they were not taken in time. */
  dropped: number;
}

export interface PeerLine {
  id: string;
  address?: string | undefined;
  direction: 'inbound' | 'outbound';
  /** Milliseconds since 1970. */
  since: number;
  latencyMs?: number | undefined;
  info: Readonly<Record<string, unknown>>;
  /** So far; a node of an older version does not say. */
  received?: Count | undefined;
  sent?: Count | undefined;
}

export interface Count {
  messages: number;
  bytes: number;
}

/** What the node has seen since it began. Of `refused`, `dialsFailed` and `charged`: how often, by code. */
export interface StatusAnswer {
  since: number;
  opened: { inbound: number; outbound: number };
  refused: Record<string, number>;
  dialsFailed: Record<string, number>;
  charged: Record<string, number>;
  points: number;
  bans: number;
  halfOpen: number;
  core: string;
}

export interface BanLine {
  subject: string;
  /** Milliseconds since 1970; absent: until it is lifted. */
  until?: number | undefined;
  since: number;
  reason: string;
  /** Made by charges, not by hand. */
  automatic: boolean;
}

export type OrderName = keyof Orders;

/** To the node. `cancel` ends the order numbered `of`, which then answers with HF_ABORTED, or a subscription with its last answer. */
export type Line = { id: number; do: OrderName; [field: string]: unknown } | { do: 'cancel'; of: number };

/** To the command; id 0: about the connection as a whole, which then ends. */
export type Reply = { id: number; item: object } | { id: number; answer: object } | { id: number; error: CarriedError };

export interface CarriedError {
  code: string;
  blame: string;
  message: string;
  remote?: string;
}

export function carried(error: unknown): CarriedError {
  if (!(error instanceof HandfastError)) return { code: 'HF_INTERNAL', blame: 'handfast', message: String(Object(error).message ?? error) };
  const { code, blame, message, remote } = error;
  return { code, blame, message, ...(remote && { remote }) };
}

/** The error as it was on the other side; a code that this version does not know becomes HF_REFUSED. */
export function uncarried({ code, blame, message, remote }: Partial<Record<keyof CarriedError, unknown>>): HandfastError {
  const name = typeof code === 'string' ? code.replace(/^HF_/, '') : '';
  const known = Object.hasOwn(CODES, name);
  const options: HandfastErrorOptions = {
    ...(BLAMES.includes(blame as never) && { blame: blame as (typeof BLAMES)[number] }),
    ...((remote === 'claimed' || remote === 'proved') && { remote }),
  };
  return new HandfastError(
    known ? (name as CodeName) : 'REFUSED',
    known ? String(message) : `${String(code)}: ${String(message)}`,
    options,
  );
}

const BLAMES = ['peer', 'caller', 'network', 'handfast'] as const;

/** Bytes of a line, either way: a message of 1 MiB in base64, and what is around it. */
export const LINE_BYTES = 2 * 1024 * 1024;
