/** Where messages may go and go on to, section 9: permissions of clients, addresses, and what a master sends on of what it was given. */
import type { Bytes } from '../../core/core.ts';
import { HandfastError } from '../../errors.ts';
import { isJsonObject, type JsonObject } from '../../wire/json.ts';
import { utf8 } from '../../wire/text.ts';
import type { OwnMessage } from '../machine.ts';
import type { HiveMindClient } from './clients.ts';
import { LIMITS } from './limits.ts';
import { type HiveMessage, readMessage } from './message.ts';

/** Why a master does not take a message of this client, or undefined when it does. Nothing of it closes a session. */
export function notAllowed(message: Pick<HiveMessage, 'msg_type' | 'payload'>, client: HiveMindClient): string | undefined {
  switch (message.msg_type) {
    case 'bus': {
      const { type } = message.payload;
      return (client.allowedTypes ?? DEFAULT_TYPES).includes(type as string) ? undefined : 'this type of bus message is not allowed';
    }
    case 'broadcast':
      return client.admin ? undefined : 'only administrators broadcast';
    case 'propagate':
      return client.canPropagate ? undefined : 'no permission to propagate';
    case 'escalate':
      return client.canEscalate ? undefined : 'no permission to escalate';
    default:
      return undefined;
  }
}

/** Why a slave does not take a message of its master. */
export function illegalFromMaster({ msg_type }: Pick<HiveMessage, 'msg_type'>): string | undefined {
  return msg_type === 'shared_bus' || msg_type === 'escalate' ? `${msg_type} comes from slaves alone` : undefined;
}

/** A node to which messages may be addressed. */
export interface Place {
  readonly siteId?: string | undefined;
  /** PEM. */
  readonly publicKey?: string | undefined;
}

/** Whether a message is for a node here: it names no site or this one, and no key or this one (as exact text, but for a final newline). */
export function isFor(
  { target_site_id, target_pubkey }: Pick<HiveMessage, 'target_site_id' | 'target_pubkey'>,
  { siteId, publicKey }: Place,
): boolean {
  return (
    (target_site_id === null || target_site_id === siteId) && (target_pubkey === null || target_pubkey.trimEnd() === publicKey?.trimEnd())
  );
}

/**
 * What a master sends on of a `broadcast`, `propagate` or `escalate` that a session received: the message inside, with the hop written into its route and the master as its source.
 * Addresses of the outer message hold where the inner one has none. @param from the peer name of who sent it. @param own the master's name.
 * @returns what `session.send` takes; undefined for what wraps no message.
 */
export function relayed(
  { bytes, meta = {} }: OwnMessage,
  from: string,
  own: string,
): { bytes: Bytes; kind: string; meta: Record<string, unknown> } | undefined {
  const inner = readMessage(bytes, LIMITS.json);
  if (inner instanceof HandfastError) return undefined;
  const outer = meta as Partial<HiveMessage>;
  const route = [...(outer.route ?? []), { source: from, targets: [from] }];
  const added: Record<string, unknown> = { route, source_peer: own };
  if (Object.keys(inner.metadata).length > 0) added.metadata = inner.metadata;
  for (const name of ['node', 'target_site_id', 'target_pubkey'] as const) {
    const value = inner[name] ?? outer[name] ?? null;
    if (value !== null) added[name] = value;
  }
  return { bytes: utf8(JSON.stringify(inner.payload)), kind: inner.msg_type, meta: added };
}

/** What a message says besides its payload: the members that say something. */
export function aboutOf({ metadata, route, node, target_site_id, target_pubkey, source_peer }: HiveMessage): Record<string, unknown> {
  const meta: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) meta.metadata = metadata;
  if (route.length > 0) meta.route = route;
  for (const [name, value] of Object.entries({ node, target_site_id, target_pubkey, source_peer })) if (value !== null) meta[name] = value;
  return meta;
}

/** The peer that a message of the bus is for: its `context.destination`. */
export function destinationOf(payload: JsonObject): string | undefined {
  const { context } = payload;
  return isJsonObject(context) && typeof context.destination === 'string' ? context.destination : undefined;
}

/** A bus payload with further members of its context; those that are there already stay unless `over` says otherwise. */
export function withContext(payload: JsonObject, under: JsonObject, over: JsonObject = {}): JsonObject {
  const context = isJsonObject(payload.context) ? payload.context : {};
  const session = isJsonObject(context.session) ? context.session : {};
  const filled = isJsonObject(under.session) ? { session: { ...under.session, ...session } } : {};
  return { ...payload, data: payload.data ?? {}, context: { ...under, ...context, ...filled, ...over } };
}

/** The last part of a path of either kind, without control characters: what a peer calls a file never says where it goes. */
export function fileNameOf(name: string): string {
  const last = name
    .split(/[/\\]/)
    .at(-1)!
    .replace(/[\p{Cc}:]/gu, '')
    .slice(0, 255);
  return /^\.*$/.test(last) ? 'file' : last;
}

const DEFAULT_TYPES: readonly string[] = ['recognizer_loop:utterance'];
