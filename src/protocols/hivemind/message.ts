/** A HiveMessage, section 2: the one JSON object that everything is, read with limits and written as released peers write it. */
import type { Bytes } from '../../core/core.ts';
import { HandfastError } from '../../errors.ts';
import { isJsonObject, type JsonLimits, type JsonObject, type JsonValue, parseJson } from '../../wire/json.ts';
import { utf8 } from '../../wire/text.ts';
import { malformed } from './faults.ts';
import { jsonText } from './json-text.ts';
import { isMessageKind, type MessageKind, wraps } from './kinds.ts';

// Types, not interfaces: only these are JSON objects to the compiler.
export type Hop = {
  readonly source: string;
  readonly targets: readonly string[];
};

/** Member names are those of the wire. */
export type HiveMessage = {
  readonly msg_type: MessageKind;
  readonly payload: JsonObject;
  readonly metadata: JsonObject;
  /** Hops already taken. */
  readonly route: readonly Hop[];
  readonly node: string | null;
  readonly target_site_id: string | null;
  /** PEM text. */
  readonly target_pubkey: string | null;
  readonly source_peer: string | null;
};

/** What a message may be made of; the rest has its defaults. */
export type MessageParts = Pick<HiveMessage, 'msg_type'> & Partial<HiveMessage>;

/** @returns UTF-8 of the whole message, all members there. */
export function writeMessage(parts: MessageParts): Bytes {
  return utf8(jsonText(completed(parts)));
}

export function completed(parts: MessageParts): HiveMessage {
  return {
    msg_type: parts.msg_type,
    payload: parts.payload ?? {},
    metadata: parts.metadata ?? {},
    route: parts.route ?? [],
    node: parts.node ?? null,
    target_site_id: parts.target_site_id ?? null,
    target_pubkey: parts.target_pubkey ?? null,
    source_peer: parts.source_peer ?? null,
  };
}

/** @returns the message, or HF_MALFORMED, HF_TOO_LARGE. */
export function readMessage(bytes: Bytes, limits: JsonLimits): HiveMessage | HandfastError {
  const read = readJson(bytes, limits, 'a message');
  return read instanceof HandfastError ? read : messageOf(read, limits);
}

/** @returns the object, or HF_MALFORMED, HF_TOO_LARGE. */
export function readJson(bytes: Bytes, limits: JsonLimits, what: string): JsonObject | HandfastError {
  const read = parseJson(bytes, limits);
  if ('fault' in read) {
    return read.fault === 'too-large'
      ? new HandfastError('TOO_LARGE', `${what}: ${bytes.length} bytes, ${limits.bytes} are allowed`)
      : malformed(`${what}: ${read.fault}`);
  }
  return isJsonObject(read.value) ? read.value : malformed(`${what}: no JSON object`);
}

/** The message that an object is; in one that wraps another, the inner one is checked too. */
export function messageOf(object: JsonObject, limits: JsonLimits): HiveMessage | HandfastError {
  for (const name in object) if (!MEMBERS.has(name)) return malformed('a message with a member that there is none of');
  const kind = object.msg_type;
  if (!isMessageKind(kind)) return malformed('a message of unknown type');
  const payload = typeof object.payload === 'string' ? readJson(utf8(object.payload), limits, 'a payload') : (object.payload ?? EMPTY);
  if (payload instanceof HandfastError) return payload;
  const metadata = object.metadata ?? EMPTY;
  const route = object.route ?? [];
  if (!isJsonObject(payload) || !isJsonObject(metadata) || !isRoute(route))
    return malformed('a message whose payload, metadata or route has another shape');
  const { node = null, target_site_id = null, target_pubkey = null, source_peer = null } = object;
  for (const each of [node, target_site_id, target_pubkey, source_peer]) {
    if (each !== null && typeof each !== 'string') return malformed('a message with an address that is no text');
  }
  if (wraps(kind) && (payload.msg_type !== undefined || kind !== 'query')) {
    const inner = messageOf(payload, limits);
    if (inner instanceof HandfastError) return inner;
  }
  return { msg_type: kind, payload, metadata, route, node, target_site_id, target_pubkey, source_peer } as HiveMessage;
}

function isRoute(value: JsonValue): value is readonly JsonObject[] & readonly Hop[] {
  return (
    Array.isArray(value) &&
    value.every(
      (hop) =>
        isJsonObject(hop) &&
        typeof hop.source === 'string' &&
        Array.isArray(hop.targets) &&
        hop.targets.every((each) => typeof each === 'string'),
    )
  );
}

// The last two come from older peers and say nothing that is used.
const MEMBERS: ReadonlySet<string> = new Set([
  'msg_type',
  'payload',
  'metadata',
  'route',
  'node',
  'target_site_id',
  'target_pubkey',
  'source_peer',
  'target_peers',
  'bin_type',
]);
const EMPTY: JsonObject = Object.freeze(Object.create(null));
