/**
 * The control socket: a running node takes orders of its owner's other programs over a socket that only its owner can reach.
 * No key and nothing of a session ever goes over it. The format is in docs/cli.md.
 */
import type { Socket } from 'node:net';
import { HandfastError } from '../../errors.ts';
import { type LocalListener, listenLocal } from '../../transport/local.ts';
import type { ControlledNode } from './controlled.ts';
import { lines } from './lines.ts';
import { type Answers, carried, type Greeting, type Items, LINE_BYTES, type OrderName, type Reply } from './messages.ts';
import { ORDERS } from './orders.ts';

export interface ControlLimits {
  /** Connections at a time; 64. */
  clients: number;
  /** Orders of one of them at a time; 1,024. */
  orders: number;
  /** Of a line, either way; 2 MiB. */
  lineBytes: number;
}

/** Memory: at most `clients` times two lines and the payloads of their orders. */
export class ControlServer implements AsyncDisposable {
  readonly #node: ControlledNode;
  readonly #limits: ControlLimits;
  readonly #clients = new Set<Client>();
  #listener!: LocalListener;

  private constructor(node: ControlledNode, limits: Partial<ControlLimits>) {
    this.#node = node;
    this.#limits = { ...CONTROL_LIMITS, ...limits };
  }

  /** @throws as `listenLocal` does. */
  static async open(path: string, node: ControlledNode, limits: Partial<ControlLimits> = {}): Promise<ControlServer> {
    const server = new ControlServer(node, limits);
    server.#listener = await listenLocal(path, (socket) => server.#accept(socket));
    return server;
  }

  /** Absolute. */
  get path(): string {
    return this.#listener.path;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Cancels every order, ends every connection and removes the socket. */
  async close(): Promise<void> {
    const closed = this.#listener.close();
    for (const client of this.#clients) client.end(new HandfastError('SHUTTING_DOWN', 'the node is closing', { blame: 'caller' }));
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(socket: Socket): void {
    const client = new Client(socket, this.#node, this.#limits);
    if (this.#clients.size >= this.#limits.clients) {
      client.end(new HandfastError('TOO_MANY_CONNECTIONS', `${this.#limits.clients} programs are connected to this node already`));
      return;
    }
    this.#clients.add(client);
    void client.serve().finally(() => this.#clients.delete(client));
  }
}

/** One program, and the orders it has running. */
class Client {
  readonly #socket: Socket;
  readonly #node: ControlledNode;
  readonly #limits: ControlLimits;
  readonly #running = new Map<number, AbortController>();

  constructor(socket: Socket, node: ControlledNode, limits: ControlLimits) {
    this.#socket = socket;
    this.#node = node;
    this.#limits = limits;
    // It went without a word: `serve` sees the end, and what is written to it is lost.
    socket.on('error', () => {});
  }

  /** Until the connection is over. Never rejects. */
  async serve(): Promise<void> {
    const { id, network, address } = this.#node;
    this.#write({ handfast: 'control', version: 1, id, network, ...(address !== undefined && { address }) });
    try {
      // It must outlive its reading: whoever is refused is told why.
      for await (const line of lines(this.#socket.iterator({ destroyOnReturn: false }), this.#limits.lineBytes)) {
        this.#take(line);
        // Whoever orders and does not read the answers is not read either.
        await this.#drained();
      }
      this.end();
    } catch (error) {
      this.end(error instanceof HandfastError ? error : undefined);
    }
  }

  /** @param why the last thing it is told. */
  end(why?: HandfastError): void {
    if (why) this.#write({ id: 0, error: carried(why) });
    for (const order of this.#running.values()) order.abort();
    this.#socket.resume();
    this.#socket.destroySoon();
    // It may not want to read the rest.
    this.#socket.setTimeout(LAST_WORDS_MS, () => this.#socket.destroy());
  }

  /** @throws HF_MALFORMED: no answer could be given to such a line. */
  #take(text: string): void {
    const line = parsed(text);
    if (line.do === 'cancel') {
      this.#running.get(line.of as number)?.abort();
      return;
    }
    const { id } = line;
    if (!Number.isSafeInteger(id) || (id as number) < 1 || this.#running.has(id as number))
      throw new HandfastError('MALFORMED', 'an order needs an id: an integer from 1 that no other running order has');
    void this.#run(id as number, line);
  }

  async #run(id: number, line: Readonly<Record<string, unknown>>): Promise<void> {
    const stop = new AbortController();
    try {
      if (this.#running.size >= this.#limits.orders)
        throw new HandfastError('BUSY', `${this.#limits.orders} orders of this connection are running`, { blame: 'caller' });
      this.#running.set(id, stop);
      if (typeof line.do !== 'string' || !Object.hasOwn(ORDERS, line.do))
        throw new HandfastError(
          'BAD_ARGUMENT',
          `there is no order ${JSON.stringify(line.do)}: there are ${Object.keys(ORDERS).join(', ')}`,
        );
      const answer = await this.#obey(id, line.do as OrderName, line, stop.signal);
      this.#write({ id, answer });
    } catch (error) {
      this.#write({ id, error: carried(error) });
    } finally {
      if (this.#running.get(id) === stop) this.#running.delete(id);
    }
  }

  async #obey(id: number, name: OrderName, line: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Answers[OrderName]> {
    const items = ORDERS[name](this.#node, line, signal) as Promise<Answers[OrderName]> | AsyncGenerator<Items[keyof Items]>;
    if (!(Symbol.asyncIterator in items)) return items;
    for await (const item of items) {
      this.#write({ id, item });
      await this.#drained();
      if (signal.aborted) break;
    }
    return {};
  }

  #write(reply: Greeting | Reply): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(reply)}\n`);
  }

  /** When the other side has taken most of what was written to it, or is gone. */
  #drained(): Promise<void> {
    const socket = this.#socket;
    if (!socket.writableNeedDrain || socket.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        socket.removeListener('drain', done);
        socket.removeListener('close', done);
        resolve();
      };
      socket.once('drain', done);
      socket.once('close', done);
    });
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new HandfastError('MALFORMED', 'a line that is not a JSON object');
}

export const CONTROL_LIMITS: ControlLimits = { clients: 64, orders: 1_024, lineBytes: LINE_BYTES };
const LAST_WORDS_MS = 1_000;
