/** What a peer of the demo receives over one session: read all the time, counted, and given to whoever expects it. */
import type { Session } from '../../transport/session.ts';
import { shownText } from '../../wire/text.ts';
import { aboutOf } from '../messages.ts';
import type { DemoMessage } from '../protocols/demo.ts';
import { Queue } from './queue.ts';

type Take = (message: Uint8Array) => boolean | Promise<boolean>;

export class Inbox {
  readonly session: Session;
  bytes = 0;
  /** When the session is over. Never rejects. */
  readonly over: Promise<void>;
  /** Messages one by one, with what is said about them. */
  readonly heard = new Queue<DemoMessage>();
  #take: Take | undefined;
  #finished: Promise<void> = Promise.resolve();
  #finish: () => void = () => {};
  #watch: { bytes: number; reached: () => void } | undefined;

  /** @param singly keeps messages in `heard`; otherwise they come in batches, as many and as fast as can be, and are only for those that `expect` them. */
  constructor(session: Session, singly: boolean) {
    this.session = session;
    this.over = this.#read(singly);
  }

  /** @param take is given each message from now on; true when it was the last one expected. */
  expect(take: Take): void {
    this.#take = take;
    this.#finished = new Promise((resolve) => (this.#finish = resolve));
  }

  /** When all that was expected is there, or the session is over. */
  async finished(): Promise<void> {
    await Promise.race([this.#finished, this.over]);
  }

  /** When so many bytes came in all. */
  arrived(bytes: number): Promise<void> {
    if (this.bytes >= bytes) return Promise.resolve();
    return new Promise((reached) => (this.#watch = { bytes, reached }));
  }

  async #read(singly: boolean): Promise<void> {
    try {
      if (singly) await this.#readMessages();
      else await this.#readBatches();
    } catch {
      // `session.error` says why.
    }
    await this.session.closed;
  }

  async #readMessages(): Promise<void> {
    for await (const message of this.session) {
      this.bytes += message.length;
      this.heard.push({ text: shownText(message.bytes), ...aboutOf(message) });
    }
  }

  async #readBatches(): Promise<void> {
    for await (const { bytes, places, count } of this.session.batches()) {
      for (let i = 0; i < count; i++) {
        const length = places[2 * i + 1];
        this.bytes += length;
        const taken = this.#take?.(bytes.subarray(places[2 * i], places[2 * i] + length)) ?? false;
        // Most consumers are not asynchronous: awaiting each message would cost more than opening it.
        if (typeof taken === 'boolean' ? taken : await taken) this.#finish();
      }
      if (this.#watch && this.bytes >= this.#watch.bytes) this.#watch.reached();
    }
  }
}
