/** What gossip knows of one session: what it has taken of its budgets in this second, and its envelopes that wait to be verified. */
import type { Core } from '../../core/core.ts';
import type { Link } from '../link.ts';
import { IdTable } from './id-table.ts';
import type { GossipLimits } from './limits.ts';
import type { Pending } from './waiting.ts';

export class GossipSession {
  readonly link: Link;
  /** Which bit stands for it in a message's list of those who have it. */
  readonly index: number;
  /** Of the seen-set. */
  readonly place: number;
  /** Sessions are pushed to in the order of these, so that it is always the same ones. */
  readonly rank: number;
  open = true;
  /** The number of the first message it was not told of yet. */
  untold: number;
  /** Ids it was the first to announce, not had yet. */
  wanted = 0;
  /** Its envelopes that wait, oldest first from `taken` on. */
  readonly queue: (Pending | undefined)[] = [];
  taken = 0;
  /** Its copies of envelopes that others' copies are verified of first. */
  copies = 0;
  readonly #limits: GossipLimits;
  #second = Number.NEGATIVE_INFINITY;
  #read = 0;
  #late = 0;
  #announced = 0;
  #asked = 0;
  /** Origins that its envelopes named. It may lie about them: they count for this session only. */
  readonly #origins: IdTable;
  /** What each has taken of this second's budget; -1: the number is not in use. */
  readonly #ofOrigin: number[] = [];
  readonly #waitingOfOrigin: number[] = [];

  constructor(core: Core, limits: GossipLimits, link: Link, index: number, place: number, rank: number, untold: number) {
    this.#limits = limits;
    this.#origins = new IdTable(core);
    this.link = link;
    this.index = index;
    this.place = place;
    this.rank = rank;
    this.untold = untold;
  }

  get waiting(): number {
    return this.queue.length - this.taken;
  }

  /**
   * Whether one more new envelope of an origin is read in this second. An origin may take as much of the second's budget as is left of it, so that one that floods leaves half, two a third.
   * @param at where the origin's 32 bytes begin. @param now of a clock that never jumps.
   */
  reads(bytes: Uint8Array, at: number, now: number): boolean {
    this.#turn(now);
    const origin = this.#origins.find(bytes, at);
    return (origin < 0 ? 0 : this.#ofOrigin[origin]) < this.#limits.perSecond - this.#read;
  }

  /** Counts a new envelope that is read. @returns the number of its origin in this session. */
  read(bytes: Uint8Array, at: number): number {
    const origin = this.numberOf(bytes, at);
    this.#read++;
    this.#ofOrigin[origin]++;
    return origin;
  }

  /** The number of an origin in this session, for an envelope that was counted before. */
  numberOf(bytes: Uint8Array, at: number): number {
    let origin = this.#origins.find(bytes, at);
    if (origin >= 0) return origin;
    origin = this.#origins.add(bytes, at);
    this.#ofOrigin[origin] = 0;
    this.#waitingOfOrigin[origin] = 0;
    return origin;
  }

  /** Whether the id of one more envelope is made in this second although it is not read; counts it. To be called after `reads`. */
  remembers(): boolean {
    if (this.#late >= this.#limits.latePerSecond) return false;
    this.#late++;
    return true;
  }

  /** Another copy of an envelope that waits: it counts as new too. */
  readCopy(): void {
    this.#read++;
  }

  /** How many of `count` announced ids are heeded. */
  heeds(count: number, now: number): number {
    this.#turn(now);
    const heeded = Math.min(count, this.#limits.announcedPerSecond - this.#announced);
    this.#announced += heeded;
    return heeded;
  }

  /** How many of `count` ids asked for are looked at. */
  answers(count: number, now: number): number {
    this.#turn(now);
    const heeded = Math.min(count, this.#limits.askedPerSecond - this.#asked);
    this.#asked += heeded;
    return heeded;
  }

  waitingOf(origin: number): number {
    return this.#waitingOfOrigin[origin];
  }

  wait(origin: number, by: 1 | -1): void {
    this.#waitingOfOrigin[origin] += by;
  }

  #turn(now: number): void {
    if (now - this.#second < 1000) return;
    this.#second = now;
    this.#read = 0;
    this.#late = 0;
    this.#announced = 0;
    this.#asked = 0;
    // Numbers of origins stay as long as something waits under them.
    for (let origin = 0; origin < this.#ofOrigin.length; origin++) {
      if (this.#ofOrigin[origin] < 0) continue;
      if (this.#waitingOfOrigin[origin] === 0) this.#origins.remove(origin);
      this.#ofOrigin[origin] = this.#waitingOfOrigin[origin] === 0 ? -1 : 0;
    }
  }
}
