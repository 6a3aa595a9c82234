/** What a peer of the demo can be ordered to do as a node. */
import { createHash, randomFillSync } from 'node:crypto';
import { HandfastError } from '../../errors.ts';
import { createNode, type Node } from '../../node/node.ts';
import type { HandfastOptions } from '../../protocols/handfast/index.ts';
import type { Answer, Obey, Order, Refused, Sum } from './orders.ts';
import { Queue } from './queue.ts';

type NodeOrder = Extract<
  keyof Order,
  'startNode' | 'together' | 'parted' | 'dial' | 'request' | 'subscribe' | 'broadcast' | 'heard' | 'ban' | 'unban'
>;

/** @param begun identity and network of this process. */
export function nodeOrders(begun: () => HandfastOptions): { [Name in NodeOrder]: Obey<Name> } {
  let node: Node;
  const told = new Contents();
  const heard = new Contents();
  const partings = new Map<string, Queue<Answer['parted']>>();

  const partingsOf = (peer: string): Queue<Answer['parted']> => {
    const known = partings.get(peer);
    if (known) return known;
    const made = new Queue<Answer['parted']>();
    partings.set(peer, made);
    return made;
  };

  return {
    async startNode({ port, allow, peers }) {
      const { identity, network, agent } = begun();
      // All of the demo comes from one address.
      node = await createNode({
        identity,
        network,
        agent,
        allow,
        peers,
        listen: { host: '127.0.0.1', port },
        limits: { handshakeBurst: 100, gossip: BROADCAST_LIMITS },
      });
      node.handle('', (message) => Buffer.from(`you said: ${message.text()}`));
      node.on('peerGone', ({ id }, error) => partingsOf(id).push(error ? { error: refusedBy(error) } : {}));
      return { address: node.address! };
    },

    async together({ peers }) {
      for (;;) {
        const found = peers.map((id) => node.peers().find((peer) => peer.id === id));
        if (found.every((peer) => peer !== undefined)) return { forMs: found.map(({ since }) => Date.now() - since) };
        await new Promise<unknown>((resolve) => node.once('peer', resolve));
      }
    },

    parted: ({ peer }) => partingsOf(peer).next(),

    async dial({ address, peer }) {
      try {
        await node.connect(address, { peer });
        return {};
      } catch (error) {
        return { refused: refusal(error) };
      }
    },

    async request({ peer, text }) {
      const startedAt = performance.now();
      const ms = (): number => performance.now() - startedAt;
      try {
        const answer = await node.request(peer, Buffer.from(text));
        return { ms: ms(), text: Buffer.from(answer).toString() };
      } catch (error) {
        return { ms: ms(), refused: refusal(error) };
      }
    },

    subscribe({ topic }) {
      const subscription = node.subscribe(topic, { most: MOST_WAITING });
      const listen = async (): Promise<void> => {
        for await (const { bytes } of subscription) heard.add(bytes);
      };
      void listen();
      return null;
    },

    async broadcast({ topic, count, size }) {
      const messages = Array.from({ length: count }, () => randomFillSync(new Uint8Array(size)));
      for (const bytes of messages) told.add(bytes);
      await Promise.all(messages.map((bytes) => node.broadcast(topic, bytes)));
      return told.sum;
    },

    heard: ({ count }) => heard.reached(count),

    ban({ peer, ms }) {
      node.ban(peer, { ms, reason: 'demonstration' });
      return null;
    },

    unban: ({ peer }) => ({ found: node.unban(peer) }),
  };
}

export function refusedBy({ code, message, remote }: HandfastError): Refused {
  return { code, message, ...(remote && { remote }) };
}

/** @throws what is no coded error: that would be a fault of the demo. */
function refusal(error: unknown): Refused {
  if (error instanceof HandfastError) return refusedBy(error);
  throw error;
}

/** What came, by what it contains. */
class Contents {
  readonly #hashes = new Set<string>();
  #count = 0;
  #waiting: { count: number; resolve(): void } | undefined;

  add(bytes: Uint8Array): void {
    this.#count++;
    this.#hashes.add(createHash('sha256').update(bytes).digest('hex'));
    if (this.#waiting && this.#hashes.size >= this.#waiting.count) this.#waiting.resolve();
  }

  get sum(): Sum {
    const sha256 = createHash('sha256')
      .update([...this.#hashes].sort().join())
      .digest('hex');
    return { count: this.#count, different: this.#hashes.size, sha256 };
  }

  async reached(count: number): Promise<Sum> {
    if (this.#hashes.size < count) await new Promise<void>((resolve) => (this.#waiting = { count, resolve }));
    return this.sum;
  }
}

/** Of its own, twice what holds otherwise, so that 5,000 take 2.5 s: as much as others read of one origin. What is more than that for a moment they ask for a little later. */
export const BROADCAST_LIMITS = { publishedPerSecond: 2_048 };

/** More than are ever under way here: a slow process must not lose any. */
const MOST_WAITING = 20_000;
