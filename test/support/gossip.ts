/** Many Gossip instances in one process, joined by links that are under the test's hand; time moves by hand, and what is sent arrives when the test says so. */
import { createHash } from 'node:crypto';
import type { Core, SignedItem } from '../../src/core/core.ts';
import { Identity } from '../../src/core/identity.ts';
import type { HandfastError } from '../../src/errors.ts';
import { Gossip, type GossipOptions } from '../../src/node/gossip/gossip.ts';
import type { GossipLimits } from '../../src/node/gossip/limits.ts';
import type { GossipMessage } from '../../src/node/gossip/message.ts';
import type { Link } from '../../src/node/link.ts';
import type { Peer } from '../../src/protocols/machine.ts';
import { toHex } from './bytes.ts';
import { HandClock } from './clock.ts';
import type { Random } from './random.ts';
import { type Bytes, cat, envelope, tagOf, text, u64 } from './reference.ts';
import { TURNS_OF_WORK } from './turns.ts';

export const NETWORK = 'demo';

/** What one side has sent to the other. */
interface Flight {
  readonly to: TestLink;
  readonly record: Bytes;
  /** Of the record as it was sent: shared ones must never change. */
  readonly digest: string;
}

export class TestLink implements Link {
  readonly bootId = undefined;
  node = true;
  largestBody = 1_049_583;
  open = true;
  /** Says that its queue is full. */
  full = false;
  failure: HandfastError | undefined;
  /** The other end; a test that plays the other side itself leaves it away and looks at `sent`. */
  other: TestLink | undefined;
  readonly sent: Bytes[] = [];
  readonly shared: Bytes[] = [];
  readonly peer: Peer;
  readonly owner: TestNode;

  constructor(owner: TestNode, peer: Peer) {
    this.owner = owner;
    this.peer = peer;
  }

  send(kind: number, parts: readonly Bytes[]): boolean {
    return this.#send(cat([kind], ...parts));
  }

  sendShared(record: Bytes): boolean {
    if (!this.#send(record)) return false;
    this.shared.push(record);
    return true;
  }

  fail(error: HandfastError): void {
    if (!this.open) return;
    this.failure ??= error;
    this.owner.net.cut(this);
  }

  /** Records of one kind sent here, without their kind. */
  bodies(kind: number): Bytes[] {
    return this.sent.filter((record) => record[0] === kind).map((record) => record.slice(1));
  }

  #send(record: Bytes): boolean {
    if (record.length - 1 > this.largestBody) throw new Error('a record that the other side does not take');
    if (!this.open || this.full) return false;
    if (this.other) this.owner.net.fly(this, this.other, record);
    else this.sent.push(record.slice());
    return true;
  }
}

export class TestNode {
  readonly net: GossipNet;
  readonly identity: Identity;
  readonly gossip: Gossip;
  readonly links: TestLink[] = [];
  readonly messages: GossipMessage[] = [];
  /** How often each id was delivered. */
  readonly times = new Map<string, number>();
  readonly charges: { link: TestLink; error: HandfastError }[] = [];
  readonly refused = new Set<string>();

  constructor(net: GossipNet, seed: Bytes, limits: Partial<GossipLimits>, more: Partial<GossipOptions>) {
    this.net = net;
    this.identity = Identity.fromSeed(seed, { core: net.core });
    this.gossip = new Gossip({
      clock: net.clock,
      core: net.core,
      identity: this.identity,
      tag: tagOf(NETWORK),
      limits,
      allowed: (origin) => !this.refused.has(origin),
      deliver: (message) => {
        const id = toHex(message.id);
        this.times.set(id, (this.times.get(id) ?? 0) + 1);
        this.messages.push(message);
      },
      charge: (link, error) => this.charges.push({ link: link as TestLink, error }),
      defer: (run) => net.deferred.push(run),
      ...more,
    });
  }

  get peer(): Peer {
    return { id: this.identity.id, publicKey: this.identity.publicKey };
  }

  /** What the messages delivered say, as text. */
  get said(): string[] {
    return this.messages.map(({ bytes }) => Buffer.from(bytes).toString());
  }

  /** A session with somebody whom the test plays itself. */
  link(peer: Peer = stranger(this.links.length + 1)): TestLink {
    const link = new TestLink(this, peer);
    this.links.push(link);
    this.gossip.opened(link);
    return link;
  }

  /** A body arrives, in memory that is another's right after. */
  hear(link: TestLink, kind: number, body: Bytes): void {
    const slab = cat(new Uint8Array(7), body);
    this.gossip.received(link, kind, slab.subarray(7));
    slab.fill(0xee);
  }
}

export class GossipNet {
  readonly clock = new HandClock();
  readonly core: Core;
  readonly nodes: TestNode[] = [];
  readonly deferred: (() => void)[] = [];
  /** Whether a record is lost on its way. */
  loses: (from: TestLink, record: Bytes) => boolean = () => false;
  /** Records that arrived, by kind. */
  readonly arrived: number[] = [];
  #flights: Flight[] = [];

  constructor(core: Core) {
    this.core = core;
  }

  add(limits: Partial<GossipLimits> = {}, more: Partial<GossipOptions> = {}): TestNode {
    const node = new TestNode(this, seedOf(this.nodes.length + 1), limits, more);
    this.nodes.push(node);
    return node;
  }

  addMany(count: number, limits: Partial<GossipLimits> = {}): TestNode[] {
    return Array.from({ length: count }, () => this.add(limits));
  }

  connect(a: TestNode, b: TestNode): [TestLink, TestLink] {
    const ab = new TestLink(a, b.peer);
    const ba = new TestLink(b, a.peer);
    ab.other = ba;
    ba.other = ab;
    a.links.push(ab);
    b.links.push(ba);
    a.gossip.opened(ab);
    b.gossip.opened(ba);
    return [ab, ba];
  }

  cut(link: TestLink): void {
    for (const end of [link, link.other]) {
      if (!end?.open) continue;
      end.open = false;
      end.owner.gossip.closed(end);
    }
  }

  fly(from: TestLink, to: TestLink, record: Bytes): void {
    if (!this.loses(from, record)) this.#flights.push({ to, record, digest: digestOf(record) });
  }

  /** Everything sent arrives, in order, and every turn ends, until nothing happens any more. No time passes. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < TURNS_OF_WORK; ) {
      const flights = this.#flights;
      const deferred = this.deferred.splice(0);
      this.#flights = [];
      for (const { to, record, digest } of flights) {
        if (digestOf(record) !== digest) throw new Error('a record was changed after it was sent');
        if (!to.open) continue;
        this.arrived[record[0]] = (this.arrived[record[0]] ?? 0) + 1;
        to.owner.hear(to, record[0], record.subarray(1));
      }
      for (const run of deferred) run();
      // Promises of whoever publishes.
      await new Promise((resolve) => setImmediate(resolve));
      quiet = flights.length + deferred.length + this.#flights.length + this.deferred.length === 0 ? quiet + 1 : 0;
    }
  }

  async advance(ms: number, stepMs = 250): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(left, stepMs));
      await this.settle();
    }
  }

  close(): void {
    for (const { gossip } of this.nodes) gossip.close();
  }
}

/** A peer whose key nobody needs. */
export function stranger(number: number): Peer {
  const publicKey = new Uint8Array(createHash('sha256').update(`stranger ${number}`).digest());
  return { id: `stranger ${number}`, publicKey };
}

export function seedOf(number: number | string): Bytes {
  return new Uint8Array(createHash('sha256').update(`seed ${number}`).digest());
}

export interface Said {
  seed: Bytes;
  network?: string;
  sequence?: bigint;
  timestamp: number;
  topic?: string;
  payload?: Bytes | string;
  hops?: number;
}

/** The body of a BROADCAST by the second implementation, and its id. */
export function broadcastBody({ seed, network = NETWORK, sequence = 1n, timestamp, topic = 'news', payload = 'hello', hops = 16 }: Said) {
  const bytes = typeof payload === 'string' ? text(payload) : payload;
  const { body, signature, id } = envelope(seed, network, sequence, BigInt(timestamp), topic, bytes);
  return { body: cat([hops], body, signature), id };
}

/** Envelopes by the thousand whose signatures nobody will check: numbered, with 64 bytes of something behind. */
export function unsignedBody(origin: Bytes, sequence: number, timestamp: number, payload: Bytes = new Uint8Array(8)): Bytes {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, payload.length);
  return cat([16], origin, u64(BigInt(sequence)), u64(BigInt(timestamp)), [1], text('x'), length, payload, new Uint8Array(64).fill(7));
}

/** A connected random graph: a tree, and as many edges again as asked for. */
export function randomEdges(random: Random, count: number, extra: number): [number, number][] {
  const edges = new Map<string, [number, number]>();
  for (let i = 1; i < count; i++) edges.set(`${random.below(i)} ${i}`, [random.below(i), i]);
  const tree = [...edges.keys()].map((key) => key.split(' ').map(Number) as [number, number]);
  const all = new Map(tree.map((edge) => [edge.join(' '), edge]));
  while (all.size < count - 1 + extra) {
    const [a, b] = [random.below(count), random.below(count)].sort((x, y) => x - y);
    if (a !== b) all.set(`${a} ${b}`, [a, b]);
  }
  return [...all.values()];
}

/** A core that signs without work and finds every signature good but those that begin with 0; how many each call verified, and how much it has hashed. */
export function trusting(core: Core): { core: Core; batches: number[]; hashes: { count: number } } {
  const batches: number[] = [];
  const hashes = { count: 0 };
  const verifyMany = (items: readonly SignedItem[]) => {
    batches.push(items.length);
    return Uint8Array.from(items, ({ signature }) => (signature[0] === 0 ? 0 : 1));
  };
  const sign = () => new Uint8Array(64).fill(7);
  const blake2b: Core['hash']['blake2b'] = (...given) => {
    hashes.count++;
    return core.hash.blake2b(...given);
  };
  const changed = Object.create(core, {
    ed25519: { value: { ...core.ed25519, verifyMany, sign } },
    hash: { value: { ...core.hash, blake2b } },
  });
  return { core: changed, batches, hashes };
}

function digestOf(record: Bytes): string {
  return createHash('md5').update(record).digest('hex');
}
