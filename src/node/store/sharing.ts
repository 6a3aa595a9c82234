/** A node that shares its state: bans, balances, attempts, requests taken, broadcasts delivered, and who has which peer. Put together here, so that a node without a store has nothing of it. */
import type { HandfastError } from '../../errors.ts';
import type { Refusal } from '../../protocols/machine.ts';
import { admissionLimits } from '../../transport/limits.ts';
import type { BanList } from '../bans/bans.ts';
import type { GossipMessage } from '../gossip/message.ts';
import type { NodeSettings } from '../options.ts';
import type { RequestOptions } from '../requests/requests.ts';
import { type Claims, SharedClaims } from './claims.ts';
import { Deliveries } from './deliveries.ts';
import { ReservedIds } from './reserved-ids.ts';
import { Routes, type RoutesOptions } from './routes.ts';
import { Shared } from './shared.ts';
import { SharedBans } from './shared-bans.ts';
import type { RequestName, RequestTaken } from './store.ts';
import { StoreLink } from './store-link.ts';

/** Of the node. No call may throw. */
export interface SharingEvents extends Pick<RoutesOptions, 'here' | 'ask' | 'check'> {
  /** Peers that this process has sessions with. */
  peers(): readonly string[];
  /** A broadcast that no other process delivers. */
  deliver(message: GossipMessage): void;
  /** A record of gossip from another process. */
  gossip(link: StoreLink, record: Uint8Array): void;
  /** Another process is asked for what this one has taken. */
  wanted(request: RequestName): void;
  /** What this process has taken of a peer's requests and not forgotten. */
  remembered(peer: string): readonly RequestTaken[];
  /** Sessions of the life before have to go; new ones are told of this one. */
  life(bootId: Uint8Array): void;
  down(why: HandfastError): void;
  up(): void;
}

export class Sharing {
  readonly bans: SharedBans;
  readonly claims: Claims;
  readonly link: StoreLink;
  readonly #shared: Shared;
  readonly #settings: NodeSettings;
  readonly #reserved: ReservedIds;
  #events: SharingEvents | undefined;
  /** Peers that came and went and of which the store is still to be told, and whether they are here now. */
  readonly #changed = new Map<string, boolean>();
  #telling = false;
  #deliveries!: Deliveries;
  #routes!: Routes;

  /**
   * Opens the store and takes over what is in it; the node's boot id becomes that of all processes of this identity.
   * @throws (by rejection) HF_STORE_UNAVAILABLE, HF_STORE_LATE, HF_STORE_REFUSED, HF_UNSUPPORTED.
   */
  static async open(settings: NodeSettings, bans: BanList): Promise<Sharing | undefined> {
    const { store, core, network, identity, clock, withoutStore: without, limits } = settings;
    if (!store) return undefined;
    const random = (): string => hex(core.random(16));
    const { handshakesPerSecond: perSecond, handshakeBurst: burst } = admissionLimits(limits);
    const rate = { perSecond, burst };
    const open = store.open.bind(store);
    const { pauseMs } = store;
    const shared = await Shared.open({ open, pauseMs, network, identity: identity.id, process: random(), clock, random, rate, without });
    const sharing = new Sharing(shared, settings, bans);
    try {
      await sharing.bans.reach(await shared.ask((opened) => opened.version()));
    } catch (error) {
      await shared.close();
      throw error;
    }
    settings.handshake.bootId = bytesOfHex(shared.life);
    return sharing;
  }

  private constructor(shared: Shared, settings: NodeSettings, bans: BanList) {
    const { clock, identity } = settings;
    this.#shared = shared;
    this.#settings = settings;
    this.bans = new SharedBans(shared, bans, clock);
    this.#reserved = new ReservedIds(shared, clock, (peer) => this.#events?.remembered(peer) ?? []);
    this.claims = new SharedClaims(shared, this.#reserved, () => this.#outdated());
    this.link = new StoreLink({ id: identity.id, publicKey: identity.publicKey }, shared);
  }

  /** Which of the processes this is: 32 hex digits. */
  get process(): string {
    return this.#shared.process;
  }

  get down(): HandfastError | undefined {
    return this.#shared.down;
  }

  begin(events: SharingEvents): void {
    const { clock } = this.#settings;
    this.#events = events;
    const { peers, deliver, gossip, wanted, life, down, up } = events;
    this.#deliveries = new Deliveries(this.#shared, clock, deliver);
    this.#routes = new Routes({ shared: this.#shared, clock, here: events.here, ask: events.ask, check: events.check });
    this.#shared.begin({
      beat: ({ version, forgotten }) => {
        if (forgotten && peers().length > 0) this.#shared.tell((store) => store.hold(peers()));
        void this.#catchUp(version);
      },
      life: (bootId) => {
        this.bans.restore();
        life(bytesOfHex(bootId));
      },
      down,
      up,
      letter: (letter) => {
        if (letter.head.kind === 'gossip') gossip(this.link, letter.body);
        else if (letter.head.kind === 'bans') {
          this.#shared.doubt();
          this.#outdated();
        } else if (letter.head.kind === 'wanted') wanted({ ...letter.head, id: BigInt(letter.head.id) });
        else this.#routes.received(letter);
      },
    });
  }

  /** Before a connection from there is looked at. @returns why it is refused at once; undefined: the node's own rules decide. */
  async enter(address: string): Promise<Refusal['code'] | undefined> {
    try {
      const entered = await this.#shared.enter(address);
      if ('refused' in entered) return entered.refused;
      await this.bans.reach(entered.version);
      return undefined;
    } catch (error) {
      return this.#shared.without.sessions === 'open' ? undefined : (error as HandfastError).codeName;
    }
  }

  /** The balance of all processes, after more points here; 0 where it cannot be known. */
  async charge(key: string, points: number, fadeMs: number): Promise<number> {
    return this.#shared.ask((store) => store.charge(key, points, fadeMs)).catch(() => 0);
  }

  /** Whether this process is the one that dials an address; every one is while the store is not to be had. */
  async dials(address: string): Promise<boolean> {
    return this.#shared.ask((store) => store.lease(`dial ${address}`)).catch(() => true);
  }

  dialsNoMore(address: string): void {
    this.#shared.tell((store) => store.yield(`dial ${address}`));
  }

  opened(peer: string): void {
    this.#held(peer, true);
    this.#routes.opened(peer);
  }

  closed(peer: string): void {
    this.#held(peer, false);
  }

  deliver(message: GossipMessage): void {
    this.#deliveries.push(message);
  }

  request(peer: string, payload: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    return this.#routes.request(peer, payload, options);
  }

  /** No more is asked of others. */
  end(why: HandfastError): void {
    this.#routes.close(why);
  }

  /** Writes what is not written yet, and leaves. Never rejects. */
  async close(): Promise<void> {
    await this.bans.written().catch(() => {});
    await this.#reserved.close();
    await this.#shared.close();
  }

  /** Told for many together, as in `Gathered`: in a storm there are many. */
  #held(peer: string, here: boolean): void {
    this.#changed.set(peer, here);
    this.#tellLater();
  }

  #tellLater(): void {
    if (this.#telling || this.#changed.size === 0) return;
    this.#telling = true;
    this.#shared.departures.next(() => {
      void this.#tellHeld().then(() => {
        this.#telling = false;
        this.#tellLater();
      });
    }, TELLING);
  }

  async #tellHeld(): Promise<void> {
    const all = [...this.#changed];
    this.#changed.clear();
    const [come, gone] = [true, false].map((wanted) => all.filter(([, is]) => is === wanted).map(([id]) => id));
    const told: Promise<void>[] = [];
    if (come.length > 0) told.push(this.#shared.ask((store) => store.hold(come)));
    if (gone.length > 0) told.push(this.#shared.ask((store) => store.release(gone)));
    // What fails is made up for: whom this process has is said anew once the store is back.
    await Promise.allSettled(told);
  }

  #outdated(): void {
    this.#shared
      .ask((store) => store.version())
      .then((version) => this.#catchUp(version))
      .catch(() => {});
  }

  async #catchUp(version: string): Promise<void> {
    this.#deliveries.again();
    try {
      await this.bans.written();
      await this.bans.reach(version);
    } catch {
      // The next beat tries again.
    }
  }
}

/** Nobody waits for it. */
const TELLING = { pauses: 8 };
const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
const bytesOfHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
