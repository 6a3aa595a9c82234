/** A store in memory: what the nodes of one process share, and what the primary of several processes keeps for them. Everything in it is bounded, and ends with its time. */
import { HandfastError } from '../../errors.ts';
import type { Millis } from '../../protocols/machine.ts';
import type { Clock } from '../../transport/clock.ts';
import { SeenIds } from '../requests/seen-ids.ts';
import { Expiring } from './expiring.ts';
import {
  type Claimed,
  type Entered,
  type IdRange,
  LIFE_MS,
  LONGEST_ANSWER,
  type PeerLife,
  PROCESS_MS,
  type Pulse,
  type Rate,
  RESERVED_MS,
  type RequestTaken,
  requestKey,
  SEEN_PAGES,
  STORE_LIMITS,
  type Store,
  type StoreConnection,
  type StoredBan,
  type StoredBans,
  type StoreOpening,
} from './store.ts';

/** Shared by all nodes of this process that are given this very store. */
export function memoryStore(): Store {
  const states = new SharedStates();
  return { open: async (opening) => states.open(opening) };
}

/** By network and identity. */
export class SharedStates {
  readonly #states = new Map<string, SharedState>();

  open(opening: StoreOpening): MemoryConnection {
    const name = JSON.stringify([opening.network, opening.identity]);
    let state = this.#states.get(name);
    if (!state) {
      state = new SharedState(opening.clock);
      this.#states.set(name, state);
    }
    return new MemoryConnection(state, opening);
  }
}

interface Member {
  until: Millis;
  /** It may let peers in by the bans that it knows. */
  trusts: Millis;
  received(letter: Uint8Array): void;
}

/** A request that is being handled, or whose answer is still of use. */
interface Taken {
  readonly by: string;
  answer: Uint8Array | undefined;
}

/** Requests of one life of a peer. */
interface Seen {
  /** Which were ever taken, or reserved. */
  readonly ids: SeenIds;
  /** The process that may have taken some of which nothing else is known. */
  owner: string | undefined;
}

interface Kept extends Omit<StoredBan, 'agoMs' | 'leftMs'> {
  readonly since: Millis;
}

/** What is kept of one identity. */
class SharedState {
  readonly clock: Clock;
  readonly members = new Map<string, Member>();
  readonly bans = new Expiring<Kept>(Number.POSITIVE_INFINITY);
  readonly rates = new Expiring<undefined>(STORE_LIMITS.rates);
  readonly charges = new Expiring<number>(STORE_LIMITS.charges);
  readonly requests = new Expiring<Taken>(STORE_LIMITS.requests);
  /** By peer and its life. */
  readonly seen = new Expiring<Seen>(STORE_LIMITS.peers);
  /** Peers of which a process may handle requests without asking. */
  readonly reserved = new Expiring<undefined>(STORE_LIMITS.peers);
  readonly ids = new Expiring<undefined>(STORE_LIMITS.ids);
  readonly held = new Map<string, string>();
  readonly leases = new Map<string, string>();
  life: string | undefined;
  lifeUntil: Millis = 0;
  changes = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  now(): Millis {
    return this.clock.precise();
  }

  living(process: string | undefined): Member | undefined {
    const member = process === undefined ? undefined : this.members.get(process);
    return member && member.until > this.now() ? member : undefined;
  }
}

/** One process's end of it. */
export class MemoryConnection implements StoreConnection {
  readonly #state: SharedState;
  readonly #process: string;
  readonly #received: (letter: Uint8Array) => void;
  #closed = false;

  constructor(state: SharedState, { process, received }: StoreOpening) {
    this.#state = state;
    this.#process = process;
    this.#received = received;
  }

  async beat(life: string): Promise<Pulse> {
    const state = this.#open();
    const now = state.now();
    if (state.life === undefined || state.lifeUntil <= now) state.life = life;
    state.lifeUntil = now + LIFE_MS;
    const forgotten = !state.living(this.#process);
    for (const [process, { until }] of state.members) if (until <= now) state.members.delete(process);
    const trusts = state.members.get(this.#process)?.trusts ?? 0;
    state.members.set(this.#process, { until: now + PROCESS_MS, trusts, received: this.#received });
    return { life: state.life, version: await this.version(), forgotten };
  }

  async enter(blocks: readonly string[], { perSecond, burst }: Rate): Promise<Entered> {
    const state = this.#open();
    const now = state.now();
    const waitsMs = blocks.map((block) => {
      // When all that came would have been paid for, had it come at the pace that is allowed.
      const paidAt = Math.max(now, state.rates.until(block, now) ?? now) + 1000 / perSecond;
      const waitMs = Math.max(0, paidAt - now - (1000 * burst) / perSecond);
      if (waitMs === 0) state.rates.set(block, undefined, paidAt, now);
      return waitMs;
    });
    return { waitsMs, version: await this.trust() };
  }

  async version(): Promise<string> {
    const { life, changes } = this.#open();
    return `${life}:${changes}`;
  }

  async trust(): Promise<string> {
    const state = this.#open();
    const member = state.members.get(this.#process);
    if (member) member.trusts = state.now() + RESERVED_MS;
    return this.version();
  }

  async bans(): Promise<StoredBans> {
    const state = this.#open();
    const now = state.now();
    const bans = [...state.bans.entries(now)].map(([key, { since, ...ban }, until]) => ({
      ...ban,
      key,
      agoMs: now - since,
      leftMs: until === Number.POSITIVE_INFINITY ? undefined : until - now,
    }));
    return { version: await this.version(), bans };
  }

  async ban(bans: readonly StoredBan[]): Promise<Millis> {
    const state = this.#open();
    const now = state.now();
    let waitMs = 0;
    for (const { agoMs, leftMs = Number.POSITIVE_INFINITY, ...ban } of bans) {
      if (ban.automatic && state.bans.until(ban.key, now) !== undefined) continue;
      if (state.bans.size >= STORE_LIMITS.bans && !state.bans.dropFirst(({ automatic }) => automatic)) throw full();
      state.bans.set(ban.key, { ...ban, since: now - agoMs }, now + leftMs, now);
      state.changes++;
      waitMs = Math.max(waitMs, (state.reserved.until(ban.key, now) ?? now) - now, this.#trustedElsewhere(now));
    }
    return waitMs;
  }

  /** How long other processes may still let in whoever they do not know to be banned. */
  #trustedElsewhere(now: Millis): Millis {
    let longest = 0;
    for (const [process, { trusts }] of this.#state.members) if (process !== this.#process) longest = Math.max(longest, trusts - now);
    return longest;
  }

  async unban(keys: readonly string[]): Promise<void> {
    const state = this.#open();
    for (const key of keys) if (state.bans.delete(key)) state.changes++;
  }

  async charge(key: string, points: number, fadeMs: Millis): Promise<number> {
    const { charges, now: clock } = { charges: this.#open().charges, now: this.#state.now() };
    // A balance is kept as what it would have been at time 0, by its logarithm: all fade alike, so one number says it for ever.
    const known = charges.get(key, clock);
    const balance = points + (known === undefined ? 0 : Math.exp(known - clock / fadeMs));
    const rank = Math.log(balance) + clock / fadeMs;
    charges.set(key, rank, rank * fadeMs, clock);
    return balance;
  }

  async claim(life: string, requests: readonly RequestTaken[]): Promise<Claimed[]> {
    return requests.map((request) => this.#claim(life, request));
  }

  #claim(life: string, { ms, ...request }: RequestTaken): Claimed {
    const state = this.#open();
    const now = state.now();
    const key = requestKey(request);
    if (life !== state.life) return { is: 'past' };
    if (state.bans.until(request.peer, now) !== undefined) return { is: 'banned' };
    const seen = this.#seen(request, now);
    const again = seen.ids.has(request.id);
    if (!again) {
      seen.ids.add(request.id);
      state.requests.set(key, { by: this.#process, answer: undefined }, now + ms, now);
      return { is: 'mine' };
    }
    const taken = state.requests.get(key, now);
    if (taken?.answer) return { is: 'answer', answer: taken.answer };
    const by = taken ? taken.by : seen.owner;
    return by !== undefined && by !== this.#process && state.living(by) ? { is: 'elsewhere', by } : { is: 'lost' };
  }

  async reserve(life: string, ranges: readonly (PeerLife & IdRange)[]): Promise<(number | undefined)[]> {
    return ranges.map((range) => this.#reserve(life, range));
  }

  #reserve(life: string, { from, count, ...of }: PeerLife & IdRange): number | undefined {
    const state = this.#open();
    const now = state.now();
    if (life !== state.life || state.bans.until(of.peer, now) !== undefined) return undefined;
    const seen = this.#seen(of, now);
    if (seen.owner !== this.#process && state.living(seen.owner)) return undefined;
    seen.owner = this.#process;
    state.reserved.set(of.peer, undefined, now + RESERVED_MS, now);
    let reserved = 0;
    for (; reserved < count && !seen.ids.has(from + BigInt(reserved)); reserved++) seen.ids.add(from + BigInt(reserved));
    return reserved;
  }

  async giveUp(life: string, of: PeerLife, unused: readonly IdRange[], taken?: readonly RequestTaken[]): Promise<void> {
    const state = this.#open();
    const now = state.now();
    // What is of another life was taken, if it was, by somebody else.
    if (life !== state.life) return;
    const seen = this.#seen(of, now);
    for (const { from, count } of unused) for (let i = 0; i < count; i++) seen.ids.remove(from + BigInt(i));
    if (!taken) return;
    for (const { ms, ...request } of taken) {
      const key = requestKey(request);
      if (!state.requests.get(key, now)) state.requests.set(key, { by: this.#process, answer: undefined }, now + ms, now);
    }
    if (seen.owner === this.#process) seen.owner = undefined;
  }

  async answer({ ms, ...request }: RequestTaken, answer: Uint8Array | undefined): Promise<void> {
    const { requests } = this.#open();
    const now = this.#state.now();
    const key = requestKey(request);
    const taken = requests.get(key, now);
    if (taken && taken.by !== this.#process) return;
    if (answer && answer.length <= LONGEST_ANSWER) requests.set(key, { by: this.#process, answer }, now + ms, now);
    else requests.delete(key);
  }

  async first(ids: readonly Uint8Array[], ms: Millis): Promise<boolean[]> {
    const { ids: kept } = this.#open();
    const now = this.#state.now();
    return ids.map((id) => {
      const key = Buffer.from(id).toString('latin1');
      if (kept.until(key, now) !== undefined) return false;
      kept.set(key, undefined, now + ms, now);
      return true;
    });
  }

  async hold(peers: readonly string[]): Promise<void> {
    for (const peer of peers) this.#open().held.set(peer, this.#process);
  }

  async release(peers: readonly string[]): Promise<void> {
    const { held } = this.#open();
    for (const peer of peers) if (held.get(peer) === this.#process) held.delete(peer);
  }

  async holder(peer: string): Promise<string | undefined> {
    const state = this.#open();
    const process = state.held.get(peer);
    if (state.living(process)) return process;
    state.held.delete(peer);
    return undefined;
  }

  async alive(process: string): Promise<boolean> {
    return this.#open().living(process) !== undefined;
  }

  async lease(task: string): Promise<boolean> {
    const state = this.#open();
    const by = state.leases.get(task);
    if (by !== this.#process && state.living(by)) return false;
    state.leases.set(task, this.#process);
    return true;
  }

  async yield(task: string): Promise<void> {
    const { leases } = this.#open();
    if (leases.get(task) === this.#process) leases.delete(task);
  }

  async send(to: string | undefined, letter: Uint8Array): Promise<void> {
    const { members } = this.#open();
    for (const [process, { received }] of members) {
      if (process !== this.#process && (to === undefined || to === process)) setImmediate(received, letter);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { members, held, leases } = this.#state;
    members.delete(this.#process);
    for (const map of [held, leases]) for (const [key, process] of map) if (process === this.#process) map.delete(key);
  }

  #seen({ peer, peerLife }: PeerLife, now: Millis): Seen {
    const { seen } = this.#open();
    const key = `${peer} ${peerLife}`;
    const known = seen.get(key, now) ?? { ids: new SeenIds(SEEN_PAGES), owner: undefined };
    seen.set(key, known, now + LIFE_MS, now);
    return known;
  }

  #open(): SharedState {
    if (this.#closed) throw new HandfastError('STORE_UNAVAILABLE', 'the store was closed');
    return this.#state;
  }
}

const full = (): HandfastError => new HandfastError('STORE_REFUSED', `${STORE_LIMITS.bans} bans by hand, as many as there may be`);
