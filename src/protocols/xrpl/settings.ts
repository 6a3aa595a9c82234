/** What a caller may set on an XRPL peer, checked once and completed. */
import type { Bytes, Core } from '../../core/core.ts';
import { defaultCore } from '../../core/default.ts';
import { HandfastError } from '../../errors.ts';
import { readU32 } from '../../wire/reader.ts';
import { readAddress, readEndpoint } from './address.ts';
import type { Cluster } from './cluster.ts';
import { FEATURE_NAMES, type FeatureName, type Features } from './features.ts';
import { isServerDomain } from './grammar.ts';
import { XrplIdentity } from './identity.ts';
import { LIMITS } from './limits.ts';
import { finishedValue, type SessionValue } from './session-value.ts';
import { Slots } from './slots.ts';
import { readNodePublic } from './text-form.ts';

export interface XrplOptions {
  /** Who we are: a secp256k1 node key. */
  identity: XrplIdentity;
  /** When dialling: the node key that must answer, `n...` (`HF_UNEXPECTED_PEER` otherwise). */
  peer?: string | undefined;
  /** The chosen core by default. */
  core?: Core | undefined;
  /** The whole handshake, TLS included; 15,000 ms by default. */
  deadlineMs?: number | undefined;
  /** How far the other side's clock may differ from ours, each way; 20,000 ms by default, counted in whole seconds. */
  clockWindowMs?: number | undefined;
  /** 0 main, 1 testnet, 2 devnet. Sent, and compared with the other side's, only when it is set. */
  networkId?: number | undefined;
  /** What is enabled here; none by default, as in the reference. */
  features?: readonly FeatureName[] | undefined;
  /** Our software's name, User-Agent or Server; printable ASCII. */
  agent?: string | undefined;
  /** Whether others may publish our address; `public` by default. */
  crawl?: 'public' | 'private' | undefined;
  serverDomain?: string | undefined;
  /** Our own address as the world sees it; sent as Local-IP, and compared with what the other side says. */
  publicAddress?: string | undefined;
  /** Hashes of 32 bytes, or a function asked at each handshake. */
  ledgers?: Ledgers | (() => Ledgers | undefined) | undefined;
  /** Shared by all connections of a node. When listening, a set of the default 21 peers unless it is false; when dialling, none unless given. */
  slots?: Slots | false | undefined;
  /** Members get in without a free slot, under their names. */
  cluster?: Cluster | undefined;
  /** Node keys that are let in without a free slot, when listening. */
  reserved?: { has(id: string): boolean } | undefined;
  /** Where those go for whom there is no room: `ip:port`, the first 10 are told. */
  redirects?: readonly string[] | (() => readonly string[]) | undefined;
  /** What is sent at once on every new link. */
  start?: StartMessages | undefined;
  /** The largest payload we accept, on the wire and after decompression, up to 67,108,864 bytes; 1 MiB by default. */
  maxMessage?: number | undefined;
  /** 1 to 2^64-1; random when absent. */
  instanceCookie?: bigint | undefined;
  /** Another derivation of the value that both sides sign. */
  sessionValue?: SessionValue | undefined;
}

export interface Ledgers {
  closed: Bytes;
  previous?: Bytes | undefined;
}

/** Payloads, protobuf as the overlay defines it. */
export interface StartMessages {
  /** Of message 2, sent by both sides. */
  manifests?: Bytes | undefined;
  /** Of message 54, sent by the accepting side on links of version 2.1. */
  validatorLists?: readonly Bytes[] | undefined;
  /** Of message 56, sent by the accepting side on links of version 2.2. */
  validatorListCollections?: readonly Bytes[] | undefined;
}

export interface Settings {
  core: Core;
  identity: XrplIdentity;
  peer: string | undefined;
  deadlineMs: number;
  clockWindowMs: number;
  networkId: number | undefined;
  features: Features;
  agent: string;
  crawl: 'public' | 'private';
  serverDomain: string | undefined;
  publicAddress: Bytes | undefined;
  ledgers(): Ledgers | undefined;
  slots: Slots | undefined;
  cluster: Cluster | undefined;
  reserved: { has(id: string): boolean } | undefined;
  redirects(): readonly string[];
  start: StartMessages;
  maxMessage: number;
  instanceCookie: string;
  sessionValue: SessionValue;
  /** 32 random bytes that nobody else knows: where the numbers of pings come from. */
  pingKey: Bytes;
}

/** @throws HF_BAD_ARGUMENT that names the option. */
export function settingsOf(options: XrplOptions, role: 'initiator' | 'responder'): Settings {
  const core = options.core ?? defaultCore();
  if (!(options.identity instanceof XrplIdentity)) throw bad('identity', 'an XrplIdentity, as XrplIdentity.generate() makes one');
  if (options.peer !== undefined && readNodePublic(options.peer, core.hash)?.type !== 'secp256k1')
    throw bad('peer', 'a node public key, n...');
  const { networkId, serverDomain, crawl = 'public' } = options;
  if (networkId !== undefined) whole('networkId', networkId, 0, 0xffffffff);
  if (serverDomain !== undefined && !isServerDomain(serverDomain)) throw bad('serverDomain', 'a domain name of 4 to 128 characters');
  if (crawl !== 'public' && crawl !== 'private') throw bad('crawl', "'public' or 'private'");
  const { slots = role === 'responder' ? new Slots() : false } = options;
  if (slots !== false && !(slots instanceof Slots)) throw bad('slots', 'Slots, or false');
  const drawn = core.random(COOKIE_BYTES + PING_KEY_BYTES);
  return {
    core,
    identity: options.identity,
    peer: options.peer,
    deadlineMs: whole('deadlineMs', options.deadlineMs ?? LIMITS.deadlineMs, 1, 3_600_000),
    clockWindowMs: whole('clockWindowMs', options.clockWindowMs ?? LIMITS.clockWindowMs, 1, 86_400_000),
    networkId,
    features: featuresOf(options.features ?? NONE),
    agent: agentOf(options.agent ?? 'handfast'),
    crawl,
    serverDomain,
    publicAddress: publicAddressOf(options.publicAddress),
    ledgers: ledgersOf(options.ledgers),
    slots: slots || undefined,
    cluster: options.cluster,
    reserved: options.reserved,
    redirects: redirectsOf(options.redirects ?? NONE),
    start: startOf(options.start ?? NO_START),
    maxMessage: whole('maxMessage', options.maxMessage ?? LIMITS.message, LIMITS.ping, LIMITS.inflated),
    instanceCookie: cookieOf(drawn, options.instanceCookie),
    sessionValue: options.sessionValue ?? finishedValue,
    pingKey: drawn.subarray(COOKIE_BYTES),
  };
}

function featuresOf(names: readonly FeatureName[]): Features {
  if (names === NONE) return NO_FEATURES;
  if (!Array.isArray(names) || !names.every((name) => FEATURE_NAMES.includes(name)))
    throw bad('features', `a list of ${FEATURE_NAMES.join(', ')}`);
  return Object.fromEntries(FEATURE_NAMES.map((name) => [name, names.includes(name)])) as unknown as Features;
}

function agentOf(agent: string): string {
  if (typeof agent !== 'string' || !/^[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?$/.test(agent))
    throw bad('agent', '1 to 128 characters of printable ASCII');
  return agent;
}

function publicAddressOf(text: string | undefined): Bytes | undefined {
  if (text === undefined) return undefined;
  const address = typeof text === 'string' ? readAddress(text) : undefined;
  if (!address) throw bad('publicAddress', 'an IP address');
  return address;
}

function ledgersOf(ledgers: XrplOptions['ledgers']): Settings['ledgers'] {
  if (ledgers === undefined) return NO_LEDGERS;
  if (typeof ledgers === 'function') return () => checkedLedgers(ledgers());
  const checked = checkedLedgers(ledgers);
  return () => checked;
}

function checkedLedgers(ledgers: Ledgers | undefined): Ledgers | undefined {
  if (ledgers === undefined) return undefined;
  const isHash = (hash: unknown): boolean => hash instanceof Uint8Array && hash.length === 32;
  if (!isHash(ledgers.closed) || (ledgers.previous !== undefined && !isHash(ledgers.previous)))
    throw bad('ledgers', 'closed and previous, 32 bytes each');
  return ledgers;
}

function redirectsOf(redirects: NonNullable<XrplOptions['redirects']>): Settings['redirects'] {
  if (redirects === NONE) return NO_REDIRECTS;
  if (typeof redirects === 'function') return () => redirects().slice(0, LIMITS.redirectsSent);
  const list = [...redirects];
  for (const endpoint of list)
    if (typeof endpoint !== 'string' || !readEndpoint(endpoint))
      throw bad('redirects', 'addresses with ports, 1.2.3.4:51235 or [2001:db8::7]:51235');
  return () => list.slice(0, LIMITS.redirectsSent);
}

function startOf(start: StartMessages): StartMessages {
  if (start === NO_START) return start;
  const payloads = [start.manifests, ...(start.validatorLists ?? []), ...(start.validatorListCollections ?? [])];
  for (const payload of payloads) {
    if (payload !== undefined && !(payload instanceof Uint8Array && payload.length <= LIMITS.wirePayload))
      throw bad('start', 'payloads, bytes each');
  }
  return start;
}

function cookieOf(drawn: Bytes, cookie: bigint | undefined): string {
  if (cookie === undefined) return String((BigInt(readU32(drawn, 0)) << 32n) | BigInt(readU32(drawn, 4)) || 1n);
  if (typeof cookie !== 'bigint' || cookie < 1n || cookie > 0xffffffffffffffffn) throw bad('instanceCookie', 'a bigint from 1 to 2^64-1');
  return String(cookie);
}

function whole(name: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) throw bad(name, `an integer from ${least} to ${most}`);
  return value;
}

function bad(name: string, expected: string): HandfastError {
  return new HandfastError('BAD_ARGUMENT', `${name}: expected ${expected}`);
}

/** What most connections have: made once, not for each. */
const NONE: readonly never[] = [];
const NO_FEATURES: Features = { compr: false, ledgerreplay: false, txrr: false, vprr: false };
const NO_LEDGERS: Settings['ledgers'] = () => undefined;
const NO_REDIRECTS: Settings['redirects'] = () => NONE;
const NO_START: StartMessages = {};
const COOKIE_BYTES = 8;
const PING_KEY_BYTES = 32;
