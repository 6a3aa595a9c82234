/** The store of several processes of one machine: the primary of node:cluster keeps it in memory, its workers ask over the channel that they have to it anyway. */
import { HandfastError } from '../../errors.ts';
import { type Clock, systemClock } from '../../transport/clock.ts';
import { carried, uncarried } from '../control/messages.ts';
import { SharedStates } from './memory.ts';
import type { Store, StoreConnection, StoreOpening } from './store.ts';

/** A channel between two processes, of those that carry typed arrays and bigints (`serialization: 'advanced'`). */
export interface Channel {
  send(message: unknown, done: (error: Error | null) => void): unknown;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  once(event: 'disconnect', listener: () => void): unknown;
}

/** What goes over it, marked so that others may use it too. A message costs far more than a call. */
type Message =
  | { readonly handfast: 'store'; readonly calls: readonly Asking[] }
  | { readonly handfast: 'store'; readonly answers: readonly Answering[] }
  | { readonly handfast: 'store'; readonly letter: Uint8Array };

interface Asking {
  readonly number: number;
  readonly call: string;
  readonly values: readonly unknown[];
}

interface Answering {
  readonly number: number;
  readonly value?: unknown;
  readonly error?: object;
}

interface Asked {
  resolve(value: unknown): void;
  reject(why: Error): void;
  readonly until: number;
}

/** In the primary. */
export class PrimaryStore {
  readonly #states = new SharedStates();
  readonly #clock: Clock;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Answers one worker until its channel is gone; what it held is free then, without waiting for its last beat to be over. */
  serve(worker: Channel): void {
    let connection: StoreConnection | undefined;
    const say = (message: Message): void => void worker.send(message, () => {});
    const answer = async (call: string, values: readonly unknown[]): Promise<unknown> => {
      if (call === 'open') {
        const [{ network, identity, process }] = values as [StoreOpening];
        const received = (letter: Uint8Array): void => say({ handfast: 'store', letter });
        await connection?.close();
        connection = this.#states.open({ network, identity, process, clock: this.#clock, received });
        return undefined;
      }
      if (!connection || !CALLS.includes(call as Call)) throw new HandfastError('STORE_REFUSED', `there is no call ${call} of a store`);
      return (connection[call as Call] as (...some: readonly unknown[]) => Promise<unknown>)(...values);
    };
    const answered = ({ number, call, values }: Asking): Promise<Answering> =>
      answer(call, values).then(
        (value) => ({ number, value }),
        (error: unknown) => ({ number, error: carried(error) }),
      );
    worker.on('message', (message) => {
      if (!isOurs(message) || !('calls' in message)) return;
      void Promise.all(message.calls.map(answered)).then((answers) => say({ handfast: 'store', answers }));
    });
    worker.once('disconnect', () => void connection?.close());
  }
}

/** In a worker. @param channel to its primary: `process`. @param timeoutMs how long that may take for one answer. */
export function primaryStore(channel: Channel, timeoutMs = 1_000): Store {
  return {
    pauseMs: PAUSE_MS,
    async open({ network, identity, process, received }) {
      const calls = new Calls(channel, timeoutMs, received);
      await calls.ask('open', [{ network, identity, process }]);
      const made = CALLS.map((call) => [call, (...values: unknown[]) => calls.ask(call, values)]);
      const connection = Object.fromEntries(made) as unknown as StoreConnection;
      return { ...connection, close: () => connection.close().catch(() => {}) };
    },
  };
}

/** Calls of one turn go in one message. One message is on its way at a time; what is asked meanwhile goes with the next. */
class Calls {
  readonly #channel: Channel;
  readonly #timeoutMs: number;
  /** In the order in which they were asked. */
  readonly #asked = new Map<number, Asked>();
  #waiting: Asking[] = [];
  #asking = false;
  #watching = false;
  #last = 0;
  #gone = false;

  constructor(channel: Channel, timeoutMs: number, received: (letter: Uint8Array) => void) {
    this.#channel = channel;
    this.#timeoutMs = timeoutMs;
    channel.on('message', (message) => {
      if (!isOurs(message) || 'calls' in message) return;
      if ('letter' in message) received(message.letter);
      else {
        for (const { number, value, error } of message.answers) {
          const asked = this.#asked.get(number);
          this.#asked.delete(number);
          if (error) asked?.reject(uncarried(error));
          else asked?.resolve(value);
        }
        this.#asking = false;
        this.#send();
      }
    });
    channel.once('disconnect', () => {
      this.#gone = true;
      for (const { reject } of this.#asked.values()) reject(unavailable());
      this.#asked.clear();
    });
  }

  ask(call: string, values: readonly unknown[]): Promise<unknown> {
    if (this.#gone) return Promise.reject(unavailable());
    return new Promise((resolve, reject) => {
      const number = ++this.#last;
      this.#asked.set(number, { resolve, reject, until: performance.now() + this.#timeoutMs });
      this.#waiting.push({ number, call, values });
      this.#watch(this.#timeoutMs);
      if (this.#waiting.length === 1) queueMicrotask(() => this.#send());
    });
  }

  #send(): void {
    if (this.#asking) return;
    // What was waited for in vain is not done after all.
    const calls = this.#waiting.filter(({ number }) => this.#asked.has(number));
    this.#waiting = [];
    if (calls.length === 0) return;
    this.#asking = true;
    const message: Message = { handfast: 'store', calls };
    this.#channel.send(message, (error) => {
      if (!error) return;
      this.#asking = false;
      for (const { number } of calls) this.#fail(number, unavailable(error));
    });
  }

  /** One timer for all: each would cost as much as its share of a message. */
  #watch(ms: number): void {
    if (this.#watching) return;
    this.#watching = true;
    // Where this process has stood still itself, the answer is there and only has to be read.
    setTimeout(() => setImmediate(() => this.#endLate()), ms).unref();
  }

  #endLate(): void {
    this.#watching = false;
    const now = performance.now();
    for (const [number, { until }] of this.#asked) {
      if (until > now) {
        this.#watch(until - now);
        return;
      }
      this.#fail(number, new HandfastError('STORE_LATE', `the primary did not answer within ${this.#timeoutMs} ms`));
    }
  }

  #fail(number: number, why: Error): void {
    this.#asked.get(number)?.reject(why);
    this.#asked.delete(number);
  }
}

function isOurs(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && (message as Partial<Message>).handfast === 'store';
}

const unavailable = (cause?: Error): HandfastError => new HandfastError('STORE_UNAVAILABLE', 'the primary process is gone', { cause });

/** A message and its answer cost each of the two processes some 25 us, and what is asked a tenth of that. */
const PAUSE_MS = 1;
type Call = keyof StoreConnection;
const CALLS: readonly Call[] = [
  'beat',
  'enter',
  'version',
  'trust',
  'bans',
  'ban',
  'unban',
  'charge',
  'claim',
  'reserve',
  'giveUp',
  'answer',
  'first',
  'hold',
  'release',
  'holder',
  'alive',
  'lease',
  'yield',
  'send',
  'close',
];
