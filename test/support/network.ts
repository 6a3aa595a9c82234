/** Nodes of one process, joined by memory and moved by hand. Each is reached under a name of its own, `name:1`. */
import type { Core } from '../../src/core/core.ts';
import { Identity } from '../../src/core/identity.ts';
import { HandfastError } from '../../src/errors.ts';
import type { Carriers } from '../../src/node/carriers.ts';
import { createNode, type Node } from '../../src/node/node.ts';
import type { NodeOptions } from '../../src/node/options.ts';
import type { HandfastOptions } from '../../src/protocols/handfast/settings.ts';
import type { Carrier } from '../../src/transport/carrier.ts';
import { connect } from '../../src/transport/connect.ts';
import { type MemoryPair, memoryPair } from '../../src/transport/memory.ts';
import type { Session } from '../../src/transport/session.ts';
import { HandClock } from './clock.ts';
import { TURNS_OF_WORK } from './turns.ts';

interface Joined {
  readonly from: string;
  readonly to: string;
  readonly pair: MemoryPair;
}

/** Who is reached how. Nothing moves until it is moved. */
export class MemoryNetwork {
  /** Every connection there has been, but for those that `tidy` has taken away. */
  connections: Joined[] = [];
  #made = 0;
  /** Dials that fail: `from to`, or `* to`. */
  readonly unreachable = new Set<string>();
  readonly #listeners = new Map<string, { accept: (carrier: Carrier) => void; ip: string }>();

  /** The carriers of one node. @param remote its IP address, as others see it. */
  carriers(name: string, remote = '10.0.0.1'): Carriers {
    return {
      dial: async (address) => {
        const listener = this.#listeners.get(address);
        if (!listener || this.unreachable.has(`${name} ${address}`) || this.unreachable.has(`* ${address}`)) {
          throw new HandfastError('CONNECT_FAILED', `${address}: nothing listens there`);
        }
        const pair = memoryPair({
          handCranked: true,
          remote: { address: remote, port: 10_000 + (this.#made++ % 50_000) },
          dialled: { address: listener.ip, port: 1 },
        });
        this.connections.push({ from: name, to: address, pair });
        listener.accept(pair.ends[1]);
        return pair.ends[0];
      },
      listen: async (accept) => {
        const address = `${name}:1`;
        this.#listeners.set(address, { accept, ip: remote });
        return {
          address,
          close: async () => {
            if (this.#listeners.get(address)?.accept === accept) this.#listeners.delete(address);
          },
        };
      },
    };
  }

  /** Breaks the connections between two nodes, in both directions. */
  reset(one: string, other: string): void {
    for (const { from, to, pair } of this.connections) {
      if ((from === one && to === `${other}:1`) || (from === other && to === `${one}:1`)) pair.reset();
    }
  }

  /** Forgets connections that are gone. */
  tidy(): void {
    this.connections = this.connections.filter(({ pair }) => !pair.gone);
  }

  move(): number {
    return this.connections.reduce((moved, { pair }) => moved + pair.run(), 0);
  }
}

/** Some nodes on one network with one clock. */
export class NodeStory {
  readonly core: Core;
  readonly clock = new HandClock();
  readonly network = new MemoryNetwork();
  readonly nodes: Node[] = [];
  readonly identities = new Map<string, Identity>();
  /** What each node told: `name event ...`. */
  readonly told: string[] = [];

  constructor(core: Core) {
    this.core = core;
  }

  identity(name: string): Identity {
    let identity = this.identities.get(name);
    if (!identity) {
      identity = Identity.generate({ core: this.core });
      this.identities.set(name, identity);
    }
    return identity;
  }

  id(name: string): string {
    return this.identity(name).id;
  }

  async node(name: string, options: Partial<NodeOptions> = {}, remote?: string): Promise<Node> {
    const node = await createNode({
      identity: this.identity(name),
      network: 'demo',
      core: this.core,
      clock: this.clock,
      carriers: this.network.carriers(name, remote),
      ...options,
    });
    this.nodes.push(node);
    const nameOf = (id: string): string => [...this.identities].find(([, identity]) => identity.id === id)?.[0] ?? id;
    node.on('peer', (peer) => this.told.push(`${name} peer ${nameOf(peer.id)} ${peer.direction}`));
    node.on('peerGone', (peer, error) => this.told.push(`${name} peerGone ${nameOf(peer.id)} ${error?.code ?? 'well'}`));
    node.on('handshakeError', (error) => this.told.push(`${name} handshakeError ${error.code} ${error.remote ?? 'own'}`));
    node.on('dialFailed', (error, address) => this.told.push(`${name} dialFailed ${error.code} ${error.remote ?? 'own'} ${address}`));
    node.on('ban', ({ subject }) => this.told.push(`${name} ban ${nameOf(subject)}`));
    node.on('unban', ({ subject }) => this.told.push(`${name} unban ${nameOf(subject)}`));
    node.on('warn', ({ subject, error }) => this.told.push(`${name} warn ${nameOf(subject)} ${error.code}`));
    return node;
  }

  /** A session of anybody's with a node, without a node of its own: plain, or one that sends whatever records it likes. */
  async session(name: string, to: string, options: Partial<HandfastOptions> = {}, remote?: string): Promise<Session> {
    const signal = new AbortController().signal;
    const stream = await this.network.carriers(name, remote).dial(`${to}:1`, { signal, deadlineMs: 1 });
    const identity = this.identity(name);
    const connected = connect({ protocol: 'handfast', stream, identity, network: 'demo', core: this.core, clock: this.clock, ...options });
    connected.catch(() => {});
    await this.settle();
    return connected;
  }

  /** Moves bytes until nothing moves any more. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < TURNS_OF_WORK; ) {
      quiet = this.network.move() > 0 ? 0 : quiet + 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Lets time pass, a step at a time. */
  async pass(ms: number, stepMs = ms): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(stepMs, left));
      await this.settle();
    }
  }

  /** What `promise` came to, once nothing moves any more: its value, or the code of its error. */
  async outcome<T>(promise: Promise<T>): Promise<T | string> {
    let result: T | string = 'nothing yet';
    promise.then(
      (value) => {
        result = value;
      },
      (error: unknown) => {
        result = error instanceof HandfastError ? error.code : String(error);
      },
    );
    await this.settle();
    return result;
  }

  /** What was told since the last call. */
  taken(): string[] {
    return this.told.splice(0);
  }

  /** Closes all nodes, wipes the identities, and says what is left: nothing. */
  async finish(): Promise<{ timers: number; secrets: number; slabs: number }> {
    const closed = Promise.all(this.nodes.map((node) => node.close()));
    for (let i = 0; i < 200; i++) await this.pass(50);
    await closed;
    for (const identity of this.identities.values()) identity.wipe();
    return { timers: this.clock.armed, secrets: this.core.guarded.live, slabs: this.core.slabs.leased };
  }
}
