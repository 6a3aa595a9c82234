/** Ids that sessions announced and that are not here: each is asked of one announcer, and of the next one a second later, two rounds in all. */
import type { Core } from '../../core/core.ts';
import { ID_BYTES } from '../../protocols/handfast/envelope.ts';
import { IdTable } from './id-table.ts';
import type { GossipLimits } from './limits.ts';
import type { GossipSession } from './session.ts';

interface Want {
  /** Whose share it counts in. */
  readonly first: GossipSession;
  /** In the order in which they are asked. */
  readonly announcers: GossipSession[];
  /** How many times one of them was asked, or had left. */
  asked: number;
  /** In the table; -1: it is not wanted any more. */
  key: number;
  dueAt: number;
}

export class GossipWants {
  readonly #limits: GossipLimits;
  readonly #ids: IdTable;
  readonly #wants: (Want | undefined)[] = [];
  /** In the order of their `dueAt`. */
  #queue: Want[] = [];
  #done = 0;

  constructor(core: Core, limits: GossipLimits) {
    this.#limits = limits;
    this.#ids = new IdTable(core);
  }

  get size(): number {
    return this.#ids.size;
  }

  /** When `overdue` has something to do. */
  get dueAt(): number {
    this.#skip();
    return this.#queue[this.#done]?.dueAt ?? Number.POSITIVE_INFINITY;
  }

  /**
   * A session announced an id that is not here. @returns whether to ask it now: nobody else is being asked, and there is room: a session may have as many outstanding as there is room left.
   */
  announced(session: GossipSession, bytes: Uint8Array, at: number, now: number): boolean {
    const want = this.#wants[this.#ids.find(bytes, at)];
    if (want) {
      if (want.announcers.length < MOST_ANNOUNCERS && !want.announcers.includes(session)) want.announcers.push(session);
      return false;
    }
    if (session.wanted >= this.#limits.wanted - this.#ids.size) return false;
    const key = this.#ids.add(bytes, at);
    session.wanted++;
    this.#wants[key] = { first: session, announcers: [session], asked: 1, key, dueAt: now + ASK_AGAIN_MS };
    this.#queue.push(this.#wants[key]);
    return true;
  }

  /** The message has come, or is not wanted any more. @returns the sessions that announced it. */
  had(id: Uint8Array): readonly GossipSession[] {
    if (this.#ids.size === 0) return NOBODY;
    const want = this.#wants[this.#ids.find(id)];
    if (!want) return NOBODY;
    this.#forget(want);
    return want.announcers;
  }

  /** What was asked for a second ago and has not come: joined ids, by the session that is asked next. */
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
      const id = new Uint8Array(ID_BYTES);
      this.#ids.copyKey(want.key, id, 0);
      const ids = asks.get(next);
      if (ids) ids.push(id);
      else asks.set(next, [id]);
      want.dueAt = now + ASK_AGAIN_MS;
      this.#queue.push(want);
    }
    return asks;
  }

  #forget(want: Want): void {
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

const ASK_AGAIN_MS = 1000;
const MOST_ANNOUNCERS = 8;
/** As often as an announcer answers for one id. */
const ROUNDS = 2;
const CUT = 1024;
const NOBODY: readonly GossipSession[] = [];
