/**
 * Ids that sessions announced and that are not here: each is asked of one announcer, and of the next one a second later, two rounds in all.
 *
 * An envelope that a session sent beyond a budget counts as announced by it. It is asked for once its budget has room, which is then taken up for the answer: who sent it believes that it was read,
 * and would never announce it.
 */
import type { Core } from '../../core/core.ts';
import { ID_BYTES } from '../../protocols/handfast/envelope.ts';
import { IdTable } from './id-table.ts';
import { type Late, LateIds } from './late.ts';
import type { GossipLimits } from './limits.ts';
import type { GossipSession } from './session.ts';

interface Want {
  /** Whose share it counts in. */
  readonly first: GossipSession;
  /** In the order in which they are asked. */
  readonly announcers: GossipSession[];
  /** How many times one of them was asked, or had left. */
  asked: number;
  /** Whoever was asked last, or will be next once there is budget. */
  asks: GossipSession;
  /** Budget of `asks` was taken up for the answer. */
  paid: boolean;
  /** Waits for budget, and is not in the queue. */
  late: Late<Want> | undefined;
  /** In the table; -1: it is not wanted any more. */
  key: number;
  dueAt: number;
}

export class GossipWants {
  readonly #core: Core;
  readonly #room: (session: GossipSession) => number;
  readonly #limits: GossipLimits;
  readonly #ids: IdTable;
  readonly #wants: (Want | undefined)[] = [];
  /** In the order of their `dueAt`. */
  #queue: Want[] = [];
  #done = 0;
  /** What waits for budget of a session, and when it is looked at next. */
  readonly #late = new Map<GossipSession, LateIds<Want>>();
  #lateAt = Number.POSITIVE_INFINITY;

  /** @param room how many envelopes of a session there is room for. */
  constructor(core: Core, limits: GossipLimits, room: (session: GossipSession) => number) {
    this.#core = core;
    this.#limits = limits;
    this.#room = room;
    this.#ids = new IdTable(core);
  }

  get size(): number {
    return this.#ids.size;
  }

  /** When `overdue` has something to do. */
  get dueAt(): number {
    this.#skip();
    return Math.min(this.#lateAt, this.#queue[this.#done]?.dueAt ?? Number.POSITIVE_INFINITY);
  }

  /**
   * A session announced an id that is not here. @returns whether to ask it now: nobody else is being asked, and there is room: a session may have as many outstanding as there is room left.
   */
  announced(session: GossipSession, bytes: Uint8Array, at: number, now: number): boolean {
    const known = this.#wants[this.#ids.find(bytes, at)];
    if (known) {
      announcedBy(known, session);
      return false;
    }
    if (this.#left(session) <= 0) return false;
    const want = this.#add(session, bytes, at);
    want.asked = 1;
    this.#enqueue(want, now);
    return true;
  }

  /**
   * A session sent the envelope of this id, which is not here, and it was not read for want of budget or room. Nobody is asked now. Of one origin a session may have as many that wait as leave
   * as much room again.
   * @param id begins with 32 bytes. @param at where the origin's begin.
   */
  late(session: GossipSession, id: Uint8Array, bytes: Uint8Array, at: number, now: number): void {
    const known = this.#wants[this.#ids.find(id)];
    let late = this.#late.get(session);
    if (known) {
      announcedBy(known, session);
      // It waits already, somebody else is being asked, or the other side has answered as often as it does.
      if (known.late || known.asks !== session || known.asked >= ROUNDS * known.announcers.length) return;
    } else {
      // None when nothing is left.
      if ((late?.count(bytes, at) ?? 0) >= this.#left(session)) return;
    }
    late ??= new LateIds<Want>(this.#core);
    late.add(known ? this.#unqueued(known) : this.#add(session, id, 0), bytes, at);
    this.#late.set(session, late);
    this.#lateAt = Math.min(this.#lateAt, now + LOOK_AGAIN_MS);
  }

  /** Whether an envelope that a session sent is the answer for which its budget was taken up; says so once. */
  paid(session: GossipSession, id: Uint8Array): boolean {
    if (this.#ids.size === 0) return false;
    const want = this.#wants[this.#ids.find(id)];
    if (!want?.paid || want.asks !== session) return false;
    want.paid = false;
    return true;
  }

  /** A session is over: what waited for its budget is asked of others. */
  closed(session: GossipSession, now: number): void {
    for (const want of this.#late.get(session)?.clear() ?? []) this.#enqueue(want, now);
    this.#late.delete(session);
  }

  /** The message has come, or is not wanted any more. @returns the sessions that announced it. */
  had(id: Uint8Array): readonly GossipSession[] {
    if (this.#ids.size === 0) return NOBODY;
    const want = this.#wants[this.#ids.find(id)];
    if (!want) return NOBODY;
    this.#forget(want);
    return want.announcers;
  }

  /** What was asked for a second ago and has not come, and what there is budget for now: ids by the session that is asked. */
  overdue(now: number): Map<GossipSession, Uint8Array[]> {
    const asks = new Map<GossipSession, Uint8Array[]>();
    for (this.#skip(); this.#done < this.#queue.length && this.#queue[this.#done].dueAt <= now; this.#skip()) {
      const want = this.#queue[this.#done++];
      let next: GossipSession | undefined;
      while (want.asked < ROUNDS * want.announcers.length && !next) {
        const session = want.announcers[want.asked++ % want.announcers.length];
        if (session.open) next = session;
      }
      if (!next) {
        this.#forget(want);
        continue;
      }
      want.asks = next;
      want.paid = false;
      this.#ask(want, asks, now);
    }
    if (this.#lateAt <= now) this.#askLate(asks, now);
    return asks;
  }

  #askLate(asks: Map<GossipSession, Uint8Array[]>, now: number): void {
    for (const [session, late] of this.#late) {
      let room = this.#room(session);
      const fits = (origin: Uint8Array): boolean => {
        if (room < 1 || !session.reads(origin, 0, now)) return false;
        room--;
        session.read(origin, 0);
        return true;
      };
      for (const want of late.take(fits)) {
        want.asked++;
        want.paid = true;
        this.#ask(want, asks, now);
      }
      if (late.empty) this.#late.delete(session);
    }
    this.#lateAt = this.#late.size > 0 ? now + LOOK_AGAIN_MS : Number.POSITIVE_INFINITY;
  }

  #ask(want: Want, asks: Map<GossipSession, Uint8Array[]>, now: number): void {
    const id = new Uint8Array(ID_BYTES);
    this.#ids.copyKey(want.key, id, 0);
    const ids = asks.get(want.asks);
    if (ids) ids.push(id);
    else asks.set(want.asks, [id]);
    this.#enqueue(want, now);
  }

  #enqueue(want: Want, now: number): void {
    want.dueAt = now + ASK_AGAIN_MS;
    this.#queue.push(want);
  }

  /** How many more a session may have outstanding: as many as leave as much room again. */
  #left(session: GossipSession): number {
    return this.#limits.wanted - this.#ids.size - session.wanted;
  }

  #add(session: GossipSession, bytes: Uint8Array, at: number): Want {
    const key = this.#ids.add(bytes, at);
    session.wanted++;
    this.#wants[key] = { first: session, announcers: [session], asked: 0, asks: session, paid: false, late: undefined, key, dueAt: 0 };
    return this.#wants[key];
  }

  /** Another object for it, so that the one in the queue is passed by. */
  #unqueued(want: Want): Want {
    this.#wants[want.key] = { ...want, paid: false };
    const other = this.#wants[want.key]!;
    want.key = -1;
    return other;
  }

  #forget(want: Want): void {
    if (want.late) {
      const late = this.#late.get(want.asks)!;
      late.remove(want);
      if (late.empty) this.#late.delete(want.asks);
    }
    this.#ids.remove(want.key);
    this.#wants[want.key] = undefined;
    want.key = -1;
    want.first.wanted--;
  }

  /** Passes by those that have come, and lets go of what was passed. */
  #skip(): void {
    while (this.#done < this.#queue.length && this.#queue[this.#done].key < 0) this.#done++;
    if (this.#done < CUT || this.#done < this.#queue.length / 2) return;
    this.#queue = this.#queue.slice(this.#done);
    this.#done = 0;
  }
}

/** The ids at these offsets of `body`, joined. */
export function idsAt(body: Uint8Array, offsets: readonly number[]): Uint8Array {
  const ids = new Uint8Array(ID_BYTES * offsets.length);
  offsets.forEach((at, i) => {
    ids.set(body.subarray(at, at + ID_BYTES), ID_BYTES * i);
  });
  return ids;
}

function announcedBy({ announcers }: Want, session: GossipSession): void {
  if (announcers.length < MOST_ANNOUNCERS && !announcers.includes(session)) announcers.push(session);
}

const ASK_AGAIN_MS = 1000;
const LOOK_AGAIN_MS = 250;
const MOST_ANNOUNCERS = 8;
/** As often as an announcer answers for one id. */
const ROUNDS = 2;
const CUT = 1024;
const NOBODY: readonly GossipSession[] = [];
