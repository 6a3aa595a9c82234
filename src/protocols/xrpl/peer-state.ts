/** What both sides do alike once a head has been checked: what is kept of the peer, and the link that begins. */
import type { Bytes } from '../../core/core.ts';
import type { HandfastError } from '../../errors.ts';
import { broken, fault } from '../faults.ts';
import type { CarrierFacts, Millis, Opened, Output, Peer, Role, Step, Work, WorkAnswer } from '../machine.ts';
import { socketAddress } from './address.ts';
import { type CheckContext, networkTime } from './checks.ts';
import { agreedFeatures, FEATURE_NAMES } from './features.ts';
import { readLedgerHash, readUint32 } from './grammar.ts';
import type { HeadFacts } from './heads.ts';
import type { Fields } from './http-head.ts';
import type { Settings } from './settings.ts';
import { withLowS } from './signature.ts';
import type { Seat } from './slots.ts';
import { XrplTraffic } from './traffic.ts';
import type { Version } from './versions.ts';

/** A connection whose TLS stands. */
export interface Connection {
  readonly facts: CarrierFacts;
  /** The other end. */
  readonly remote: Bytes | undefined;
  readonly seat: Seat | undefined;
}

export function connectionOf(facts: CarrierFacts, seat?: Seat): Connection {
  return { facts, remote: facts.remote && socketAddress(facts.remote.address), seat };
}

export function contextOf(settings: Settings, { remote }: Connection, sessionValue: Bytes, now: Millis): CheckContext {
  return {
    core: settings.core,
    now,
    clockWindowMs: settings.clockWindowMs,
    networkId: settings.networkId,
    ownKey: settings.identity.publicKey,
    sessionValue,
    socketAddress: remote,
    publicAddress: settings.publicAddress,
  };
}

export function signWork({ core, identity }: Settings, sessionValue: Bytes): Work {
  const secretKey = identity.secretKeyFor(core);
  if (secretKey) return { op: 'secp256k1-sign', secretKey, digest: sessionValue };
  return { op: 'sign-elsewhere', signer: identity.source!, message: sessionValue };
}

/** @returns DER with low S, or why there is none. */
export function signatureOf(answer: WorkAnswer | undefined): Bytes | HandfastError {
  if (answer?.op === 'secp256k1-sign') return answer.signature;
  if (answer?.op !== 'sign-elsewhere') return broken(answer);
  return withLowS(answer.signature) ?? fault('INTERNAL', 'the key held elsewhere did not answer with a DER signature');
}

/** What our head says. */
export function ownFacts(settings: Settings, { remote }: Connection, signature: Bytes, now: Millis): HeadFacts {
  return {
    agent: settings.agent,
    crawl: settings.crawl,
    features: settings.features,
    networkId: settings.networkId,
    networkTime: networkTime(now),
    publicKey: settings.identity.id,
    signature,
    instanceCookie: settings.instanceCookie,
    serverDomain: settings.serverDomain,
    socketAddress: remote,
    publicAddress: settings.publicAddress,
    ledgers: settings.ledgers(),
  };
}

/** What the other side's head says of its ledgers, as 64 digits. A fault closes the link without a word (section 12). */
export function readLedgers(fields: Fields): { closed: string | undefined; previous: string | undefined } | { fault: HandfastError } {
  const closed = fields.get('closed-ledger');
  const previous = fields.get('previous-ledger');
  const first = closed === undefined ? undefined : readLedgerHash(closed);
  if (closed !== undefined && !first) return malformed(1);
  const second = previous === undefined ? undefined : readLedgerHash(previous);
  if (previous !== undefined && !second) return malformed(2);
  return second && !first ? malformed(3) : { closed: first && digits(first), previous: second && digits(second) };
}

function malformed(number: number): { fault: HandfastError } {
  return { fault: fault('MALFORMED', `Malformed handshake data (${number})`) };
}

function digits(hash: Bytes): string {
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A head that has passed every check. */
export interface Accepted {
  readonly connection: Connection;
  readonly fields: Fields;
  readonly version: Version;
  readonly peer: Peer;
  readonly sessionValue: Bytes;
}

/** The last steps of both sides: the link is there, and its protocol starts. */
export function protocolStart(
  settings: Settings,
  role: Role,
  accepted: Accepted,
  ledgers: { closed: string | undefined; previous: string | undefined },
  rest: Bytes,
  now: Millis,
): Output[] {
  const { connection, fields, version, peer, sessionValue } = accepted;
  const features = agreedFeatures(fields.get('x-protocol-ctl') ?? '', settings.features);
  const link = { settings, role, version, compr: features.compr, binding: sessionValue, seat: connection.seat };
  const opened: Opened = {
    peer,
    binding: sessionValue,
    info: infoOf(settings, role, accepted, FEATURE_NAMES.filter((name) => features[name]).join(','), ledgers, now),
    traffic: new XrplTraffic(link, now),
    rest,
  };
  return [done('protocol started'), { kind: 'opened', opened }];
}

/** A step that is taken and moves no bytes. */
export function done(what: string): Output {
  return { kind: 'trace', what, direction: 'done', bytes: 0 };
}

/** The step that a head leads to, told after the head itself. */
export function received<State>(what: string, bytes: number, step: Step<State>): Step<State> {
  const told: [State, ...Output[]] = [step[0], { kind: 'trace', what, direction: 'received', bytes }];
  // Not by taking the step apart, which makes a list of it twice.
  for (let i = 1; i < step.length; i++) told.push(step[i] as Output);
  return told;
}

/** The peer's state as it is known at the beginning, to show. Nothing of it but the key is proved by more than the TLS channel. */
function infoOf(
  settings: Settings,
  role: Role,
  { connection: { facts }, fields, version, peer }: Accepted,
  features: string,
  ledgers: { closed: string | undefined; previous: string | undefined },
  now: Millis,
): Opened['info'] {
  const clock = readUint32(fields.get('network-time') ?? '');
  const networkId = readUint32(fields.get('network-id') ?? '');
  const agent = fields.get(role === 'initiator' ? 'server' : 'user-agent')?.slice(0, LONGEST_SHOWN);
  const serverDomain = fields.get('server-domain');
  // A member's name is the peer's on accepted connections only.
  const clusterName = role === 'responder' ? settings.cluster?.nameOf(peer.id) : undefined;
  // Each by its name, not copied by a loop over names: that costs the engine ten times as much.
  const info: Record<string, string | number | boolean> = {
    protocolVersion: version,
    direction: role === 'initiator' ? 'outbound' : 'inbound',
  };
  if (agent !== undefined) info.agent = agent;
  info.features = features;
  if (networkId !== undefined) info.networkId = networkId;
  if (clock !== undefined) info.clockOffsetS = clock - networkTime(now);
  info.crawl = fields.get('crawl')?.toLowerCase() === 'public';
  if (serverDomain !== undefined) info.serverDomain = serverDomain;
  if (ledgers.closed !== undefined) info.closedLedger = ledgers.closed;
  if (ledgers.previous !== undefined) info.previousLedger = ledgers.previous;
  if (clusterName !== undefined) info.clusterName = clusterName;
  info.cluster = settings.cluster?.has(peer.id) ?? false;
  if (facts.tls) {
    info.tlsVersion = facts.tls.version;
    info.cipher = facts.tls.cipher;
  }
  return info;
}

const LONGEST_SHOWN = 128;
