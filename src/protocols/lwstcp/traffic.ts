/** Messages of a LightweightSecureTCP session, enciphered where they lie, and its two timers. Nothing here is authenticated: only the shape of what comes can be wrong. */
import type { Bytes, Core, Secret } from '../../core/core.ts';
import type { Slab } from '../../core/slab.ts';
import { HandfastError } from '../../errors.ts';
import type { Millis, Received, Refusal, Role, Traffic, TrafficOutput } from '../machine.ts';
import { fault, misplaced } from './checks.ts';
import { LIMITS } from './limits.ts';
import { Packet, paddedLength } from './packets.ts';
import type { Settings } from './settings.ts';

/** The packet that ends a session. */
export function goodbyeOf({ older }: Pick<Settings, 'older'>): Bytes {
  return older ? KEEP_ALIVE : DISCONNECT;
}

/** One for all calls: each fills it anew. */
type Filled = { -readonly [Key in keyof Received]: Received[Key] };

export class LwstcpTraffic implements Traffic {
  readonly before = HEAD;
  readonly after = 0;
  readonly block = LIMITS.block;
  readonly smallestPayload = 1;
  readonly largestPayload = LIMITS.message;
  readonly #core: Core;
  readonly #key: Secret;
  readonly #rounds: number;
  readonly #role: Role;
  readonly #older: boolean;
  readonly #goodbye: Bytes;
  readonly #keepAliveMs: number;
  readonly #inactivityMs: number;
  /** Made when the first bytes come. */
  #received: Filled | undefined;
  #ended = false;
  #lastSent: Millis;
  #lastHeard: Millis;
  /** When the first byte of a message came that is not whole yet. */
  #partialSince: Millis | undefined;
  #pausedAt: Millis | undefined;

  /** @param key of the session, 32 bytes, owned from here on. */
  constructor(settings: Settings, role: Role, key: Secret, now: Millis) {
    this.#core = settings.core;
    this.#key = key;
    this.#rounds = settings.rounds;
    this.#role = role;
    this.#older = settings.older;
    this.#goodbye = goodbyeOf(settings);
    // The older copies of the library would take a keep-alive for the end.
    this.#keepAliveMs = settings.older ? Number.POSITIVE_INFINITY : settings.keepAliveMs;
    this.#inactivityMs = settings.inactivityMs;
    this.#lastSent = now;
    this.#lastHeard = now;
  }

  open(slab: Slab, start: number, end: number, now: Millis): Received {
    this.#received ??= { places: new Uint32Array(2 * MESSAGES_AT_ONCE), count: 0, next: 0, wanted: 0, again: false, outputs: NOTHING };
    const received = this.#received;
    received.count = 0;
    received.wanted = 0;
    received.again = false;
    received.outputs = NOTHING;
    const at = this.#ended ? end : this.#openWhole(received, slab, start, end);
    if (at > start) {
      this.#lastHeard = now;
      this.#partialSince = undefined;
    }
    if (at < end && !received.again) this.#partialSince ??= now;
    received.next = at;
    return received;
  }

  seal(slab: Slab, places: Uint32Array, count: number, now: Millis): void {
    if (this.#ended) throw new HandfastError('CLOSED', 'this session has ended: nothing more can be sent');
    let padding = 0;
    for (let i = 0; i < count; i++) {
      const length = places[2 * i + 1];
      if (length < this.smallestPayload) throw new HandfastError('BAD_ARGUMENT', 'an empty message: receivers drop it');
      if (length > LIMITS.message) throw new HandfastError('TOO_LARGE', `a message of ${length} bytes`, { blame: 'caller' });
      padding += paddedLength(length) - length;
    }
    const { bytes } = slab;
    const random = padding > 0 ? this.#core.random(padding) : NO_BYTES;
    let drawn = 0;
    for (let i = 0; i < count; i++) {
      const at = places[2 * i];
      const length = places[2 * i + 1];
      const padded = paddedLength(length);
      bytes[at - 3] = Packet.message;
      bytes[at - 2] = length >>> 8;
      bytes[at - 1] = length;
      for (let j = length; j < padded; j++) bytes[at + j] = random[drawn++];
      this.#core.xtea256.encryptIn(slab, at, padded, this.#key, this.#rounds);
    }
    this.#lastSent = now;
  }

  get deadline(): Millis {
    if (this.#ended) return Number.POSITIVE_INFINITY;
    const keepAlive = this.#lastSent + this.#keepAliveMs;
    return this.#pausedAt === undefined ? Math.min(keepAlive, this.#silentAt, this.#overdueAt) : keepAlive;
  }

  tick(now: Millis): readonly TrafficOutput[] {
    if (this.#ended) return NOTHING;
    if (this.#pausedAt === undefined) {
      if (now >= this.#overdueAt) return this.#fail(fault('TRUNCATED', `a message was not whole after ${LIMITS.wholeMessageMs} ms`));
      if (now >= this.#silentAt) return this.#silent();
    }
    if (now < this.#lastSent + this.#keepAliveMs) return NOTHING;
    this.#lastSent = now;
    return [{ kind: 'send', data: KEEP_ALIVE }];
  }

  reading(on: boolean, now: Millis): void {
    if (!on) this.#pausedAt ??= now;
    else if (this.#pausedAt !== undefined) {
      const paused = now - this.#pausedAt;
      this.#lastHeard = Math.min(now, this.#lastHeard + paused);
      if (this.#partialSince !== undefined) this.#partialSince = Math.min(now, this.#partialSince + paused);
      this.#pausedAt = undefined;
    }
  }

  close(_now: Millis, refusal?: Refusal): readonly TrafficOutput[] {
    if (this.#ended) return NOTHING;
    const polite = refusal === undefined || refusal.code === 'CLOSED' || refusal.code === 'SHUTTING_DOWN';
    return polite ? this.#leave() : this.#fail(new HandfastError(refusal.code, refusal.reason));
  }

  end(): readonly TrafficOutput[] {
    if (this.#ended) return NOTHING;
    const where = this.#partialSince === undefined ? 'without a Disconnect' : 'in the middle of a message';
    this.#ended = true;
    return [{ kind: 'ended', why: fault('TRUNCATED', `the stream ended ${where}`), lingerMs: 0 }];
  }

  wipe(): void {
    this.#ended = true;
    this.#key.wipe();
  }

  get #silentAt(): Millis {
    return this.#lastHeard + this.#inactivityMs;
  }

  get #overdueAt(): Millis {
    return this.#partialSince === undefined ? Number.POSITIVE_INFINITY : this.#partialSince + LIMITS.wholeMessageMs;
  }

  /** @returns the first byte not consumed. */
  #openWhole(received: Filled, slab: Slab, start: number, end: number): number {
    const { bytes } = slab;
    let at = start;
    while (at < end) {
      const type = bytes[at];
      if (type === Packet.keepAlive && !this.#older) {
        at++;
        continue;
      }
      if (type !== Packet.message) {
        received.outputs = type === this.#goodbye[0] ? this.#peerLeft() : this.#fail(misplaced(type, 'a packet of the session'));
        return end;
      }
      if (end - at < HEAD) return at;
      const length = (bytes[at + 1] << 8) | bytes[at + 2];
      if (length > LIMITS.message) {
        received.outputs = this.#fail(
          fault('MALFORMED', `a message of ${length} bytes, which no sender can have: ${LIMITS.message} are the most`),
        );
        return end;
      }
      const padded = paddedLength(length);
      if (end - at - HEAD < padded) {
        received.wanted = HEAD + padded;
        return at;
      }
      // An empty one is activity, and nothing else.
      if (length > 0) {
        if (received.count === MESSAGES_AT_ONCE) {
          received.again = true;
          return at;
        }
        this.#core.xtea256.decryptIn(slab, at + HEAD, padded, this.#key, this.#rounds);
        received.places[2 * received.count] = at + HEAD;
        received.places[2 * received.count + 1] = length;
        received.count++;
      }
      at += HEAD + padded;
    }
    return at;
  }

  /** The server answers a Disconnect with its own, the client does not. */
  #peerLeft(): readonly TrafficOutput[] {
    if (this.#role === 'responder') return this.#leave();
    this.#ended = true;
    return [{ kind: 'ended', lingerMs: 0 }];
  }

  /** Of both sides, the server alone says so. */
  #silent(): readonly TrafficOutput[] {
    const why = fault('PING_TIMEOUT', `nothing was heard for ${this.#inactivityMs} ms`);
    if (this.#role === 'responder') return this.#fail(why);
    this.#ended = true;
    return [{ kind: 'ended', why, lingerMs: 0 }];
  }

  #leave(): readonly TrafficOutput[] {
    this.#ended = true;
    return [
      { kind: 'send', data: this.#goodbye },
      { kind: 'ended', lingerMs: LIMITS.lingerMs },
    ];
  }

  #fail(why: HandfastError): readonly TrafficOutput[] {
    this.#ended = true;
    return [
      { kind: 'send', data: this.#goodbye },
      { kind: 'ended', why, lingerMs: LIMITS.lingerMs },
    ];
  }
}

/** Type and length of a message. */
const HEAD = 3;
/** Places of messages that one call of `open` has room for. */
const MESSAGES_AT_ONCE = 64;
const KEEP_ALIVE = Uint8Array.of(Packet.keepAlive);
const DISCONNECT = Uint8Array.of(Packet.disconnect);
const NO_BYTES = new Uint8Array(0);
const NOTHING: readonly TrafficOutput[] = [];
