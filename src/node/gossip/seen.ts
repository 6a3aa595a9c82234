/**
 * What was delivered, so that nothing is delivered twice. Ids are forgotten when they are too old to be accepted anyway, or when there is no room for them; whatever is forgotten leaves a floor,
 * and nothing stamped at or below a floor is delivered again.
 *
 * A floor belongs to one origin, and only that origin's own messages raise it. An origin that has come to hold as many ids as there is room left forgets the older half of its own:
 * so one that floods can take half of the set, two a third each, and never the room of those who say little.
 * What cannot be forgotten without harm to others is that an origin was there at all. So the number of origins that each session may bring in is limited instead: who invents origins fills the
 * share of its own place, and from there on brings in nobody new until they have aged out.
 */
import type { Core } from '../../core/core.ts';
import { GOSSIP } from '../../protocols/handfast/envelope.ts';
import type { Millis } from '../../protocols/machine.ts';
import { peerIdOf } from '../../wire/peer-id.ts';
import { IdTable } from './id-table.ts';
import type { GossipLimits } from './limits.ts';

interface Origin {
  readonly id: string;
  /** Which place's share it counts in; {@link ITSELF}: none. */
  readonly place: number;
  /** Nothing stamped so, or earlier, is delivered any more. */
  floor: Millis;
  /** Ids held, and the number of one of them: the others follow by `next`. */
  count: number;
  first: number;
}

export class SeenSet {
  readonly #ids: IdTable;
  readonly #originKeys: IdTable;
  readonly #origins: (Origin | undefined)[] = [];
  /** Ids of an origin form a ring-less list in both directions, -1 ends it. */
  #stamps = new Float64Array(0);
  #next = new Int32Array(0);
  #previous = new Int32Array(0);
  /** Whose id it is; -1: the number is not in use. */
  #owners = new Int32Array(0);
  /** The floor under everybody: what was forgotten by age. Only a clock that was set back makes it matter. */
  #floor: Millis = Number.NEGATIVE_INFINITY;
  /** Ids beyond the first of each origin, and how many of these there may be. */
  #extra = 0;
  readonly #mostExtra: number;
  readonly #mostOrigins: number;
  readonly #share: number;
  /** Origins brought in, by place. */
  readonly #brought: number[];
  /** Places not taken. The one left last is taken first: who comes and goes under ever new names comes back to the share it has filled. */
  readonly #freePlaces: number[];

  constructor(core: Core, { messages, origins, sessions }: Pick<GossipLimits, 'messages' | 'origins' | 'sessions'>) {
    this.#ids = new IdTable(core);
    this.#originKeys = new IdTable(core);
    this.#mostExtra = messages - origins;
    this.#mostOrigins = origins;
    this.#share = Math.max(1, Math.floor(origins / sessions));
    this.#brought = new Array(sessions + 1).fill(0);
    this.#freePlaces = Array.from({ length: sessions }, (_, i) => sessions - 1 - i);
  }

  /** Ids held. */
  get size(): number {
    return this.#ids.size;
  }

  /** Origins remembered. */
  get origins(): number {
    return this.#originKeys.size;
  }

  /** A place for a session, to be left when it ends. When all are taken, sessions share a last one. */
  takePlace(): number {
    return this.#freePlaces.pop() ?? this.#brought.length - 1;
  }

  leavePlace(place: number): void {
    if (place < this.#brought.length - 1) this.#freePlaces.push(place);
  }

  /** @param bytes begins with the id. */
  has(bytes: Uint8Array, at = 0): boolean {
    return this.#ids.find(bytes, at) >= 0;
  }

  /** The text form of an origin that is remembered: making it costs more than most envelopes do. */
  textOf(bytes: Uint8Array, at: number): string | undefined {
    return this.#origins[this.#originKeys.find(bytes, at)]?.id;
  }

  /**
   * Whether a message that was not seen could be delivered: cheap, and asked before its signature is verified.
   * @param at where the origin's 32 bytes begin. @param place of the session, or ITSELF.
   */
  admits(bytes: Uint8Array, at: number, stamp: Millis, place: number): boolean {
    if (stamp <= this.#floor) return false;
    const origin = this.#origins[this.#originKeys.find(bytes, at)];
    return origin ? stamp > origin.floor : this.#roomForOrigin(place);
  }

  /**
   * Remembers a message whose signature has verified.
   * @param id begins with 32 bytes that were not seen. @param bytes hold the origin at `at`. @param place of the session it came by, or ITSELF.
   * @returns false: it may not be delivered, and is not remembered.
   */
  add(id: Uint8Array, bytes: Uint8Array, at: number, stamp: Millis, place: number): boolean {
    if (!this.admits(bytes, at, stamp, place)) return false;
    let key = this.#originKeys.find(bytes, at);
    if (key < 0) key = this.#bring(bytes, at, place);
    const origin = this.#origins[key]!;
    // It may be stamped below the floor that this raises: it was above the one there was, so it was not delivered yet, and from here on it is held.
    if (origin.count >= 1 && origin.count - 1 >= this.#mostExtra - this.#extra) this.#forgetOlderHalf(origin);
    const number = this.#ids.add(id);
    if (this.#ids.capacity > this.#stamps.length) this.#grow();
    this.#stamps[number] = stamp;
    this.#owners[number] = key;
    this.#next[number] = origin.first;
    this.#previous[number] = -1;
    if (origin.first >= 0) this.#previous[origin.first] = number;
    origin.first = number;
    if (origin.count++ > 0) this.#extra++;
    return true;
  }

  /** Forgets what is too old to be accepted. To be called now and then; costs some nanoseconds for each number ever in use. */
  forget(now: Millis): void {
    const oldest = now - GOSSIP.pastMs;
    for (let number = 0; number < this.#stamps.length; number++) {
      if (this.#owners[number] < 0 || this.#stamps[number] >= oldest) continue;
      this.#floor = Math.max(this.#floor, this.#stamps[number]);
      this.#remove(number, this.#origins[this.#owners[number]]!);
    }
    this.#origins.forEach((origin, key) => {
      if (!origin || origin.count > 0 || origin.floor >= oldest) return;
      this.#floor = Math.max(this.#floor, origin.floor);
      if (origin.place !== ITSELF) this.#brought[origin.place]--;
      this.#originKeys.remove(key);
      this.#origins[key] = undefined;
    });
  }

  #roomForOrigin(place: number): boolean {
    return this.#originKeys.size < this.#mostOrigins && (place === ITSELF || this.#brought[place] < this.#share);
  }

  #bring(bytes: Uint8Array, at: number, place: number): number {
    const key = this.#originKeys.add(bytes, at);
    const id = peerIdOf(bytes.subarray(at, at + 32));
    this.#origins[key] = { id, place, floor: Number.NEGATIVE_INFINITY, count: 0, first: -1 };
    if (place !== ITSELF) this.#brought[place]++;
    return key;
  }

  /** At least one of them; all those stamped alike go together. A message costs at most two steps of it, and its part of sorting. */
  #forgetOlderHalf(origin: Origin): void {
    const stamps = new Float64Array(origin.count);
    for (let number = origin.first, i = 0; number >= 0; number = this.#next[number]) stamps[i++] = this.#stamps[number];
    stamps.sort();
    origin.floor = Math.max(origin.floor, stamps[(stamps.length - 1) >> 1]);
    for (let number = origin.first; number >= 0; ) {
      const next = this.#next[number];
      if (this.#stamps[number] <= origin.floor) this.#remove(number, origin);
      number = next;
    }
  }

  #remove(number: number, origin: Origin): void {
    const next = this.#next[number];
    const previous = this.#previous[number];
    if (previous >= 0) this.#next[previous] = next;
    else origin.first = next;
    if (next >= 0) this.#previous[next] = previous;
    if (--origin.count > 0) this.#extra--;
    this.#owners[number] = -1;
    this.#ids.remove(number);
  }

  #grow(): void {
    const { capacity } = this.#ids;
    const from = this.#stamps.length;
    this.#stamps = grown(this.#stamps, new Float64Array(capacity));
    this.#next = grown(this.#next, new Int32Array(capacity));
    this.#previous = grown(this.#previous, new Int32Array(capacity));
    this.#owners = grown(this.#owners, new Int32Array(capacity)).fill(-1, from);
  }
}

/** The place of a session's peer as an origin of its own messages: it has proved its id, so it is in nobody's share. */
export const ITSELF = -1;

function grown<A extends Float64Array | Int32Array>(old: A, larger: A): A {
  larger.set(old);
  return larger;
}
