/**
 * What several processes that answer as one identity share, and through what: the contract of a store. `memory.ts` keeps it for the nodes of one process, `primary.ts` for the workers of one
 * machine, `redis.ts` for any number of machines.
 *
 * Every call is one step that no other process sees half done. All that is kept ends by itself: with its time, or with the process that it belongs to.
 */
import type { Millis } from '../../protocols/machine.ts';
import type { Clock } from '../../transport/clock.ts';
import type { AdoptedBan } from '../bans/bans.ts';

/** Given to `createNode` as `store`. */
export interface Store {
  /** Calls that may wait for others leave so long after the last ones at least: what a call costs, whatever it asks for, is then paid so often at most. None when absent. */
  readonly pauseMs?: Millis | undefined;
  /** @throws (by rejection) HF_STORE_UNAVAILABLE, HF_STORE_LATE, HF_STORE_REFUSED; HF_UNSUPPORTED where a package is missing. */
  open(opening: StoreOpening): Promise<StoreConnection>;
}

/** Who uses it: what is kept under one network and identity is seen under no other. */
export interface StoreOpening {
  readonly network: string;
  readonly identity: string;
  /** Of this process: 32 hex digits, made anew for each. */
  readonly process: string;
  readonly clock: Clock;
  /** A letter of another process came, or was sent to all. Valid for as long as one likes. May not throw. */
  received(letter: Uint8Array): void;
}

/** Every call rejects with HF_STORE_UNAVAILABLE, HF_STORE_LATE or HF_STORE_REFUSED where the store does not do it; what it did after all, then, nobody knows. */
export interface StoreConnection {
  /** Says that this process lives, for {@link PROCESS_MS} more. @param life a new one, taken where there is none: who offered that of before would bring back a life of which nothing is known any more. */
  beat(life: string): Promise<Pulse>;

  /** Counts attempts of addresses that may come so often each; the bans are trusted as by `trust`. */
  enter(blocks: readonly string[], rate: Rate): Promise<Entered>;
  /** `life:number`, which changes with each change of the bans. */
  version(): Promise<string>;
  /** The same, and for {@link RESERVED_MS} this process may let peers in by the bans of that version without asking again. */
  trust(): Promise<string>;
  bans(): Promise<StoredBans>;
  /** Bans by hand take the place of what there was; automatic ones only where none lasts. @returns how long another process may still let them in, or any handle what it has reserved of them. */
  ban(bans: readonly StoredBan[]): Promise<Millis>;
  unban(keys: readonly string[]): Promise<void>;
  /** Adds points to a balance that fades to 37 % in `fadeMs`. @returns the balance then. */
  charge(key: string, points: number, fadeMs: Millis): Promise<number>;

  /** Takes requests for this process, in this life of the identity. @returns what became of each. */
  claim(life: string, requests: readonly RequestTaken[]): Promise<Claimed[]>;
  /**
   * Takes requests that have not come yet, for {@link RESERVED_MS}: this process need not ask for them. While it has not given a peer up, no other process that lives reserves any of that peer's.
   * @returns of each how many of its ids, from the first on, are now this process's; undefined: none, and none reserved before may be used any more.
   */
  reserve(life: string, ranges: readonly (PeerLife & IdRange)[]): Promise<(number | undefined)[]>;
  /** Says which of what it reserved of a peer it has not used, so that others may take that. @param taken which requests it is still at: then it has given the peer up. */
  giveUp(life: string, of: PeerLife, unused: readonly IdRange[], taken?: readonly RequestTaken[]): Promise<void>;
  /** The answer of a request that this process has taken, for another one that was asked for it; without one it is lost. */
  answer(request: RequestTaken, answer: Uint8Array | undefined): Promise<void>;

  /** Which of these ids of 32 bytes nobody asked for within `ms` before. */
  first(ids: readonly Uint8Array[], ms: Millis): Promise<boolean[]>;

  /** This process has a session with that peer. */
  hold(peers: readonly string[]): Promise<void>;
  /** It has none any more. */
  release(peers: readonly string[]): Promise<void>;
  /** The living process that has a session with that peer. */
  holder(peer: string): Promise<string | undefined>;
  alive(process: string): Promise<boolean>;
  /** Takes a task that one process at a time does, or keeps it. @returns whether it is this one's. */
  lease(task: string): Promise<boolean>;
  /** Gives it up. */
  yield(task: string): Promise<void>;

  /** Hands a letter to another process, or to all others. It may get lost on the way. */
  send(to: string | undefined, letter: Uint8Array): Promise<void>;
  /** This process does no more: what it held is free at once. Never rejects. */
  close(): Promise<void>;
}

export interface Pulse {
  /** The boot id that all processes of this identity announce: 32 hex digits. Another one than before: what was kept is lost. */
  readonly life: string;
  readonly version: string;
  /** This process was not known: what it holds has to be said again. */
  readonly forgotten: boolean;
}

/** So many a second, and so many at once after a quiet time. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface Entered {
  /** Of each, 0: it may come; else when it may try again. */
  readonly waitsMs: readonly Millis[];
  readonly version: string;
}

/** Key and text as `subjectOf` makes them. No clock but the store's own says when it ends. */
export type StoredBan = AdoptedBan;

export interface StoredBans {
  readonly version: string;
  readonly bans: readonly StoredBan[];
}

/** A request's number in one life of its peer. */
export interface RequestName extends PeerLife {
  readonly id: bigint;
}

export interface RequestTaken extends RequestName {
  /** Until its deadline. */
  readonly ms: Millis;
}

/** A peer id and its boot id. */
export interface PeerLife {
  readonly peer: string;
  readonly peerLife: string;
}

/** So many ids from `from` on. */
export interface IdRange {
  readonly from: bigint;
  readonly count: number;
}

/**
 * `mine`: it is to be handled here. `elsewhere`: another living process is at it, or has the answer still to itself. `answer`: what another process answered. `lost`: it was taken, and there is no answer to be had.
 * `banned`: its peer is. `past`: this life of the identity is over.
 */
export type Claimed =
  | { readonly is: 'mine' | 'lost' | 'banned' | 'past' }
  | { readonly is: 'elsewhere'; readonly by: string }
  | { readonly is: 'answer'; readonly answer: Uint8Array };

export const requestKey = ({ peer, peerLife, id }: RequestName): string => `${peer} ${peerLife} ${id.toString(36)}`;

/** A process that has not beaten for so long is gone. */
export const PROCESS_MS = 5_000;
export const BEAT_MS = 1_000;
/** Ids that are reserved may be used, and bans be trusted, for so long without asking again, which is as long as a ban may have to wait. */
export const RESERVED_MS = 100;
/** What is remembered of an identity of which no process lives any more: as long as a request may take, and two minutes for what is still on its way. */
export const LIFE_MS = 720_000;
/** Kept at most: bans; addresses with attempts; balances; ids of messages; requests that are handled or whose answers have not arrived; peers whose requests were taken. */
export const STORE_LIMITS = { bans: 16_384, rates: 65_536, charges: 65_536, ids: 1_048_576, requests: 262_144, peers: 65_536 } as const;
/** Of each peer: which requests were taken, a bit each, 8,192 to a page; what lies below the pages kept counts as taken. */
export const SEEN_PAGES = 128;
/** A longer answer is not kept: asked for again elsewhere, it is lost. */
export const LONGEST_ANSWER = 65_536;
/** Of a letter: the largest message, and what is around it. */
export const LONGEST_LETTER = 17 * 1024 * 1024;
