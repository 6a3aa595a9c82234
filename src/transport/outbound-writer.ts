/** Messages on their way out that the protocol writes one by one: text encodings, compression, messages with kinds. */
import { HandfastError } from '../errors.ts';
import type { MessageAbout, MessageWriter, WrittenMessage } from '../protocols/machine.ts';
import { join } from '../wire/writer.ts';
import type { Carrier } from './carrier.ts';
import type { Clock } from './clock.ts';
import type { Outgoing } from './outbound.ts';

export interface OutboundWriterOptions {
  writer: MessageWriter;
  carrier: Carrier;
  clock: Clock;
  /** Called after a message was written; and with the error of one that must end the session. */
  sealed(error?: unknown): void;
}

interface Waiting {
  readonly payload: Uint8Array;
  readonly about: MessageAbout;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  readonly forget: () => void;
  cancelled: boolean;
}

export class OutboundWriter implements Outgoing {
  readonly #options: OutboundWriterOptions;
  /** Whether each message is a write to the carrier of its own: a protocol wants it, or the carrier keeps borders. */
  readonly #alone: boolean;
  #queue: Waiting[] = [];
  /** The first of the queue that has not left. */
  #next = 0;
  #queuedBytes = 0;
  #unwritten = 0;
  #writes = 0;
  /** In the middle of `flush`: what is handed on at once goes on there. */
  #flushing = false;
  #scheduled = false;
  #whenSealed: (() => void) | undefined;

  constructor(options: OutboundWriterOptions) {
    this.#options = options;
    this.#alone = options.writer.singly || options.carrier.borders === true;
  }

  get pendingBytes(): number {
    return this.#queuedBytes + this.#unwritten;
  }

  send(payload: Uint8Array, about: MessageAbout, signal?: AbortSignal): Promise<void> {
    const promise = new Promise<void>((resolve, reject) => {
      const cancel = (): void => {
        this.#queuedBytes -= payload.length;
        waiting.cancelled = true;
        reject(new HandfastError('ABORTED', 'the send was cancelled before it left', { cause: signal!.reason }));
      };
      const forget = (): void => signal?.removeEventListener('abort', cancel);
      const waiting: Waiting = { payload: payload.slice(), about, resolve, reject, forget, cancelled: false };
      signal?.addEventListener('abort', cancel, { once: true });
      this.#queue.push(waiting);
    });
    // Who sends without waiting learns of the end from the session; that is no crash.
    promise.catch(() => {});
    this.#queuedBytes += payload.length;
    if (!this.#scheduled) {
      this.#scheduled = true;
      process.nextTick(() => {
        this.#scheduled = false;
        this.flush();
      });
    }
    return promise;
  }

  flush(): void {
    const { carrier, writer, sealed } = this.#options;
    if (this.#flushing) return;
    this.#flushing = true;
    try {
      while (this.#next < this.#queue.length && !carrier.congested && !(writer.singly && this.#writes > 0)) this.#leave();
    } catch (error) {
      sealed(error);
      return;
    } finally {
      this.#flushing = false;
    }
    if (this.#next < this.#queue.length) return;
    const whenSealed = this.#whenSealed;
    this.#whenSealed = undefined;
    whenSealed?.();
  }

  whenSealed(run: () => void): void {
    this.#whenSealed = run;
    this.flush();
  }

  fail(why: () => unknown): void {
    this.#whenSealed = undefined;
    let error: unknown;
    for (let waiting = this.#take(); waiting; waiting = this.#take()) {
      error ??= why();
      waiting.reject(error);
    }
  }

  /** Writes the next message; on streams, with as many behind it as make a good write. @throws what must end the session. */
  #leave(): void {
    const parts: WrittenMessage[] = [];
    const leaving: Waiting[] = [];
    let size = 0;
    try {
      while (size < LARGEST_WRITE && !(this.#alone && parts.length > 0)) {
        const waiting = this.#take();
        if (!waiting) break;
        const written = this.#write(waiting);
        if (!written) continue;
        leaving.push(waiting);
        for (const part of written.more ? [written, ...written.more] : [written]) {
          parts.push(part);
          size += part.data.length;
        }
      }
    } catch (error) {
      for (const { reject } of leaving) reject(error);
      throw error;
    }
    if (parts.length === 0) return;
    const joined = this.#alone || parts.length === 1 ? parts : [{ data: join(parts.map(({ data }) => data)), text: parts[0].text }];
    this.#hand(joined, leaving, size);
    this.#options.sealed();
  }

  /** Hands parts to the carrier, one write each; settles once the last was handed on. */
  #hand(parts: readonly WrittenMessage[], leaving: readonly Waiting[], size: number): void {
    const { carrier, writer } = this.#options;
    let handed = 0;
    let settled = false;
    this.#unwritten += size;
    this.#writes++;
    const put = ({ data, text }: WrittenMessage): void => void carrier.write(data, handedOn, text);
    const handedOn = (error?: Error): void => {
      handed++;
      if (settled) return;
      if (!error && handed < parts.length) {
        if (writer.singly) put(parts[handed]);
        return;
      }
      settled = true;
      this.#unwritten -= size;
      this.#writes--;
      for (const { resolve, reject } of leaving) {
        if (error) reject(error);
        else resolve();
      }
      if (writer.singly) this.flush();
    };
    if (writer.singly) put(parts[0]);
    else for (const part of parts) put(part);
  }

  /** @returns undefined when the caller asked for what there is not: that fails one send, not the session. */
  #write({ payload, about, reject }: Waiting): WrittenMessage | undefined {
    const { writer, clock } = this.#options;
    try {
      return writer.write(payload, about, clock.now());
    } catch (error) {
      reject(error);
      if (error instanceof HandfastError && error.blame === 'caller') return undefined;
      throw error;
    }
  }

  /** The next that was not cancelled. */
  #take(): Waiting | undefined {
    while (this.#next < this.#queue.length) {
      const waiting = this.#queue[this.#next++];
      if (this.#next === this.#queue.length || this.#next >= 1024) {
        this.#queue = this.#queue.slice(this.#next);
        this.#next = 0;
      }
      if (waiting.cancelled) continue;
      waiting.forget();
      this.#queuedBytes -= waiting.payload.length;
      return waiting;
    }
    return undefined;
  }
}

// A write of its own costs more than copying so much.
const LARGEST_WRITE = 64 * 1024;
