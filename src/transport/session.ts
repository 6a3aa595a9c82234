/** A session: messages both ways with one authenticated peer, over whatever carries them. */
import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Core } from '../core/core.ts';
import type { Slab } from '../core/slab.ts';
import { HandfastError } from '../errors.ts';
import type { MessageAbout, Millis, Peer, Received, Refusal, Traffic } from '../protocols/machine.ts';
import { addressText, type Carrier } from './carrier.ts';
import type { Cancel, Clock } from './clock.ts';
import { tellSessionClose, tellSessionOpen } from './diagnostics.ts';
import type { HandshakeResult, HandshakeStep } from './handshake.ts';
import type { Message, MessageBatch } from './message.ts';
import { type StreamOptions, streamOf } from './stream.ts';
import { TrafficDriver } from './traffic-driver.ts';
import { UNREAD, Unread } from './unread.ts';

export interface SessionLimits {
  /** Messages that wait to be read before the carrier is paused; 1,024. */
  unreadMessages?: number | undefined;
  /** Their bytes; 4 MiB. The memory that they lie in may have twice as many, and 256 KiB at least. */
  unreadBytes?: number | undefined;
}

export interface SessionOptions extends SessionLimits {
  protocol: string;
  core: Core;
}

export interface CloseOptions {
  /** How long the other side may take to say that it is done too; 5,000. Then the stream is cut, and `session.error` is HF_TRUNCATED. */
  drainMs?: number | undefined;
  /** Why the other side must go; without fault when absent. */
  refusal?: Refusal | undefined;
}

export interface SendOptions extends MessageAbout {
  /** Cancels the send as long as the message has not left. */
  signal?: AbortSignal | undefined;
}

/** What was agreed, in the protocol's words; `steps` when they were asked for. */
export interface SessionInfo {
  readonly [name: string]: string | number | boolean | readonly HandshakeStep[] | undefined;
  readonly steps?: readonly HandshakeStep[];
}

/** Messages of the application, as they are handed on or taken: none of the protocol's own. */
export interface MessageCount {
  readonly messages: number;
  /** Of their payloads. */
  readonly bytes: number;
}

interface SessionEvents {
  /** The session is over and its carrier gone; with the error that ended it, if one did. */
  close: [error?: Error];
  /** The other side is done: no more messages will come. */
  peerDone: [];
  /** What the protocol tells besides messages, by its names for it: the latency of a ping, news of a cluster. */
  event: [name: string, detail: Readonly<Record<string, unknown>>];
}

export class Session extends EventEmitter<SessionEvents> implements AsyncIterable<Message>, AsyncDisposable {
  readonly peer: Peer;
  readonly protocol: string;
  /** 32 bytes that only this session has, the same on both sides. */
  readonly binding: Uint8Array;
  readonly info: SessionInfo;
  /** `address:port`, where the carrier has one. */
  readonly remoteAddress: string | undefined;
  /** When the carrier is gone. Never rejects; see {@link Session.error}. */
  readonly closed: Promise<void>;
  /** What ended the session; undefined while it lasts, and when it ended well. */
  error: Error | undefined;

  readonly #carrier: Carrier;
  readonly #clock: Clock;
  readonly #traffic: Traffic;
  readonly #driver: TrafficDriver;
  readonly #unread: Unread;
  readonly #mostMessages: number;
  readonly #mostBytes: number;
  /** Of the memory that unread messages lie in: what surrounds them counts, or a peer could have much of it kept by little. */
  readonly #mostHeld: number;
  /** As many unread messages as there may be: nothing is read until some are. */
  #full = false;
  #drainAt: Millis = Number.POSITIVE_INFINITY;
  #cancelDrain: Cancel = () => {};
  #peerDone = false;
  readonly #sent = { messages: 0, bytes: 0 };
  /** This side asked for the end; nothing more is sent. */
  #closing = false;
  #keepsHalfOpen = false;
  #resolveClosed!: () => void;

  constructor(result: HandshakeResult, { protocol, core, unreadMessages = UNREAD.messages, unreadBytes = UNREAD.bytes }: SessionOptions) {
    super();
    const { opened, carrier, clock, steps } = result;
    this.peer = opened.peer;
    this.protocol = protocol;
    this.binding = opened.binding;
    this.info = steps ? { ...opened.info, steps } : opened.info;
    this.remoteAddress = addressText(carrier.remote);
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#carrier = carrier;
    this.#clock = clock;
    this.#traffic = opened.traffic;
    this.#mostMessages = unreadMessages;
    this.#mostBytes = unreadBytes;
    this.#mostHeld = Math.max(2 * unreadBytes, LEAST_HELD);
    this.#unread = new Unread(() => this.#consumed());
    this.#driver = new TrafficDriver(result, core, {
      received: (received, slab, size) => this.#received(received, slab, size),
      taken: (now) => this.#pauseIfFull(now),
      peerDone: () => this.#hearPeerDone(),
      event: (name, detail) => this.#later(() => this.emit('event', name, detail)),
      ended: (why) => this.#ended(why),
      gone: () => this.#gone(),
    });
    tellSessionOpen(this);
    this.#driver.begin(result);
  }

  /** Bytes held for this session besides unread messages: of a record that is not whole, and of what waits to be written. */
  get heldBytes(): number {
    return this.#driver.heldBytes;
  }

  /** The largest payload that `send` takes. */
  get largestPayload(): number {
    return this.#driver.over ? 0 : this.#traffic.largestPayload;
  }

  /** Messages that came, whether they were read or not. */
  get received(): MessageCount {
    return this.#unread.taken;
  }

  /** Messages that `send` took. */
  get sent(): MessageCount {
    return this.#sent;
  }

  /** Whether messages can still be sent. */
  get writable(): boolean {
    return !this.#closing && !this.#driver.over;
  }

  /**
   * Sends one message. The payload is copied before this returns; the promise settles when the message was handed to the system, so awaiting it keeps to the other side's pace.
   * It may be left alone. `kind` and `meta` are for protocols whose messages have such things; `meta` must not be changed until the promise settles.
   * @throws (by rejection) HF_TOO_LARGE (blame caller), HF_CLOSED, HF_ABORTED when `signal` came before the message left, HF_BAD_ARGUMENT for a kind or a meta that the protocol
   * does not have.
   */
  send(payload: Uint8Array, options: SendOptions = NO_OPTIONS): Promise<void> {
    const refusal = this.#cannotSend(payload, options);
    if (refusal) return quietly(Promise.reject(refusal));
    this.#sent.messages++;
    this.#sent.bytes += payload.length;
    return this.#driver.send(payload, options, options.signal);
  }

  /** Messages, one at a time, each valid until the next is asked for. Ends when the other side is done; rejects with a coded error when the session failed. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Message> {
    return this.#unread.messages();
  }

  /**
   * As the iteration of messages, but all that came in one chunk at once, and nothing allocated for a message. A batch is released when the next one is asked for, at the end of the loop,
   * or before by `release()` or `using`; used after that it is HF_RELEASED. Who still needs it then has called `retain()`.
   */
  batches(): AsyncIterableIterator<MessageBatch> {
    return this.#unread.batches();
  }

  /** The session as a byte stream: message borders are not kept. To be used instead of `send` and iteration. */
  stream(options: StreamOptions = {}): Duplex {
    this.keepHalfOpen();
    return streamOf(this, options);
  }

  /** From now on this side ends only when it is told to, not by itself once the other is done: for whoever still owes an answer then. */
  keepHalfOpen(): void {
    this.#keepsHalfOpen = true;
  }

  /** Sends what waits, says that this side is done and waits until the other side is too. Never rejects. A second call can only shorten the wait. */
  close({ drainMs = 5_000, refusal }: CloseOptions = {}): Promise<void> {
    if (this.#driver.over) return this.closed;
    this.#drainAt = Math.min(this.#drainAt, this.#clock.now() + drainMs);
    this.#cancelDrain();
    this.#cancelDrain = this.#clock.at(this.#drainAt, () => {
      // Whoever still reads must not take this for the end of what the other side had to say.
      const unsaid = new HandfastError('TRUNCATED', 'the other side did not say in time that it was done');
      this.#driver.finish(this.#peerDone ? undefined : unsaid, 'cut');
    });
    if (!this.#closing) {
      this.#closing = true;
      this.#driver.close(refusal);
    }
    return this.closed;
  }

  /** Cuts the stream at once; unread messages are dropped. Readers get `error`, or the end when there is none. */
  destroy(error?: Error): void {
    this.#unread.discard();
    this.#driver.finish(error, 'cut');
    // Over already, it may still be on its way out.
    this.#carrier.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    this.#unread.discard();
  }

  #cannotSend(payload: Uint8Array, { kind, meta, signal }: SendOptions): HandfastError | undefined {
    if (!(payload instanceof Uint8Array)) return new HandfastError('BAD_ARGUMENT', 'send: expected a Uint8Array');
    if (this.#closing || this.#driver.over) return new HandfastError('CLOSED', 'the session is closed', { cause: this.error });
    if (signal?.aborted) return new HandfastError('ABORTED', 'the send was cancelled', { cause: signal.reason });
    const { largestPayload: limit, smallestPayload: least = 0 } = this.#traffic;
    if (payload.length < least) {
      return new HandfastError('BAD_ARGUMENT', `a message of ${payload.length} bytes: ${this.protocol} has none below ${least}`);
    }
    if (payload.length > limit) {
      return new HandfastError('TOO_LARGE', `a message of ${payload.length} bytes: the other side takes ${limit}`, { blame: 'caller' });
    }
    if ((kind === undefined && meta === undefined) || this.#traffic.writer) return undefined;
    return new HandfastError('BAD_ARGUMENT', `send: messages of ${this.protocol} have no kind and no meta`);
  }

  #received({ count, places, own, abouts }: Received, slab: Slab | undefined, size: number): void {
    if (own && own.length > 0) this.#unread.pushOwn(own.slice(), size);
    else if (slab) this.#unread.push(slab.retain(), places, count, abouts?.slice(0, count));
  }

  #pauseIfFull(now: Millis): void {
    const { count, bytes, held } = this.#unread;
    if (this.#full || (count < this.#mostMessages && bytes < this.#mostBytes && held < this.#mostHeld)) return;
    this.#full = true;
    this.#driver.reading(false, now);
  }

  /** The reader has moved on, or left. */
  #consumed(): void {
    if (this.#driver.over) {
      if (this.#closing && !this.#unread.reading) this.#unread.discard();
      return;
    }
    const { count, bytes, held } = this.#unread;
    if (this.#full && count <= this.#mostMessages / 2 && bytes <= this.#mostBytes / 2 && held <= this.#mostHeld / 2) {
      this.#full = false;
      this.#driver.reading(true, this.#clock.now());
    }
    this.#closeIfDone();
  }

  #hearPeerDone(): void {
    this.#peerDone = true;
    this.#unread.end();
    this.#later(() => this.emit('peerDone'));
    // Whoever is told that nothing more comes may still want to answer what came.
    process.nextTick(() => this.#closeIfDone());
  }

  /** Once the other side is done and all it said was read, so are we; a stream has an end of its own. */
  #closeIfDone(): void {
    if (this.#peerDone && !this.#closing && !this.#keepsHalfOpen && this.#unread.empty && !this.#unread.holding) void this.close();
  }

  #ended(why: Error | undefined): void {
    this.error = why;
    this.#cancelDrain();
    this.#unread.end(why);
    if (this.#closing && !this.#unread.reading) this.#unread.discard();
  }

  #gone(): void {
    const { error } = this;
    this.#resolveClosed();
    tellSessionClose(this, error);
    this.#later(() => (error ? this.emit('close', error) : this.emit('close')));
  }

  /** A listener that throws must not do so in the middle of a step. */
  #later(tell: () => void): void {
    process.nextTick(tell);
  }
}

function quietly<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

// Two slabs of an ordinary chunk: below that, the chunk that is being read decides, not the limit.
const LEAST_HELD = 256 * 1024;
// One for all: none is made for a message.
const NO_OPTIONS: SendOptions = {};
