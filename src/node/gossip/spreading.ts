/** Who is sent a message at once, who is told of it, and what is asked for: sections "Spreading" and "Repair" of docs/protocols/handfast.md. */
import type { Core } from '../../core/core.ts';
import { GOSSIP, ID_BYTES } from '../../protocols/handfast/envelope.ts';
import { Kind } from '../../protocols/handfast/format.ts';
import type { Cancel, Clock } from '../../transport/clock.ts';
import { readU32 } from '../../wire/reader.ts';
import type { Link } from '../link.ts';
import type { GossipLimits } from './limits.ts';
import { GossipSession } from './session.ts';
import { GossipStore, type Held, hold, holds } from './store.ts';
import { GossipWants, idsAt } from './wants.ts';

export interface SpreadingOptions {
  core: Core;
  clock: Clock;
  limits: GossipLimits;
  /** How many envelopes of a session there is room for, when it is asked. */
  room(session: GossipSession): number;
}

/** Whom a message is sent to at once, of those who have not had it. `some`: all while they are few. */
export type Push = 'all' | 'some' | 'none';

export class Spreading {
  readonly store: GossipStore;
  readonly #options: SpreadingOptions;
  readonly #wants: GossipWants;
  readonly #sessions = new Map<Link, GossipSession>();
  /** By rank. */
  #ranked: GossipSession[] = [];
  /** Whether a bit is in use. */
  readonly #indices: boolean[] = [];
  #asking: Cancel | undefined;
  #askingAt = Number.POSITIVE_INFINITY;

  constructor(options: SpreadingOptions) {
    this.#options = options;
    this.store = new GossipStore(options.core, options.limits);
    this.#wants = new GossipWants(options.core, options.limits, options.room);
  }

  /** Ids asked for and not had yet. */
  get wanted(): number {
    return this.#wants.size;
  }

  /** The session of a link that takes part. */
  sessionOf(link: Link): GossipSession | undefined {
    return this.#sessions.get(link);
  }

  opened(link: Link, place: number): void {
    const { core, limits } = this.#options;
    let index = this.#indices.indexOf(false);
    if (index < 0) index = this.#indices.length;
    this.#indices[index] = true;
    this.store.clearHolder(index);
    // Other processes of this identity first: what does not go there is not known to those who ask them.
    const rank = link.own ? -1 : readU32(core.random(4), 0);
    // A new session is told of all that is still held.
    const session = new GossipSession(core, limits, link, index, place, rank, this.store.oldest);
    this.#sessions.set(link, session);
    this.#ranked = [...this.#ranked, session].sort((a, b) => a.rank - b.rank);
  }

  closed(session: GossipSession): void {
    session.open = false;
    this.#sessions.delete(session.link);
    this.#ranked = this.#ranked.filter((other) => other !== session);
    this.#indices[session.index] = false;
    this.#wants.closed(session, this.#options.clock.precise());
    this.#askLater();
  }

  close(): void {
    this.#asking?.();
    this.#askingAt = Number.NEGATIVE_INFINITY;
  }

  /** Takes a message into the store and sends it to those who have not had it. @param holders have it. */
  spread(digest: Uint8Array, record: Uint8Array, holders: readonly GossipSession[], push: Push): void {
    const held = this.store.add(digest, record, this.#options.clock.precise());
    for (const session of holders) if (session.open) hold(held, session);
    for (const session of this.#wants.had(digest)) if (session.open) hold(held, session);
    if (push === 'none') return;
    const { pushAll, pushTo } = this.#options.limits;
    let left = push === 'all' || this.#ranked.length <= pushAll ? this.#ranked.length : pushTo;
    for (const session of this.#ranked) {
      if (left === 0) break;
      if (holds(held, session)) continue;
      left--;
      this.#send(session, held, record);
    }
  }

  /** A session sent or announced a message that was seen. */
  has(session: GossipSession, id: Uint8Array, at = 0): void {
    const held = this.store.find(id, at);
    if (held) hold(held, session);
  }

  /** A message that will not be taken in, whichever copy comes. */
  unwanted(digest: Uint8Array): void {
    this.#wants.had(digest);
  }

  /** A session sent an envelope that could not be read now: see {@link GossipWants.late}. */
  late(session: GossipSession, digest: Uint8Array, bytes: Uint8Array, at: number): void {
    this.#wants.late(session, digest, bytes, at, this.#options.clock.precise());
    this.#askLater();
  }

  /** Whether a session was asked for this envelope, and has been counted for it. */
  paid(session: GossipSession, digest: Uint8Array): boolean {
    return this.#wants.paid(session, digest);
  }

  /** An IHAVE: what is not here is asked for. @param known whether the id at an offset was delivered, or waits to be verified. */
  announced(session: GossipSession, body: Uint8Array, count: number, known: (at: number) => boolean): void {
    const now = this.#options.clock.precise();
    const end = ID_BYTES * session.heeds(count, now);
    const unknown: number[] = [];
    for (let at = 0; at < end; at += ID_BYTES) {
      const held = this.store.find(body, at);
      if (held) hold(held, session);
      else if (!known(at) && this.#wants.announced(session, body, at, now)) unknown.push(at);
    }
    if (unknown.length === 0) return;
    session.link.send(Kind.iwant, [idsAt(body, unknown)]);
    this.#askLater();
  }

  /** An IWANT: answered from the store, at most twice for one id and session. */
  asked(session: GossipSession, body: Uint8Array, count: number): void {
    const end = ID_BYTES * session.answers(count, this.#options.clock.precise());
    for (let at = 0; at < end; at += ID_BYTES) {
      const held = this.store.find(body, at);
      if (!held) continue;
      held.asked ??= new Map();
      const times = held.asked.get(session) ?? 0;
      if (times < MOST_ANSWERS && this.#send(session, held, held.record)) held.asked.set(session, times + 1);
    }
  }

  /** Once a second: tells each session what is new and that it has not had. */
  announce(): void {
    this.store.expire(this.#options.clock.precise());
    for (const session of this.#ranked) this.#tell(session);
  }

  #tell(session: GossipSession): void {
    const { store } = this;
    let left = this.#options.limits.announcedPerSecond;
    let number = Math.max(session.untold, store.oldest);
    while (left > 0 && number < store.next) {
      const ids = new Uint8Array(ID_BYTES * Math.min(left, GOSSIP.ids, store.next - number));
      let end = 0;
      for (; number < store.next && end < ids.length; number++) {
        const held = store.numbered(number);
        if (!held || holds(held, session) || held.record.length - 1 > session.link.largestBody) continue;
        store.copyId(held, ids, end);
        end += ID_BYTES;
      }
      // Its queue is full: told a second later.
      if (end > 0 && !session.link.send(Kind.ihave, [ids.subarray(0, end)])) return;
      left -= end / ID_BYTES;
      session.untold = number;
    }
  }

  /** @returns whether it was queued. An envelope over the session's limit is not sent there. */
  #send(session: GossipSession, held: Held, record: Uint8Array): boolean {
    if (record.length - 1 > session.link.largestBody || !session.link.sendShared(record)) return false;
    hold(held, session);
    return true;
  }

  #askLater(): void {
    const { clock } = this.#options;
    const { dueAt } = this.#wants;
    if (dueAt >= this.#askingAt) return;
    this.#asking?.();
    this.#askingAt = dueAt;
    this.#asking = clock.at(clock.now() + Math.max(1, Math.ceil(dueAt - clock.precise())), () => {
      this.#askingAt = Number.POSITIVE_INFINITY;
      for (const [session, ids] of this.#wants.overdue(clock.precise())) {
        for (let first = 0; first < ids.length; first += GOSSIP.ids) session.link.send(Kind.iwant, ids.slice(first, first + GOSSIP.ids));
      }
      this.#askLater();
    });
  }
}

const MOST_ANSWERS = 2;
