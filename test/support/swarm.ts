/** Many nodes on a chaos network, and books of all that was asked, answered, broadcast and delivered: what does not add up is in `unexplained`. */
import type { Core } from '../../src/core/core.ts';
import { Identity } from '../../src/core/identity.ts';
import { HandfastError } from '../../src/errors.ts';
import { createNode, type Node } from '../../src/node/node.ts';
import type { RequestOptions } from '../../src/node/requests/requests.ts';
import { ChaosNetwork } from './chaos.ts';
import { Random } from './random.ts';

/** One life of a node: from its start to its end. */
interface Life {
  readonly name: string;
  readonly node: Node;
  /** How often each broadcast came, by id. */
  readonly delivered: Map<string, number>;
  /** How often each request was handled, by its text. */
  readonly handled: Map<string, number>;
}

interface Asked {
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly idempotent: boolean;
  /** `answered`, or the code of its error; undefined: nothing yet. */
  outcome: string | undefined;
}

export interface SwarmOptions {
  readonly core: Core;
  readonly seed: number;
  readonly size: number;
  /** Beside its neighbours on the ring, how many others each node dials. */
  readonly chords?: number;
}

export class Swarm {
  readonly network: ChaosNetwork;
  readonly random: Random;
  readonly names: readonly string[];
  /** Those that live; others follow each other in `ended`. */
  readonly lives = new Map<string, Life>();
  readonly ended: Life[] = [];
  readonly asked: Asked[] = [];
  /** Every broadcast, by id: who sent it, and what. */
  readonly sent = new Map<string, { readonly from: string; readonly text: string }>();
  /** Errors that nodes told of, by event and code. */
  readonly told = new Map<string, number>();
  readonly unexplained: string[] = [];
  readonly #core: Core;
  readonly #identities: ReadonlyMap<string, Identity>;
  readonly #names: ReadonlyMap<string, string>;
  readonly #dials: ReadonlyMap<string, readonly string[]>;
  /** How many sessions there are in the end. */
  readonly #pairs: number;
  /** Broadcasts that were begun, by text; their ids are known a moment later. */
  readonly #begun = new Map<string, string>();
  #texts = 0;

  constructor({ core, seed, size, chords = 1 }: SwarmOptions) {
    this.#core = core;
    this.network = new ChaosNetwork({ seed });
    this.random = new Random(seed, 'swarm');
    this.names = Array.from({ length: size }, (_, i) => `n${i}`);
    this.#identities = new Map(this.names.map((name) => [name, Identity.generate({ core })]));
    this.#names = new Map(this.names.map((name) => [this.id(name), name]));
    // Every tenth has more sessions than it sends each broadcast to at once.
    const others = (i: number): string[] => {
      const length = i % 10 === 0 ? Math.min(size / 2, 12) : chords;
      return Array.from({ length }, () => this.names[(i + this.random.between(2, size - 2)) % size]);
    };
    // Every third is dialled by the one that it dials, so that both have to settle on one of two sessions.
    const before = (i: number): string[] => (i % 3 === 0 ? [this.names[(i + size - 1) % size]] : []);
    this.#dials = new Map(this.names.map((name, i) => [name, [this.names[(i + 1) % size], ...before(i), ...others(i)]]));
    this.#pairs = new Set([...this.#dials].flatMap(([name, dialled]) => dialled.map((other) => [name, other].sort().join()))).size;
  }

  id(name: string): string {
    return this.#identities.get(name)!.id;
  }

  node(name: string): Node {
    return this.lives.get(name)!.node;
  }

  /** The names of those that it has sessions with. */
  peersOf(name: string): string[] {
    return this.node(name)
      .peers()
      .map(({ id }) => this.#names.get(id)!);
  }

  /** Brings a node to life, which dials those it was given for as long as it lives. */
  async start(name: string): Promise<void> {
    const node = await createNode({
      identity: this.#identities.get(name)!,
      network: 'swarm',
      core: this.#core,
      clock: this.network.clockOf(name),
      carriers: this.network.carriers(name),
      peers: this.#dials.get(name)!.map((other) => ({ address: `${other}:1`, peer: this.id(other) })),
    });
    const life: Life = { name, node, delivered: new Map(), handled: new Map() };
    this.lives.set(name, life);
    this.#watch(life);
    void this.#listen(life);
  }

  async startAll(): Promise<void> {
    for (const name of this.names) await this.start(name);
  }

  /** Ends a life: with all that a node does when it is closed, or as when its machine dies, without a word to anybody. */
  async end(name: string, how: 'closed' | 'killed'): Promise<void> {
    const life = this.lives.get(name)!;
    this.lives.delete(name);
    this.ended.push(life);
    if (how === 'killed') this.network.unplug(name);
    const closed = life.node.close(how === 'killed' ? { drainMs: 0 } : {});
    await this.network.pass(60_000, doneWhen(closed));
    await closed;
  }

  /** Asks, and writes down what came of it. */
  ask(from: string, to: string, options: RequestOptions = {}): void {
    const text = `request ${++this.#texts}`;
    const asked: Asked = { from, to, text, idempotent: options.idempotent === true, outcome: undefined };
    this.asked.push(asked);
    this.node(from)
      .request(this.id(to), encode(text), { topic: 'echo', ...options })
      .then(
        (answer) => {
          asked.outcome = 'answered';
          if (decode(answer).trimEnd() !== `${text}, answered`) this.unexplained.push(`${text}: a wrong answer`);
        },
        (error: unknown) => {
          asked.outcome = error instanceof HandfastError ? error.code : String(error);
          if (!(error instanceof HandfastError) || NEVER.has(error.code)) this.unexplained.push(`${text}: ${String(error)}`);
        },
      );
  }

  broadcast(from: string): void {
    const text = `broadcast ${++this.#texts}`;
    this.#begun.set(text, from);
    this.node(from)
      .broadcast('news', encode(text))
      .then(
        (id) => this.sent.set(hex(id), { from, text }),
        (error: unknown) => {
          if (!(error instanceof HandfastError) || error.code !== 'HF_CLOSED') this.unexplained.push(`${text}: ${String(error)}`);
        },
      );
  }

  /** Whether every living node among them reaches every other over sessions both sides know of. */
  connected(names: readonly string[] = this.names): boolean {
    const reached = new Set([names[0]]);
    for (const name of reached) {
      for (const other of this.peersOf(name)) if (names.includes(other) && this.peersOf(other).includes(name)) reached.add(other);
    }
    return reached.size === names.length;
  }

  /** What is not as it is in peace: a session for each pair that is dialled, no other connections, and every request has ended. */
  lacking(): string[] {
    const { connections } = this.network;
    const lacking: string[] = [];
    for (const [name, others] of this.#dials) {
      const peers = this.peersOf(name);
      for (const other of others) if (!peers.includes(other) || !this.peersOf(other).includes(name)) lacking.push(`${name} and ${other}`);
    }
    for (const { from, to, wire } of connections) if (!wire.whole) lacking.push(`${from} to ${to} is broken`);
    if (connections.size !== this.#pairs) lacking.push(`${connections.size} connections of ${this.#pairs}`);
    for (const { text, outcome } of this.asked) if (outcome === undefined) lacking.push(`${text} has not ended`);
    return lacking;
  }

  /** Which of these broadcasts a node among `names` has not had. */
  missing(texts: ReadonlySet<string>, names: readonly string[] = this.names): string[] {
    const missing: string[] = [];
    for (const [id, { from, text }] of this.sent) {
      if (!texts.has(text)) continue;
      for (const name of names)
        if (name !== from && !this.lives.get(name)!.delivered.has(id)) missing.push(`${text} of ${from} at ${name}`);
    }
    return missing;
  }

  /** One broadcast of each. @returns their texts. */
  broadcastFrom(names: readonly string[]): Set<string> {
    const texts = new Set<string>();
    for (const name of names) {
      this.broadcast(name);
      texts.add(`broadcast ${this.#texts}`);
    }
    return texts;
  }

  /** Closes everything. @returns what is left: nothing. */
  async finish(): Promise<Record<string, number>> {
    const closed = Promise.all([...this.lives.values()].map(({ node }) => node.close()));
    await this.network.pass(60_000, doneWhen(closed));
    await closed;
    this.network.heal();
    await this.network.pass(120_000);
    for (const life of this.lives.values()) this.ended.push(life);
    this.lives.clear();
    for (const identity of this.#identities.values()) identity.wipe();
    this.#reconcile();
    return {
      connections: this.network.connections.size,
      timers: this.network.clock.armed,
      secrets: this.#core.guarded.live,
      slabs: this.#core.slabs.leased,
    };
  }

  /** Counts of what happened, to be shown. */
  summary(): Record<string, Record<string, number>> {
    const outcomes = new Map<string, number>();
    for (const { outcome } of this.asked) count(outcomes, outcome ?? 'nothing');
    const deliveries = this.ended.reduce((sum, { delivered }) => sum + delivered.size, 0);
    return {
      network: Object.fromEntries(this.network.happened),
      requests: Object.fromEntries(outcomes),
      broadcasts: { sent: this.sent.size, delivered: deliveries },
      told: Object.fromEntries(this.told),
    };
  }

  #watch({ name, node, handled }: Life): void {
    node.on('handshakeError', (error) => this.#tell(name, 'handshakeError', error));
    node.on('dialFailed', (error) => this.#tell(name, 'dialFailed', error));
    node.on('peerGone', (_peer, error) => error && this.#tell(name, 'peerGone', error));
    // Nobody does wrong here, so nobody may be charged so much.
    node.on('ban', ({ subject, reason }) => this.unexplained.push(`${name} banned ${subject}: ${reason}`));
    node.on('warn', ({ subject, error }) => this.unexplained.push(`${name} warns of ${subject}: ${String(error)}`));
    node.handle('echo', ({ bytes, signal }) => {
      const text = decode(bytes);
      count(handled, text);
      const number = Number(text.split(' ')[1]);
      // Some are so long that others overtake them.
      const answer = encode(`${text}, answered${' '.repeat(number % 17 === 0 ? 300_000 : 0)}`);
      if (number % 10 === 0) throw new Error('a handler that fails');
      if (number % 3 > 0) return answer;
      return new Promise((resolve, reject) => {
        const { clock } = this.network;
        const cancel = clock.at(clock.now() + 10 * (number % 400), () => resolve(answer));
        signal.addEventListener('abort', () => {
          cancel();
          reject(signal.reason);
        });
      });
    });
  }

  #tell(name: string, event: string, error: HandfastError): void {
    count(this.told, `${event} ${error.code}`);
    if (NEVER.has(error.code)) this.unexplained.push(`${name} ${event}: ${String(error)} ${String(error.cause ?? '')}`);
  }

  async #listen({ name, node, delivered }: Life): Promise<void> {
    for await (const message of node.subscribe('news', { most: 1_000_000, mostBytes: 2 ** 30 })) {
      const text = decode(message.bytes);
      const from = this.#begun.get(text);
      if (from === undefined || this.id(from) !== message.origin)
        this.unexplained.push(`${name} was delivered ${text} of ${message.origin}`);
      if (from === name) this.unexplained.push(`${name} was delivered its own ${text}`);
      count(delivered, hex(message.id));
    }
  }

  /** Every request ended; each was handled at most once in a life, and in one life only unless that was said to be no matter; each broadcast was delivered at most once, and was sent. */
  #reconcile(): void {
    for (const { text, outcome, idempotent, to } of this.asked) {
      if (outcome === undefined) this.unexplained.push(`${text} never ended`);
      const runs = this.ended.map((life) => life.handled.get(text) ?? 0);
      const all = runs.reduce((sum, each) => sum + each, 0);
      if (Math.max(...runs) > 1 || (all > 1 && !idempotent))
        this.unexplained.push(`${text} was handled ${runs.filter(Boolean).join(' and ')} times`);
      if (outcome === 'answered' && all === 0) this.unexplained.push(`${text} was answered and never handled`);
      for (const life of this.ended)
        if (life.handled.has(text) && life.name !== to) this.unexplained.push(`${text} to ${to} was handled by ${life.name}`);
    }
    for (const { name, delivered } of this.ended) {
      for (const [id, times] of delivered) {
        if (times > 1) this.unexplained.push(`${name} was delivered ${this.sent.get(id)?.text ?? id} ${times} times`);
        // One that was cut short while it was signed has no id that we know, and was never sent.
        if (!this.sent.has(id)) this.unexplained.push(`${name} was delivered ${id}, which nobody sent`);
      }
    }
  }
}

/** What none of this may lead to: nobody here sends anything wrong, and the network loses bytes but changes none. */
const NEVER: ReadonlySet<string> = new Set([
  'HF_INTERNAL',
  'HF_MALFORMED',
  'HF_TOO_LARGE',
  'HF_OUT_OF_TURN',
  'HF_BAD_TAG',
  'HF_WEAK_KEY',
  'HF_INVALID_ID',
  'HF_INVALID_SIGNATURE',
  'HF_UNSUPPORTED_EXTENSION',
  'HF_WRONG_NETWORK',
  'HF_PROTOCOL_MISMATCH',
  'HF_SUITE_MISMATCH',
  'HF_SELF_CONNECTION',
  'HF_UNEXPECTED_PEER',
  'HF_BANNED',
  'HF_UNKNOWN_NODE',
  'HF_NOT_ALLOWED',
  'HF_BAD_ARGUMENT',
  'HF_BAD_KEY',
  'HF_RELEASED',
  'HF_NONCE_SPENT',
  'HF_NO_HANDLER',
  'HF_REFUSED',
  'HF_BUSY',
]);

function doneWhen(promise: Promise<unknown>): () => boolean {
  let done = false;
  const settle = (): void => {
    done = true;
  };
  promise.then(settle, settle);
  return () => done;
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const count = (counts: Map<string, number>, key: string): unknown => counts.set(key, (counts.get(key) ?? 0) + 1);
