/** A carrier over any Node Duplex: a socket, or whatever the caller has. */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Slab } from '../core/slab.ts';
import { HandfastError } from '../errors.ts';
import type { Carrier, CarrierEvents, RemoteAddress } from './carrier.ts';
import type { Landed, Landing } from './landing.ts';

/** @throws HF_BAD_ARGUMENT when the stream is gone, or speaks text or objects instead of bytes. */
export function carrierOf(stream: Duplex, remote?: RemoteAddress): Carrier {
  if (typeof stream?.write !== 'function' || typeof stream.on !== 'function') {
    throw new HandfastError('BAD_ARGUMENT', 'stream: expected a Duplex');
  }
  if (stream.readableObjectMode || stream.writableObjectMode || stream.readableEncoding) {
    throw new HandfastError('BAD_ARGUMENT', 'stream: expected a Duplex of bytes, this one has an encoding or is in object mode');
  }
  if (stream.destroyed) throw new HandfastError('BAD_ARGUMENT', 'stream: already destroyed');
  return new StreamCarrier(stream, remote);
}

/** The other end of a socket; undefined once it has gone. */
export function remoteOf(socket: Socket): RemoteAddress | undefined {
  if (socket.remoteAddress === undefined || socket.remotePort === undefined) return undefined;
  return { address: socket.remoteAddress, port: socket.remotePort };
}

/** Our own end of it. */
export function localOf(socket: Socket): RemoteAddress | undefined {
  if (socket.localAddress === undefined || socket.localPort === undefined) return undefined;
  return { address: socket.localAddress, port: socket.localPort };
}

type Written = (error?: Error) => void;

/** A socket made with the `onread` of `landing`, paused: it is read past the machinery of streams, and its `data` is never told by the stream. */
export function carrierOfLanding(socket: Socket, landing: Landing, remote: RemoteAddress | undefined): Carrier {
  return new StreamCarrier(socket, remote, landing);
}

class StreamCarrier implements Carrier, Landed {
  readonly remote: RemoteAddress | undefined;
  readonly #stream: Duplex;
  /** Sockets hand bytes to the system before they call back; other streams may keep the very array, which is about to be wiped. */
  readonly #keepsArrays: boolean;
  readonly #landing: Landing | undefined;
  /** Told when bytes were handed over, in the order of writing: mostly one at a time, for which no list is needed. */
  #oldest: Written | undefined;
  readonly #younger: Written[] = [];
  /** How many of the stream's own calls are still to come for what was told at once. */
  #told = 0;
  #events: CarrierEvents | undefined;
  #error: Error | undefined;
  #closed = false;
  /** It would rather have no more until it has drained: kept here, since asking a stream costs more. */
  #congested = false;
  #awaitsDrain = false;
  #ended = false;

  constructor(stream: Duplex, remote?: RemoteAddress, landing?: Landing) {
    this.#stream = stream;
    this.#landing = landing;
    this.#keepsArrays = !(stream instanceof Socket);
    this.remote = remote;
    this.#congested = stream.writableNeedDrain;
    stream.on('error', (error: Error) => {
      this.#error ??= error;
      this.destroy();
    });
    stream.on('end', () => this.#events?.end());
    stream.on('close', () => this.#finish());
    if (this.#congested) this.#awaitDrain();
  }

  get congested(): boolean {
    return this.#congested;
  }

  /** Bytes have landed. */
  data(bytes: Uint8Array): void {
    this.#events?.data(bytes);
  }

  /** Where the next ones may. */
  room(): Slab | undefined {
    return this.#events?.room?.();
  }

  attach(events: CarrierEvents): void {
    const first = this.#events === undefined;
    this.#events = events;
    if (this.#closed) process.nextTick(() => this.#events?.closed(this.#error));
    else if (first) {
      if (this.#landing) {
        this.#landing.tell(this);
        this.#stream.resume();
      } else this.#stream.on('data', (chunk: Uint8Array) => this.#events?.data(chunk));
      if (this.#stream.readableEnded) process.nextTick(() => this.#events?.end());
    }
  }

  write(bytes: Uint8Array, written?: (error?: Error) => void): boolean {
    if (this.#closed || this.#ended || this.#stream.destroyed || (this.#keepsArrays && this.#stream.writableEnded)) {
      if (written) process.nextTick(written, this.#error ?? new HandfastError('CLOSED', 'the stream has ended'));
      return true;
    }
    const lent = this.#keepsArrays ? Buffer.from(bytes) : bytes;
    if (!written) {
      return this.#room(this.#stream.write(lent));
    }
    if (this.#oldest) this.#younger.push(written);
    else this.#oldest = written;
    const room = this.#room(this.#stream.write(lent, this.#handedOver));
    // Mostly the system takes all of it at once. The stream would say so a tick later; bytes that it still has are counted in its length.
    if (!this.#keepsArrays && this.#younger.length === 0 && this.#stream.writableLength === 0 && this.#stream.errored === null) {
      this.#told++;
      this.#oldest = undefined;
      written();
    }
    return room;
  }

  /** @param room whether the stream would have more. */
  #room(room: boolean): boolean {
    this.#congested = !room;
    if (!room) this.#awaitDrain();
    return room;
  }

  /** Most connections are never so full; those that are, are again and again. */
  #awaitDrain(): void {
    if (this.#awaitsDrain) return;
    this.#awaitsDrain = true;
    this.#stream.on('drain', () => {
      this.#congested = false;
      this.#events?.drained();
    });
  }

  /** Called once for each write, in their order. */
  readonly #handedOver = (error?: Error | null): void => {
    if (this.#told > 0) this.#told--;
    else this.#nextUnwritten()?.(error ?? undefined);
  };

  #nextUnwritten(): Written | undefined {
    const written = this.#oldest;
    this.#oldest = this.#younger.shift();
    return written;
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  end(flushed?: () => void): void {
    this.#ended = true;
    this.#congested = false;
    this.#stream.end(() => flushed?.());
  }

  destroy(): void {
    this.#ended = true;
    this.#congested = false;
    this.#stream.destroy();
    // A stream of the caller need not say that it closed.
    if (this.#keepsArrays) setImmediate(() => this.#finish());
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#landing?.release();
    // Most carriers end with nothing under way: then no error is made, which costs more than the rest of this.
    if (this.#oldest) {
      const lost = this.#error ?? new HandfastError('CLOSED', 'the stream has ended');
      for (let written = this.#nextUnwritten(); written; written = this.#nextUnwritten()) written(lost);
    }
    const events = this.#events;
    this.#events = undefined;
    events?.closed(this.#error);
  }
}
