/** The live sessions of a node: how many there may be, and which of two with the same peer is kept. */
import { HandfastError } from '../errors.ts';
import type { Millis, Peer } from '../protocols/machine.ts';
import type { MessageCount, SessionInfo } from '../transport/session.ts';
import type { Direction, NodeLink } from './link.ts';

export interface PeerLimits {
  /** Sessions at once; 64. */
  maxPeers: number;
  /** Of them, those that others dialled, and those that this node dialled; as many as `maxPeers`. */
  maxInbound: number;
  maxOutbound: number;
}

/** One session with a peer, as it is shown: made once for a session, its latency moves. */
export interface PeerSnapshot extends Peer {
  /** Where it was dialled, or came from: `host:port`. */
  readonly address: string | undefined;
  readonly direction: Direction;
  readonly since: Millis;
  /** What was agreed: version, suite, the other side's software. */
  readonly info: SessionInfo;
  /** Milliseconds to the other side and back, as last measured. */
  readonly latencyMs: number | undefined;
  /** Records that came and that were sent so far: requests, answers, broadcasts, data; their bytes. */
  readonly received: MessageCount;
  readonly sent: MessageCount;
}

/** What came of a session that opened. */
export type Admitted =
  /** It is there. `loser`: the older one with this peer, which has to go. */
  | { kept: true; loser: NodeLink | undefined }
  /** It has to go: another one with this peer is kept, or there is no room. */
  | { kept: false; why: HandfastError };

export class PeerTable {
  readonly #limits: PeerLimits;
  /** Sessions of one id: one that is let in must not take all places. */
  readonly #ofOne: number;
  /** Of each id the newest comes last. Nodes have one session, plain peers several. */
  readonly #links = new Map<string, NodeLink[]>();
  readonly #count = { inbound: 0, outbound: 0 };
  readonly #reserved = { inbound: 0, outbound: 0 };

  constructor(limits: PeerLimits) {
    this.#limits = limits;
    this.#ofOne = Math.max(LEAST_OF_ONE, Math.floor(limits.maxPeers / 4));
  }

  /** Sessions. */
  get size(): number {
    return this.#count.inbound + this.#count.outbound;
  }

  /** The newest session with a peer. */
  get(id: string): NodeLink | undefined {
    return this.#links.get(id)?.at(-1);
  }

  of(id: string): readonly NodeLink[] {
    return this.#links.get(id) ?? NONE;
  }

  all(): NodeLink[] {
    return [...this.#links.values()].flat();
  }

  /** Takes room for a session that is about to open. A second one with a node counts for nothing while it is settled which is kept. @returns what gives it back; undefined: there is none. */
  reserve(id: string, direction: Direction): (() => void) | undefined {
    if (this.#links.get(id)?.some((link) => link.node)) return () => {};
    if (!this.#fits(id, direction)) return undefined;
    this.#reserved[direction]++;
    return () => void this.#reserved[direction]--;
  }

  /**
   * Takes in a session that has opened. Of two with one node the one with the greater sum of both proofs' timestamps is kept or, if equal, the one with the greater binding:
   * both sides have the same numbers, so both choose alike.
   */
  add(link: NodeLink): Admitted {
    const links = this.#links.get(link.peer.id) ?? [];
    const rival = link.node ? links.find((other) => other.node) : undefined;
    if (rival && !surpasses(link, rival)) {
      return { kept: false, why: new HandfastError('DUPLICATE_CONNECTION', 'another session with this peer is kept') };
    }
    if (rival) this.remove(rival);
    else if (!this.#fits(link.peer.id, link.direction)) {
      return { kept: false, why: new HandfastError('TOO_MANY_CONNECTIONS', 'no room for one more session', { blame: 'handfast' }) };
    }
    const now = this.#links.get(link.peer.id);
    if (now) now.push(link);
    else this.#links.set(link.peer.id, [link]);
    this.#count[link.direction]++;
    return { kept: true, loser: rival };
  }

  /** @returns whether it was there. */
  remove(link: NodeLink): boolean {
    const links = this.#links.get(link.peer.id);
    const at = links?.indexOf(link) ?? -1;
    if (!links || at < 0) return false;
    links.splice(at, 1);
    if (links.length === 0) this.#links.delete(link.peer.id);
    this.#count[link.direction]--;
    return true;
  }

  #fits(id: string, direction: Direction): boolean {
    if (this.of(id).length >= this.#ofOne) return false;
    const { maxPeers, maxInbound, maxOutbound } = this.#limits;
    const reserved = this.#reserved.inbound + this.#reserved.outbound;
    const limit = direction === 'inbound' ? maxInbound : maxOutbound;
    return this.size + reserved < maxPeers && this.#count[direction] + this.#reserved[direction] < limit;
  }
}

/** Shows a link; what moves is read when it is asked for. */
export function snapshotOf(link: NodeLink): PeerSnapshot {
  const { peer, address, direction, since, session } = link;
  return {
    id: peer.id,
    publicKey: peer.publicKey,
    address,
    direction,
    since,
    info: session.info,
    get latencyMs() {
      return link.latencyMs;
    },
    get received() {
      return session.received;
    },
    get sent() {
      return session.sent;
    },
  };
}

function surpasses(link: NodeLink, other: NodeLink): boolean {
  if (link.timestampSum !== other.timestampSum) return link.timestampSum > other.timestampSum;
  return Buffer.compare(link.session.binding, other.session.binding) > 0;
}

const LEAST_OF_ONE = 4;
const NONE: readonly NodeLink[] = [];
