/** One live, verified session with a node: records out of two fair queues, records in to whoever takes them. */
import { HandfastError } from '../errors.ts';
import { Kind } from '../protocols/handfast/format.ts';
import type { Millis, Peer, Refusal } from '../protocols/machine.ts';
import type { Clock } from '../transport/clock.ts';
import type { MessageBatch } from '../transport/message.ts';
import type { Session } from '../transport/session.ts';
import { join } from '../wire/writer.ts';
import { FairQueue } from './fair-queue.ts';

/** What requests, gossip and the rest see of a session. */
export interface Link {
  readonly peer: Peer;
  /** Of the other side's process, in hex; undefined: it does not say. */
  readonly bootId: string | undefined;
  /** Both sides said `node`: gossip is allowed, and one session a pair is kept. */
  readonly node: boolean;
  /** The other side is what else answers as this identity: what it passes on is this node's own too. */
  readonly own?: true;
  /** Bytes of the largest record body the other side accepts. */
  readonly largestBody: number;
  /**
   * Queues one record, `kind` and the parts joined; they are copied before this returns. Small records overtake large ones, order is kept within each class, and a PING leaves only
   * after everything that was queued before it.
   * @returns false when the queue is full, the body too large for the other side or the session over: nothing was queued.
   */
  send(kind: number, parts: readonly Uint8Array[]): boolean;
  /** As `send`, for bytes that go to many: `record` is `kind || body`, is not copied and must never change afterwards. */
  sendShared(record: Uint8Array): boolean;
  /** Ends the session with this refusal because of what the other side sent; the first one counts. */
  fail(error: HandfastError): void;
}

export type Direction = 'inbound' | 'outbound';

export interface NodeLinkOptions {
  session: Session;
  clock: Clock;
  direction: Direction;
  /** Where the other side was dialled, or came from. */
  address: string | undefined;
  /** Bytes that may wait to be sent before `send` says false. */
  queueBytes: number;
  /** A record came. `body` is a view, valid during the call, or until what it returns settles: nothing more is read from this session before that. */
  received(link: NodeLink, kind: number, body: Uint8Array): undefined | Promise<void>;
  /** The queue has room again, after `send` had said false for want of it. */
  drained(link: NodeLink): void;
  /** The other side has said that it is done: answers owed may still be sent, then `close`. */
  peerDone(link: NodeLink): void;
  /** The session is over, and all that came on it was handed on; called once. `error` is what ended it; what the other side did wrong has no `remote`. */
  closed(link: NodeLink, error: HandfastError | undefined): void;
}

export class NodeLink implements Link {
  readonly peer: Peer;
  readonly bootId: string | undefined;
  readonly node: boolean;
  readonly largestBody: number;
  readonly direction: Direction;
  readonly address: string | undefined;
  readonly since: Millis;
  readonly session: Session;
  /** Round trip of the last PING of `measure`, milliseconds with fractions. */
  latencyMs: number | undefined;
  readonly #options: NodeLinkOptions;
  readonly #queue: FairQueue;
  #aheadBytes = 0;
  #scheduled = false;
  /** Whoever was given a record has not done with it. */
  #busy = false;
  /** Nothing more is queued. */
  #closing: Refusal | undefined;
  #closed = false;
  #fault: HandfastError | undefined;
  #refused: HandfastError | undefined;
  #probes = 0n;
  #probedAt: number | undefined;
  /** Something was turned away for want of room. */
  #full = false;
  /** Told once everything that waits was handed to the session. */
  #emptied: (() => void) | undefined;

  constructor(options: NodeLinkOptions) {
    const { session, clock, direction, address, queueBytes } = options;
    this.#options = options;
    this.session = session;
    this.peer = session.peer;
    this.bootId = session.info.bootId as string | undefined;
    this.node = session.info.node === true;
    // A record is its kind and its body. A session that was over before it was told takes none, but nobody shall take his record for too long because of it: the next session may take it.
    this.largestBody = session.writable ? session.largestPayload - 1 : Number.POSITIVE_INFINITY;
    this.direction = direction;
    this.address = address;
    this.since = clock.now();
    this.#queue = new FairQueue(queueBytes);
    session.keepHalfOpen();
  }

  /** Begins to read; called once, when whoever is told of records knows this link. */
  start(): void {
    const read = this.#read();
    // Whoever is busy with a message for ever does not keep the link.
    void this.session.closed.then(() => (this.#busy ? undefined : read)).then(() => this.#ended());
  }

  /** The sum of both proofs' timestamps, by which two sessions of one pair are told apart. */
  get timestampSum(): number {
    return this.session.info.timestampSum as number;
  }

  /** Bytes that wait to be sent, or were handed to the session and not written yet. */
  get pendingBytes(): number {
    return this.#queue.bytes + this.#aheadBytes;
  }

  /** Whether records can still be sent. */
  get open(): boolean {
    return !this.#closing && !this.#closed && this.session.writable;
  }

  send(kind: number, parts: readonly Uint8Array[]): boolean {
    let length = 1;
    for (const part of parts) length += part.length;
    if (!this.#takes(length)) return false;
    const record = new Uint8Array(length);
    record[0] = kind;
    let at = 1;
    for (const part of parts) {
      record.set(part, at);
      at += part.length;
    }
    return this.#push(record);
  }

  sendShared(record: Uint8Array): boolean {
    return this.#takes(record.length) && this.#push(record);
  }

  /** Sends DATA past the queue. @returns when it was handed to the system. @throws (by rejection) as `Session.send`. */
  data(payload: Uint8Array, signal?: AbortSignal): Promise<void> {
    const record = new Uint8Array(1 + payload.length);
    record[0] = Kind.data;
    record.set(payload, 1);
    return this.session.send(record, { signal });
  }

  fail(error: HandfastError): void {
    if (this.#fault || this.#closed) return;
    this.#fault = error;
    this.#say({ code: error.codeName, reason: error.message }, FAULT_DRAIN_MS);
  }

  /** Ends the session at once for a reason that is no fault of what was sent: what waits is dropped, the other side is told; what has come already is still handed on. */
  refuse(why: HandfastError): void {
    if (this.#fault || this.#closed) return;
    this.#refused ??= why;
    this.#say({ code: why.codeName, reason: why.message }, FAULT_DRAIN_MS);
  }

  /** Ends the session in peace: what waits is sent first. @param drainMs how long the other side may take. */
  close(refusal: Refusal, drainMs: number): Promise<void> {
    if (this.#closing || this.#closed) return this.session.closed;
    this.#closing = refusal;
    const { clock } = this.#options;
    const began = clock.precise();
    const cancel = clock.at(clock.now() + drainMs, () => this.#emptied?.());
    this.#emptied = () => {
      cancel();
      this.#emptied = undefined;
      this.#queue.clear();
      void this.session.close({ refusal, drainMs: Math.max(0, drainMs - (clock.precise() - began)) });
    };
    if (this.#queue.bytes === 0) this.#emptied();
    return this.session.closed;
  }

  /** Sends a PING whose PONG sets `latencyMs`. */
  measure(): void {
    if (this.#probedAt !== undefined) return;
    const number = new Uint8Array(8);
    new DataView(number.buffer).setBigUint64(0, PROBES + ++this.#probes);
    if (this.send(Kind.ping, [number])) this.#probedAt = this.#options.clock.precise();
  }

  #takes(length: number): boolean {
    if (!this.open || length - 1 > this.largestBody) return false;
    if (this.#queue.takes(length)) return true;
    this.#full = true;
    return false;
  }

  #push(record: Uint8Array): true {
    if (record[0] === Kind.ping) this.#queue.pushBarrier(record);
    else this.#queue.push(record);
    if (!this.#scheduled) {
      this.#scheduled = true;
      // What one turn sends is handed over together, so that it is sealed by one call; and the small may overtake the large of the same turn.
      process.nextTick(() => {
        this.#scheduled = false;
        this.#pump();
      });
    }
    return true;
  }

  /** Hands records to the session, a bounded number of bytes ahead: what is in there can no longer be overtaken. */
  #pump(): void {
    let handed = 0;
    let sent: Promise<void> | undefined;
    while (!this.#closed && this.session.writable) {
      const ahead = this.#aheadBytes + handed;
      const record = this.#queue.shift(ahead === 0 ? Number.POSITIVE_INFINITY : AHEAD_BYTES - ahead);
      if (!record) break;
      handed += record.length;
      sent = this.session.send(record);
    }
    if (sent) {
      this.#aheadBytes += handed;
      const written = (): void => {
        this.#aheadBytes -= handed;
        this.#pump();
      };
      sent.then(written, written);
    }
    if (this.#queue.bytes === 0) this.#emptied?.();
    if (this.#full && this.open && 2 * this.#queue.bytes <= this.#options.queueBytes) {
      this.#full = false;
      this.#options.drained(this);
    }
  }

  #say(refusal: Refusal, drainMs: number): void {
    if (this.#closed) return;
    this.#closing = refusal;
    this.#emptied = undefined;
    this.#queue.clear();
    void this.session.close({ refusal, drainMs });
  }

  async #read(): Promise<void> {
    try {
      for await (const batch of this.session.batches()) {
        await this.#take(batch);
        if (this.#fault) return;
      }
    } catch {
      // Why the session ended is told when it has.
      return;
    }
    if (!this.#closed) this.#options.peerDone(this);
  }

  async #take({ bytes, places, count }: MessageBatch): Promise<void> {
    for (let i = 0; i < count && !this.#fault; i++) {
      const at = places[2 * i];
      const kind = bytes[at];
      const body = bytes.subarray(at + 1, at + places[2 * i + 1]);
      try {
        if (kind === Kind.pong && body[0] >= PROBE_BYTE) this.#answered(body);
        else {
          const busy = this.#options.received(this, kind, body);
          if (!busy) continue;
          this.#busy = true;
          await busy;
        }
      } catch (cause) {
        this.fail(new HandfastError('INTERNAL', 'a fault while a record was being dealt with', { cause }));
      } finally {
        this.#busy = false;
      }
    }
  }

  #answered(body: Uint8Array): void {
    const number = new DataView(body.buffer, body.byteOffset).getBigUint64(0);
    if (this.#probedAt === undefined || number !== PROBES + this.#probes) return;
    this.latencyMs = this.#options.clock.precise() - this.#probedAt;
    this.#probedAt = undefined;
  }

  #ended(): void {
    this.#closed = true;
    this.#queue.clear();
    const { error } = this.session;
    const why =
      error instanceof HandfastError || error === undefined ? error : new HandfastError('TRUNCATED', error.message, { cause: error });
    this.#options.closed(this, this.#fault ?? this.#refused ?? why);
  }
}

/** `kind || body` of a record that many links are to send. */
export function sharedRecord(kind: number, parts: readonly Uint8Array[]): Uint8Array {
  return join([Uint8Array.of(kind), ...parts]).slice();
}

/** Handed to the session ahead of what can still be overtaken. */
const AHEAD_BYTES = 256 * 1024;
// As long as a refusal lingers in handfast/1.
const FAULT_DRAIN_MS = 1_000;
// PINGs that measure are numbered from 2^62, below those of the traffic's own; numbers below it are whoever else's.
const PROBES = 1n << 62n;
const PROBE_BYTE = 0x40;
