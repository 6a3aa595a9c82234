/**
 * Gossip of a node, section 7 of docs/protocols/handfast.md: signed messages spread from session to session, are delivered once, and are asked for where they did not come.
 *
 * An envelope's way: checked for what is cheap, hashed where it lies, copied into a block if it is new; a turn's signatures verified by one call; then patched with its new hops in place and
 * handed to all sessions as the record it already is.
 */
import type { Core } from '../../core/core.ts';
import type { Identity } from '../../core/identity.ts';
import { HandfastError } from '../../errors.ts';
import {
  AT,
  type BroadcastShape,
  countIds,
  GOSSIP,
  ID_BYTES,
  messageDigest,
  readBroadcast,
  SIGNATURE_BYTES,
  signedPrefix,
} from '../../protocols/handfast/envelope.ts';
import { Kind } from '../../protocols/handfast/format.ts';
import type { Cancel, Clock } from '../../transport/clock.ts';
import { peerIdOf } from '../../wire/peer-id.ts';
import type { Link } from '../link.ts';
import { type GossipLimits, gossipLimits } from './limits.ts';
import { type GossipMessage, ReceivedMessage } from './message.ts';
import { Publisher } from './publisher.ts';
import { ITSELF, SeenSet } from './seen.ts';
import type { GossipSession } from './session.ts';
import { Spreading } from './spreading.ts';
import { type Pending, Waiting } from './waiting.ts';

export interface GossipOptions {
  clock: Clock;
  core: Core;
  identity: Identity;
  /** The network's, 16 bytes. */
  tag: Uint8Array;
  limits?: Partial<GossipLimits>;
  /** Whether messages of this origin are delivered and passed on: allow list and bans. */
  allowed(origin: string): boolean;
  /** Called once for each message of others. */
  deliver(message: GossipMessage): void;
  /** A session sent a bad signature. */
  charge(link: Link, error: HandfastError): void;
  /** Puts off `run` to the end of this turn of the event loop; setImmediate by default. */
  defer?(run: () => void): void;
}

/** What gossip holds, to be shown and tested. */
export interface GossipUse {
  seen: number;
  origins: number;
  stored: number;
  storedBytes: number;
  waiting: number;
  waitingBytes: number;
  wanted: number;
}

export class Gossip {
  readonly #options: GossipOptions;
  readonly #prefix: Uint8Array;
  readonly #seen: SeenSet;
  readonly #waiting: Waiting;
  readonly #spreading: Spreading;
  readonly #publisher: Publisher;
  /** What is hashed: the prefix, and the part of an envelope that is signed. */
  readonly #parts: [Uint8Array, Uint8Array];
  #deferred = false;
  #ticking: Cancel | undefined;
  #closed = false;

  constructor(options: GossipOptions) {
    const { core, clock, identity } = options;
    this.#options = options;
    const limits = gossipLimits(core, options.limits);
    this.#prefix = signedPrefix(options.tag);
    this.#parts = [this.#prefix, NO_BYTES];
    this.#seen = new SeenSet(core, limits);
    this.#waiting = new Waiting(core, limits);
    this.#spreading = new Spreading({ core, clock, limits, room: (session) => this.#waiting.room(session) });
    this.#publisher = new Publisher({ clock, core, identity, prefix: this.#prefix, limits });
  }

  get use(): GossipUse {
    const { size: seen, origins } = this.#seen;
    const { count: waiting, bytes: waitingBytes } = this.#waiting;
    const { size: stored, bytes: storedBytes } = this.#spreading.store;
    return { seen, origins, stored, storedBytes, waiting, waitingBytes, wanted: this.#spreading.wanted };
  }

  /**
   * Signs a message and sends it to every session. It is not delivered here. More than `publishedPerSecond` wait for their turn.
   * @param topic 1 to 255 bytes of text. @param payload copied before this returns. @returns the message id, 32 bytes.
   * @throws HF_BAD_ARGUMENT; HF_BUSY when too many wait already; HF_CLOSED; what a signer held elsewhere throws.
   */
  async publish(topic: string, payload: Uint8Array): Promise<Uint8Array> {
    const { digest, whole } = await this.#publisher.build(topic, payload);
    if (this.#closed) throw closedError();
    const room = this.#spreading.store.room(whole.length, this.#options.clock.precise());
    room.set(whole);
    this.#spreading.spread(digest, recordOf(room, GOSSIP.hops), NOBODY, 'all');
    this.#tick();
    return digest.slice(0, ID_BYTES);
  }

  /** A session has begun. Only sessions between nodes take part. */
  opened(link: Link): void {
    if (this.#closed || !link.node || this.#spreading.sessionOf(link)) return;
    this.#spreading.opened(link, this.#seen.takePlace());
    this.#tick();
  }

  /** A session is over. What it sent and was not verified yet still is. */
  closed(link: Link): void {
    const session = this.#spreading.sessionOf(link);
    if (!session) return;
    this.#spreading.closed(session);
    this.#seen.leavePlace(session.place);
  }

  /** A BROADCAST, IHAVE or IWANT came. @param body valid during the call. */
  received(link: Link, kind: number, body: Uint8Array): void {
    if (this.#closed) return;
    const session = this.#spreading.sessionOf(link);
    if (!session) {
      if (!link.node) link.fail(new HandfastError('OUT_OF_TURN', 'gossip on a session where not both sides are nodes'));
      return;
    }
    if (kind === Kind.broadcast) this.#broadcast(session, body);
    else this.#listed(session, kind, body);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ticking?.();
    this.#spreading.close();
    this.#publisher.close(closedError());
  }

  /** IHAVE or IWANT. */
  #listed(session: GossipSession, kind: number, body: Uint8Array): void {
    const count = countIds(body);
    if (count === 0) session.link.fail(new HandfastError('MALFORMED', `a list of ids that is not 1 to ${GOSSIP.ids} of them`));
    else if (kind === Kind.iwant) this.#spreading.asked(session, body, count);
    else this.#spreading.announced(session, body, count, (at) => this.#seen.has(body, at) || this.#waiting.announced(session, body, at));
  }

  /** The checks of section 7, cheap ones first; what fails one is dropped without a word unless it is the session's fault alone; what finds no budget is asked for later. */
  #broadcast(session: GossipSession, body: Uint8Array): void {
    const { clock, core, identity, allowed } = this.#options;
    const shape = readBroadcast(body);
    if (!shape) {
      session.link.fail(new HandfastError('MALFORMED', 'a BROADCAST that has not its shape'));
      return;
    }
    if (sameKey(body, identity.publicKey) && !session.link.own) return;
    const age = clock.now() - shape.timestamp;
    if (age > GOSSIP.pastMs || age < -GOSSIP.aheadMs) return;
    const reads = session.reads(body, AT.origin, clock.precise());
    if (!reads && !session.remembers()) return;
    this.#parts[1] = body.subarray(AT.envelope, shape.signatureAt);
    const digest = messageDigest(core, this.#parts);
    this.#parts[1] = NO_BYTES;
    const pending = this.#waiting.find(digest);
    if (this.#seen.has(digest)) {
      this.#spreading.has(session, digest);
      return;
    }
    const paid = this.#spreading.paid(session, digest);
    if (pending) {
      if (paid || reads) this.#waiting.copy(pending, session, hopsOf(shape), body.subarray(shape.signatureAt));
      else this.#spreading.late(session, digest, body, AT.origin);
      return;
    }
    const number = paid ? session.numberOf(body, AT.origin) : reads ? session.read(body, AT.origin) : NOT_READ;
    const place = sameKey(body, session.link.peer.publicKey) ? ITSELF : session.place;
    if (!this.#seen.admits(body, AT.origin, shape.timestamp, place)) return;
    const origin = this.#seen.textOf(body, AT.origin) ?? peerIdOf(body.subarray(AT.origin, AT.sequence));
    if (origin !== identity.id && !allowed(origin)) this.#spreading.unwanted(digest);
    else if (number === NOT_READ || !this.#take(session, number, body, shape, digest))
      this.#spreading.late(session, digest, body, AT.origin);
  }

  /**
   * Copies a new envelope, the one time that it is copied, and has it wait. It is verified where it then lies, not in the slab that it came in: the slab is recycled before the turn's call, and
   * what is signed begins with a prefix that is not on the wire. @param number of its origin in the session. @returns false: there is no room.
   */
  #take(session: GossipSession, number: number, body: Uint8Array, shape: BroadcastShape, digest: Uint8Array): boolean {
    const length = PREFIX_BYTES + body.length - AT.envelope;
    if (!this.#waiting.admits(session, number, length)) return false;
    const whole = this.#spreading.store.room(length, this.#options.clock.precise());
    whole.set(this.#prefix);
    whole.set(body.subarray(AT.envelope), PREFIX_BYTES);
    const { timestamp, topicLength } = shape;
    this.#waiting.add({
      digest,
      whole,
      timestamp,
      topicLength,
      session,
      hops: hopsOf(shape),
      origin: number,
      senders: [session],
      holders: [session],
      others: [],
    });
    this.#later();
    return true;
  }

  #later(): void {
    if (this.#deferred || this.#waiting.count === 0) return;
    this.#deferred = true;
    (this.#options.defer ?? setImmediate)(() => {
      this.#deferred = false;
      if (this.#closed) return;
      try {
        this.#verify();
      } finally {
        this.#later();
      }
    });
  }

  /** The signatures of a turn, by one call. */
  #verify(): void {
    const batch = this.#waiting.take();
    const items = batch.map(({ whole }) => ({
      signature: whole.subarray(whole.length - SIGNATURE_BYTES),
      message: whole.subarray(0, whole.length - SIGNATURE_BYTES),
      publicKey: whole.subarray(PREFIX_BYTES, PREFIX_BYTES + 32),
    }));
    const valid = this.#options.core.ed25519.verifyMany(items);
    const messages: GossipMessage[] = [];
    for (let i = 0; i < batch.length; i++) {
      const pending = batch[i];
      if (valid[i] === 1) this.#accept(pending, messages);
      else this.#refuse(pending);
    }
    this.#tick();
    deliverAll(messages, (message) => {
      if (!this.#closed) this.#options.deliver(message);
    });
  }

  #accept(pending: Pending, messages: GossipMessage[]): void {
    this.#waiting.settle(pending);
    const { digest, whole, timestamp, topicLength, session, hops } = pending;
    const place = sameKey(whole, session.link.peer.publicKey, PREFIX_BYTES) ? ITSELF : session.place;
    if (!this.#seen.add(digest, whole, PREFIX_BYTES, timestamp, place)) {
      this.#spreading.unwanted(digest);
      return;
    }
    const origin = this.#seen.textOf(whole, PREFIX_BYTES)!;
    const record = recordOf(whole, Math.max(0, hops - 1));
    // What another process of this identity sent goes on from here too, and is nothing new to it.
    if (origin !== this.#options.identity.id) messages.push(new ReceivedMessage(digest, record, topicLength, origin, timestamp));
    this.#spreading.spread(digest, record, pending.holders, hops > 0 ? 'some' : 'none');
  }

  /** All who sent this signature are charged; a copy with another one gets its turn. */
  #refuse(pending: Pending): void {
    const { senders } = pending;
    if (!this.#waiting.retry(pending)) this.#waiting.settle(pending);
    for (const { link } of senders)
      this.#options.charge(link, new HandfastError('INVALID_SIGNATURE', 'a broadcast whose signature does not match'));
  }

  /** Once a second, as long as there is something to tell or to forget. */
  #tick(): void {
    if (this.#ticking || this.#closed || (this.#seen.size === 0 && this.#seen.origins === 0 && this.#spreading.store.bytes === 0)) return;
    const { clock } = this.#options;
    this.#ticking = clock.at(clock.now() + TICK_MS, () => {
      this.#ticking = undefined;
      this.#spreading.announce();
      this.#seen.forget(clock.now());
      this.#tick();
    });
  }
}

/**
 * Turns prefix and envelope, whose prefix has done its service, into the record that is sent: kind and hops are written where the last two bytes of the prefix were.
 */
function recordOf(whole: Uint8Array, hops: number): Uint8Array {
  const record = whole.subarray(PREFIX_BYTES - 2);
  record[0] = Kind.broadcast;
  record[1] = hops;
  return record;
}

/** Ids are public: nothing is given away by how long it takes. */
function sameKey(bytes: Uint8Array, key: Uint8Array, at: number = AT.origin): boolean {
  for (let i = 0; i < key.length; i++) if (bytes[at + i] !== key[i]) return false;
  return true;
}

/** One that throws keeps none from the others. */
function deliverAll(messages: readonly GossipMessage[], deliver: (message: GossipMessage) => void): void {
  for (let i = 0; i < messages.length; i++) {
    try {
      deliver(messages[i]);
    } catch (error) {
      deliverAll(messages.slice(i + 1), deliver);
      throw error;
    }
  }
}

function hopsOf({ hops }: BroadcastShape): number {
  return Math.min(hops, GOSSIP.hops);
}

function closedError(): HandfastError {
  return new HandfastError('CLOSED', 'gossip has ended: nothing more is sent');
}

const TICK_MS = 1000;
const PREFIX_BYTES = 37;
/** Instead of an origin's number. */
const NOT_READ = -1;
const NOBODY: readonly GossipSession[] = [];
const NO_BYTES = new Uint8Array(0);
