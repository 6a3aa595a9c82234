/** All workers as one node, for the control socket: what one can say is asked of any, what each knows of its own is asked of all. */
import { HandfastError } from '../errors.ts';
import type {
  ControlledBan,
  ControlledMessage,
  ControlledNode,
  ControlledPeer,
  ControlledRequest,
  ControlledStatus,
  ControlledSubscription,
} from '../node/control/controlled.ts';
import type { BanLine, Heard, StatusAnswer } from '../node/control/messages.ts';
import { Subscription } from '../node/subscription.ts';
import type { ControlClient } from './control-client.ts';

export class AllWorkers implements ControlledNode {
  readonly #clients = new Map<number, ControlClient>();
  readonly #topics = new Set<WorkersSubscription>();
  #turn = 0;
  #known: ControlClient['node'] | undefined;

  get id(): string {
    return this.#known?.id ?? '';
  }

  get network(): string {
    return this.#known?.network ?? '';
  }

  get address(): string | undefined {
    return this.#known?.address;
  }

  /** A worker can be asked. */
  joined(worker: number, client: ControlClient): void {
    this.#known ??= client.node;
    this.#clients.set(worker, client);
    for (const subscription of this.#topics) subscription.from(client);
  }

  gone(worker: number): void {
    const client = this.#clients.get(worker);
    this.#clients.delete(worker);
    void client?.[Symbol.asyncDispose]();
  }

  async peers(): Promise<ControlledPeer[]> {
    const lines = (await this.#each((client) => client.all('peers', {}))).flat();
    return lines.map((line) => ({ ...line, received: line.received ?? NONE, sent: line.sent ?? NONE }));
  }

  /** Of all of them together; a ban holds in each, and counts once. @throws HF_BUSY */
  async status(): Promise<ControlledStatus> {
    const [first, ...others] = await this.#each((client) => client.ask('status', {}));
    if (!first) throw noWorker();
    return others.reduce(added, first);
  }

  async request(peer: string, bytes: Uint8Array, { signal, ...options }: ControlledRequest): Promise<Uint8Array> {
    const asked = this.#any().ask('request', { peer, payload: Buffer.from(bytes).toString('base64'), ...options });
    const cancelled = new Promise<never>((_, reject) => {
      const abort = (): void => reject(new HandfastError('ABORTED', 'the request was cancelled', { cause: signal.reason as unknown }));
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true });
    });
    const { payload } = await Promise.race([asked, cancelled]);
    return new Uint8Array(Buffer.from(payload, 'base64'));
  }

  async broadcast(topic: string, bytes: Uint8Array): Promise<Uint8Array> {
    const { message } = await this.#any().ask('broadcast', { topic, payload: Buffer.from(bytes).toString('base64') });
    return new Uint8Array(Buffer.from(message, 'hex'));
  }

  /** Of all of them: each broadcast is delivered by one. */
  subscribe(topic: string, { signal }: { signal: AbortSignal }): ControlledSubscription {
    const subscription = new WorkersSubscription(topic, signal, () => this.#topics.delete(subscription));
    this.#topics.add(subscription);
    for (const client of this.#clients.values()) subscription.from(client);
    return subscription;
  }

  /** Answered once it is in the store, from which all others have it. */
  async ban(subject: string, options: { ms?: number; reason?: string }): Promise<ControlledBan> {
    return banOf(await this.#any().ask('ban', { subject, ...options }));
  }

  async unban(subject: string): Promise<boolean> {
    return (await this.#any().ask('unban', { subject })).found;
  }

  async bans(): Promise<ControlledBan[]> {
    return (await this.#any().all('bans', {})).map(banOf);
  }

  /** Each order waits for that by itself. */
  async stored(): Promise<void> {}

  /** One after the other. @throws HF_BUSY */
  #any(): ControlClient {
    const clients = [...this.#clients.values()];
    if (clients.length === 0) throw noWorker();
    return clients[this.#turn++ % clients.length];
  }

  /** What one that dies meanwhile would have said is not missed. */
  async #each<T>(ask: (client: ControlClient) => Promise<T>): Promise<T[]> {
    const answers = await Promise.allSettled([...this.#clients.values()].map(ask));
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  }
}

class WorkersSubscription implements ControlledSubscription {
  readonly #all: Subscription;
  readonly #signal: AbortSignal;
  readonly #droppedBy = new Map<ControlClient, number>();

  constructor(topic: string, signal: AbortSignal, ended: () => void) {
    this.#signal = signal;
    this.#all = new Subscription(topic, { signal }, ended);
  }

  get dropped(): number {
    let dropped = this.#all.dropped;
    for (const count of this.#droppedBy.values()) dropped += count;
    return dropped;
  }

  from(client: ControlClient): void {
    const heard = (message: Heard): void => {
      this.#droppedBy.set(client, message.dropped);
      this.#all.push(messageOf(message));
    };
    // One that dies takes what it had not told with it, as broadcasts go.
    client.each('subscribe', { topic: this.#all.topic }, heard, this.#signal).catch(() => {});
  }

  [Symbol.asyncIterator](): AsyncIterator<ControlledMessage> {
    return this.#all[Symbol.asyncIterator]();
  }
}

function messageOf({ message, origin, topic, payload, timestamp }: Heard): ControlledMessage {
  return {
    id: new Uint8Array(Buffer.from(message, 'hex')),
    origin,
    topic,
    bytes: new Uint8Array(Buffer.from(payload, 'base64')),
    timestamp,
  };
}

function noWorker(): HandfastError {
  return new HandfastError('BUSY', 'none of the processes is there at the moment; they are started again', { blame: 'handfast' });
}

function added(one: StatusAnswer, other: StatusAnswer): StatusAnswer {
  return {
    since: Math.min(one.since, other.since),
    opened: { inbound: one.opened.inbound + other.opened.inbound, outbound: one.opened.outbound + other.opened.outbound },
    refused: addedByCode(one.refused, other.refused),
    dialsFailed: addedByCode(one.dialsFailed, other.dialsFailed),
    charged: addedByCode(one.charged, other.charged),
    points: one.points + other.points,
    bans: Math.max(one.bans, other.bans),
    halfOpen: one.halfOpen + other.halfOpen,
    core: one.core,
  };
}

function addedByCode(one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>): Record<string, number> {
  const sum: Record<string, number> = { ...one };
  for (const [code, count] of Object.entries(other)) sum[code] = (sum[code] ?? 0) + count;
  return sum;
}

const NONE = { messages: 0, bytes: 0 };
const banOf = ({ subject, until, since, reason, automatic }: BanLine): ControlledBan => ({ subject, until, since, reason, automatic });
