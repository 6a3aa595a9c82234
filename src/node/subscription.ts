/** Broadcasts of one topic, as a loop takes them: in the order they came, at most once each; a loop that is too slow misses the oldest and is told how many. */
import { HandfastError } from '../errors.ts';
import type { GossipMessage } from './gossip/message.ts';

export interface SubscribeOptions {
  /** Messages that wait for the loop; 1,024. */
  most?: number | undefined;
  /** Their bytes; 4 MiB. */
  mostBytes?: number | undefined;
  /** Ends the loop. */
  signal?: AbortSignal | undefined;
}

export class Subscription implements AsyncIterableIterator<GossipMessage>, AsyncDisposable {
  readonly topic: string;
  /** Messages thrown away so far because the loop was too slow. */
  dropped = 0;
  readonly #most: number;
  readonly #mostBytes: number;
  readonly #signal: AbortSignal | undefined;
  readonly #ended: (subscription: Subscription) => void;
  readonly #messages: GossipMessage[] = [];
  #bytes = 0;
  #over = false;
  /** Calls of `next` that wait. */
  readonly #waiting: ((result: IteratorResult<GossipMessage, undefined>) => void)[] = [];

  /** @param ended called once, when no more is wanted. @throws HF_BAD_ARGUMENT */
  constructor(
    topic: string,
    { most = 1024, mostBytes = 4 * 1024 * 1024, signal }: SubscribeOptions,
    ended: (subscription: Subscription) => void,
  ) {
    for (const [name, value] of Object.entries({ most, mostBytes })) {
      if (!(value >= 1)) throw new HandfastError('BAD_ARGUMENT', `${name}: expected a number from 1`);
    }
    this.topic = topic;
    this.#most = most;
    this.#mostBytes = mostBytes;
    this.#signal = signal;
    this.#ended = ended;
    signal?.addEventListener('abort', this.#aborted, { once: true });
  }

  /** Messages that wait, and their bytes. */
  get waiting(): { readonly count: number; readonly bytes: number } {
    return { count: this.#messages.length, bytes: this.#bytes };
  }

  /** Called by the node. */
  push(message: GossipMessage): void {
    if (this.#over) return;
    const waiter = this.#waiting.shift();
    if (waiter) {
      waiter({ done: false, value: message });
      return;
    }
    this.#messages.push(message);
    this.#bytes += message.bytes.length;
    while (this.#messages.length > this.#most || (this.#bytes > this.#mostBytes && this.#messages.length > 1)) {
      this.#bytes -= this.#messages.shift()!.bytes.length;
      this.dropped++;
    }
  }

  next(): Promise<IteratorResult<GossipMessage, undefined>> {
    const message = this.#messages.shift();
    if (message) {
      this.#bytes -= message.bytes.length;
      return Promise.resolve({ done: false, value: message });
    }
    if (this.#over) return Promise.resolve(DONE);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** No more comes; what waits is thrown away, a loop ends. */
  return(): Promise<IteratorResult<GossipMessage, undefined>> {
    this.#messages.length = 0;
    this.#bytes = 0;
    this.end();
    return Promise.resolve(DONE);
  }

  /** No more comes; what waits is still read. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#signal?.removeEventListener('abort', this.#aborted);
    for (const waiter of this.#waiting.splice(0)) waiter(DONE);
    this.#ended(this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  readonly #aborted = (): void => void this.return();
}

const DONE = { done: true, value: undefined } as const;
