/** A session: messages both ways with one authenticated peer, over whatever carries them. */
import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Core } from '../core/core.ts';
import type { Slab } from '../core/slab.ts';
import { HandfastError } from '../errors.ts';
import type { Millis, Opened, Peer, Received, Refusal, Traffic, TrafficOutput } from '../protocols/machine.ts';
import { join } from '../wire/writer.ts';
import { addressText, type Carrier } from './carrier.ts';
import type { Cancel, Clock } from './clock.ts';
import type { HandshakeResult, HandshakeStep } from './driver.ts';
import { Inbound } from './inbound.ts';
import { endCarrier } from './linger.ts';
import type { Message, MessageBatch } from './message.ts';
import { Outbound } from './outbound.ts';
import { type StreamOptions, streamOf } from './stream.ts';
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

/** What was agreed, in the protocol's words; `steps` when they were asked for. */
export interface SessionInfo {
  readonly [name: string]: string | number | boolean | readonly HandshakeStep[] | undefined;
  readonly steps?: readonly HandshakeStep[];
}

interface SessionEvents {
  /** The session is over and its carrier gone; with the error that ended it, if one did. */
  close: [error?: Error];
  /** The other side is done: no more messages will come. */
  peerDone: [];
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
  readonly #inbound: Inbound;
  readonly #outbound: Outbound;
  readonly #unread: Unread;
  readonly #mostMessages: number;
  readonly #mostBytes: number;
  /** Of the memory that unread messages lie in: what surrounds them counts, or a peer could have much of it kept by little. */
  readonly #mostHeld: number;
  /** As many unread messages as there may be: nothing is read until some are. */
  #full = false;
  /** Bytes of the traffic's own that the other side has not taken: answers to pings. */
  #ownBytes = 0;
  #armedAt: Millis = Number.POSITIVE_INFINITY;
  #disarm: Cancel = () => {};
  #drainAt: Millis = Number.POSITIVE_INFINITY;
  #cancelDrain: Cancel = () => {};
  #heardEnd = false;
  #peerDone = false;
  /** This side asked for the end; nothing more is sent. */
  #closing = false;
  /** The traffic was told so. */
  #saidClose = false;
  /** Both directions are done; keys are wiped, the carrier is on its way out. */
  #over = false;
  #keepsHalfOpen = false;
  #resolveClosed!: () => void;

  constructor(
    { opened, carrier, clock, arrived, heardEnd, steps }: HandshakeResult,
    { protocol, core, unreadMessages = UNREAD.messages, unreadBytes = UNREAD.bytes }: SessionOptions,
  ) {
    super();
    this.peer = opened.peer;
    this.protocol = protocol;
    this.binding = opened.binding;
    this.info = steps ? { ...opened.info, steps } : opened.info;
    this.remoteAddress = addressText(carrier.remote);
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    const { traffic } = opened;
    this.#carrier = carrier;
    this.#clock = clock;
    this.#traffic = traffic;
    this.#mostMessages = unreadMessages;
    this.#mostBytes = unreadBytes;
    this.#mostHeld = Math.max(2 * unreadBytes, LEAST_HELD);
    this.#inbound = new Inbound(core, traffic);
    this.#outbound = new Outbound({ core, traffic, carrier, clock, sealed: (error) => (error ? this.#fail(error) : this.#rearm()) });
    this.#unread = new Unread(() => this.#consumed());
    carrier.attach({
      data: (bytes) => this.#data(bytes, this.#clock.now()),
      end: () => this.#end(),
      drained: () => this.#outbound.flush(),
      closed: (error) => this.#broken(error),
    });
    this.#begin(opened, arrived, heardEnd);
  }

  /** Bytes held for this session besides unread messages: of a record that is not whole, and of what waits to be written. */
  get heldBytes(): number {
    return this.#inbound.heldBytes + this.#outbound.pendingBytes + this.#ownBytes;
  }

  /** The largest payload that `send` takes. */
  get largestPayload(): number {
    return this.#over ? 0 : this.#traffic.largestPayload;
  }

  /** Whether messages can still be sent. */
  get writable(): boolean {
    return !this.#closing && !this.#over;
  }

  /**
   * Sends one message. The payload is copied before this returns; the promise settles when the message was handed to the system, so awaiting it keeps to the other side's pace.
   * It may be left alone. @throws (by rejection) HF_TOO_LARGE (blame caller), HF_CLOSED, HF_ABORTED when `signal` came before the message left.
   */
  send(payload: Uint8Array, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    const refusal = this.#cannotSend(payload, signal);
    return refusal ? quietly(Promise.reject(refusal)) : this.#outbound.send(payload, signal);
  }

  /** Messages, one at a time, each valid until the next is asked for. Ends when the other side is done; rejects with a coded error when the session failed. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Message> {
    return this.#unread.messages();
  }

  /** As the iteration of messages, but all that came in one chunk at once, and nothing allocated for a message. */
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
    if (this.#over) return this.closed;
    this.#drainAt = Math.min(this.#drainAt, this.#clock.now() + drainMs);
    this.#cancelDrain();
    this.#cancelDrain = this.#clock.at(this.#drainAt, () => {
      // Whoever still reads must not take this for the end of what the other side had to say.
      this.#finish(this.#peerDone ? undefined : new HandfastError('TRUNCATED', 'the other side did not say in time that it was done'), 0);
      this.#carrier.destroy();
    });
    if (!this.#closing) {
      this.#closing = true;
      this.#outbound.whenSealed(() => this.#sayClose(refusal));
    }
    return this.closed;
  }

  /** Cuts the stream at once; unread messages are dropped. Readers get `error`, or the end when there is none. */
  destroy(error?: Error): void {
    this.#unread.discard();
    this.#finish(error, 0);
    this.#carrier.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    this.#unread.discard();
  }

  #cannotSend(payload: Uint8Array, signal: AbortSignal | undefined): HandfastError | undefined {
    if (!(payload instanceof Uint8Array)) return new HandfastError('BAD_ARGUMENT', 'send: expected a Uint8Array');
    if (this.#closing || this.#over) return new HandfastError('CLOSED', 'the session is closed', { cause: this.error });
    if (signal?.aborted) return new HandfastError('ABORTED', 'the send was cancelled', { cause: signal.reason });
    const { largestPayload: limit, smallestPayload: least = 0 } = this.#traffic;
    if (payload.length < least) {
      return new HandfastError('BAD_ARGUMENT', `a message of ${payload.length} bytes: ${this.protocol} has none below ${least}`);
    }
    if (payload.length <= limit) return undefined;
    return new HandfastError('TOO_LARGE', `a message of ${payload.length} bytes: the other side takes ${limit}`, { blame: 'caller' });
  }

  #begin(opened: Opened, arrived: HandshakeResult['arrived'], heardEnd: boolean): void {
    this.#data(opened.rest, this.#clock.now());
    for (const { data, now } of arrived) this.#data(data, now);
    if (heardEnd) this.#end();
    if (this.#over) return;
    this.#resume();
    this.#rearm();
  }

  #resume(): void {
    if (!this.#over && !this.#full && this.#ownBytes <= OWN_BYTES) this.#carrier.resume();
  }

  #data(bytes: Uint8Array, now: Millis): void {
    if (this.#over) return;
    this.#guarded(() => {
      this.#inbound.take(bytes, now, (slab, received) => this.#received(slab, received));
      if (!this.#over) this.#pauseIfFull(now);
    });
  }

  #received(slab: Slab, received: Received): void {
    const { count, places } = received;
    if (count > 0) this.#unread.push(slab.retain(), places.slice(0, 2 * count), count);
    this.#obey(received.outputs);
  }

  #pauseIfFull(now: Millis): void {
    const { count, bytes, held } = this.#unread;
    if (this.#full || (count < this.#mostMessages && bytes < this.#mostBytes && held < this.#mostHeld)) return;
    this.#full = true;
    this.#carrier.pause();
    this.#traffic.reading(false, now);
  }

  /** The reader has moved on, or left. */
  #consumed(): void {
    if (this.#over) {
      if (this.#closing && !this.#unread.reading) this.#unread.discard();
      return;
    }
    const { count, bytes, held } = this.#unread;
    if (this.#full && count <= this.#mostMessages / 2 && bytes <= this.#mostBytes / 2 && held <= this.#mostHeld / 2) {
      this.#full = false;
      this.#guarded(() => this.#traffic.reading(true, this.#clock.now()));
      this.#resume();
    }
    this.#closeIfDone();
  }

  /** Once the other side is done and all it said was read, so are we; a stream has an end of its own. */
  #closeIfDone(): void {
    if (this.#peerDone && !this.#closing && !this.#keepsHalfOpen && this.#unread.empty && !this.#unread.holding) void this.close();
  }

  #end(): void {
    this.#heardEnd = true;
    // What waits to leave goes before the traffic's own last word.
    this.#outbound.flush();
    if (!this.#over) this.#guarded(() => this.#obey(this.#traffic.end(this.#clock.now())));
  }

  #broken(cause?: Error): void {
    this.#finish(new HandfastError('TRUNCATED', 'the connection broke off', { cause }), 0);
  }

  #obey(outputs: readonly TrafficOutput[]): void {
    if (outputs.length === 0 || this.#over) return;
    // What is sent leaves as one write, and before anything ends.
    this.#write(outputs);
    for (const output of outputs) {
      if (output.kind === 'ended') this.#finish(output.why, output.lingerMs);
      else if (output.kind === 'peer-done' && !this.#peerDone) {
        this.#peerDone = true;
        this.#unread.end();
        this.#emitLater('peerDone');
        // Whoever is told that nothing more comes may still want to answer what came.
        process.nextTick(() => this.#closeIfDone());
      }
      if (this.#over) return;
    }
  }

  /** Who asks for answers and does not read them is not read either; time goes on for it, unlike when our reader is slow. */
  #write(outputs: readonly TrafficOutput[]): void {
    const parts: Uint8Array[] = [];
    for (const output of outputs) if (output.kind === 'send') parts.push(output.data);
    if (parts.length === 0) return;
    const data = parts.length === 1 ? parts[0] : join(parts);
    this.#ownBytes += data.length;
    if (this.#ownBytes > OWN_BYTES) this.#carrier.pause();
    this.#carrier.write(data, () => {
      const choked = this.#ownBytes > OWN_BYTES;
      this.#ownBytes -= data.length;
      if (choked) this.#resume();
    });
  }

  #sayClose(refusal?: Refusal): void {
    if (this.#over || this.#saidClose) return;
    this.#saidClose = true;
    this.#guarded(() => this.#obey(this.#traffic.close(this.#clock.now(), refusal)));
  }

  /** Runs something that must not throw, and ends the session if it does. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#fail(error);
    }
    this.#rearm();
  }

  /** A fault on this side: the other is told where that is possible, and the stream ends. */
  #fail(fault: unknown): void {
    if (this.#over) return;
    const why = fault instanceof HandfastError ? fault : new HandfastError('INTERNAL', 'a fault inside the session', { cause: fault });
    try {
      const refusal: Refusal = { code: 'INTERNAL', reason: '' };
      if (!this.#saidClose) {
        this.#saidClose = true;
        this.#write(this.#traffic.close(this.#clock.now(), refusal));
      }
    } catch {
      // What is broken cannot say so.
    }
    this.#finish(why, FAULT_LINGER_MS);
  }

  /** The one end of every session: keys wiped, memory given back, the carrier seen out. */
  #finish(why: Error | undefined, lingerMs: number): void {
    if (this.#over) return;
    this.#over = true;
    this.error = why;
    this.#disarm();
    this.#cancelDrain();
    this.#inbound.release();
    this.#outbound.fail(new HandfastError('CLOSED', 'the session ended before the message left', { cause: why }));
    this.#traffic.wipe();
    this.#unread.end(why);
    if (this.#closing && !this.#unread.reading) this.#unread.discard();
    endCarrier(this.#carrier, this.#clock, lingerMs, this.#heardEnd, () => this.#gone());
  }

  #gone(): void {
    this.#resolveClosed();
    this.#emitLater('close', this.error);
  }

  /** A listener that throws must not do so in the middle of a step. */
  #emitLater(event: 'close' | 'peerDone', error?: Error): void {
    process.nextTick(() => {
      if (event === 'peerDone') this.emit('peerDone');
      else if (error) this.emit('close', error);
      else this.emit('close');
    });
  }

  /** One timer, for the earliest moment that matters; it is moved only when that comes nearer. */
  #rearm(): void {
    if (this.#over || this.#traffic.deadline >= this.#armedAt) return;
    this.#disarm();
    const at = Math.max(this.#traffic.deadline, this.#clock.now() + 1);
    this.#armedAt = at;
    this.#disarm = this.#clock.at(at, () => {
      this.#armedAt = Number.POSITIVE_INFINITY;
      const now = Math.max(at, this.#clock.now());
      this.#guarded(() => {
        if (this.#traffic.deadline <= now) this.#obey(this.#traffic.tick(now));
      });
    });
  }
}

function quietly<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

const OWN_BYTES = 64 * 1024;
// Two slabs of an ordinary chunk: below that, the chunk that is being read decides, not the limit.
const LEAST_HELD = 256 * 1024;
// As long as a refusal lingers in handfast/1.
const FAULT_LINGER_MS = 1_000;
