/** A session as a Node Duplex: bytes in, bytes out, back-pressure both ways. */
import { Duplex } from 'node:stream';
import type { Message } from './message.ts';
import type { CloseOptions } from './session.ts';

export interface StreamOptions {
  /** Keep the writable side open after the other side has ended; false. */
  allowHalfOpen?: boolean;
  /** Bytes buffered on either side; Node's default. */
  highWaterMark?: number;
  /** How long the other side may go on after we ended; as long as it likes by default. */
  drainMs?: number;
}

/** What a stream needs of a session. */
interface Messages extends AsyncIterable<Message> {
  readonly largestPayload: number;
  readonly closed: Promise<void>;
  send(payload: Uint8Array): Promise<void>;
  close(options: CloseOptions): Promise<void>;
  destroy(error?: Error): void;
}

export function streamOf(session: Messages, options: StreamOptions): Duplex {
  const { allowHalfOpen = false, highWaterMark, drainMs = Number.POSITIVE_INFINITY } = options;
  const messages = session[Symbol.asyncIterator]();
  let pulling = false;

  const pull = async (stream: Duplex): Promise<void> => {
    if (pulling) return;
    pulling = true;
    try {
      for (let more = true; more; ) {
        const { done, value } = await messages.next();
        if (done) stream.push(null);
        else if (stream.push(Buffer.from(value.bytes))) continue;
        more = false;
      }
    } catch (error) {
      stream.destroy(error as Error);
    }
    pulling = false;
  };

  const send = (chunks: readonly Uint8Array[], done: (error?: Error | null) => void): void => {
    let last = Promise.resolve();
    // 0 once the session is over: the first send says so.
    const largest = session.largestPayload || Number.POSITIVE_INFINITY;
    for (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += largest) last = session.send(chunk.subarray(at, at + largest));
    }
    last.then(() => done(), done);
  };

  return new Duplex({
    allowHalfOpen,
    ...(highWaterMark === undefined ? {} : { highWaterMark }),
    read() {
      void pull(this);
    },
    write(chunk: Uint8Array, _encoding, done) {
      send([chunk], done);
    },
    writev(chunks, done) {
      send(
        chunks.map(({ chunk }) => chunk as Uint8Array),
        done,
      );
    },
    final(done) {
      void session.close({ drainMs });
      done();
    },
    destroy(error, done) {
      if (error || !this.readableEnded || !this.writableFinished) session.destroy(error ?? undefined);
      else void session.close({});
      void messages.return?.();
      session.closed.then(() => done(error), done);
    },
  });
}
