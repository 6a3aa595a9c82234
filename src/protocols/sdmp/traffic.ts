/**
 * A session's objects: each message is one container of the application, sealed in a container of its own. The protocol has no way to say that a side is done, nor one to say why it
 * ends: a stream that ends between two objects has ended well, as far as anybody can tell.
 */
import type { Bytes } from '../../core/core.ts';
import type { Slab } from '../../core/slab.ts';
import { HandfastError } from '../../errors.ts';
import type { CloseCode, MessageWriter, Millis, OwnMessage, Received, Refusal, Traffic, TrafficOutput } from '../machine.ts';
import { readApplication, readJson } from './container.ts';
import type { Sealer } from './encrypted.ts';
import { LIMITS } from './limits.ts';
import type { Heard, Line } from './line.ts';
import { broken, closeCodeOf } from './rules.ts';
import type { Settings } from './settings.ts';

export class SdmpTraffic implements Traffic {
  readonly before = 0;
  readonly after = 0;
  readonly largestPayload: number;
  /** Nothing is due at any time: there are no pings. */
  readonly deadline: Millis = Number.POSITIVE_INFINITY;
  readonly writer: MessageWriter;
  readonly #settings: Settings;
  readonly #sealer: Sealer;
  readonly #line: Line;
  /** Nothing more is sealed. */
  #done = false;
  /** Nothing more is read. */
  #ended = false;

  constructor(settings: Settings, sealer: Sealer, line: Line) {
    this.#settings = settings;
    this.#sealer = sealer;
    this.#line = line;
    // A WebSocket takes no larger message from anybody, since it cannot know who is at its other end.
    this.largestPayload = line.borders ? Math.min(settings.maxMessage, LIMITS.message) : settings.maxMessage;
    line.expect(largestObject(settings.maxMessage), LIMITS.sessionMembers);
    this.writer = { singly: false, write: (payload) => this.#write(payload) };
  }

  /** Takes all there is: an object that is not whole is kept by the line, so that none of its octets is looked at twice. */
  open(slab: Slab, start: number, end: number): Received {
    const own: OwnMessage[] = [];
    const outputs: TrafficOutput[] = [];
    for (let data = slab.bytes.subarray(start, end); data.length > 0 && !this.#ended; ) {
      const heard = this.#line.take(data);
      if (heard === undefined) break;
      this.#take(heard, own, outputs);
      if (!(heard instanceof Error)) data = heard.rest;
    }
    return received(own, outputs, end);
  }

  openMessage(data: Bytes): Received {
    const own: OwnMessage[] = [];
    const outputs: TrafficOutput[] = [];
    if (!this.#ended) this.#take(this.#line.takeMessage(data), own, outputs);
    return received(own, outputs, 0);
  }

  /** Messages are not sealed in place. @throws HF_INTERNAL, always. */
  seal(): never {
    throw new HandfastError('INTERNAL', 'messages of this protocol are written by its writer');
  }

  tick(): readonly TrafficOutput[] {
    return NOTHING;
  }

  reading(): void {}

  close(_now: Millis, refusal?: Refusal): readonly TrafficOutput[] {
    if (this.#ended) return NOTHING;
    const polite = refusal === undefined || refusal.code === 'CLOSED' || refusal.code === 'SHUTTING_DOWN';
    return [this.#end(polite ? undefined : new HandfastError(refusal.code, refusal.reason))];
  }

  end(): readonly TrafficOutput[] {
    if (this.#ended) return NOTHING;
    if (this.#line.inside) return [this.#end(broken('F6', 'the stream ended inside an object'))];
    return this.#done ? [this.#end()] : [{ kind: 'peer-done' }];
  }

  wipe(): void {
    this.#done = true;
    this.#ended = true;
    this.#sealer.wipe();
    this.#line.wipe();
  }

  #take(heard: Heard | HandfastError, own: OwnMessage[], outputs: TrafficOutput[]): void {
    if (heard instanceof Error) return void outputs.push(this.#fail(heard, false));
    const plaintext = this.#sealer.open(heard.root);
    if (plaintext instanceof Error) return void outputs.push(this.#fail(plaintext, true));
    const kind = containerKind(plaintext, this.#settings);
    if (kind instanceof Error) outputs.push(this.#fail(kind, true));
    else own.push({ bytes: plaintext, kind });
  }

  #write(payload: Bytes): { data: Bytes; text: boolean } {
    if (this.#done) throw new HandfastError('CLOSED', 'this side of the session has been closed: nothing more can be sent');
    if (payload.length > this.largestPayload) {
      throw new HandfastError('TOO_LARGE', `a message of ${payload.length} bytes: ${this.largestPayload} are allowed`, { blame: 'caller' });
    }
    const kind = containerKind(payload, this.#settings);
    if (kind instanceof Error) throw new HandfastError('BAD_ARGUMENT', `message: expected the text of a container (${kind.message})`);
    const { data } = this.#line.send(this.#sealer.seal(payload));
    return { data, text: this.#line.borders };
  }

  /** Anybody on the path could have written what is wrong. @param sealed found under the key: such faults all look the same from outside. */
  #fail(why: HandfastError, sealed: boolean): TrafficOutput {
    const unproved = new HandfastError(why.codeName, why.message, { unproved: true, cause: why.cause });
    return this.#end(unproved, closeCodeOf(why, sealed));
  }

  #end(why?: HandfastError, close: CloseCode = why ? closeCodeOf(why, true) : GOING): TrafficOutput {
    this.#done = true;
    this.#ended = true;
    this.#line.wipe();
    return { kind: 'ended', ...(why && { why }), lingerMs: LIMITS.lingerMs, close };
  }
}

/** E6. @returns the first schema of the container. */
function containerKind(plaintext: Bytes, { maxMessage, reading }: Settings): string | HandfastError {
  const root = readJson(plaintext, maxMessage, LIMITS.sessionMembers);
  const kind = root instanceof Error ? root : readApplication(root, reading);
  return typeof kind === 'string' ? kind : broken('E6', `no container (${kind.message})`);
}

/** Bytes of an encrypted container: base64url, with the padding that hides lengths. @param maxMessage bytes of plaintext. */
export function largestObject(maxMessage: number): number {
  return Math.ceil(((maxMessage + LIMITS.padTo + 16) * 4) / 3) + LIMITS.aroundPayload;
}

function received(own: OwnMessage[], outputs: TrafficOutput[], next: number): Received {
  return { places: NO_PLACES, count: 0, own, next, wanted: 0, again: false, outputs };
}

const NOTHING: readonly TrafficOutput[] = [];
const NO_PLACES = new Uint32Array(0);
const GOING: CloseCode = { code: 1000, reason: '' };
