/** Messages of version 3 once there are keys: each WebSocket message is one of Noise, with a marker byte in front of its body; long ones come in pieces. Section 12. */
import type { Bytes } from '../../core/core.ts';
import { HandfastError } from '../../errors.ts';
import { join } from '../../wire/writer.ts';
import type { NoiseSplit } from '../noise/index.ts';
import type { Channel, Sealed, Unsealed } from './channel.ts';
import { malformed } from './faults.ts';

export class NoiseChannel implements Channel {
  readonly info: Readonly<Record<string, string | number | boolean>>;
  readonly binarize: boolean;
  readonly compresses = false;
  readonly wears = false;
  readonly #split: NoiseSplit;
  readonly #limit: number;
  /** A message of which pieces have come. */
  #open: { readonly form: 'json' | 'frame'; bytes: Bytes; length: number } | undefined;

  /** @param limit bytes of the largest message that is put together. */
  constructor(
    split: NoiseSplit,
    { binarize, limit, info }: { binarize: boolean; limit: number; info: Record<string, string | number | boolean> },
  ) {
    this.#split = split;
    this.#limit = Math.min(limit, MOST_TOGETHER);
    this.binarize = binarize;
    this.info = info;
  }

  room(limit: number): number {
    return Math.floor((Math.min(limit, MOST_TOGETHER) * PIECE) / (PIECE + OVERHEAD)) - OVERHEAD;
  }

  seal(plaintext: Bytes, form: 'json' | 'frame'): readonly [Sealed, ...Sealed[]] {
    const binary = form === 'frame' ? 1 : 0;
    if (plaintext.length <= PIECE) return [this.#sealPiece(Marker.json + binary, plaintext)];
    const first = this.#sealPiece(Marker.firstJson + binary, plaintext.subarray(0, PIECE));
    const more: Sealed[] = [];
    for (let at = PIECE; at < plaintext.length; at += PIECE) {
      more.push(this.#sealPiece(at + PIECE < plaintext.length ? Marker.middle : Marker.last, plaintext.subarray(at, at + PIECE)));
    }
    return [first, ...more];
  }

  open(data: Bytes, text: boolean): Unsealed {
    if (text) return new HandfastError('OUT_OF_TURN', 'text, though there is a key', { unproved: true });
    let piece: Bytes;
    try {
      piece = this.#split.receive.open(data);
    } catch (error) {
      if (error instanceof HandfastError) return new HandfastError(error.codeName, error.message, { blame: error.blame, unproved: true });
      throw error;
    }
    const [marker] = piece;
    const body = piece.subarray(1);
    switch (marker) {
      case Marker.json:
      case Marker.frame:
        return this.#open ? outOfTurn() : { form: marker === Marker.json ? 'json' : 'frame', plaintext: body };
      case Marker.firstJson:
      case Marker.firstFrame:
        if (this.#open) return outOfTurn();
        this.#open = { form: marker === Marker.firstJson ? 'json' : 'frame', bytes: NO_BYTES, length: 0 };
        return this.#append(body) ?? 'more';
      case Marker.middle:
      case Marker.last: {
        const open = this.#open;
        if (!open) return outOfTurn();
        const fault = this.#append(body);
        if (fault || marker === Marker.middle) return fault ?? 'more';
        this.#open = undefined;
        return { form: open.form, plaintext: open.bytes.subarray(0, open.length) };
      }
      default:
        return malformed('a transport message without a marker that there is');
    }
  }

  /** The hash of the whole handshake. */
  binding(): Bytes {
    return this.#split.handshakeHash.slice();
  }

  wipe(): void {
    this.#split.send.wipe();
    this.#split.receive.wipe();
    this.#open = undefined;
  }

  #sealPiece(marker: number, body: Bytes): Sealed {
    return { data: this.#split.send.seal(join([Uint8Array.of(marker), body])), text: false };
  }

  /** Room grows with what has come, never with what is still to come. */
  #append(body: Bytes): HandfastError | undefined {
    const open = this.#open!;
    const length = open.length + body.length;
    if (body.length === 0) return malformed('a piece of a message with nothing in it');
    if (length > this.#limit) return new HandfastError('TOO_LARGE', `a message of more than ${this.#limit} bytes in pieces`);
    if (length > open.bytes.length) {
      const grown = new Uint8Array(Math.min(this.#limit, Math.max(length, 2 * open.bytes.length)));
      grown.set(open.bytes.subarray(0, open.length));
      open.bytes = grown;
    }
    open.bytes.set(body, open.length);
    open.length = length;
    return undefined;
  }
}

function outOfTurn(): HandfastError {
  return new HandfastError('OUT_OF_TURN', 'a piece of a message that does not follow what came before');
}

const Marker = { json: 0, frame: 1, firstJson: 2, firstFrame: 3, middle: 4, last: 5 } as const;
/** Bytes of a message that go in one piece. */
const PIECE = 65_000;
// The marker and the tag.
const OVERHEAD = 17;
const MOST_TOGETHER = 32 * 1024 * 1024;
const NO_BYTES = new Uint8Array(0);
