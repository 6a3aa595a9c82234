/** Who listens to which topic in this process. */
import { HandfastError } from '../errors.ts';
import type { GossipMessage } from './gossip/message.ts';
import { type SubscribeOptions, Subscription } from './subscription.ts';
import { topicBytes } from './topic.ts';

export class Subscriptions {
  readonly #byTopic = new Map<string, Set<Subscription>>();

  /** @throws HF_BAD_ARGUMENT */
  add(topic: string, options: SubscribeOptions): Subscription {
    if (topicBytes(topic).length === 0) throw new HandfastError('BAD_ARGUMENT', 'topic: expected text of 1 to 255 bytes');
    const all = this.#byTopic.get(topic) ?? new Set();
    const subscription = new Subscription(topic, options, () => {
      all.delete(subscription);
      if (all.size === 0 && this.#byTopic.get(topic) === all) this.#byTopic.delete(topic);
    });
    this.#byTopic.set(topic, all.add(subscription));
    return subscription;
  }

  has(topic: string): boolean {
    return this.#byTopic.has(topic);
  }

  push(message: GossipMessage): void {
    for (const subscription of this.#byTopic.get(message.topic) ?? []) subscription.push(message);
  }

  end(): void {
    for (const all of [...this.#byTopic.values()]) for (const subscription of [...all]) subscription.end();
  }
}
