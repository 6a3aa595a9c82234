/** Broadcasts to own subscriptions, each to one process of this identity: whoever asks first delivers. Those of one turn are asked for by one call. */
import { GOSSIP } from '../../protocols/handfast/envelope.ts';
import type { Clock } from '../../transport/clock.ts';
import type { GossipMessage } from '../gossip/message.ts';
import type { Shared } from './shared.ts';

export class Deliveries {
  readonly #shared: Shared;
  readonly #clock: Clock;
  readonly #deliver: (message: GossipMessage) => void;
  /** Not asked for yet, or not to be asked for now. */
  #waiting: { readonly message: GossipMessage; readonly at: number }[] = [];
  #asking = false;
  /** Lost, since the store was away for too long, or too many came meanwhile. */
  dropped = 0;

  constructor(shared: Shared, clock: Clock, deliver: (message: GossipMessage) => void) {
    this.#shared = shared;
    this.#clock = clock;
    this.#deliver = deliver;
  }

  push(message: GossipMessage): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#waiting.shift();
      this.dropped++;
    }
    this.#waiting.push({ message, at: this.#clock.precise() });
    if (this.#asking || this.#shared.down) {
      if (this.#shared.down && this.#shared.without.broadcasts === 'deliver') this.#give(this.#waiting.splice(0));
      return;
    }
    this.#askLater();
  }

  /** The store is to be had. */
  again(): void {
    if (!this.#asking) this.#askLater();
  }

  #askLater(): void {
    this.#asking = this.#waiting.length > 0;
    if (this.#asking) this.#shared.departures.next(() => void this.#ask());
  }

  async #ask(): Promise<void> {
    // Another process may have delivered what is older, and the store forgotten it.
    const oldest = this.#clock.precise() - GOSSIP.pastMs;
    const batch = this.#waiting.splice(0, AT_ONCE);
    const late = batch.filter(({ at }) => at < oldest).length;
    this.dropped += late;
    const fresh = batch.slice(late);
    try {
      const ids = fresh.map(({ message }) => message.id);
      const first = await this.#shared.ask((store) => store.first(ids, GOSSIP.pastMs + GOSSIP.aheadMs + SLACK_MS));
      this.#give(fresh.filter((_, i) => first[i]));
    } catch {
      this.#asking = false;
      // One that was late may have been heard: then nobody delivers these.
      if (this.#shared.without.broadcasts === 'deliver') this.#give(fresh);
      else this.#waiting.unshift(...fresh.slice(-Math.max(0, MOST_WAITING - this.#waiting.length)));
      return;
    }
    this.#askLater();
  }

  #give(some: readonly { readonly message: GossipMessage }[]): void {
    for (const { message } of some) this.#deliver(message);
  }
}

const MOST_WAITING = 4_096;
const AT_ONCE = 512;
/** Of the way to the store. */
const SLACK_MS = 30_000;
