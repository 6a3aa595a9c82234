/** A node: who is connected, who may be, requests both ways, broadcasts. Made by `createNode`. */
import { EventEmitter } from 'node:events';
import { CODES, type CodeName, HandfastError } from '../errors.ts';
import { Kind } from '../protocols/handfast/format.ts';
import type { Cancel } from '../transport/clock.ts';
import type { AllowList } from './bans/allow.ts';
import { type Ban, BanList, type BanOptions } from './bans/bans.ts';
import { type Charged, Charges } from './bans/charges.ts';
import { isId, subjectOf } from './bans/subject.ts';
import { Connections } from './connections.ts';
import { tellNodeClose, tellNodeOpen } from './diagnostics.ts';
import type { NodeEvents } from './events.ts';
import { Gossip } from './gossip/gossip.ts';
import type { GossipMessage } from './gossip/message.ts';
import type { NodeLink } from './link.ts';
import { checkedAddress, checkedId, type NodeOptions, type NodeSettings, nodeSettings } from './options.ts';
import type { PeerSnapshot } from './peers.ts';
import { type Handler, Handlers } from './requests/handlers.ts';
import { type RequestOptions, Requests } from './requests/requests.ts';
import { type NodeStatus, Tally } from './status.ts';
import { Sharing } from './store/sharing.ts';
import type { SubscribeOptions, Subscription } from './subscription.ts';
import { Subscriptions } from './subscriptions.ts';

export type { NodeEvents, Warning } from './events.ts';

export interface ConnectToOptions {
  /** The id that must answer. */
  peer?: string | undefined;
  /** Dial again for ever, whatever happens. */
  keep?: boolean | undefined;
  /** Ends the attempt; with `keep`, all attempts until the first session. */
  signal?: AbortSignal | undefined;
}

/**
 * A node that listens, where it was told to, and dials the peers it was given.
 * @throws (by rejection) HandfastError: HF_BAD_ARGUMENT that names the option, HF_BAD_KEY, HF_LISTEN_FAILED, HF_ABORTED; with a store HF_STORE_UNAVAILABLE, HF_STORE_LATE, HF_STORE_REFUSED.
 */
export async function createNode(options: NodeOptions): Promise<Node> {
  const settings = nodeSettings(options);
  const { clock, limits } = settings;
  const { signal } = options;
  const cancelled = (): HandfastError => new HandfastError('ABORTED', 'createNode was cancelled', { cause: signal?.reason });
  if (signal?.aborted) throw cancelled();
  const bans = await BanList.open({ clock, file: options.bansFile, most: limits.bans });
  const node = new Node(settings, bans, await Sharing.open(settings, bans));
  try {
    await node.start();
    if (signal?.aborted) throw cancelled();
  } catch (error) {
    await node.close({ drainMs: 0 });
    throw error;
  }
  node.closeOn(signal);
  return node;
}

export class Node extends EventEmitter<NodeEvents> implements AsyncDisposable {
  /** `12D3KooW...` */
  readonly id: string;
  readonly network: string;
  /** Who may connect. Taking an id off it ends its sessions. */
  readonly allow: AllowList;
  readonly #settings: NodeSettings;
  readonly #bans: BanList;
  readonly #charges: Charges;
  readonly #tally: Tally;
  readonly #requests: Requests;
  readonly #handlers: Handlers;
  readonly #gossip: Gossip;
  readonly #subscriptions = new Subscriptions();
  readonly #connections: Connections;
  readonly #sharing: Sharing | undefined;
  #cancelMeasure: Cancel = () => {};
  /** Timers of the clock do not keep a process, and a node that only dials may have no socket for a while. */
  #alive: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #signal: AbortSignal | undefined;

  /** Use `createNode`. */
  constructor(settings: NodeSettings, bans: BanList, sharing?: Sharing) {
    super();
    const { identity, network, tag, allow, clock, core, limits } = settings;
    this.id = identity.id;
    this.network = network;
    this.allow = allow;
    this.#settings = settings;
    this.#bans = bans;
    this.#sharing = sharing;
    this.#tally = new Tally(clock.now());
    this.#charges = new Charges({
      clock,
      bans,
      limits: limits.charges,
      counted: (points, error) => this.#tally.charge(points, error),
      shared: sharing && ((...charged) => sharing.charge(...charged)),
    });
    this.#requests = new Requests({ clock, core, limits: limits.requests });
    this.#handlers = new Handlers({
      clock,
      limits: limits.handlers,
      claims: sharing?.claims,
      failed: (error, from, topic) => this.#tell('handlerFailed', error, from, topic),
    });
    this.#gossip = new Gossip({
      clock,
      core,
      identity,
      tag,
      limits: { sessions: settings.peerLimits.maxPeers, ...limits.gossip },
      allowed: (origin) => allow.has(origin) && !bans.has(origin),
      deliver: (message) => this.#deliver(message),
      charge: (link, error) => link.own || this.#charge({ id: link.peer.id }, error),
    });
    this.#connections = new Connections({
      settings,
      bans,
      sharing,
      opened: (link) => {
        this.#handlers.opened(link);
        this.#requests.opened(link);
        this.#gossip.opened(link);
      },
      received: (link, kind, body) => this.#received(link, kind, body),
      drained: (link) => {
        this.#handlers.drained(link);
        this.#requests.drained(link);
      },
      owed: (link) => this.#handlers.owed(link),
      retired: (link) => {
        this.#requests.closed(link);
        this.#gossip.closed(link);
      },
      closed: (link) => this.#handlers.closed(link),
      charge: (subject, error) => this.#charge(subject, error),
      told: (peer) => {
        this.#tally.opened[peer.direction]++;
        this.#tell('peer', peer);
      },
      left: (peer, error) => this.#tell('peerGone', peer, error),
      handshakeFailed: (error, address) => {
        this.#tally.count('refused', error);
        this.#tell('handshakeError', error, address);
      },
      dialFailed: (error, address, nextTryInMs) => {
        this.#tally.count('dialsFailed', error);
        this.#tell('dialFailed', error, address, nextTryInMs);
      },
    });
    bans.on('ban', (ban) => this.#banned(ban));
    bans.on('unban', (ban) => this.#tell('unban', ban));
    bans.on('writeFailed', (error) => this.#tell('bansNotWritten', error));
    allow.on('remove', this.#removed);
  }

  /** Where it listens: `host:port`; undefined when it does not. */
  get address(): string | undefined {
    return this.#connections.address;
  }

  /** Sessions there are; what each says of itself moves on as it lasts. */
  peers(): PeerSnapshot[] {
    return this.#connections.snapshots();
  }

  /** What it has seen so far, in numbers. */
  status(): NodeStatus {
    return this.#tally.status({ bans: this.#bans.size, halfOpen: this.#connections.halfOpen, core: this.#settings.core.name });
  }

  /**
   * Dials. With `keep` it dials for ever, and this waits for the first session, however many attempts it takes.
   * @param address `host:port`. @returns the peer; of a session there is already, if that is kept.
   * @throws (by rejection) HandfastError: HF_BAD_ARGUMENT, HF_CONNECT_FAILED, HF_ABORTED, HF_CLOSED, HF_NOT_CONNECTED when it ended at once, or what the handshake failed with.
   */
  async connect(address: string, { peer, keep, signal }: ConnectToOptions = {}): Promise<PeerSnapshot> {
    if (!this.#settings.carriers) checkedAddress('address', address);
    if (peer !== undefined) checkedId('peer', peer);
    const id = await this.#connections.dialer.dial({ address, peer, keep, signal });
    const found = this.#connections.snapshots().find((snapshot) => snapshot.id === id);
    if (!found) throw new HandfastError('NOT_CONNECTED', 'the session ended as soon as it had opened');
    return found;
  }

  /** Dials an address no more. A session that is there stays. @returns whether it was dialled again and again. */
  forget(address: string): boolean {
    return this.#connections.dialer.forget(address);
  }

  /**
   * Keeps an id, an address or a block of addresses out; sessions there are end at once.
   * @throws HF_BAD_ARGUMENT
   */
  ban(subject: string, options: BanOptions = {}): Ban {
    return this.#bans.ban(subject, options);
  }

  /** @returns whether it was banned. @throws HF_BAD_ARGUMENT */
  unban(subject: string): boolean {
    const found = this.#bans.unban(subject);
    this.#sharing?.bans.lifted(subject);
    return found;
  }

  bans(): Ban[] {
    return this.#bans.list();
  }

  /** Until every ban and unban so far is in the store, and so holds wherever this identity answers; at once without one. @throws (by rejection) HF_STORE_UNAVAILABLE, HF_STORE_LATE, HF_STORE_REFUSED. */
  async stored(): Promise<void> {
    await this.#sharing?.bans.stored();
  }

  /**
   * Has requests of a topic answered; an empty topic: requests that name none.
   * @returns takes the handler away again. @throws HF_BAD_ARGUMENT, also when the topic has one.
   */
  handle(topic: string, handler: Handler): () => void {
    return this.#handlers.handle(topic, handler);
  }

  /** Asks a peer. Always ends in an answer or a coded error; see `Requests.request`. */
  request(peerId: string, bytes: Uint8Array, options: RequestOptions = {}): Promise<Uint8Array> {
    if (this.#sharing) return this.#sharing.request(peerId, bytes, options);
    return this.#requests.request(peerId, bytes, options);
  }

  /**
   * Signs a message and sends it to every peer, and through them to all; best effort, nobody answers. Own subscriptions do not get it.
   * @param topic 1 to 255 bytes. @returns its id, 32 bytes.
   * @throws (by rejection) HF_BAD_ARGUMENT; HF_BUSY when too many wait to be sent; HF_CLOSED; what a signer held elsewhere throws.
   */
  broadcast(topic: string, bytes: Uint8Array): Promise<Uint8Array> {
    return this.#gossip.publish(topic, bytes);
  }

  /**
   * Broadcasts of a topic from now on, each once, as a loop takes them: `for await (const message of node.subscribe('topic'))`. Leaving the loop ends it, and so does closing the node.
   * A loop that is too slow misses the oldest; `dropped` says how many. @throws HF_BAD_ARGUMENT
   */
  subscribe(topic: string, options: SubscribeOptions = {}): Subscription {
    const subscription = this.#subscriptions.add(topic, options);
    if (this.#closing || options.signal?.aborted) subscription.end();
    return subscription;
  }

  /**
   * Sends one message without an answer (DATA), as a plain session does. @returns when it was handed to the system.
   * @throws (by rejection) HF_NOT_CONNECTED, HF_TOO_LARGE, HF_CLOSED, HF_ABORTED.
   */
  async send(peerId: string, bytes: Uint8Array, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    const link = this.#connections.peers.get(checkedId('peerId', peerId));
    if (!link) throw new HandfastError('NOT_CONNECTED', CODES.NOT_CONNECTED.meaning);
    await link.data(bytes, signal);
  }

  /** Takes nobody in any more, sends the answers it owes, says goodbye, and is gone. Never rejects. @param drainMs how long that may take; 5,000. */
  close({ drainMs = 5_000 }: { drainMs?: number | undefined } = {}): Promise<void> {
    this.#closing ??= this.#shutDown(drainMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Called by `createNode`. */
  async start(): Promise<void> {
    this.#share();
    await this.#connections.start();
    this.#alive = setInterval(() => {}, LONGEST_TIMER_MS);
    this.#measureLater();
    tellNodeOpen(this);
    if (this.address !== undefined) this.#tell('listening', this.address);
  }

  /** Called by `createNode`. */
  closeOn(signal: AbortSignal | undefined): void {
    this.#signal = signal;
    signal?.addEventListener('abort', this.#aborted, { once: true });
  }

  readonly #aborted = (): void => void this.close();

  readonly #removed = (id: string): void => this.#turnOut(id, 'UNKNOWN_NODE');

  async #shutDown(drainMs: number): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#aborted);
    this.allow.off('remove', this.#removed);
    this.#cancelMeasure();
    const why = new HandfastError('CLOSED', 'the node is closed');
    this.#requests.close(why);
    this.#sharing?.end(why);
    this.#gossip.close();
    await this.#connections.close(drainMs);
    this.#handlers.close();
    await this.#sharing?.close();
    await this.#bans.close();
    this.#subscriptions.end();
    clearInterval(this.#alive);
    tellNodeClose(this);
    this.#tell('close');
  }

  #received(link: NodeLink, kind: number, body: Uint8Array): undefined | Promise<void> {
    switch (kind) {
      case Kind.direct:
        // Once this side says goodbye, what is asked is left for the next session.
        if (!this.#closing) this.#handlers.requested(link, body);
        return undefined;
      case Kind.response:
      case Kind.error:
        this.#requests.answered(link, kind, body);
        return undefined;
      case Kind.broadcast:
      case Kind.ihave:
      case Kind.iwant:
        this.#gossip.received(link, kind, body);
        return undefined;
      case Kind.pong:
        this.#handlers.confirmed(link, body);
        return undefined;
      case Kind.data:
        return this.#data(link, body);
    }
    return undefined;
  }

  #data(link: NodeLink, body: Uint8Array): undefined | Promise<void> {
    const from = this.#connections.snapshotOf(link);
    if (!from || !this.#settings.data) return undefined;
    return this.#settings.data(body, from, (bytes) => link.data(bytes)) ?? undefined;
  }

  #share(): void {
    const [sharing, requests, gossip, connections] = [this.#sharing, this.#requests, this.#gossip, this.#connections];
    if (!sharing) return;
    sharing.begin({
      here: (peer) => connections.peers.get(peer) !== undefined,
      ask: (peer, bytes, options) => requests.request(peer, bytes, options),
      check: (peer, bytes, options) => requests.check(peer, bytes, options),
      peers: () => connections.snapshots().map(({ id }) => id),
      deliver: (message) => this.#subscriptions.push(message),
      gossip: (link, record) => gossip.received(link, record[0], record.subarray(1)),
      wanted: (request) => this.#handlers.wanted(request),
      remembered: (peer) => this.#handlers.remembered(peer),
      life: (bootId) => void connections.renew(bootId),
      down: (error) => this.#tell('storeDown', error),
      up: () => this.#tell('storeUp'),
    });
    gossip.opened(sharing.link);
  }

  #deliver(message: GossipMessage): void {
    // Which process delivers is decided among those that somebody listens in.
    if (this.#sharing) {
      if (this.#subscriptions.has(message.topic)) this.#sharing.deliver(message);
    } else this.#subscriptions.push(message);
  }

  #charge(subject: Charged, error: HandfastError): void {
    if (this.#charges.charge(subject, error) !== 'warn') return;
    const who = subject.id ?? subjectOf(subject.address!).text;
    this.#tell('warn', { subject: who, balance: this.#charges.balance(who), error });
  }

  /** An address that was banned by its charges keeps its sessions: whoever shares it and has proved who it is has done nothing. */
  #banned(ban: Ban): void {
    this.#tell('ban', ban);
    if (!ban.automatic) this.#connections.refuseBanned(refusalOf('BANNED'));
    if (isId(ban.subject)) this.#turnOut(ban.subject, 'BANNED');
  }

  #turnOut(id: string, code: CodeName): void {
    this.#requests.refuse(id, refusalOf(code));
    this.#connections.refuse(id, refusalOf(code));
    this.#handlers.forget(id);
  }

  #measureLater(): void {
    const { clock } = this.#settings;
    this.#cancelMeasure = clock.at(clock.now() + MEASURE_MS, () => {
      for (const link of this.#connections.links()) link.measure();
      this.#measureLater();
    });
  }

  /** A listener that throws must not do so in the middle of a step. */
  #tell<Name extends keyof NodeEvents>(name: Name, ...values: NodeEvents[Name]): void {
    process.nextTick(() => (this.emit as (name: string, ...values: unknown[]) => boolean).call(this, name, ...values));
  }
}

const refusalOf = (code: CodeName): HandfastError => new HandfastError(code, CODES[code].meaning, { blame: 'caller' });

/** How often the way to each peer and back is measured. */
const MEASURE_MS = 30_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
