/**
 * Requests taken before they come, of peers that ask often: what lies in the ids that are reserved is handled at once, without asking the store. As many are reserved as come in {@link AHEAD_MS}, since they are lost
 * with the process, and for {@link RESERVED_MS}, since somebody may be banned meanwhile. What is not used is given up as soon as the peer is silent, has gone, or has asked another process.
 *
 * Reserved is only what lies above every id that has come, so that nothing that is asked for by itself is ever among it; what comes while it is on its way waits for it.
 */
import type { Millis } from '../../protocols/machine.ts';
import type { Cancel, Clock } from '../../transport/clock.ts';
import { Gathered } from './gathered.ts';
import type { Shared } from './shared.ts';
import { type IdRange, LIFE_MS, type PeerLife, RESERVED_MS, type RequestName, type RequestTaken } from './store.ts';

/** A peer that asks here. */
interface Asking {
  readonly peer: string;
  readonly peerLife: string;
  /** Of this identity. */
  readonly life: string;
  /** Of all ids that came. */
  highest: bigint;
  /** How many ids a millisecond go by, and since when that is counted. */
  pace: number;
  sampled: bigint;
  sampledAt: Millis;
  /** Reserved are those below `end` from `start` on; of them none from `next` on has been used. */
  start: bigint;
  next: bigint;
  end: bigint;
  /** From there on more are reserved: half of them are left for those that come meanwhile. */
  low: bigint;
  /** Of those before `next`, the newest that have not: asked of other nodes, or overtaken by shorter ones and still to come. */
  readonly passedOver: IdRange[];
  /** Until then they may be used without asking again. */
  until: Millis;
  /** Some have been, since that was looked at. */
  used: boolean;
  /** It has no session here any more; kept until all is given up, since it may come back before. */
  leaving: boolean;
  /** Others cannot reserve any before this process has given up. */
  owned: boolean;
  /** Something is being reserved or given up. */
  settling: Promise<void> | undefined;
  /** It was refused: not asked for again before. */
  notBefore: Millis;
}

export class ReservedIds {
  readonly #shared: Shared;
  readonly #clock: Clock;
  readonly #remembered: (peer: string) => readonly RequestTaken[];
  readonly #asking = new Map<string, Asking>();
  /** Peers that have gone, of which the store could not be told. */
  readonly #untold = new Map<string, Asking>();
  readonly #reserving: Gathered<{ readonly life: string; readonly range: PeerLife & IdRange }, number | undefined>;
  #look: { readonly at: Millis; readonly cancel: Cancel } | undefined;
  #over = false;

  /** @param remembered requests of that peer that this process is at, or has the answers of. */
  constructor(shared: Shared, clock: Clock, remembered: (peer: string) => readonly RequestTaken[]) {
    this.#shared = shared;
    this.#clock = clock;
    this.#remembered = remembered;
    this.#reserving = new Gathered<{ life: string; range: PeerLife & IdRange }, number | undefined>(
      shared.departures,
      AT_ONCE,
      async (all) => {
        // Of two lives only while one ends.
        const { life } = all[0];
        const ranges = all.filter((one) => one.life === life).map(({ range }) => range);
        const reserved = [...(await shared.ask((store) => store.reserve(life, ranges)))];
        return all.map((one) => (one.life === life ? reserved.shift() : undefined));
      },
    );
  }

  /** A request has come that was never seen here. @returns whether it is this process's already. */
  takes(life: string, name: RequestName): boolean {
    const asking = this.#of(life, name);
    if (name.id > asking.highest) asking.highest = name.id;
    return this.#has(asking, name.id);
  }

  /** As `takes`, of one that came and was not, once what is being reserved or given up of its peer is settled. Never rejects. */
  async settled(life: string, name: RequestName): Promise<boolean> {
    const asking = this.#known(life, name);
    if (!asking) return false;
    const { id } = name;
    while (asking.settling) await asking.settling;
    if (this.#has(asking, id)) return true;
    if (id < asking.start || id >= asking.end) return false;
    // Its time is over.
    await this.#renew(asking);
    if (this.#has(asking, id)) return true;
    // To be asked for by itself it has to be free.
    await this.#free(asking);
    return false;
  }

  /** One was taken by itself: where they come often, those that come next are reserved. */
  took(life: string, name: RequestName): void {
    const asking = this.#known(life, name);
    if (!asking || asking.leaving || asking.settling || this.#over) return;
    this.#measure(asking);
    if (often(asking) && this.#clock.precise() >= asking.notBefore) void this.#renew(asking);
  }

  /** That peer has no session here any more. */
  left(peer: string): void {
    const asking = this.#asking.get(peer);
    if (!asking) return;
    asking.leaving = true;
    void this.#giveUp(asking).then(() => {
      if (asking.leaving && this.#asking.get(peer) === asking) this.#asking.delete(peer);
    });
  }

  /** Another process is asked what only this one may know. */
  wanted(peer: string): void {
    const asking = this.#asking.get(peer) ?? this.#untold.get(peer);
    if (asking && !asking.settling) void this.#giveUp(asking);
  }

  /** Until all is given up. Never rejects. */
  async close(): Promise<void> {
    this.#over = true;
    this.#look?.cancel();
    this.#look = undefined;
    const all = [...this.#asking.values()];
    this.#asking.clear();
    await Promise.all(all.map((asking) => this.#giveUp(asking)));
  }

  /** One that has gone meanwhile is not. */
  #known(life: string, { peer, peerLife }: RequestName): Asking | undefined {
    const known = this.#asking.get(peer);
    return known?.life === life && known.peerLife === peerLife ? known : undefined;
  }

  #of(life: string, name: RequestName): Asking {
    const known = this.#known(life, name);
    if (known) {
      known.leaving = false;
      return known;
    }
    const { peer, peerLife, id } = name;
    this.left(peer);
    const asking: Asking = {
      ...{ peer, peerLife, life, highest: id, pace: 0, sampled: id, sampledAt: this.#clock.precise(), notBefore: 0, passedOver: [] },
      ...{ start: 0n, next: 0n, end: 0n, low: 0n, until: 0, used: false, leaving: false, owned: false, settling: undefined },
    };
    if (!this.#over) this.#asking.set(peer, asking);
    return asking;
  }

  #has(asking: Asking, id: bigint): boolean {
    if (id >= asking.end || id < asking.start || asking.until <= this.#clock.precise()) return false;
    asking.used = true;
    use(asking, id);
    if (id >= asking.low) this.#lookIn(RENEW_MS);
    return true;
  }

  /** Reserves as many as come soon, behind those that are; all of them for longer. Never rejects. */
  async #renew(asking: Asking): Promise<void> {
    // Those that were skipped have to be free for whoever is asked for them.
    if ((asking.end > asking.next || asking.passedOver.length > 0) && asking.highest >= asking.end) await this.#free(asking);
    while (asking.settling) await asking.settling;
    // It went meanwhile; if it is back, what it asks now is not waited with for this.
    if (asking.leaving || this.#asking.get(asking.peer) !== asking) return;
    const { peer, peerLife, life, highest, next, end } = asking;
    const anew = highest >= end;
    const from = anew ? highest + 1n : end;
    const count = Math.max(0, ahead(asking) - (anew ? 0 : Number(end - next)));
    if (from + BigInt(count) > LARGEST_ID) return;
    const until = this.#clock.precise() + RESERVED_MS;
    asking.owned = true;
    asking.settling = this.#reserving.ask({ life, range: { peer, peerLife, from, count } }).then(
      (reserved) => {
        asking.settling = undefined;
        if (!reserved) asking.notBefore = until;
        if (reserved === undefined) return void this.#free(asking);
        if (anew) asking.start = asking.next = from;
        asking.end = from + BigInt(reserved);
        asking.low = asking.end - BigInt(Math.ceil(ahead(asking) / 2));
        asking.until = until;
        if (asking.leaving || this.#asking.get(peer) !== asking) return void this.#giveUp(asking);
        this.#lookIn(IDLE_MS);
      },
      () => {
        // Whether it was done nobody knows: what may be another process's by now is not given up.
        asking.settling = undefined;
        asking.notBefore = until;
        empty(asking);
      },
    );
    await asking.settling;
  }

  /** Of what is reserved the unused is given up. Never rejects. */
  async #free(asking: Asking): Promise<void> {
    while (asking.settling) await asking.settling;
    if (asking.end === asking.start) return;
    const [{ peer, peerLife, life }, unused] = [asking, this.#unused(asking)];
    asking.settling = this.#shared
      .ask((store) => store.giveUp(life, { peer, peerLife }, unused))
      .catch(() => {})
      .then(() => {
        asking.settling = undefined;
      });
    await asking.settling;
  }

  /** All of it is given up. Never rejects. */
  async #giveUp(asking: Asking): Promise<void> {
    while (asking.settling) await asking.settling;
    if (!asking.owned) return;
    const [{ peer, peerLife, life }, unused] = [asking, this.#unused(asking)];
    asking.owned = false;
    const taken = this.#remembered(peer).filter((request) => request.peerLife === peerLife);
    asking.settling = this.#shared
      .ask((store) => store.giveUp(life, { peer, peerLife }, unused, taken.slice(-MOST_TAKEN)))
      .then(
        () => this.#untold.delete(peer),
        () => this.#tellLater(asking),
      )
      .then(() => {
        asking.settling = undefined;
      });
    await asking.settling;
  }

  /** They are used no more. */
  #unused(asking: Asking): IdRange[] {
    const { next, end, until, passedOver } = asking;
    const unused = [{ from: next, count: Number(end - next) }, ...passedOver];
    // The store may have forgotten that it was this one's.
    if (this.#clock.precise() > until + LIFE_MS / 2) unused.length = 0;
    empty(asking);
    return unused;
  }

  /** Once it is asked for. */
  #tellLater(asking: Asking): void {
    asking.owned = true;
    this.#untold.set(asking.peer, asking);
    for (const oldest of this.#untold.keys()) {
      if (this.#untold.size <= MOST_UNTOLD) break;
      this.#untold.delete(oldest);
    }
  }

  /** Soon all that is reserved is looked at: what is used is renewed, what is not is given up. */
  #lookIn(ms: Millis): void {
    const at = this.#clock.precise() + ms;
    if (this.#over || (this.#look && this.#look.at <= at)) return;
    this.#look?.cancel();
    const cancel = this.#clock.at(this.#clock.now() + ms, () => {
      this.#look = undefined;
      for (const asking of this.#asking.values()) {
        if (!asking.owned || asking.leaving) continue;
        this.#lookIn(IDLE_MS);
        if (asking.settling) continue;
        this.#measure(asking);
        const idleMs = this.#clock.precise() - asking.until;
        if (asking.used && often(asking)) void this.#renew(asking);
        else if (idleMs >= QUIET_MS) void this.#giveUp(asking);
        else if (idleMs >= 0) void this.#free(asking);
        asking.used = false;
      }
    });
    this.#look = { at, cancel };
  }

  #measure(asking: Asking): void {
    const now = this.#clock.precise();
    const ms = now - asking.sampledAt;
    if (ms < SAMPLE_MS) return;
    // One that pauses goes on as fast as before more often than not.
    asking.pace = Math.max(Number(asking.highest - asking.sampled) / ms, asking.pace / 2);
    asking.sampled = asking.highest;
    asking.sampledAt = now;
  }
}

/** One that is reserved. */
function use(asking: Asking, id: bigint): void {
  const { next, passedOver } = asking;
  if (id >= next) {
    asking.next = id + 1n;
    if (id > next && passedOver.push({ from: next, count: Number(id - next) }) > MOST_PASSED_OVER) passedOver.shift();
    return;
  }
  const i = passedOver.findLastIndex(({ from, count }) => id >= from && id < from + BigInt(count));
  // So long ago that it is not known any more: nobody else can have been given it.
  if (i < 0) return;
  const { from, count } = passedOver[i];
  const before = Number(id - from);
  const parts = [
    { from, count: before },
    { from: id + 1n, count: count - before - 1 },
  ];
  passedOver.splice(i, 1, ...parts.filter((part) => part.count > 0));
}

/** What is left of it is used no more. */
function empty(asking: Asking): void {
  asking.start = asking.next = asking.end = asking.low = 0n;
  asking.passedOver.length = 0;
}

const ahead = ({ pace }: Asking): number => Math.min(MOST_AHEAD, Math.ceil(pace * AHEAD_MS));
const often = (asking: Asking): boolean => ahead(asking) >= LEAST_AHEAD;

const LARGEST_ID = 2n ** 64n - 1n;
const AT_ONCE = 512;
const AHEAD_MS = 40;
const SAMPLE_MS = 10;
/** Where fewer come, each is asked for by itself: then nothing is lost with the process but what it was at. */
const LEAST_AHEAD = 4;
const MOST_AHEAD = 1_024;
const RENEW_MS = 5;
const IDLE_MS = RESERVED_MS / 2;
/** By then nearly all answers have been confirmed, and few requests are left to be told of. */
const QUIET_MS = 2_000;
/** Of a peer, told when it is given up; what else it asked is lost when it asks another process for it. */
const MOST_TAKEN = 4_096;
const MOST_UNTOLD = 1_024;
/** Runs of ids. One that is overtaken comes a moment later. */
const MOST_PASSED_OVER = 64;
