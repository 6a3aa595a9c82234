/** A carrier over a message stream of js-libp2p: a connection before it is secured. Borders of its messages mean nothing. */
import type { MessageStream } from '@libp2p/interface';
import { HandfastError } from '../../errors.ts';
import type { Carrier, CarrierEvents } from '../../transport/carrier.ts';

export class Libp2pCarrier implements Carrier {
  /** Addresses are libp2p's business. */
  readonly remote = undefined;
  readonly #stream: MessageStream;
  /** Told once the stream takes more, or is gone. */
  #unwritten: ((error?: Error) => void)[] = [];
  #events: CarrierEvents | undefined;
  #paused = false;
  /** The stream closed while we were not reading: what it still holds comes first. */
  #closes: { error: Error | undefined } | undefined;
  #endTold = false;
  #gone = false;
  #error: Error | undefined;

  constructor(stream: MessageStream) {
    this.#stream = stream;
  }

  get congested(): boolean {
    return !this.#gone && this.#stream.writableNeedsDrain;
  }

  attach(events: CarrierEvents): void {
    const first = this.#events === undefined;
    this.#events = events;
    if (this.#gone) process.nextTick(() => this.#events?.closed(this.#error));
    else if (first) this.#listen();
  }

  /** Copies, and not by `slice`, which of a Buffer is a view: the stream keeps the very array for as long as it likes, and tells nothing of its end. */
  write(bytes: Uint8Array, written?: (error?: Error) => void): boolean {
    try {
      const more = this.#stream.send(new Uint8Array(bytes));
      if (!written) return more;
      if (more) process.nextTick(written);
      else this.#unwritten.push(written);
      return more;
    } catch (error) {
      if (written) process.nextTick(written, error as Error);
      return true;
    }
  }

  pause(): void {
    if (this.#paused || this.#gone) return;
    this.#paused = true;
    quietly(() => this.#stream.pause());
  }

  /** Later: the stream hands over what it holds in the middle of its `resume`, and whoever calls this is in the middle of a step. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    process.nextTick(() => {
      if (this.#paused || this.#gone) return;
      quietly(() => this.#stream.resume());
      if (this.#closes && !this.#paused) this.#finish(this.#closes.error);
    });
  }

  /** Ends both directions where the stream cannot end one. */
  end(flushed?: () => void): void {
    this.#stream.close().then(flushed, () => this.destroy());
  }

  destroy(): void {
    process.nextTick(() => {
      if (this.#gone) return;
      quietly(() => this.#stream.abort(new HandfastError('CLOSED', 'the session has ended')));
      this.#finish(this.#closes?.error);
    });
  }

  #listen(): void {
    const stream = this.#stream;
    stream.addEventListener('message', ({ data }) => {
      // What was under way as we paused belongs in front of what comes next: it cannot be given back, and is little.
      for (const bytes of data instanceof Uint8Array ? [data] : data) if (!this.#gone) this.#events?.data(bytes);
    });
    stream.addEventListener('drain', () => {
      this.#settle();
      if (!this.#gone) this.#events?.drained();
    });
    stream.addEventListener('remoteCloseWrite', () => this.#end());
    stream.addEventListener('close', ({ error }) => {
      if (this.#paused && !error) this.#closes = { error };
      else this.#finish(error);
    });
    if (stream.status !== 'open') process.nextTick(() => this.#finish(undefined));
  }

  #end(): void {
    if (this.#endTold || this.#gone) return;
    this.#endTold = true;
    this.#events?.end();
  }

  #finish(error: Error | undefined): void {
    if (this.#gone) return;
    if (!error) this.#end();
    this.#gone = true;
    this.#error = error;
    this.#settle(error ?? new HandfastError('CLOSED', 'the connection has ended'));
    this.#events?.closed(error);
  }

  #settle(error?: Error): void {
    for (const written of this.#unwritten.splice(0)) written(error);
  }
}

/** A stream that is closing throws where it has nothing to do. */
function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // Its 'close' tells.
  }
}
