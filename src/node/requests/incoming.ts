/** A request that came in, as its handler sees it and as it is remembered until its answer has arrived. */
import type { Millis, Peer } from '../../protocols/machine.ts';
import { shownText } from '../../wire/text.ts';
import type { Timed } from '../deadlines.ts';
import type { RequestName } from '../store/store.ts';
import type { Caller } from './callers.ts';
import type { Line } from './confirmation.ts';

/** A request to a handler. */
export interface RequestMessage {
  /** Empty for the default handler. */
  readonly topic: string;
  /** The handler's own copy. */
  readonly bytes: Uint8Array;
  /** The bytes as UTF-8; what is not becomes U+FFFD. */
  text(): string;
  /** Aborts when nobody waits for the answer any more: the deadline has passed, the peer was banned or has restarted, the node closes. Not when a session ends: the next one may bring the answer. */
  readonly signal: AbortSignal;
}

/** Answers a request; undefined is an empty answer. */
export type Handler = (message: RequestMessage, from: Peer) => Uint8Array | undefined | Promise<Uint8Array | undefined>;

/** A request that was taken: in progress until it has `answer`, then remembered until that is confirmed. */
export interface Incoming extends Timed {
  readonly id: bigint;
  readonly caller: Caller;
  readonly deadline: Millis;
  /** Held until the handler has ended, also when nobody waits for it any more. */
  readonly payloadBytes: number;
  /** Absent once the handler has ended. */
  message: IncomingMessage | undefined;
  /** RESPONSE or ERROR, whole; never changed. */
  answer: Uint8Array | undefined;
  /** Taken in the store by this process. */
  claimed: RequestName | undefined;
  /** Another process may be asked for the answer. */
  wanted: boolean;
  /** Where it was asked and is still to be answered: nearly always one session. */
  readonly asked: Line[];
  /** Where the answer was sent last, and as which one; until it is confirmed there. */
  sentOn: Line | undefined;
  sentAs: number;
  /** No longer remembered: whatever the handler says now is for nobody. */
  over: boolean;
}

export class IncomingMessage implements RequestMessage {
  readonly topic: string;
  readonly bytes: Uint8Array;
  #controller: AbortController | undefined;
  #reason: unknown;

  constructor(topic: string, bytes: Uint8Array) {
    this.topic = topic;
    this.bytes = bytes;
  }

  text(): string {
    return shownText(this.bytes);
  }

  /** Made when it is asked for: most handlers never do. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Why `signal` was aborted. */
  get reason(): unknown {
    return this.#reason;
  }

  abort(reason: unknown): void {
    this.#reason ??= reason;
    this.#controller?.abort(reason);
  }
}
