/** One live, verified session with a node, as its parts see it. */
import type { HandfastError } from '../errors.ts';
import type { Peer } from '../protocols/machine.ts';

export interface Link {
  readonly peer: Peer;
  /** Of the other side's process, in hex; undefined: it does not say. */
  readonly bootId: string | undefined;
  /** Both sides said `node`: gossip is allowed, and one session a pair is kept. */
  readonly node: boolean;
  /** Bytes of the largest record body the other side accepts. */
  readonly largestBody: number;
  /**
   * Queues one record, `kind` and the parts joined; they are copied before this returns. Small records overtake large ones, order is kept within each class.
   * @returns false when the queue is full, the body too large for the other side or the session over: nothing was queued.
   */
  send(kind: number, parts: readonly Uint8Array[]): boolean;
  /** As `send`, for bytes that go to many: `record` is `kind || body`, is not copied and must never change afterwards. */
  sendShared(record: Uint8Array): boolean;
  /** Ends the session with this refusal because of what the other side sent; the first one counts. */
  fail(error: HandfastError): void;
}
