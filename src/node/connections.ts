/** The sessions of a node from first to last: taken in by limits and rules, handed to whoever speaks over them, seen out in peace or turned out at once, charged for their faults. */
import { HandfastError } from '../errors.ts';
import type { Millis, Refusal } from '../protocols/machine.ts';
import type { Carrier } from '../transport/carrier.ts';
import { type Clock, steady } from '../transport/clock.ts';
import { connect } from '../transport/connect.ts';
import { listen, type Server } from '../transport/listen.ts';
import type { Session } from '../transport/session.ts';
import type { BanList } from './bans/bans.ts';
import type { Charged } from './bans/charges.ts';
import { type Carriers, type Listening, tcpCarriers } from './carriers.ts';
import { Dialer } from './dialer.ts';
import { type Direction, NodeLink } from './link.ts';
import type { NodeSettings } from './options.ts';
import { type PeerSnapshot, PeerTable, snapshotOf } from './peers.ts';
import type { Sharing } from './store/sharing.ts';

/** Who speaks over the sessions, and who is told of them. No call may throw. */
export interface ConnectionsOptions {
  settings: NodeSettings;
  bans: BanList;
  /** What is shared with other processes of this identity, if anything is. */
  sharing: Sharing | undefined;
  /** A session begins, before any of its records. */
  opened(link: NodeLink): void;
  received(link: NodeLink, kind: number, body: Uint8Array): undefined | Promise<void>;
  drained(link: NodeLink): void;
  /** Answers that are still to be sent there. */
  owed(link: NodeLink): number;
  /** Nothing more comes from there; answers owed may still go out. */
  retired(link: NodeLink): void;
  /** It is gone. */
  closed(link: NodeLink): void;
  charge(subject: Charged, error: HandfastError): void;
  told(peer: PeerSnapshot): void;
  /** @param error what ended it; absent when it ended well, or another session with this peer was kept. */
  left(peer: PeerSnapshot, error: HandfastError | undefined): void;
  handshakeFailed(error: HandfastError, address: string | undefined): void;
  dialFailed(error: HandfastError, address: string, nextTryInMs: number | undefined): void;
}

interface DialTarget {
  address: string;
  peer: string | undefined;
  given: boolean;
}

export class Connections {
  readonly peers: PeerTable;
  readonly dialer: Dialer;
  readonly #options: ConnectionsOptions;
  readonly #settings: NodeSettings;
  /** For how long things take: not moved when somebody sets the clock. */
  readonly #clock: Clock;
  readonly #carriers: Carriers;
  /** Every session that is not gone, and how it was told; not told: it lost, or found no room. */
  readonly #live = new Map<NodeLink, PeerSnapshot | undefined>();
  /** Sessions on their way out are no peers any more, but they take memory until they are gone. */
  readonly #mostLive: number;
  readonly #retired = new WeakSet<NodeLink>();
  #server!: Server;
  #listening: Listening | undefined;
  #closing = false;
  /** Connections about which the store is asked. */
  #entering = 0;
  #idle: (() => void) | undefined;

  constructor(options: ConnectionsOptions) {
    const { settings } = options;
    const { core, clock, limits } = settings;
    this.#options = options;
    this.#settings = settings;
    this.#clock = steady(clock);
    this.#carriers = settings.carriers ?? tcpCarriers({ clock, listen: settings.listen });
    this.peers = new PeerTable(settings.peerLimits);
    this.#mostLive = 2 * settings.peerLimits.maxPeers + 16;
    this.dialer = new Dialer({
      clock,
      core,
      most: limits.dials,
      attempt: (target, signal) => this.#dial(target, signal),
      connected: (id) => this.peers.get(id) !== undefined,
      failed: options.dialFailed,
    });
  }

  /** As others dial it; undefined: it does not listen. */
  get address(): string | undefined {
    return this.#listening?.address;
  }

  /** Handshakes of those who dialled that are going on. */
  get halfOpen(): number {
    return this.#server?.load.halfOpen ?? 0;
  }

  /** Sessions that others see as peers. */
  snapshots(): PeerSnapshot[] {
    const known = this.peers.all();
    return known.map((link) => this.#live.get(link)!);
  }

  /** As it was told; undefined when it never was. */
  snapshotOf(link: NodeLink): PeerSnapshot | undefined {
    return this.#live.get(link);
  }

  links(): IterableIterator<NodeLink> {
    return this.#live.keys();
  }

  /** Listens, and begins to dial. @throws (by rejection) HF_LISTEN_FAILED */
  async start(): Promise<void> {
    const { settings, handshakeFailed } = this.#options;
    this.#server = await this.#serve();
    if (settings.listen || settings.carriers) {
      const accept = (carrier: Carrier): void => this.#accept(carrier);
      const failed = (cause: Error): void =>
        handshakeFailed(new HandfastError('CONNECT_FAILED', 'a connection could not be taken', { cause, blame: 'handfast' }), undefined);
      this.#listening = await this.#carriers.listen(accept, failed);
    }
    for (const { address, peer } of settings.peers) this.dialer.keep(address, peer);
  }

  /** Others are told of another life of this node from now on; sessions of the one before are seen out. */
  async renew(bootId: Uint8Array): Promise<void> {
    const { settings } = this.#options;
    settings.handshake = { ...settings.handshake, bootId };
    const before = this.#server;
    this.#server = await this.#serve();
    void before.close({ drainMs: DRAIN_MS });
    for (const link of this.#live.keys()) this.#seeOut(link, GOODBYE, this.#clock.now() + DRAIN_MS);
  }

  /** Turns a peer out: all its sessions end at once. */
  refuse(id: string, why: HandfastError): void {
    for (const link of this.#live.keys()) if (link.peer.id === id) this.#refuse(link, why);
  }

  /** Turns out whoever is banned by now. */
  refuseBanned(why: HandfastError): void {
    const { bans } = this.#options;
    for (const link of this.#live.keys()) {
      const { remoteAddress } = link.session;
      if (bans.has(link.peer.id) || (remoteAddress !== undefined && bans.has(remoteAddress))) this.#refuse(link, why);
    }
  }

  /** Takes nobody in any more, has answers that are owed sent, says goodbye to all, and waits until they are gone. */
  async close(drainMs: number): Promise<void> {
    this.#closing = true;
    const clock = this.#clock;
    const until = clock.now() + drainMs;
    const dialled = this.dialer.close();
    const unbound = this.#listening?.close();
    for (const link of this.#live.keys()) this.#seeOut(link, GOODBYE, until);
    await dialled;
    if (this.#live.size > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    await this.#server?.close({ drainMs: Math.max(0, until - clock.now()) });
    await unbound;
  }

  async #serve(): Promise<Server> {
    const { settings, bans, sharing, handshakeFailed } = this.#options;
    const server = await listen({
      ...settings.handshake,
      protocol: 'handfast',
      allow: allowOf(settings),
      bans: sharing?.bans ?? bans,
      limits: settings.limits,
      room: (peer) => (this.#live.size < this.#mostLive ? this.peers.reserve(peer.id, 'inbound') : undefined),
    });
    server.on('session', (session) => this.#open(session, 'inbound', session.remoteAddress));
    server.on('handshakeError', (error, address) => {
      this.#options.charge({ address }, error);
      handshakeFailed(error, address);
    });
    return server;
  }

  #accept(carrier: Carrier): void {
    const { bans, sharing, settings } = this.#options;
    const address = carrier.remote?.address;
    // The cheap look first. Beyond so many that wait for the store nobody waits for it: the server's own limits are stricter.
    const asks = sharing && address !== undefined && !bans.has(address) && this.#entering < (settings.limits.halfOpen ?? MOST_ENTERING);
    if (this.#closing) carrier.destroy();
    else if (!asks) this.#server.accept(carrier);
    else {
      this.#entering++;
      void sharing.enter(address).then((refused) => {
        this.#entering--;
        if (this.#closing) carrier.destroy();
        else this.#server.accept(carrier, refused);
      });
    }
  }

  /** Of what is dialled for ever one process of an identity dials each. @returns undefined: another one does. */
  async #dial({ address, peer, given }: DialTarget, signal: AbortSignal): Promise<string | undefined> {
    const { sharing } = this.#options;
    if (!given || !sharing) return this.#connect(address, peer, signal);
    if (!(await sharing.dials(address))) return undefined;
    try {
      return await this.#connect(address, peer, signal);
    } catch (error) {
      // Another one may be luckier.
      sharing.dialsNoMore(address);
      throw error;
    }
  }

  async #connect(address: string, peer: string | undefined, signal: AbortSignal): Promise<string> {
    const { settings, sharing, bans } = this.#options;
    const { handshake } = settings;
    if (peer !== undefined && bans.has(peer)) throw banned();
    const carrier = await this.#carriers.dial(address, { signal, deadlineMs: settings.limits.dialMs });
    if (signal.aborted) {
      carrier.destroy();
      throw new HandfastError('ABORTED', 'connect was cancelled', { cause: signal.reason });
    }
    const remote = carrier.remote?.address;
    if (remote !== undefined && bans.has(remote)) {
      carrier.destroy();
      throw banned();
    }
    let giveBack: (() => void) | undefined;
    let session: Session;
    try {
      session = await connect({
        ...handshake,
        protocol: 'handfast',
        stream: carrier,
        peer,
        signal,
        allow: allowOf(settings),
        bans: sharing?.bans ?? bans,
        limits: settings.limits,
        room: (proved) => {
          giveBack = this.peers.reserve(proved.id, 'outbound');
          // Given back below, so that nobody takes the place before the session has it.
          return giveBack && (() => {});
        },
      });
    } catch (error) {
      giveBack?.();
      if (error instanceof HandfastError) this.#options.charge({ address: remote }, error);
      throw error;
    }
    giveBack?.();
    if (handshake !== settings.handshake) {
      void session.close({ refusal: GOODBYE });
      throw new HandfastError('SHUTTING_DOWN', 'the life that the other side was told of has ended', { blame: 'handfast' });
    }
    const refused = this.#open(session, 'outbound', address);
    if (refused && refused.code !== 'HF_DUPLICATE_CONNECTION') throw refused;
    return session.peer.id;
  }

  /** @returns why it has to go again, if it has. */
  #open(session: Session, direction: Direction, address: string | undefined): HandfastError | undefined {
    const { clock, limits } = this.#settings;
    const { drained, received } = this.#options;
    const link = new NodeLink({
      session,
      clock,
      direction,
      address,
      queueBytes: limits.outgoingBytes,
      received: (from, kind, body) => (this.#live.get(from) ? received(from, kind, body) : undefined),
      drained,
      peerDone: (from) => {
        this.#retire(from);
        this.#seeOut(from, FAREWELL, this.#clock.now() + DRAIN_MS);
      },
      closed: (from, error) => this.#closed(from, error),
    });
    const admitted = this.#closing ? LATE : this.peers.add(link);
    if (admitted.kept) {
      const snapshot = snapshotOf(link);
      this.#live.set(link, snapshot);
      this.#options.opened(link);
      // Plain sessions answer no requests: nobody looks for them.
      if (link.node) this.#options.sharing?.opened(link.peer.id);
      link.measure();
      if (admitted.loser) this.#refuse(admitted.loser, duplicate());
      this.#options.told(snapshot);
      this.dialer.found(link.peer.id);
    } else {
      this.#live.set(link, undefined);
      link.refuse(admitted.why);
    }
    // Told first, read then.
    process.nextTick(() => link.start());
    return admitted.kept ? undefined : admitted.why;
  }

  /** What has come already is still handed on; nothing more is sent. */
  #refuse(link: NodeLink, why: HandfastError): void {
    link.refuse(why);
    this.#leave(link);
  }

  /** Takes it out of the table: a new session of this peer is not judged by it. */
  #leave(link: NodeLink): void {
    const { id } = link.peer;
    if (!this.peers.remove(link) || this.peers.get(id) !== undefined) return;
    if (link.node) this.#options.sharing?.closed(id);
    this.dialer.gone(id);
  }

  #retire(link: NodeLink): void {
    if (this.#retired.has(link)) return;
    this.#retired.add(link);
    this.#leave(link);
    if (this.#live.get(link)) this.#options.retired(link);
  }

  /** Says goodbye once no answer is owed any more, at the latest at `until`. */
  #seeOut(link: NodeLink, refusal: Refusal, until: Millis): void {
    const clock = this.#clock;
    const now = clock.now();
    if (link.open && now < until && this.#options.owed(link) > 0) {
      clock.at(Math.min(until, now + OWED_MS), () => this.#seeOut(link, refusal, until));
    } else void link.close(refusal, Math.max(until - now, LEAST_DRAIN_MS));
  }

  #closed(link: NodeLink, error: HandfastError | undefined): void {
    const snapshot = this.#live.get(link);
    this.#retire(link);
    this.#live.delete(link);
    if (error) this.#options.charge(error.unproved ? { address: link.session.remoteAddress } : { id: link.peer.id }, error);
    if (snapshot) {
      this.#options.closed(link);
      this.#options.left(snapshot, error?.code === 'HF_DUPLICATE_CONNECTION' ? undefined : error);
    }
    if (this.#live.size === 0) this.#idle?.();
  }
}

function allowOf({ allow, ask }: NodeSettings): NodeSettings['ask'] | NodeSettings['allow'] {
  return ask ?? (allow.everybody ? undefined : allow);
}

const banned = (): HandfastError => new HandfastError('BANNED', 'not dialled: this side has banned it', { blame: 'caller' });
const duplicate = (): HandfastError => new HandfastError('DUPLICATE_CONNECTION', 'another session with this peer is kept');
const LATE = { kept: false, why: new HandfastError('SHUTTING_DOWN', '', { blame: 'caller' }) } as const;
const GOODBYE: Refusal = { code: 'SHUTTING_DOWN', reason: '' };
const FAREWELL: Refusal = { code: 'CLOSED', reason: '' };
/** How long answers may still be owed after the other side's CLOSE. */
const DRAIN_MS = 5_000;
const LEAST_DRAIN_MS = 1_000;
const MOST_ENTERING = 256;
/** How often it is looked whether answers are still owed. */
const OWED_MS = 50;
