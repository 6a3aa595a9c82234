/**
 * A node's end of the store: whether it is to be had, who of the processes lives, and what the node asks of it. While it is not to be had every call is refused at once, and one beat a second tries again.
 *
 * The processes of an identity are one life to others: they announce one boot id, and what one of them has taken none of the others takes again. Should the store have lost what it kept,
 * that life is over, and a new one begins: whoever asked in the old one is told so instead of being handled twice.
 */
import { HandfastError } from '../../errors.ts';
import type { Millis, Refusal } from '../../protocols/machine.ts';
import type { Cancel, Clock } from '../../transport/clock.ts';
import { addressBlock } from '../../transport/limits.ts';
import { Departures, Gathered } from './gathered.ts';
import { type Letter, readLetter } from './letters.ts';
import { BEAT_MS, type Entered, type Pulse, type Rate, RESERVED_MS, type StoreConnection, type StoreOpening } from './store.ts';

/** What goes on while the store cannot be reached. */
export interface WithoutStore {
  /** New sessions; `refuse`, since a ban of another process might be missed. */
  readonly sessions?: 'refuse' | 'open' | undefined;
  /** Requests of others; `refuse` with BUSY, since another process might handle them too. */
  readonly requests?: 'refuse' | 'handle' | undefined;
  /** Broadcasts to own subscriptions; `hold` until it is back, since another process might deliver them too. */
  readonly broadcasts?: 'hold' | 'deliver' | undefined;
}

export interface SharedOptions extends Omit<StoreOpening, 'received'> {
  readonly open: (opening: StoreOpening) => Promise<StoreConnection>;
  /** As of the store. */
  readonly pauseMs?: Millis | undefined;
  /** 16 random bytes in hex. */
  random(): string;
  readonly rate: Rate;
  readonly without: WithoutStore;
}

/** Who is told. No call may throw. */
export interface SharedEvents {
  /** It is to be had again, or there is news of it: what was put off can be done. @param forgotten what this process holds has to be said anew. */
  beat(pulse: Pulse): void;
  /** What the store kept is lost. */
  life(life: string): void;
  down(why: HandfastError): void;
  up(): void;
  letter(letter: Letter): void;
}

export class Shared {
  readonly process: string;
  readonly without: Required<WithoutStore>;
  /** Of all calls that many may want made. */
  readonly departures: Departures;
  readonly #options: SharedOptions;
  readonly #clock: Clock;
  #connection!: StoreConnection;
  #events: SharedEvents | undefined;
  #life = '';
  #why: HandfastError | undefined;
  #beating: Cancel = () => {};
  #closed = false;
  /** Until when the bans may be trusted that are known, where they are those of this version. */
  #trusted = { version: '', until: Number.NEGATIVE_INFINITY };
  /** How often that was taken back: what was asked for before is not trusted. */
  #doubts = 0;
  /** Attempts of addresses, and the version of the bans alone: whoever asks for one gets it by the same call. */
  readonly #entering: Gathered<string | undefined, { readonly waitMs: Millis; readonly version: string }>;
  /** Addresses that come too fast, and until when nobody need be asked about them. */
  readonly #waits = new Map<string, Millis>();

  /** @throws (by rejection) what the store does. */
  static async open(options: SharedOptions): Promise<Shared> {
    const shared = new Shared(options);
    const { network, identity, process, clock } = options;
    shared.#connection = await options.open({ network, identity, process, clock, received: (bytes) => shared.#received(bytes) });
    try {
      shared.#life = (await shared.#connection.beat(options.random())).life;
    } catch (error) {
      await shared.#connection.close();
      throw error;
    }
    return shared;
  }

  private constructor(options: SharedOptions) {
    const { sessions = 'refuse', requests = 'refuse', broadcasts = 'hold' } = options.without;
    this.#options = options;
    this.#clock = options.clock;
    this.process = options.process;
    this.without = { sessions, requests, broadcasts };
    this.departures = new Departures(options.clock, options.pauseMs);
    this.#entering = new Gathered(this.departures, AT_ONCE, (all) => this.#enter(all), ENTERING);
  }

  /** The boot id of all processes of this identity. */
  get life(): string {
    return this.#life;
  }

  /** Why the store cannot be reached; undefined: it can. */
  get down(): HandfastError | undefined {
    return this.#why;
  }

  begin(events: SharedEvents): void {
    this.#events = events;
    this.#beatLater();
  }

  /** Asks the store. @throws (by rejection) HF_STORE_UNAVAILABLE, HF_STORE_LATE, HF_STORE_REFUSED. */
  async ask<T>(what: (store: StoreConnection) => Promise<T>): Promise<T> {
    if (this.#why) throw this.#why;
    try {
      return await what(this.#connection);
    } catch (error) {
      const why = storeError(error);
      if (why.code !== 'HF_STORE_REFUSED') this.#down(why);
      throw why;
    }
  }

  /** As `ask`, for what need not be done: a failure is forgotten, since the next beat tells of it. */
  tell(what: (store: StoreConnection) => Promise<unknown>): void {
    this.ask(what).catch(() => {});
  }

  /** Counts an attempt of an address. @returns the store's version of the bans, or why it may not come. */
  async enter(address: string): Promise<{ version: string } | { refused: Refusal['code'] }> {
    const block = addressBlock(address);
    const now = this.#clock.precise();
    if ((this.#waits.get(block) ?? 0) > now) return { refused: 'RATE_LIMITED' };
    const { waitMs, version } = await this.#entering.ask(block);
    if (waitMs <= 0) return { version };
    if (this.#waits.size >= MOST_WAITS) this.#waits.clear();
    this.#waits.set(block, now + waitMs);
    return { refused: 'RATE_LIMITED' };
  }

  /** The store's version of the bans, as of now or later; those that are of it are trusted for a while. */
  async trust(): Promise<string> {
    return (await this.#entering.ask(undefined)).version;
  }

  /** Whether peers may be let in by the bans of that version without asking: until then a ban made elsewhere does not count as stored. */
  trusts(version: string | undefined): boolean {
    return version === this.#trusted.version && this.#clock.precise() < this.#trusted.until;
  }

  /** There is another version, or may be. */
  doubt(): void {
    this.#doubts++;
    this.#trusted.until = Number.NEGATIVE_INFINITY;
  }

  /** Never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#beating();
    await this.#connection.close();
  }

  #beatLater(): void {
    if (this.#closed) return;
    this.#beating = this.#clock.at(this.#clock.now() + BEAT_MS, () => void this.#beat());
  }

  async #beat(): Promise<void> {
    try {
      const pulse = await this.#connection.beat(this.#options.random());
      if (this.#closed) return;
      const reborn = pulse.life !== this.#life;
      this.#life = pulse.life;
      if (reborn) this.#events?.life(pulse.life);
      if (this.#why) {
        this.#why = undefined;
        this.#events?.up();
      }
      this.#events?.beat({ ...pulse, forgotten: pulse.forgotten || reborn });
    } catch (error) {
      this.#down(storeError(error));
    } finally {
      this.#beatLater();
    }
  }

  async #enter(all: readonly (string | undefined)[]): Promise<{ waitMs: Millis; version: string }[]> {
    const blocks = all.filter((block) => block !== undefined);
    const { waitsMs, version } = await this.#trusting(async (store) =>
      blocks.length === 0 ? { waitsMs: [], version: await store.trust() } : store.enter(blocks, this.#options.rate),
    );
    let entered = 0;
    return all.map((block) => ({ waitMs: block === undefined ? 0 : waitsMs[entered++], version }));
  }

  async #trusting(ask: (store: StoreConnection) => Promise<Entered>): Promise<Entered> {
    const doubts = this.#doubts;
    // The store counts from later on.
    const until = this.#clock.precise() + RESERVED_MS;
    const entered = await this.ask(ask);
    if (doubts === this.#doubts) this.#trusted = { version: entered.version, until };
    return entered;
  }

  #down(why: HandfastError): void {
    if (this.#why || this.#closed) return;
    this.#why = why;
    this.doubt();
    this.#events?.down(why);
  }

  #received(bytes: Uint8Array): void {
    const letter = this.#closed ? undefined : readLetter(bytes);
    if (letter) this.#events?.letter(letter);
  }
}

function storeError(error: unknown): HandfastError {
  if (error instanceof HandfastError) return error;
  return new HandfastError('STORE_UNAVAILABLE', `the store failed: ${String(Object(error).message ?? error)}`, { cause: error });
}

const MOST_WAITS = 4_096;
/** Scripts take some thousand values. */
const AT_ONCE = 512;
/** Whoever comes can wait better than a request: where many come, more of them are asked for at once, and their public-key work is done together. */
const ENTERING = { pauses: 4, together: true };
