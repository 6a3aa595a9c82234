/**
 * What peers owe for their faults: a balance for each id or address that fades with time, as in rippled's resource manager. Past one mark it is worth a warning, past the next a ban for a while.
 *
 * Memory is bounded, and nobody's balance is pushed out cheaply. When all places are taken, the lightest balance goes; since all fade alike, that is found without looking at the others. So whoever
 * wants a balance of B points forgotten has to earn more than B points with every other place. And one site (an IPv6 /48, 65,536 networks for the asking) has 64 places for its /64s: what comes from
 * further ones is charged to the /48 as a whole, which is then banned as a whole.
 */
import { type CodeName, HandfastError } from '../../errors.ts';
import type { Clock } from '../../transport/clock.ts';
import { tellCharge } from '../diagnostics.ts';
import { Heap, type Ranked } from '../heap.ts';
import type { BanList } from './bans.ts';
import { addressBits, blockText, isId, type Subject } from './subject.ts';

export interface ChargeLimits {
  /** Points at which a peer is warned of; 5,000. */
  readonly warn: number;
  /** Points at which it is dropped and banned; 15,000. */
  readonly drop: number;
  /** How long it stays banned; 300,000. */
  readonly banMs: number;
  /** In which a balance fades to 37 % (1/e), so that each second takes a 32nd of it; 32,000. */
  readonly fadeMs: number;
}

export interface ChargesOptions {
  readonly clock: Clock;
  readonly bans: BanList;
  /** Told of each fault that was charged. */
  readonly counted?: ((points: number, error: HandfastError) => void) | undefined;
  readonly limits?: { readonly [K in keyof ChargeLimits]?: ChargeLimits[K] | undefined } | undefined;
  /** Tells other processes of this identity. @returns the balance with what they have charged. Never rejects. */
  readonly shared?: ((key: string, points: number, fadeMs: number) => Promise<number>) | undefined;
  /** Subjects remembered, some 300 bytes each; 16,384. */
  readonly most?: number | undefined;
}

/** Who caused a fault. */
export interface Charged {
  /** Only when its signature has verified, and the fault was in an opened record. */
  readonly id?: string | undefined;
  /** With a port or without. */
  readonly address?: string | undefined;
}

/** `nothing`: neither limit was passed now, or it was not the peer's fault. */
export type Verdict = 'nothing' | 'warn' | 'ban';

/** Points for a fault, by code: those that handfast/1 marks with a star. Forgeries, which no honest node sends, weigh most; attempts that come too fast least, since many may share an address. */
export const POINTS: { readonly [Code in CodeName]?: number } = {
  INVALID_SIGNATURE: 6_000,
  INVALID_ID: 6_000,
  WRONG_KEY: 6_000,
  WEAK_KEY: 6_000,
  MALFORMED: 3_000,
  TOO_LARGE: 3_000,
  OUT_OF_TURN: 3_000,
  EARLY_DATA: 3_000,
  BAD_TAG: 3_000,
  RATE_LIMITED: 50,
};

export class Charges {
  readonly #clock: Clock;
  readonly #bans: BanList;
  readonly #counted: ChargesOptions['counted'];
  readonly #limits: ChargeLimits;
  readonly #shared: ChargesOptions['shared'];
  readonly #most: number;
  readonly #accounts = new Map<string, Account>();
  readonly #lightest = new Heap<Account>();
  /** How many /64s of each IPv6 /48 have an account. */
  readonly #sites = new Map<string, number>();

  /** @throws HF_BAD_ARGUMENT that names the limit. */
  constructor({ clock, bans, counted, limits = {}, shared, most = MOST }: ChargesOptions) {
    this.#clock = clock;
    this.#bans = bans;
    this.#counted = counted;
    this.#shared = shared;
    const { warn, drop, banMs, fadeMs } = CHARGE_DEFAULTS;
    this.#limits = checked({
      warn: limits.warn ?? warn,
      drop: limits.drop ?? drop,
      banMs: limits.banMs ?? banMs,
      fadeMs: limits.fadeMs ?? fadeMs,
    });
    this.#most = most;
  }

  /** Subjects remembered. */
  get size(): number {
    return this.#accounts.size;
  }

  /**
   * Charges a fault, and bans whoever has too many. Everything but charged faults of the peer, found by this side, is free. Never throws.
   * @returns `warn` when that limit was passed just now; `ban` from the next one on: the session must end.
   */
  charge({ id, address }: Charged, error: HandfastError): Verdict {
    const points = error.charged && error.blame === 'peer' ? (POINTS[error.codeName] ?? 0) : 0;
    if (points === 0) return 'nothing';
    const now = this.#clock.precise();
    this.#dropFaded(now);
    const key = id ?? this.#keyOf(address);
    if (key === undefined) return 'nothing';
    const before = this.#balanceOf(key, now);
    const balance = before + points;
    this.#put(key, balance, now);
    const { warn, drop, fadeMs } = this.#limits;
    const subject: Subject = { key, text: id ?? blockText(key) };
    const verdict = balance >= drop ? 'ban' : balance >= warn && before < warn ? 'warn' : 'nothing';
    this.#counted?.(points, error);
    tellCharge(() => ({ subject: subject.text, points, balance, verdict, error }));
    if (verdict === 'ban') {
      this.#ban(subject, balance, error);
      return verdict;
    }
    void this.#shared?.(key, points, fadeMs).then((all) => {
      if (all >= drop) this.#ban(subject, all, error);
    });
    return verdict;
  }

  /** Points of an id, or of what an address is charged to. */
  balance(idOrAddress: string): number {
    const key = isId(idOrAddress) ? idOrAddress : this.#keyOf(idOrAddress);
    return key === undefined ? 0 : this.#balanceOf(key, this.#clock.precise());
  }

  #ban(subject: Subject, balance: number, error: HandfastError): void {
    this.#bans.banAutomatically(subject, this.#limits.banMs, `${Math.round(balance)} points of charges, the last for ${error.code}`);
  }

  /** The block that an address is charged to. */
  #keyOf(address: string | undefined): string | undefined {
    const bits = address === undefined ? undefined : addressBits(address);
    if (bits === undefined || bits[0] === '4') return bits;
    const network = bits.slice(0, 1 + NETWORK_BITS);
    if (this.#accounts.has(network)) return network;
    const site = siteOf(network);
    return (this.#sites.get(site) ?? 0) < NETWORKS_OF_SITE ? network : site;
  }

  #balanceOf(key: string, now: number): number {
    const account = this.#accounts.get(key);
    return account ? account.balance * Math.exp((account.at - now) / this.#limits.fadeMs) : 0;
  }

  #put(key: string, balance: number, now: number): void {
    const rank = Math.log(balance) + now / this.#limits.fadeMs;
    const account = this.#accounts.get(key);
    if (account) {
      Object.assign(account, { balance, at: now, rank });
      this.#lightest.moved(account);
      return;
    }
    if (this.#accounts.size >= this.#most) this.#forget(this.#lightest.first!);
    const opened: Account = { key, balance, at: now, rank, place: -1 };
    this.#accounts.set(key, opened);
    this.#lightest.add(opened);
    if (isNetwork(key)) this.#sites.set(siteOf(key), (this.#sites.get(siteOf(key)) ?? 0) + 1);
  }

  #dropFaded(now: number): void {
    for (let account = this.#lightest.first; account && account.rank < now / this.#limits.fadeMs; account = this.#lightest.first)
      this.#forget(account);
  }

  #forget(account: Account): void {
    this.#lightest.remove(account);
    this.#accounts.delete(account.key);
    if (!isNetwork(account.key)) return;
    const site = siteOf(account.key);
    const left = this.#sites.get(site)! - 1;
    if (left > 0) this.#sites.set(site, left);
    else this.#sites.delete(site);
  }
}

/** Its rank is the logarithm of what its balance would be at time 0: all balances fade alike, so their order never changes. The lightest is that with the least. */
interface Account extends Ranked {
  readonly key: string;
  balance: number;
  /** When it was that. */
  at: number;
}

function checked(limits: ChargeLimits): ChargeLimits {
  for (const [name, value] of Object.entries(limits)) {
    if (!(value > 0 && value < Number.POSITIVE_INFINITY))
      throw new HandfastError('BAD_ARGUMENT', `limits.charges.${name}: expected a positive number`);
  }
  return limits;
}

const isNetwork = (key: string): boolean => key[0] === '6' && key.length === 1 + NETWORK_BITS;
const siteOf = (network: string): string => network.slice(0, 1 + SITE_BITS);

export const CHARGE_DEFAULTS: ChargeLimits = { warn: 5_000, drop: 15_000, banMs: 300_000, fadeMs: 32_000 };
const MOST = 16_384;
/** What one has who has any of it: the smallest block that is given to a customer, and a common size of what a site gets. */
const NETWORK_BITS = 64;
const SITE_BITS = 48;
const NETWORKS_OF_SITE = 64;
