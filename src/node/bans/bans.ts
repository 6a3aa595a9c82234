/**
 * Who is kept out: ids, addresses and blocks of addresses, for a time or for ever. Asked for each connection and each origin, so a look-up costs the lengths of prefix in use at most.
 * Times run on a clock that nobody sets; only what is shown and kept in a file is the time of day.
 */
import { EventEmitter } from 'node:events';
import { HandfastError } from '../../errors.ts';
import type { Millis } from '../../protocols/machine.ts';
import type { Cancel, Clock } from '../../transport/clock.ts';
import type { Bans } from '../../transport/policy.ts';
import { tellBan } from '../diagnostics.ts';
import { Heap, type Ranked } from '../heap.ts';
import { BanFile, readBanFile } from './ban-file.ts';
import { addressBits, isId, type Subject, subjectOf } from './subject.ts';

export interface Ban {
  /** An id, an address, or `address/bits`. */
  readonly subject: string;
  readonly since: Millis;
  /** undefined: for ever. */
  readonly until: Millis | undefined;
  readonly reason: string;
  /** Made by charges, not by hand. */
  readonly automatic: boolean;
}

export interface BanListOptions {
  readonly clock: Clock;
  /** Where bans are kept: read now, written soon after a change and at the end. For one process at a time. */
  readonly file?: string | undefined;
  /** How many there may be, some 400 bytes each; 16,384. When full, the automatic ban nearest to its end makes room. */
  readonly most?: number | undefined;
}

export interface BanOptions {
  /** How long; for ever when absent. */
  ms?: number | undefined;
  /** At most 200 characters. */
  reason?: string | undefined;
}

export interface BanEvents {
  ban: [ban: Ban];
  /** By hand, on expiry, or to make room. */
  unban: [ban: Ban];
  /** The file could not be written; tried again 30 s later, and at the end. */
  writeFailed: [error: HandfastError];
}

export class BanList extends EventEmitter<BanEvents> implements Bans {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #entries = new Map<string, Entry>();
  /** How many blocks there are of each length, the family's digit counted. */
  readonly #lengths = { '4': new Uint32Array(1 + 33), '6': new Uint32Array(1 + 129) };
  readonly #automatic = new Heap<Entry>();
  readonly #byHand = new Heap<Entry>();
  #file: BanFile | undefined;
  #closed = false;
  #armedAt = Number.POSITIVE_INFINITY;
  #disarm: Cancel = () => {};

  /** @throws (by rejection) HF_BAD_ARGUMENT when the file is no ban file, others can change it, or it cannot be read or written. */
  static async open({ clock, file, most = MOST }: BanListOptions): Promise<BanList> {
    if (!Number.isInteger(most) || most < 1) throw new HandfastError('BAD_ARGUMENT', 'bans: expected room for one at least');
    const list = new BanList(clock, most);
    if (file !== undefined) await list.#keep(file);
    return list;
  }

  private constructor(clock: Clock, most: number) {
    super();
    this.#clock = clock;
    this.#most = most;
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Bans by hand, in place of what ban there was.
   * @param text an id, an address, or a block: `10.0.0.0/24`, `2001:db8::/48`. @throws HF_BAD_ARGUMENT; also when there are as many by hand as there may be.
   */
  ban(text: string, { ms = Number.POSITIVE_INFINITY, reason = '' }: BanOptions = {}): Ban {
    const subject = subjectOf(text);
    if (!(ms > 0)) throw new HandfastError('BAD_ARGUMENT', 'ban: expected a positive number of ms');
    if (typeof reason !== 'string' || reason.length > LONGEST_REASON) {
      throw new HandfastError('BAD_ARGUMENT', `ban: expected a reason of at most ${LONGEST_REASON} characters`);
    }
    return this.#add(subject, { lastsMs: ms < LONGEST_MS ? ms : Number.POSITIVE_INFINITY, agoMs: 0, reason, automatic: false });
  }

  /**
   * Bans for a while; one that is banned already stays so until then, as it was. Not kept when bans by hand have taken all the room.
   * @param subject as {@link subjectOf} makes it. @param ms finite.
   */
  banAutomatically(subject: Subject, ms: number, reason: string): void {
    if (this.#lasting(subject.key)) return;
    if (this.#entries.size < this.#most || this.#automatic.size > 0) this.#add(subject, { lastsMs: ms, agoMs: 0, reason, automatic: true });
  }

  /** @returns whether that very subject was banned. @throws HF_BAD_ARGUMENT */
  unban(text: string): boolean {
    const entry = this.#lasting(subjectOf(text).key);
    if (entry) this.#end(entry);
    return entry !== undefined;
  }

  /**
   * Takes over what others of this identity have banned: all of `bans`, and nothing else but what `keeps` says. What is there already, and ends at the same time, is left alone.
   * @throws HF_BAD_ARGUMENT when there is no room for all.
   */
  adopt(bans: readonly AdoptedBan[], keeps: (key: string) => boolean): void {
    const now = this.#clock.precise();
    const wanted = new Set(bans.map(({ key }) => key));
    for (const entry of [...this.#entries.values()]) if (!wanted.has(entry.key) && !keeps(entry.key)) this.#end(entry);
    for (const { key, text, agoMs, leftMs: lastsMs = Number.POSITIVE_INFINITY, reason, automatic } of bans) {
      const known = this.#lasting(key);
      const same = known?.automatic === automatic && known.reason === reason;
      if (same && (known.rank === now + lastsMs || Math.abs(known.rank - now - lastsMs) < SAME_MS)) continue;
      const subject = subjectOf(text);
      if (subject.key === key && lastsMs > 0) this.#add(subject, { lastsMs, agoMs, reason: reason.slice(0, LONGEST_REASON), automatic });
    }
  }

  list(): Ban[] {
    return [...this.#entries.values()].filter((entry) => entry.rank > this.#clock.precise()).map((entry) => this.#shown(entry));
  }

  /** @param idOrAddress an id, or an address with a port or without: banned too when it lies in a banned block. */
  has(idOrAddress: string): boolean {
    if (this.#entries.size === 0) return false;
    if (isId(idOrAddress)) return this.#lasting(idOrAddress) !== undefined;
    const bits = addressBits(idOrAddress);
    if (bits === undefined) return false;
    const lengths = this.#lengths[bits[0] as '4' | '6'];
    for (let length = bits.length; length > 0; length--) {
      if (lengths[length] > 0 && this.#lasting(bits.slice(0, length))) return true;
    }
    return false;
  }

  /** Writes the file and lets go of the timer; bans still hold, but end unnoticed. Never rejects: see `writeFailed`. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#disarm();
    await this.#file?.close();
  }

  async #keep(path: string): Promise<void> {
    const now = this.#clock.now();
    for (const { subject, since, until = Number.POSITIVE_INFINITY, reason, automatic } of await readBanFile(path, this.#most)) {
      // Should the clock have been set back since, a ban lasts no longer than it was meant to.
      const lastsMs = Math.min(until - now, until - since);
      if (!(lastsMs > 0)) continue;
      try {
        this.#add(subjectOf(subject), { lastsMs, agoMs: Math.max(0, now - since), reason: reason.slice(0, LONGEST_REASON), automatic });
      } catch (cause) {
        throw new HandfastError('BAD_ARGUMENT', `${path}: ${(cause as Error).message}`, { cause });
      }
    }
    const bans = (): readonly Ban[] => this.list();
    this.#file = new BanFile({ path, clock: this.#clock, bans, failed: (error) => this.emit('writeFailed', error) });
  }

  #add({ key, text }: Subject, { lastsMs, agoMs, reason, automatic }: Term): Ban {
    const earlier = this.#entries.get(key);
    if (earlier) this.#forget(earlier);
    else if (this.#entries.size >= this.#most) this.#makeRoom();
    const now = this.#clock.precise();
    const entry: Entry = { key, text, since: now - agoMs, rank: now + lastsMs, place: -1, reason, automatic };
    this.#entries.set(key, entry);
    if (!isId(key)) this.#lengths[key[0] as '4' | '6'][key.length]++;
    if (entry.rank < Number.POSITIVE_INFINITY) (automatic ? this.#automatic : this.#byHand).add(entry);
    this.#arm();
    const ban = this.#shown(entry);
    this.#file?.changed();
    tellBan(ban);
    this.emit('ban', ban);
    return ban;
  }

  #makeRoom(): void {
    const entry = this.#automatic.first;
    if (!entry)
      throw new HandfastError('BAD_ARGUMENT', `${this.#most} bans by hand, as many as there may be: take some away, or ban a block`);
    this.#end(entry);
  }

  #end(entry: Entry): void {
    this.#forget(entry);
    this.#file?.changed();
    this.emit('unban', this.#shown(entry));
  }

  #forget(entry: Entry): void {
    this.#entries.delete(entry.key);
    if (!isId(entry.key)) this.#lengths[entry.key[0] as '4' | '6'][entry.key.length]--;
    (entry.automatic ? this.#automatic : this.#byHand).remove(entry);
  }

  #lasting(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry && entry.rank > this.#clock.precise() ? entry : undefined;
  }

  /** One timer, for the ban that ends first; it is moved only when that comes nearer. */
  #arm(): void {
    const next = this.#next();
    if (this.#closed || !next || next.rank >= this.#armedAt) return;
    this.#disarm();
    this.#armedAt = next.rank;
    const leftMs = Math.max(1, next.rank - this.#clock.precise());
    this.#disarm = this.#clock.at(this.#clock.now() + leftMs, () => {
      this.#armedAt = Number.POSITIVE_INFINITY;
      for (let due = this.#next(); due && due.rank <= this.#clock.precise(); due = this.#next()) this.#end(due);
      this.#arm();
    });
  }

  #next(): Entry | undefined {
    const [one, other] = [this.#automatic.first, this.#byHand.first];
    return one && other ? (one.rank <= other.rank ? one : other) : (one ?? other);
  }

  #shown({ text, since, rank, reason, automatic }: Entry): Ban {
    const offset = this.#clock.now() - this.#clock.precise();
    const until = rank === Number.POSITIVE_INFINITY ? undefined : Math.round(rank + offset);
    return { subject: text, since: Math.round(since + offset), until, reason, automatic };
  }
}

/** A ban of another process. */
export interface AdoptedBan {
  /** Of its subject. */
  readonly key: string;
  readonly text: string;
  /** How long ago it began, and how long it lasts from now; undefined: for ever. */
  readonly agoMs: Millis;
  readonly leftMs: Millis | undefined;
  readonly reason: string;
  readonly automatic: boolean;
}

interface Term {
  /** How long from now; Infinity: for ever. */
  lastsMs: number;
  /** How long ago it began. */
  agoMs: number;
  reason: string;
  automatic: boolean;
}

/** Its rank is when it ends, on the precise clock. */
interface Entry extends Ranked {
  readonly key: string;
  readonly text: string;
  readonly since: number;
  readonly reason: string;
  readonly automatic: boolean;
}

const MOST = 16_384;
const LONGEST_REASON = 200;
/** Ends told by another clock are never quite the same. */
const SAME_MS = 1_000;
/** Some 3,000 years: more is for ever, and every time of day stays a whole number. */
const LONGEST_MS = 1e14;
