/**
 * What a hub does with a message of one of its clients, section 9: whether that client may say it, whom it is for among the others, and what they get. A client never says who it is: the
 * hop that is written into the route and the peer in a bus message's context are the hub's own words.
 */
import type { Bytes } from '../../core/core.ts';
import { HandfastError } from '../../errors.ts';
import { utf8 } from '../../wire/text.ts';
import type { MessageAbout, OwnMessage } from '../machine.ts';
import type { HiveMindClient } from './clients.ts';
import { isMessageKind, type MessageKind, wraps } from './kinds.ts';
import { LIMITS } from './limits.ts';
import { type HiveMessage, readJson } from './message.ts';
import { destinationOf, isFor, notAllowed, type Place, relayed, withContext } from './routing.ts';

/** A client that is connected, by the peer name that its session has. */
export interface HubMember extends Place {
  readonly peer: string;
}

export interface HubPlace extends Place {
  /** The hub's name, in `source_peer` of what it sends on. */
  readonly nodeId: string;
}

/** A message for somebody: bytes, type and addresses, as `session.send` takes them. */
export interface Routed extends MessageAbout {
  readonly kind: MessageKind;
  readonly bytes: Bytes;
}

export interface Relay {
  /** For the hub itself. */
  readonly here?: Routed | undefined;
  /** The wrapper it came in, where it came in one. */
  readonly outer?: 'broadcast' | 'propagate' | 'escalate' | undefined;
  /** For others, and for whom. */
  readonly on?: { readonly message: Routed; readonly to: readonly HubMember[] } | undefined;
}

/**
 * @param client the sender's record, undefined when it is in none any more. @param from its place among `members`.
 * @returns where the message goes, or HF_NOT_ALLOWED, HF_MALFORMED: it goes nowhere, and the session stays.
 */
export function relayOf(
  { bytes, kind = 'bus', meta = {} }: OwnMessage,
  from: HubMember,
  client: HiveMindClient | undefined,
  hub: HubPlace,
  members: Iterable<HubMember>,
): Relay | HandfastError {
  if (!client) return refused('the client is in the list no more');
  if (!isMessageKind(kind)) return refused(`a message of type ${kind}`);
  if (kind === 'bin') return { here: { kind, bytes, meta } };
  const payload = readJson(bytes, LIMITS.json, 'a payload');
  if (payload instanceof HandfastError) return payload;
  const denied = notAllowed({ msg_type: kind, payload }, client);
  if (denied) return refused(denied);
  const others = [...members].filter((member) => member !== from);
  if (kind === 'intercom') return intercom({ bytes, meta }, from, client, hub, others);
  if (!isWrapper(kind)) return { here: { kind, bytes, meta } };
  const inner = relayed({ bytes, kind, meta }, from.peer, hub.nodeId);
  if (!inner) return new HandfastError('MALFORMED', `a ${kind} with no message in it`);
  const message = inner as Routed;
  if (!GOES_ON.has(message.kind)) return refused(`a ${message.kind} inside of a ${kind}`);
  const hops = message.meta!.route as HiveMessage['route'];
  const been = beenHere(hops.slice(0, -1), from, others);
  if (been) return been;
  const said = readJson(message.bytes, LIMITS.json, 'a payload');
  if (said instanceof HandfastError) return said;
  // Inside of a wrapper as outside: what a client may not say itself, it does not say through others.
  const deniedInner = notAllowed({ msg_type: message.kind, payload: said }, client);
  if (deniedInner) return refused(deniedInner);
  const sent =
    message.kind === 'bus'
      ? { ...message, bytes: utf8(JSON.stringify(withContext(said, {}, { source: from.peer, peer: from.peer }))) }
      : message;
  const named = message.kind === 'bus' ? destinationOf(said) : undefined;
  const only = others.filter(({ peer }) => peer === named);
  const to = kind === 'escalate' ? [] : only.length > 0 ? only : audience(message, hub, others);
  return {
    outer: kind,
    ...(only.length === 0 && isFor(addressOf(message), hub) && { here: sent }),
    ...(to.length > 0 && { on: { message: sent, to } }),
  };
}

function intercom(
  { bytes, meta = {} }: OwnMessage,
  from: HubMember,
  client: HiveMindClient,
  hub: HubPlace,
  others: readonly HubMember[],
): Relay | HandfastError {
  const given: Routed = { kind: 'intercom', bytes, meta };
  const here = isFor(addressOf(given), hub) ? { here: given } : {};
  const to = audience(given, hub, others);
  if (!client.canPropagate) return 'here' in here ? here : refused('no permission to propagate');
  const hops = (meta.route ?? []) as HiveMessage['route'];
  const been = beenHere(hops, from, others);
  if (been) return been;
  const route = [...hops, { source: from.peer, targets: [from.peer] }];
  const message: Routed = { kind: 'intercom', bytes, meta: { ...meta, route, source_peer: hub.nodeId } };
  return { ...here, ...(to.length > 0 && { on: { message, to } }) };
}

/** Those that a message names by site and key. One that is sealed for a key goes to its holder alone, or to all where it is not here: the holder may be behind any of them. */
function audience(message: Routed, hub: HubPlace, others: readonly HubMember[]): readonly HubMember[] {
  const address = addressOf(message);
  const named = others.filter((member) => isFor(address, member));
  if (message.kind !== 'intercom' || address.target_pubkey === null || named.length > 0) return named;
  return isFor(address, hub) ? [] : others;
}

function beenHere(hops: HiveMessage['route'], from: HubMember, others: readonly HubMember[]): HandfastError | undefined {
  if (hops.length >= MOST_HOPS) return refused(`a message that has come over ${MOST_HOPS} hops`);
  const again = hops.some(({ source }) => source === from.peer || others.some(({ peer }) => peer === source));
  return again ? refused('a message that has been here before') : undefined;
}

function addressOf({ meta = {} }: MessageAbout): Pick<HiveMessage, 'target_site_id' | 'target_pubkey'> {
  const { target_site_id = null, target_pubkey = null } = meta as Partial<HiveMessage>;
  return { target_site_id, target_pubkey };
}

function isWrapper(kind: MessageKind): kind is 'broadcast' | 'propagate' | 'escalate' {
  return wraps(kind) && kind !== 'query' && kind !== 'cascade';
}

function refused(reason: string): HandfastError {
  return new HandfastError('NOT_ALLOWED', reason);
}

/** What may be inside of a wrapper. Not `escalate` and `shared_bus`, which nodes do not take from a master, nor what a session says for itself. */
const GOES_ON: ReadonlySet<MessageKind> = new Set([
  'bus',
  'broadcast',
  'propagate',
  'query',
  'cascade',
  'ping',
  'rendezvous',
  '3rdparty',
  'intercom',
]);
const MOST_HOPS = 16;
