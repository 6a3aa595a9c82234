/** A node that is none: says what it was asked, and answers as the test wants. */
import type {
  ControlledBan,
  ControlledMessage,
  ControlledNode,
  ControlledPeer,
  ControlledRequest,
  ControlledStatus,
  ControlledSubscription,
} from '../../src/node/control/controlled.ts';

export const NO_MESSAGES = { received: { messages: 0, bytes: 0 }, sent: { messages: 0, bytes: 0 } };

export class FakeNode implements ControlledNode {
  readonly id: string;
  readonly network = 'demo';
  readonly address = '127.0.0.1:7600';
  known: ControlledPeer[] = [];
  banned: ControlledBan[] = [];
  seen: ControlledStatus = {
    since: 1_700_000_000_000,
    opened: { inbound: 2, outbound: 1 },
    refused: { HF_UNKNOWN_NODE: 3 },
    dialsFailed: {},
    charged: { HF_BAD_TAG: 1 },
    points: 3_000,
    bans: 0,
    halfOpen: 0,
    core: 'pure',
  };
  readonly subscriptions: FakeSubscription[] = [];
  /** Instead of an echo. */
  answer: (bytes: Uint8Array, options: ControlledRequest & { peer: string }) => Uint8Array | Promise<Uint8Array> = (bytes) => bytes;

  constructor(id = '12D3KooWfake') {
    this.id = id;
  }

  peers(): readonly ControlledPeer[] {
    return this.known;
  }

  status(): ControlledStatus {
    return this.seen;
  }

  async request(peer: string, bytes: Uint8Array, options: ControlledRequest): Promise<Uint8Array> {
    return this.answer(bytes, { ...options, peer });
  }

  async broadcast(topic: string, bytes: Uint8Array): Promise<Uint8Array> {
    for (const subscription of this.subscriptions) if (subscription.topic === topic) subscription.hear(bytes);
    return new Uint8Array(32).fill(bytes.length);
  }

  subscribe(topic: string, { signal }: { signal: AbortSignal }): FakeSubscription {
    const subscription = new FakeSubscription(topic);
    signal.addEventListener('abort', () => void subscription.return());
    this.subscriptions.push(subscription);
    return subscription;
  }

  ban(subject: string, { ms, reason = '' }: { ms?: number; reason?: string }): ControlledBan {
    const ban = { subject, since: 1000, until: ms === undefined ? undefined : 1000 + ms, reason, automatic: false };
    this.banned.push(ban);
    return ban;
  }

  unban(subject: string): boolean {
    const before = this.banned.length;
    this.banned = this.banned.filter((ban) => ban.subject !== subject);
    return this.banned.length < before;
  }

  bans(): readonly ControlledBan[] {
    return this.banned;
  }

  async stored(): Promise<void> {}
}

/** Keeps all it hears; `taken` counts what somebody asked for. */
export class FakeSubscription implements ControlledSubscription, AsyncIterator<ControlledMessage> {
  readonly topic: string;
  dropped = 0;
  taken = 0;
  ended = false;
  readonly #heard: ControlledMessage[] = [];
  #waiting: ((result: IteratorResult<ControlledMessage>) => void) | undefined;
  #onEnd: () => void = () => {};

  constructor(topic: string) {
    this.topic = topic;
  }

  hear(bytes: Uint8Array): void {
    this.#heard.push({ id: new Uint8Array(32), origin: '12D3KooWorigin', topic: this.topic, bytes, timestamp: 1 });
    this.#serve();
  }

  next(): Promise<IteratorResult<ControlledMessage>> {
    return new Promise((resolve) => {
      if (this.ended) resolve(DONE);
      else this.#waiting = resolve;
      this.#serve();
    });
  }

  async return(): Promise<IteratorResult<ControlledMessage>> {
    this.ended = true;
    this.#onEnd();
    this.#waiting?.(DONE);
    return DONE;
  }

  /** When whoever iterated has given up. */
  givenUp(): Promise<void> {
    return this.ended ? Promise.resolve() : new Promise((resolve) => (this.#onEnd = resolve));
  }

  [Symbol.asyncIterator](): AsyncIterator<ControlledMessage> {
    return this;
  }

  #serve(): void {
    if (!this.#waiting || this.#heard.length === 0) return;
    this.taken++;
    this.#waiting({ done: false, value: this.#heard.shift()! });
    this.#waiting = undefined;
  }
}

const DONE = { done: true, value: undefined } as const;
