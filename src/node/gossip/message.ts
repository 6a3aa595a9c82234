/** A message as it is handed over. What costs something is made when it is asked for: most messages are of a topic that nobody here listens to. */
import { AT, ID_BYTES, SIGNATURE_BYTES, topicText } from '../../protocols/handfast/envelope.ts';
import type { Millis } from '../../protocols/machine.ts';

export interface GossipMessage {
  /** 32 bytes, the caller's own. */
  readonly id: Uint8Array;
  /** The id of the node that signed it. */
  readonly origin: string;
  readonly topic: string;
  /** The payload, the caller's own copy. */
  readonly bytes: Uint8Array;
  /** When its origin says it was made. */
  readonly timestamp: Millis;
}

export class ReceivedMessage implements GossipMessage {
  readonly origin: string;
  readonly topic: string;
  readonly timestamp: Millis;
  readonly #digest: Uint8Array;
  /** Kind, hops, envelope: shared by all who send it on, so that nothing of it is given out. Let go once it was copied. */
  #record: Uint8Array | undefined;
  readonly #topicLength: number;
  #id: Uint8Array | undefined;
  #bytes: Uint8Array | undefined;

  constructor(digest: Uint8Array, record: Uint8Array, topicLength: number, origin: string, timestamp: Millis) {
    this.#digest = digest;
    this.#record = record;
    this.#topicLength = topicLength;
    this.origin = origin;
    this.timestamp = timestamp;
    this.topic = topicText(record.subarray(1 + AT.topic, 1 + AT.topic + topicLength));
  }

  get id(): Uint8Array {
    this.#id ??= this.#digest.slice(0, ID_BYTES);
    return this.#id;
  }

  get bytes(): Uint8Array {
    if (this.#bytes === undefined) {
      const record = this.#record!;
      this.#bytes = record.slice(1 + AT.topic + this.#topicLength + 4, record.length - SIGNATURE_BYTES);
      this.#record = undefined;
    }
    return this.#bytes;
  }
}
