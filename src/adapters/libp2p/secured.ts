/** A handfast session as a message stream of js-libp2p. */
import type { AbortOptions, MessageStream } from '@libp2p/interface';
import { AbstractMessageStream, type SendResult } from '@libp2p/utils';
import { HandfastError } from '../../errors.ts';
import type { Session } from '../../transport/session.ts';

export class SecuredStream extends AbstractMessageStream {
  readonly #session: Session;
  /** Bytes that the connection below has not taken yet. */
  #unsent = 0;
  #paused = false;
  #resumed: (() => void) | undefined;

  /** @param below what the session goes over: its log, limits and direction are ours. */
  constructor(session: Session, below: MessageStream) {
    super({
      log: below.log.newScope('handfast'),
      inactivityTimeout: below.inactivityTimeout,
      maxReadBufferLength: below.maxReadBufferLength,
      direction: below.direction,
    });
    this.#session = session;
    session.keepHalfOpen();
    void this.#read();
  }

  /** Says that this side is done, once all was sent, and waits until the other side has said so too: for 5 s, then it is cut. `signal` shortens that. */
  async close({ signal }: AbortOptions = {}): Promise<void> {
    if (this.status !== 'open') return;
    signal?.throwIfAborted();
    this.status = 'closing';
    this.writeStatus = 'closing';
    if (this.writeBuffer.byteLength > 0) {
      this.sendData(this.writeBuffer.sublist());
      this.writeBuffer.consume(this.writeBuffer.byteLength);
    }
    this.writableNeedsDrain = false;
    const abort = (): void => this.abort(signal!.reason);
    signal?.addEventListener('abort', abort, { once: true });
    // What was not read by then is still handed over, by the loop that reads.
    await this.#session.close();
    signal?.removeEventListener('abort', abort);
    signal?.throwIfAborted();
  }

  sendData(data: { subarray(): Uint8Array; byteLength: number }): SendResult {
    const bytes = data.subarray();
    const largest = this.#session.largestPayload;
    if (largest === 0) throw new HandfastError('CLOSED', 'the session is closed', { cause: this.#session.error });
    let last: Promise<void> = Promise.resolve();
    for (let at = 0; at < bytes.length; at += largest) last = this.#session.send(bytes.subarray(at, at + largest));
    this.#unsent += bytes.length;
    const sent = (): void => {
      this.#unsent -= bytes.length;
      if (this.writableNeedsDrain && this.#unsent <= MOST_UNSENT / 2) this.safeDispatchEvent('drain');
    };
    // A session that fails says so by its end.
    last.then(sent, () => {});
    return { sentBytes: bytes.length, canSendMore: this.#unsent <= MOST_UNSENT };
  }

  sendReset(why: Error): void {
    this.#session.destroy(why);
    this.sendResume();
  }

  sendPause(): void {
    this.#paused = true;
  }

  sendResume(): void {
    this.#paused = false;
    this.#resumed?.();
  }

  /** Hands over what comes, in memory of its own, until there is no more; then the end, and why. */
  async #read(): Promise<void> {
    let why: Error | undefined;
    try {
      for await (const { bytes, places, count } of this.#session.batches()) {
        if (this.#paused) {
          await new Promise<void>((resolve) => {
            this.#resumed = resolve;
          });
          this.#resumed = undefined;
        }
        this.onData(gathered(bytes, places, count));
      }
      this.onRemoteCloseWrite();
      void this.#closeOnceSaid();
    } catch (error) {
      why = error as Error;
    }
    if (!why) {
      await this.#session.closed;
      why = this.#session.error;
    }
    this.#end(why);
  }

  /** The other side is done. So are we, but for whoever was told to wait in the middle of an answer: that goes on once there is room. */
  async #closeOnceSaid(): Promise<void> {
    while (this.writableNeedsDrain) {
      await Promise.race([new Promise((resolve) => this.addEventListener('drain', resolve, { once: true })), this.#session.closed]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    void this.#session.close();
  }

  #end(why: Error | undefined): void {
    if (!why) this.onTransportClosed();
    else if (this.status === 'open' || this.status === 'closing') {
      // Cut without a farewell, as js-libp2p itself ends connections: the streams of a muxer have ends of their own.
      if (why instanceof HandfastError && why.codeName === 'TRUNCATED') this.onRemoteReset();
      else this.abort(why);
    }
  }
}

/** The messages of a batch in a row: their borders mean nothing here. */
function gathered(bytes: Uint8Array, places: Uint32Array, count: number): Uint8Array {
  let total = 0;
  for (let i = 0; i < count; i++) total += places[2 * i + 1];
  const out = new Uint8Array(total);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const from = places[2 * i];
    const length = places[2 * i + 1];
    out.set(bytes.subarray(from, from + length), at);
    at += length;
  }
  return out;
}

// As much as a socket of Node's holds a few times over; above it `send` says that it is enough.
const MOST_UNSENT = 256 * 1024;
