/**
 * Envelopes that wait for their signature to be verified: a queue for each session, which take turns, so that one session's flood delays itself. A session may have as many waiting as there is
 * room left, and an origin as many of a session's as that leaves: whoever floods finds the rest still free for others.
 */

import type { Core } from '../../core/core.ts';
import { SIGNATURE_BYTES } from '../../protocols/handfast/envelope.ts';
import type { Millis } from '../../protocols/machine.ts';
import { IdTable } from './id-table.ts';
import type { GossipLimits } from './limits.ts';
import type { GossipSession } from './session.ts';

export interface Pending {
  /** Begins with the message id. */
  readonly digest: Uint8Array;
  /** Prefix of what is signed, then the envelope with its signature. */
  readonly whole: Uint8Array;
  readonly timestamp: Millis;
  readonly topicLength: number;
  /** Which session it is verified for, and the hops it came with from there. */
  session: GossipSession;
  hops: number;
  /** The number of its origin in the session whose queue it was first in; -1 once it has left it. */
  origin: number;
  /** Sessions that sent the signature which is being verified. */
  senders: GossipSession[];
  /** Sessions that have the message, or say so. */
  readonly holders: GossipSession[];
  /** Copies that came meanwhile with another signature; one of a session. */
  others: Copy[];
}

interface Copy {
  readonly session: GossipSession;
  readonly hops: number;
  readonly signature: Uint8Array;
}

export class Waiting {
  readonly #limits: GossipLimits;
  readonly #ids: IdTable;
  readonly #pending: (Pending | undefined)[] = [];
  /** Sessions with something in their queue, and whose turn it is. */
  readonly #sessions: GossipSession[] = [];
  #turn = 0;
  #count = 0;
  #bytes = 0;

  constructor(core: Core, limits: GossipLimits) {
    this.#limits = limits;
    this.#ids = new IdTable(core);
  }

  /** Envelopes in queues. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of envelopes that wait or are being verified. */
  get bytes(): number {
    return this.#bytes;
  }

  find(digest: Uint8Array, at = 0): Pending | undefined {
    return this.#pending[this.#ids.find(digest, at)];
  }

  /** A session says that it has the message with this id. @returns whether it waits here. */
  announced(session: GossipSession, bytes: Uint8Array, at: number): boolean {
    const pending = this.find(bytes, at);
    if (pending && !pending.holders.includes(session)) pending.holders.push(session);
    return pending !== undefined;
  }

  /** Whether there is room for one more of `length` bytes. @param origin its number in the session. */
  admits(session: GossipSession, origin: number, length: number): boolean {
    const { waiting, waitingBytes } = this.#limits;
    const left = waiting - this.#count - session.waiting;
    return left > 0 && session.waitingOf(origin) < left && this.#bytes + length <= waitingBytes;
  }

  /** How many may be asked of a session at once, so that what comes will find room: a quarter of what there is, or none while there is little for large ones. */
  room(session: GossipSession): number {
    const { waiting, waitingBytes } = this.#limits;
    return 2 * this.#bytes > waitingBytes ? 0 : Math.max(0, waiting - this.#count - session.waiting) / 4;
  }

  add(pending: Pending): void {
    this.#pending[this.#ids.add(pending.digest)] = pending;
    this.#bytes += pending.whole.length;
    pending.session.wait(pending.origin, 1);
    this.#enqueue(pending);
  }

  /** A copy of an envelope that waits already. One of a session is kept, and of a session an eighth of all that may wait. */
  copy(pending: Pending, session: GossipSession, hops: number, signature: Uint8Array): void {
    session.readCopy();
    if (!pending.holders.includes(session)) pending.holders.push(session);
    if (pending.senders.includes(session) || pending.others.some((copy) => copy.session === session)) return;
    const { whole } = pending;
    if (equal(signature, whole.subarray(whole.length - SIGNATURE_BYTES))) pending.senders.push(session);
    else if (session.copies < this.#limits.waiting / 8) {
      session.copies++;
      pending.others.push({ session, hops, signature: signature.slice() });
    }
  }

  /** The next ones, a session after the other: at most as many as a turn may verify, and no more once they have its bytes. */
  take(): Pending[] {
    const { verifiedPerTurn, verifiedBytesPerTurn } = this.#limits;
    const batch: Pending[] = [];
    let bytes = 0;
    while (batch.length < verifiedPerTurn && bytes < verifiedBytesPerTurn && this.#sessions.length > 0) {
      if (this.#turn >= this.#sessions.length) this.#turn = 0;
      const session = this.#sessions[this.#turn];
      const pending = session.queue[session.taken]!;
      session.queue[session.taken++] = undefined;
      this.#count--;
      if (pending.origin >= 0) session.wait(pending.origin, -1);
      pending.origin = -1;
      batch.push(pending);
      bytes += pending.whole.length;
      if (session.waiting > 0) {
        this.#turn++;
        // Cut off in large pieces: moving the rest costs as much as the rest is long.
        if (session.taken < CUT || session.taken < session.waiting) continue;
        session.queue.splice(0, session.taken);
      } else {
        session.queue.length = 0;
        this.#sessions.splice(this.#turn, 1);
      }
      session.taken = 0;
    }
    return batch;
  }

  /** It was found good, or there is no copy left to try. */
  settle(pending: Pending): void {
    const number = this.#ids.find(pending.digest);
    this.#ids.remove(number);
    this.#pending[number] = undefined;
    for (const { session } of pending.others) session.copies--;
    this.#bytes -= pending.whole.length;
  }

  /** The signature was found bad: the next copy is tried. @returns false when there is none. */
  retry(pending: Pending): boolean {
    const next = pending.others.shift();
    if (!next) return false;
    next.session.copies--;
    pending.whole.set(next.signature, pending.whole.length - SIGNATURE_BYTES);
    pending.session = next.session;
    pending.hops = next.hops;
    pending.senders = [next.session];
    const same = pending.others.filter((copy) => equal(copy.signature, next.signature));
    for (const { session } of same) {
      session.copies--;
      pending.senders.push(session);
    }
    pending.others = pending.others.filter((copy) => !same.includes(copy));
    this.#enqueue(pending);
    return true;
  }

  #enqueue(pending: Pending): void {
    const { session } = pending;
    if (session.waiting === 0) this.#sessions.push(session);
    session.queue.push(pending);
    this.#count++;
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const CUT = 256;
