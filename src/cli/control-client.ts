/** A command's end of a running node's control socket: gives orders, gets items and answers, and the node's errors as they were. */
import type { Socket } from 'node:net';
import { HandfastError } from '../errors.ts';
import { lines } from '../node/control/lines.ts';
import { type Answers, type Greeting, type Items, LINE_BYTES, type OrderName, type Orders, uncarried } from '../node/control/messages.ts';
import { dialLocal } from '../transport/local.ts';

interface Running {
  item(item: object): Promise<void>;
  answered(answer: object): void;
  failed(error: Error): void;
}

export class ControlClient implements AsyncDisposable {
  /** Which node it is. */
  readonly node: Greeting;
  readonly #socket: Socket;
  readonly #running = new Map<number, Running>();
  #last = 0;
  #gone: Error | undefined;

  private constructor(socket: Socket, node: Greeting, replies: AsyncGenerator<string>) {
    this.#socket = socket;
    this.node = node;
    void this.#read(replies);
  }

  /** @throws HF_CONNECT_FAILED when no node listens there, HF_BAD_ARGUMENT when the socket is another user's, HF_PROTOCOL_MISMATCH when something else answers, and what the node refuses with. */
  static async connect(path: string): Promise<ControlClient> {
    const socket = await dialLocal(path);
    socket.on('error', () => {});
    const late = setTimeout(() => socket.destroy(), GREETING_MS);
    const replies = lines(socket, LINE_BYTES);
    try {
      const { value, done } = await replies.next();
      if (done) throw new HandfastError('CONNECT_FAILED', `${path}: it hung up, or said nothing for ${GREETING_MS / 1000} s`);
      const greeting = parsed(value) as Partial<Greeting> & { error?: object };
      if (greeting.error) throw uncarried(greeting.error);
      if (greeting.handfast !== 'control' || greeting.version !== 1)
        throw new HandfastError('PROTOCOL_MISMATCH', `${path}: what answers there is no handfast node of this version`);
      return new ControlClient(socket, greeting as Greeting, replies);
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(late);
    }
  }

  /** @throws (by rejection) what the node says; HF_TRUNCATED when it goes away before. */
  async ask<Name extends Exclude<OrderName, keyof Items>>(name: Name, order: Orders[Name]): Promise<Answers[Name]> {
    return new Promise((resolve, reject) => {
      this.#order(name, order, { item: () => Promise.resolve(), answered: (answer) => resolve(answer as Answers[Name]), failed: reject });
    });
  }

  /**
   * Calls `take` with each item, in order, and reads nothing more from the node until it has settled. Ends with the node's answer or, for what lasts, when `signal` cancels it.
   * @throws (by rejection) as `ask`, and what `take` throws.
   */
  async each<Name extends keyof Items>(
    name: Name,
    order: Orders[Name],
    take: (item: Items[Name]) => void | Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> {
    if (signal?.aborted) return;
    let cancel = (): void => {};
    try {
      await new Promise<void>((resolve, reject) => {
        const id = this.#order(name, order, {
          item: async (item) => {
            try {
              await take(item as Items[Name]);
            } catch (error) {
              reject(error as Error);
              cancel();
            }
          },
          answered: () => resolve(),
          failed: reject,
        });
        cancel = () => this.#write({ do: 'cancel', of: id });
        signal?.addEventListener('abort', cancel, { once: true });
      });
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** All items of a list. */
  async all<Name extends Exclude<keyof Items, 'subscribe'>>(name: Name, order: Orders[Name]): Promise<Items[Name][]> {
    const items: Items[Name][] = [];
    await this.each(name, order, (item) => void items.push(item));
    return items;
  }

  /** What is still running is cancelled by the node. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
  }

  #order(name: OrderName, order: object, running: Running): number {
    const id = ++this.#last;
    if (this.#gone) running.failed(this.#gone);
    else {
      this.#running.set(id, running);
      this.#write({ id, do: name, ...order });
    }
    return id;
  }

  #write(line: object): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(line)}\n`);
  }

  async #read(replies: AsyncGenerator<string>): Promise<void> {
    let why: Error | undefined;
    try {
      for await (const line of replies) {
        const { id, item, answer, error } = parsed(line) as { id: number; item?: object; answer?: object; error?: object };
        if (id === 0 && error) why = uncarried(error);
        const running = this.#running.get(id);
        if (item) await running?.item(item);
        if (!answer && !error) continue;
        this.#running.delete(id);
        if (answer) running?.answered(answer);
        else if (error) running?.failed(uncarried(error));
      }
    } catch (error) {
      why ??= error as Error;
    }
    this.#gone = why ?? new HandfastError('TRUNCATED', 'the node went away before it answered');
    for (const { failed } of this.#running.values()) failed(this.#gone);
    this.#running.clear();
  }
}

function parsed(line: string): object {
  try {
    return Object(JSON.parse(line)) as object;
  } catch (cause) {
    throw new HandfastError('PROTOCOL_MISMATCH', 'what answers there does not speak JSON', { cause });
  }
}

const GREETING_MS = 5_000;
