/** What is remembered of the peers that ask: requests in progress, answers until they are confirmed, ids that were taken. Bounded for each peer and for all, those included that have left. */
import { HandfastError } from '../../errors.ts';
import type { Millis } from '../../protocols/machine.ts';
import type { Clock } from '../../transport/clock.ts';
import { Deadlines } from '../deadlines.ts';
import { type Line, owedNowhere } from './confirmation.ts';
import type { Incoming } from './incoming.ts';
import { SeenIds } from './seen-ids.ts';

/** What a peer, and all of them, may make this node hold. */
export interface HandlerLimits {
  /** Handlers that run, also those whose deadline has passed; 1,024. Above it: BUSY. */
  inProgressPerPeer: number;
  /** 16,384, of which a peer may have as many as are left, so that a few cannot keep all others out. */
  inProgress: number;
  /** Their payloads; 64 MiB, of which too a peer may have as much as is left: half of it when it is alone. One is always taken when there are none. */
  payloadBytes: number;
  /** Requests in progress or with an answer not confirmed, some 300 bytes each beside the answer; 65,536. Above it: BUSY. */
  rememberedPerPeer: number;
  /** 262,144. */
  remembered: number;
  /** Answers not confirmed; 4 MiB. Above it the oldest go, and are ANSWER_LOST when asked for again. The newest stays, however long. */
  answerBytesPerPeer: number;
  /** 64 MiB. */
  answerBytes: number;
  /** Peers remembered after their last session, up to 16 KiB each, and as much for each of four earlier lives, beside their answers; 1,024. */
  departedPeers: number;
}

export const HANDLER_DEFAULTS: HandlerLimits = {
  inProgressPerPeer: 1_024,
  inProgress: 16_384,
  payloadBytes: 64 * 1024 * 1024,
  rememberedPerPeer: 65_536,
  remembered: 262_144,
  answerBytesPerPeer: 4 * 1024 * 1024,
  answerBytes: 64 * 1024 * 1024,
  departedPeers: 1_024,
};

/** One peer. */
export interface Caller {
  readonly id: string;
  /** The boot id of the life that the rest is about. */
  life: string | undefined;
  readonly lines: Set<Line>;
  /** All that is remembered. */
  readonly requests: Map<bigint, Incoming>;
  /** Of that, what has its answer; the oldest first. */
  readonly answered: Set<Incoming>;
  answerBytes: number;
  /** Handlers that have not ended, of requests forgotten too. */
  running: number;
  /** Of their payloads. */
  payloadBytes: number;
  seen: SeenIds;
  /** Of its last lives before this one: a session of theirs, slow to open, may still bring what was taken on another. */
  readonly seenBefore: Map<string, SeenIds>;
  departedAt: Millis;
}

export class Callers {
  readonly #clock: Clock;
  readonly #limits: HandlerLimits;
  readonly #callers = new Map<string, Caller>();
  /** Those without a session, the one that left first in front. */
  readonly #departed = new Set<Caller>();
  readonly #deadlines: Deadlines<Incoming>;
  #running = 0;
  #payloadBytes = 0;
  #answerBytes = 0;

  /** @param late called when a request's deadline has come. */
  constructor(clock: Clock, limits: HandlerLimits, late: (incoming: Incoming) => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#deadlines = new Deadlines(clock, late);
  }

  get peers(): number {
    return this.#callers.size;
  }

  /** Handlers that have not ended. */
  get running(): number {
    return this.#running;
  }

  /** Of their payloads. */
  get payloadBytes(): number {
    return this.#payloadBytes;
  }

  /** Requests in progress or with an answer not confirmed. */
  get remembered(): number {
    return this.#deadlines.size;
  }

  get answerBytes(): number {
    return this.#answerBytes;
  }

  of(peerId: string): Caller | undefined {
    return this.#callers.get(peerId);
  }

  /** A session with that peer begins. */
  arrived(peerId: string, life: string | undefined): Caller {
    let caller = this.#callers.get(peerId);
    if (!caller) {
      caller = {
        id: peerId,
        life,
        lines: new Set(),
        requests: new Map(),
        answered: new Set(),
        answerBytes: 0,
        running: 0,
        payloadBytes: 0,
        seen: new SeenIds(SEEN_PAGES),
        seenBefore: new Map(),
        departedAt: 0,
      };
      this.#callers.set(peerId, caller);
    } else if (caller.life !== life) {
      this.#reborn(caller, life);
    } else if (life === undefined && caller.lines.size === 0) {
      // It may be another process whose ids begin anew; then the old ones must not stand in their way. What is remembered whole stays.
      caller.seen = new SeenIds(SEEN_PAGES);
    }
    this.#departed.delete(caller);
    return caller;
  }

  /** Its last session is over: it may come back for its answers. */
  left(caller: Caller): void {
    caller.seen.shrink(DEPARTED_PAGES);
    caller.departedAt = this.#clock.now();
    this.#departed.add(caller);
    for (const first of this.#departed) {
      if (first.departedAt + DEPARTED_MS > caller.departedAt) break;
      this.#remove(first);
    }
    while (this.#departed.size > this.#limits.departedPeers) this.#remove(this.#leastMissed());
  }

  /** Whether one more of that peer's requests can be taken, with so many bytes of payload. */
  room(caller: Caller, bytes: number): boolean {
    const { inProgressPerPeer, inProgress, payloadBytes, rememberedPerPeer, remembered } = this.#limits;
    if (caller.running >= Math.min(inProgressPerPeer, inProgress - this.#running) || caller.requests.size >= rememberedPerPeer)
      return false;
    const free = payloadBytes - this.#payloadBytes;
    if (bytes > 0 && this.#payloadBytes > 0 && caller.payloadBytes + bytes > free) return false;
    return this.remembered < remembered || this.#departedMakeRoom(() => this.remembered < remembered);
  }

  /** From here on this id is never taken again. */
  add(incoming: Incoming): void {
    const { caller } = incoming;
    caller.seen.add(incoming.id);
    caller.requests.set(incoming.id, incoming);
    caller.running++;
    this.#running++;
    caller.payloadBytes += incoming.payloadBytes;
    this.#payloadBytes += incoming.payloadBytes;
    this.#deadlines.add(incoming);
  }

  /** The handler has ended, whether or not anybody waits for it. */
  ran({ caller, payloadBytes }: Incoming): void {
    caller.running--;
    this.#running--;
    caller.payloadBytes -= payloadBytes;
    this.#payloadBytes -= payloadBytes;
    if (caller.running === 0 && caller.lines.size === 0 && !this.#departed.has(caller)) this.#callers.delete(caller.id);
  }

  /** Holds the answer until it is confirmed. @returns the answers that had to make room for it. */
  hold(incoming: Incoming, answer: Uint8Array): readonly Incoming[] {
    const { caller } = incoming;
    const { answerBytesPerPeer, answerBytes } = this.#limits;
    incoming.answer = answer;
    caller.answered.add(incoming);
    caller.answerBytes += answer.length;
    this.#answerBytes += answer.length;
    if (this.#answerBytes > answerBytes) this.#departedMakeRoom(() => this.#answerBytes <= answerBytes);
    const lost: Incoming[] = [];
    for (const oldest of caller.answered) {
      const over = caller.answerBytes > answerBytesPerPeer || this.#answerBytes > answerBytes;
      if (!over || oldest === incoming) break;
      this.forget(oldest);
      lost.push(oldest);
    }
    return lost;
  }

  /** Its answer was confirmed, or is of no use any more; that the id was taken stays known. */
  forget(incoming: Incoming): void {
    const { caller, answer } = incoming;
    incoming.over = true;
    this.#deadlines.remove(incoming);
    caller.requests.delete(incoming.id);
    incoming.sentOn?.forget(incoming);
    if (!answer) return;
    caller.answered.delete(incoming);
    caller.answerBytes -= answer.length;
    this.#answerBytes -= answer.length;
    incoming.answer = undefined;
  }

  /** Nobody waits for any of that peer's answers any more: handlers that run are told. */
  forgetAll(caller: Caller, reason: HandfastError): void {
    for (const incoming of caller.requests.values()) {
      this.forget(incoming);
      owedNowhere(incoming);
      incoming.message?.abort(reason);
    }
  }

  close(reason: HandfastError): void {
    for (const caller of this.#callers.values()) this.forgetAll(caller, reason);
    this.#callers.clear();
    this.#departed.clear();
    this.#deadlines.clear();
  }

  /** Another process: it knows nothing of what the earlier one asked, and its ids begin anew. */
  #reborn(caller: Caller, life: string | undefined): void {
    const { seenBefore } = caller;
    this.forgetAll(caller, new HandfastError('PEER_RESTARTED', 'the peer has restarted'));
    caller.seen.shrink(DEPARTED_PAGES);
    if (caller.life !== undefined) seenBefore.set(caller.life, caller.seen);
    caller.life = life;
    caller.seen = (life === undefined ? undefined : seenBefore.get(life)) ?? new SeenIds(SEEN_PAGES);
    if (life !== undefined) seenBefore.delete(life);
    for (const oldest of seenBefore.keys()) {
      if (seenBefore.size <= LIVES_BEFORE) break;
      seenBefore.delete(oldest);
    }
  }

  /** Answers of peers that have left go first; their ids stay. @returns whether it was enough. */
  #departedMakeRoom(enough: () => boolean): boolean {
    for (const caller of this.#departed) {
      for (const incoming of caller.answered) {
        if (enough()) return true;
        this.forget(incoming);
      }
    }
    return enough();
  }

  /** Of those that have left: the first without anything remembered, else the first. */
  #leastMissed(): Caller {
    let first: Caller | undefined;
    for (const caller of this.#departed) {
      if (caller.requests.size === 0) return caller;
      first ??= caller;
    }
    return first!;
  }

  #remove(caller: Caller): void {
    this.forgetAll(caller, new HandfastError('NOT_CONNECTED', 'the peer has been gone for too long'));
    this.#departed.delete(caller);
    // Else once its handlers have ended: they count against what it may run, should it come back.
    if (caller.running === 0) this.#callers.delete(caller.id);
  }
}

// A million ids, 128 KiB at most for a peer that is here; 131,072 and 16 KiB for one that has left.
const SEEN_PAGES = 128;
const DEPARTED_PAGES = 16;
const LIVES_BEFORE = 4;
/** The longest a request may take, and two minutes for what is still on its way. */
const DEPARTED_MS = 600_000 + 120_000;
