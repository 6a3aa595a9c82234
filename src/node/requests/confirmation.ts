/**
 * Which answers have arrived: behind them goes a PING, and its PONG says that all before it were read. The number of the PING is that of the last answer, so that nothing has to be kept for it.
 * The link sends a PING only behind all that was queued before it.
 */
import { Kind } from '../../protocols/handfast/format.ts';
import { writeU64 } from '../../wire/writer.ts';
import type { Link } from '../link.ts';
import type { Caller } from './callers.ts';
import type { Incoming } from './incoming.ts';

/** A session as the answering side sees it. */
export class Line {
  readonly link: Link;
  readonly caller: Caller;
  /** The boot id that the other side was told when this session began, where a store says which that is. */
  readonly life: string | undefined;
  /** Requests asked here whose answers are still to be sent, in the order in which they came. */
  readonly owed = new Set<Incoming>();
  /** Answers sent and not confirmed, in the order in which they were sent. */
  readonly #unconfirmed = new Set<Incoming>();
  #sent = 0;
  /** The last answer that a PING stands behind. */
  #pinged = 0;
  #bytesSincePing = 0;

  constructor(link: Link, caller: Caller, life?: string) {
    this.link = link;
    this.caller = caller;
    this.life = life;
  }

  get unconfirmed(): number {
    return this.#unconfirmed.size;
  }

  /** The answer was sent here. Many of them, or long ones, do not wait for the second to be over: what is confirmed early makes room early. */
  sent(incoming: Incoming, bytes: number): void {
    incoming.sentOn?.forget(incoming);
    incoming.sentOn = this;
    incoming.sentAs = ++this.#sent;
    this.#unconfirmed.add(incoming);
    this.#bytesSincePing += bytes;
    if (this.#sent - this.#pinged >= PING_ANSWERS || this.#bytesSincePing >= PING_BYTES) this.ping();
  }

  /** The answer is no longer remembered, or was sent elsewhere. */
  forget(incoming: Incoming): void {
    this.#unconfirmed.delete(incoming);
    incoming.sentOn = undefined;
  }

  /** Asks whether the answers have arrived; nothing when there are none. */
  ping(): void {
    if (this.#unconfirmed.size === 0) return;
    const body = new Uint8Array(8);
    writeU64(body, 0, PINGS + BigInt(this.#sent));
    if (!this.link.send(Kind.ping, [body])) return;
    this.#pinged = this.#sent;
    this.#bytesSincePing = 0;
  }

  /** @param pong 8 bytes. @returns the answers that it confirms; none for a PONG that was not asked for. */
  *confirmed(pong: Uint8Array): Iterable<Incoming> {
    if (pong.length !== 8) return;
    const number = new DataView(pong.buffer, pong.byteOffset).getBigUint64(0) - PINGS;
    if (number < 1n || number > BigInt(this.#pinged)) return;
    const upTo = Number(number);
    for (const incoming of this.#unconfirmed) {
      if (incoming.sentAs > upTo) return;
      yield incoming;
    }
  }

  /** Asked here, and not known to be answered. */
  get unanswered(): Iterable<Incoming> {
    return [...this.owed, ...this.#unconfirmed];
  }

  /** The session is over: nothing is owed here, and nothing can be confirmed. */
  end(): void {
    for (const incoming of this.owed) owedNoMore(this, incoming);
    for (const incoming of this.#unconfirmed) incoming.sentOn = undefined;
    this.#unconfirmed.clear();
  }
}

/** The answer is to be sent on that session, once there is one. */
export function owedOn(line: Line, incoming: Incoming): void {
  if (!incoming.asked.includes(line)) incoming.asked.push(line);
  line.owed.add(incoming);
}

/** It was sent there, or the session is over. */
export function owedNoMore(line: Line, incoming: Incoming): void {
  const { asked } = incoming;
  const at = asked.indexOf(line);
  if (at >= 0) asked.splice(at, 1);
  line.owed.delete(incoming);
}

/** Nobody waits for this answer any more. */
export function owedNowhere(incoming: Incoming): void {
  for (const line of incoming.asked) line.owed.delete(incoming);
  incoming.asked.length = 0;
}

// Apart from the PINGs of the session's own, and those by which the link measures.
const PINGS = 1n << 56n;
const PING_ANSWERS = 1_024;
const PING_BYTES = 512 * 1024;
