/** A HiveMind master that sends on what its clients say to each other: by site, by public key and by the name of a peer, as each client's permissions allow. */
import { EventEmitter } from 'node:events';
import type { Bytes } from '../core/core.ts';
import { HandfastError } from '../errors.ts';
import { type ClientStore, type HiveMindClient, memoryClients } from '../protocols/hivemind/clients.ts';
import { LIMITS } from '../protocols/hivemind/limits.ts';
import { type HiveMessage, readJson } from '../protocols/hivemind/message.ts';
import { type HubMember, type HubPlace, type Routed, relayOf } from '../protocols/hivemind/relay.ts';
import { destinationOf, isFor } from '../protocols/hivemind/routing.ts';
import type { MessageAbout } from '../protocols/machine.ts';
import type { Session } from '../transport/session.ts';

export interface HubOptions {
  /** What each client may do: the store that `listen` has. Asked for every message, so that a change counts at once. */
  clients: ClientStore | Iterable<HiveMindClient>;
  /** The hub's name in what it sends on; `hive` by default. */
  nodeId?: string | undefined;
  /** Where the hub stands, for messages that are for one site. */
  siteId?: string | undefined;
  /** The hub's own key, PEM: what is addressed to it is for the hub. */
  publicKey?: string | undefined;
  /** Bytes that may wait to be written to one client; 4 MiB. A client that does not read loses what comes beyond it. */
  mostHeldBytes?: number | undefined;
}

/** What a client said to the hub itself, its bytes the application's to keep. */
export interface HubMessage extends Routed {
  /** The wrapper that it came in. */
  readonly outer?: 'broadcast' | 'propagate' | 'escalate' | undefined;
}

interface HubEvents {
  message: [message: HubMessage, session: Session];
  /** A message went nowhere: HF_NOT_ALLOWED, HF_MALFORMED. */
  refused: [error: HandfastError, session: Session];
  /** A message was not sent to a client that does not read what it is sent. */
  dropped: [session: Session];
  /** The client's session is over. */
  leave: [session: Session];
}

export class HiveMindHub extends EventEmitter<HubEvents> {
  readonly #clients: ClientStore;
  readonly #place: HubPlace;
  readonly #mostHeldBytes: number;
  readonly #members = new Map<HubMember, Session>();

  /** @throws HF_BAD_ARGUMENT for clients that are none. */
  constructor({ clients, nodeId = 'hive', siteId, publicKey, mostHeldBytes = MOST_HELD_BYTES }: HubOptions) {
    super();
    this.#clients = Symbol.iterator in clients ? memoryClients(clients, { weakPasswords: true }) : clients;
    this.#place = { nodeId, siteId, publicKey };
    this.#mostHeldBytes = mostHeldBytes;
  }

  /** Sessions of clients that are connected. */
  get sessions(): readonly Session[] {
    return [...this.#members.values()];
  }

  /** Takes a session of `listen`: reads its messages from now on. @returns when it is over; never rejects. @throws HF_BAD_ARGUMENT for one that is none of a HiveMind master. */
  add(session: Session): Promise<void> {
    const { peer, siteId, publicKey } = session.info;
    if (session.protocol !== 'hivemind' || typeof peer !== 'string' || session.info.admin === undefined)
      throw new HandfastError('BAD_ARGUMENT', 'add: a session that a HiveMind master has accepted');
    // What HELLO shows is a claim; the key in a client's record is not.
    const known = this.#clients.find(session.peer.id)?.publicKey;
    const member: HubMember = { peer, siteId: textOf(siteId), publicKey: known ?? textOf(publicKey) };
    this.#members.set(member, session);
    return this.#serve(member, session);
  }

  /**
   * Says something as the master: to everybody that it is for by site and key, and a `bus` message with a `context.destination` to that peer alone.
   * @returns how many clients it went to. @throws HF_BAD_ARGUMENT for a payload that is none.
   */
  send(bytes: Bytes, about: MessageAbout = {}): number {
    const { kind = 'bus', meta = {} } = about;
    const { target_site_id = null, target_pubkey = null } = meta as Partial<HiveMessage>;
    const payload = kind === 'bin' ? undefined : readJson(bytes, LIMITS.json, 'a payload');
    if (payload instanceof HandfastError) throw new HandfastError('BAD_ARGUMENT', payload.message);
    const named = kind === 'bus' && payload ? destinationOf(payload) : undefined;
    const to = [...this.#members.keys()].filter(
      (member) => isFor({ target_site_id, target_pubkey }, member) && (named === undefined || member.peer === named),
    );
    return this.#deliver({ bytes, kind, meta }, to);
  }

  async #serve(member: HubMember, session: Session): Promise<void> {
    try {
      for await (const message of session) this.#take(member, session, { bytes: message.copy(), kind: message.kind, meta: message.meta });
    } catch (cause) {
      // What ended the session is in `session.error`; anything else is a listener's.
      if (!session.error && session.writable) session.destroy(new HandfastError('INTERNAL', "a listener of the hub's failed", { cause }));
    } finally {
      this.#members.delete(member);
      process.nextTick(() => this.emit('leave', session));
    }
  }

  #take(member: HubMember, session: Session, message: { bytes: Bytes } & MessageAbout): void {
    const client = this.#clients.find(session.peer.id);
    const relay = relayOf(message, member, client, this.#place, this.#members.keys());
    if (relay instanceof HandfastError) {
      this.emit('refused', relay, session);
      return;
    }
    const { here, on, outer } = relay;
    if (on) this.#deliver(on.message, on.to);
    if (here) this.emit('message', { ...here, outer }, session);
  }

  #deliver({ bytes, kind, meta }: { bytes: Bytes } & MessageAbout, to: readonly HubMember[]): number {
    let reached = 0;
    for (const member of to) {
      const session = this.#members.get(member);
      if (!session?.writable) continue;
      if (session.heldBytes > this.#mostHeldBytes || bytes.length > session.largestPayload) {
        this.emit('dropped', session);
        continue;
      }
      // A session that ends meanwhile says so by itself.
      session.send(bytes, { kind, meta }).catch(() => {});
      reached++;
    }
    return reached;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

const MOST_HELD_BYTES = 4 * 1024 * 1024;
