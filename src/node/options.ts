/** What a caller may set on a node, checked once and completed. */
import type { Bytes, Core, Suite } from '../core/core.ts';
import { defaultCore } from '../core/default.ts';
import type { Identity } from '../core/identity.ts';
import { HandfastError } from '../errors.ts';
import { type HandfastOptions, settingsOf } from '../protocols/handfast/settings.ts';
import type { Peer } from '../protocols/machine.ts';
import { type Clock, systemClock } from '../transport/clock.ts';
import type { HandshakeStep } from '../transport/handshake.ts';
import { type AdmissionLimits, admissionLimits } from '../transport/limits.ts';
import type { SessionLimits } from '../transport/session.ts';
import { publicKeyOf } from '../wire/peer-id.ts';
import { parseAddress } from './address.ts';
import { AllowList } from './bans/allow.ts';
import type { ChargeLimits } from './bans/charges.ts';
import type { Carriers } from './carriers.ts';
import type { GossipLimits } from './gossip/limits.ts';
import type { PeerLimits, PeerSnapshot } from './peers.ts';
import type { HandlerLimits } from './requests/handlers.ts';
import type { RequestLimits } from './requests/requests.ts';
import type { WithoutStore } from './store/shared.ts';
import type { Store } from './store/store.ts';

/** Beyond the peers: what each part may hold. */
export type NodeLimits = { readonly [K in Exclude<keyof AdmissionLimits, 'sessions'>]?: AdmissionLimits[K] | undefined } & SessionLimits & {
    /** Bytes that may wait to be sent to one peer; 4 MiB. */
    outgoingBytes?: number | undefined;
    /** Addresses dialled at once; 8. */
    dials?: number | undefined;
    /** How long a connection may take to be there, before its handshake begins; 10,000. */
    dialMs?: number | undefined;
    /** Bans; 16,384. */
    bans?: number | undefined;
    charges?: Partial<ChargeLimits> | undefined;
    requests?: Partial<RequestLimits> | undefined;
    handlers?: Partial<HandlerLimits> | undefined;
    gossip?: Partial<GossipLimits> | undefined;
  };

/** A peer to be dialled for ever: its address, and the id that must answer. */
export type GivenPeer = string | { readonly address: string; readonly peer?: string | undefined };

export interface NodeOptions {
  /** Who we are. */
  identity: Identity;
  /** 1 to 64 bytes of UTF-8; all nodes must name the same. */
  network: string;
  /** The only one so far. */
  protocol?: 'handfast' | undefined;
  /** Where to be reached; port 0: any that is free. Absent: this node only dials. */
  listen?: { readonly host?: string | undefined; readonly port: number } | undefined;
  /** Dialled, and dialled again, for as long as the node lives. `host:port`, or with the id that must answer. */
  peers?: Iterable<GivenPeer> | undefined;
  /**
   * Who may connect, and answer: ids, or a function that is asked. Everybody when absent. Of broadcasts the origin has to be on the list too; a function is not asked for them, since they
   * come in thousands a second.
   */
  allow?: Iterable<string> | AllowList | ((peer: Peer) => boolean | Promise<boolean>) | undefined;
  maxPeers?: number | undefined;
  maxInbound?: number | undefined;
  maxOutbound?: number | undefined;
  /** Where bans are kept over restarts; in memory only when absent. */
  bansFile?: string | undefined;
  /** What this process shares with others that answer as the same identity; nothing when absent. It keeps the bans too: no `bansFile` beside it. */
  store?: Store | undefined;
  /** What goes on while the store cannot be reached; nothing that others might do too, when absent. */
  withoutStore?: WithoutStore | undefined;
  limits?: NodeLimits | undefined;
  /** Names our software to others; only ever shown. At most 64 bytes. */
  agent?: string | undefined;
  /** Closes the node. */
  signal?: AbortSignal | undefined;
  /** The largest payload accepted, 64,512 bytes to 16 MiB; 1 MiB by default. */
  maxMessage?: number | undefined;
  /** How far another clock may differ, each way; 30,000 ms. */
  clockWindowMs?: number | undefined;
  /** A whole handshake; 30,000 ms. */
  deadlineMs?: number | undefined;
  suites?: readonly Suite[] | undefined;
  /**
   * Takes what a plain session sends (DATA; dropped when absent). `bytes` is a view, valid during the call or until what it returns settles; nothing more is read from that session before that.
   * `reply` answers on the same session.
   */
  data?: ((bytes: Bytes, from: PeerSnapshot, reply: (bytes: Bytes) => Promise<void>) => void | Promise<void>) | undefined;
  /** Told of each step of each handshake. */
  onStep?: ((step: HandshakeStep) => void) | undefined;
  /** Told of the keys of all sessions: as of `connect`. */
  unsafeKeyLog?: HandfastOptions['unsafeKeyLog'];
  core?: Core | undefined;
  clock?: Clock | undefined;
  /** How others are reached; TCP by default. Given ones are always listened on. */
  carriers?: Carriers | undefined;
}

/** Options that are checked and complete. */
export interface NodeSettings {
  identity: Identity;
  network: string;
  /** Of the network: 16 bytes. */
  tag: Bytes;
  core: Core;
  clock: Clock;
  carriers: Carriers | undefined;
  listen: { host?: string | undefined; port: number } | undefined;
  peers: { address: string; peer: string | undefined }[];
  allow: AllowList;
  /** Asked instead of the list. */
  ask: ((peer: Peer) => boolean | Promise<boolean>) | undefined;
  peerLimits: PeerLimits;
  store: Store | undefined;
  withoutStore: WithoutStore;
  limits: NodeLimits & { outgoingBytes: number; dials: number; dialMs: number };
  /** As `connect` and `listen` take them. `bootId` is random, made anew for each node, or what all processes with one store say: others learn from it that they speak to another life of this id. */
  handshake: HandfastOptions & { core: Core; clock: Clock; onStep: ((step: HandshakeStep) => void) | undefined };
  data: NodeOptions['data'];
}

/** @throws HF_BAD_ARGUMENT that names the option. */
export function nodeSettings(options: NodeOptions): NodeSettings {
  if (typeof options !== 'object' || options === null) throw bad('createNode', 'an object of options');
  const { protocol = 'handfast', core = defaultCore(), clock = systemClock, identity, network, allow, limits = {} } = options;
  if (protocol !== 'handfast') throw bad('protocol', `"handfast", the one that nodes speak, not ${JSON.stringify(protocol)}`);
  const bootId = core.random(16);
  const { maxMessage, clockWindowMs, deadlineMs, suites, agent, onStep, unsafeKeyLog, data } = options;
  const shared = { identity, network, maxMessage, clockWindowMs, deadlineMs, suites, agent, core, clock, onStep, unsafeKeyLog };
  const handshake = { ...shared, node: true, bootId };
  const { tag } = settingsOf(handshake);
  const maxPeers = whole('maxPeers', options.maxPeers ?? 64, 1);
  if (data !== undefined && typeof data !== 'function') throw bad('data', 'a function');
  if (options.signal !== undefined && !(options.signal instanceof AbortSignal)) throw bad('signal', 'an AbortSignal');
  return {
    identity,
    network,
    tag,
    core,
    clock,
    carriers: options.carriers,
    listen: checkedListen(options.listen),
    peers: checkedPeers(options.peers ?? [], options.carriers !== undefined),
    allow: allow instanceof AllowList ? allow : new AllowList(typeof allow === 'function' ? undefined : allow),
    ask: typeof allow === 'function' ? allow : undefined,
    peerLimits: {
      maxPeers,
      maxInbound: whole('maxInbound', options.maxInbound ?? maxPeers, 0),
      maxOutbound: whole('maxOutbound', options.maxOutbound ?? maxPeers, 0),
    },
    store: checkedStore(options),
    withoutStore: checkedWithout(options.withoutStore ?? {}),
    limits: checkedLimits(limits),
    handshake,
    data,
  };
}

/** @throws HF_BAD_ARGUMENT */
export function checkedId(name: string, id: unknown): string {
  if (typeof id !== 'string' || !publicKeyOf(id)) throw bad(name, 'the id of a node, 12D3KooW... with 52 characters');
  return id;
}

/** @throws HF_BAD_ARGUMENT */
export function checkedAddress(name: string, address: unknown): string {
  if (typeof address !== 'string' || !parseAddress(address)) throw bad(name, `host:port, not ${shown(address)}`);
  return address;
}

function checkedLimits(limits: NodeLimits): NodeSettings['limits'] {
  if (typeof limits !== 'object' || limits === null) throw bad('limits', 'an object');
  for (const [name, value] of Object.entries(limits)) {
    if (value === undefined) continue;
    if (PARTS.includes(name)) {
      if (typeof value !== 'object' || value === null) throw bad(`limits.${name}`, 'an object');
    } else if (!NUMBERS.includes(name)) throw bad(`limits.${name}`, `one of ${[...NUMBERS, ...PARTS].join(', ')}`);
    else if (typeof value !== 'number' || !(value >= 1)) throw bad(`limits.${name}`, 'a number from 1');
  }
  const { outgoingBytes = 4 * 1024 * 1024, dials = 8, dialMs = 10_000 } = limits;
  return { ...limits, outgoingBytes, dials, dialMs };
}

function checkedStore({ store, bansFile }: NodeOptions): Store | undefined {
  if (store === undefined) return undefined;
  if (typeof store !== 'object' || store === null || typeof store.open !== 'function')
    throw bad('store', 'what redisStore or memoryStore makes');
  if (bansFile !== undefined) throw bad('bansFile', 'none beside a store, which keeps the bans');
  return store;
}

function checkedWithout(without: WithoutStore): WithoutStore {
  if (typeof without !== 'object' || without === null) throw bad('withoutStore', 'an object');
  for (const [name, value] of Object.entries(without)) {
    const words = Object.hasOwn(WITHOUT, name) ? WITHOUT[name] : undefined;
    if (!words) throw bad(`withoutStore.${name}`, `one of ${Object.keys(WITHOUT).join(', ')}`);
    if (value !== undefined && !words.includes(value)) throw bad(`withoutStore.${name}`, words.join(' or '));
  }
  return without;
}

function checkedListen(listen: NodeOptions['listen']): NodeSettings['listen'] {
  if (listen === undefined) return undefined;
  if (typeof listen !== 'object' || listen === null) throw bad('listen', 'an object { host, port }');
  const { host, port } = listen;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw bad('listen.port', 'an integer from 0 to 65535');
  if (host !== undefined && (typeof host !== 'string' || host === '')) throw bad('listen.host', 'a name or an address');
  return { host, port };
}

/** @param anyAddress carriers of the caller's own may have addresses of their own. */
function checkedPeers(peers: Iterable<GivenPeer>, anyAddress: boolean): NodeSettings['peers'] {
  if (typeof peers === 'string' || typeof Object(peers)[Symbol.iterator] !== 'function') {
    throw bad('peers', "a list of 'host:port' or { address, peer }");
  }
  return Array.from(peers, (given, i) => {
    const { address, peer } = typeof given === 'string' ? { address: given, peer: undefined } : Object(given);
    return {
      address: anyAddress && typeof address === 'string' ? address : checkedAddress(`peers[${i}]`, address),
      peer: peer === undefined ? undefined : checkedId(`peers[${i}].peer`, peer),
    };
  });
}

function whole(name: string, value: number, least: number): number {
  if (!Number.isInteger(value) || value < least) throw bad(name, `an integer from ${least}`);
  return value;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : typeof value;
}

const NUMBERS: readonly string[] = [
  ...Object.keys(admissionLimits()).filter((name) => name !== 'sessions'),
  'unreadMessages',
  'unreadBytes',
  'outgoingBytes',
  'dials',
  'dialMs',
  'bans',
];
const WITHOUT: Readonly<Record<string, readonly string[]>> = {
  sessions: ['refuse', 'open'],
  requests: ['refuse', 'handle'],
  broadcasts: ['hold', 'deliver'],
};
const PARTS: readonly string[] = ['charges', 'requests', 'handlers', 'gossip'];

function bad(name: string, expected: string): HandfastError {
  return new HandfastError('BAD_ARGUMENT', `${name}: expected ${expected}`);
}
