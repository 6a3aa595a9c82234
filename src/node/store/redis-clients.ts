/** Two connections to Redis, one for calls and one for letters: made when they are first needed, made again by themselves when they break, each call with an end. */
import { createHash } from 'node:crypto';
import { HandfastError } from '../../errors.ts';
import { LONGEST_LETTER, type StoreOpening } from './store.ts';

export interface RedisClientsOptions extends StoreOpening {
  readonly url: string;
  readonly timeoutMs: number;
  readonly client: Readonly<Record<string, unknown>>;
  /** What all keys and channels begin with. */
  readonly keys: string;
}

type Argument = string | Buffer;
type Client = ReturnType<typeof import('redis')['createClient']>;

export class RedisClients {
  readonly #options: RedisClientsOptions;
  readonly #calls: Client;
  readonly #letters: Client;
  readonly #decoded: object;
  #why: Error | undefined;

  /** @throws (by rejection) HF_STORE_UNAVAILABLE when there is no Redis in time, HF_STORE_REFUSED when it does not let us in, HF_UNSUPPORTED without the package. */
  static async open(options: RedisClientsOptions): Promise<RedisClients> {
    const clients = new RedisClients(options, await load());
    try {
      await clients.#begin();
    } catch (error) {
      clients.close();
      throw clients.#coded(error);
    }
    return clients;
  }

  private constructor(options: RedisClientsOptions, { createClient, RESP_TYPES }: typeof import('redis')) {
    const { url, client, timeoutMs } = options;
    this.#options = options;
    this.#decoded = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };
    const given = {
      ...client,
      url,
      RESP: 2,
      // What cannot be sent now is refused now: it is decided here what goes on without a store.
      disableOfflineQueue: true,
      socket: { connectTimeout: timeoutMs, ...Object(client.socket), reconnectStrategy: pauseMs },
    } as Parameters<typeof createClient>[0];
    this.#calls = createClient(given) as Client;
    // Its own commands, to be told of letters again, wait for the connection.
    this.#letters = createClient({ ...given, disableOfflineQueue: false } as Parameters<typeof createClient>[0]) as Client;
    for (const one of [this.#calls, this.#letters]) {
      one.on('error', (error: Error) => {
        this.#why = error;
      });
    }
  }

  /** Runs a script on all keys of this identity. */
  async run(source: string, values: readonly (string | number | Buffer)[]): Promise<unknown> {
    const rest = ['1', this.#options.keys, ...values.map((value) => (typeof value === 'number' ? String(value) : value))];
    try {
      return await this.#command(['EVALSHA', shaOf(source), ...rest]);
    } catch (error) {
      // Redis has forgotten it, over a restart for instance.
      if ((error as Error).message.includes('NOSCRIPT')) return this.#command(['EVAL', source, ...rest]);
      throw error;
    }
  }

  /** @param from told in front of the letter, so that a letter to all is not read by who sent it. */
  async publish(to: string, from: string, letter: Uint8Array): Promise<void> {
    await this.#command(['PUBLISH', `${this.#options.keys}letters:${to}`, Buffer.concat([Buffer.from(from, 'hex'), letter])]);
  }

  close(): void {
    for (const client of [this.#calls, this.#letters]) if (client.isOpen) client.destroy();
  }

  async #begin(): Promise<void> {
    const { keys, process } = this.#options;
    const connecting = Promise.all([this.#calls.connect(), this.#letters.connect()]);
    connecting.catch(() => {});
    await this.#inTime(connecting);
    for (const to of ['all', process]) await this.#inTime(this.#letters.subscribe(`${keys}letters:${to}`, this.#letter, true));
  }

  readonly #letter = (message: Buffer): void => {
    const { process, received } = this.#options;
    if (message.length < PROCESS_BYTES || message.length > LONGEST_LETTER) return;
    if (message.toString('hex', 0, PROCESS_BYTES) === process) return;
    received(new Uint8Array(message.subarray(PROCESS_BYTES)));
  };

  async #command(args: readonly Argument[]): Promise<unknown> {
    if (!this.#calls.isReady) throw this.#coded(this.#why);
    try {
      return await this.#inTime(this.#calls.sendCommand(args as Argument[], this.#decoded));
    } catch (error) {
      if (error instanceof HandfastError || (error as Error).message.includes('NOSCRIPT')) throw error;
      throw this.#coded(error);
    }
  }

  /** What comes too late is not waited for; Redis may do it all the same. */
  async #inTime<T>(doing: Promise<T>): Promise<T> {
    const { timeoutMs } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      // Where this process has stood still itself, the answer is there and only has to be read.
      timer = setTimeout(() => setImmediate(() => reject(this.#late())), timeoutMs);
    });
    try {
      return await Promise.race([doing, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #late(): HandfastError {
    if (!this.#calls.isReady) return this.#coded(this.#why);
    return new HandfastError('STORE_LATE', `Redis did not answer within ${this.#options.timeoutMs} ms`);
  }

  #coded(error: unknown): HandfastError {
    if (error instanceof HandfastError) return error;
    const { message = 'no connection yet', code } = Object(error) as { message?: string; code?: string };
    const said = (message || code) ?? '';
    const { host } = new URL(this.#options.url);
    if (REFUSALS.test(said)) return new HandfastError('STORE_REFUSED', `Redis at ${host} says: ${said.slice(0, 200)}`, { cause: error });
    return new HandfastError('STORE_UNAVAILABLE', `Redis at ${host}: ${said.slice(0, 200)}`, { cause: error });
  }
}

async function load(): Promise<typeof import('redis')> {
  try {
    return await import('redis');
  } catch (cause) {
    throw new HandfastError('UNSUPPORTED', `redisStore needs the package redis: npm install redis@${REDIS_VERSION}`, { cause });
  }
}

function shaOf(source: string): string {
  const known = SHAS.get(source);
  if (known !== undefined) return known;
  const sha = createHash('sha1').update(source).digest('hex');
  SHAS.set(source, sha);
  return sha;
}

const pauseMs = (tries: number): number => Math.min(500, 25 * 2 ** Math.min(tries, 5));

const SHAS = new Map<string, string>();
/** What Redis itself answers, not its connection. */
const REFUSALS =
  /^(?:ERR|OOM|NOAUTH|WRONGPASS|NOPERM|READONLY|LOADING|MISCONF|MASTERDOWN|BUSY|WRONGTYPE|FULL|CLUSTERDOWN|MOVED|CROSSSLOT|EXECABORT|user_script)/;
const PROCESS_BYTES = 16;
/** The version this is tested with. */
const REDIS_VERSION = '6.3.1';
