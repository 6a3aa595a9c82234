/** A link after protocol start: frames in, frames out one at a time, and the peer timer with its pings (section 13). */
import type { Bytes } from '../../core/core.ts';
import { lz4Decompress } from '../../core/legacy/lz4.ts';
import type { Slab } from '../../core/slab.ts';
import { HandfastError } from '../../errors.ts';
import { readU32 } from '../../wire/reader.ts';
import { join, writeU32 } from '../../wire/writer.ts';
import { fault } from '../faults.ts';
import type { MessageAbout, MessageWriter, Millis, OwnMessage, Received, Refusal, Role, Traffic, TrafficOutput } from '../machine.ts';
import { emptyHeader, type FrameHeader, readHeader, writeFrame } from './frames.ts';
import { LIMITS } from './limits.ts';
import { type Ping, readPing, writePing } from './ping.ts';
import type { Settings } from './settings.ts';
import type { Seat } from './slots.ts';
import { kindOf, MessageType, typeOf } from './types.ts';
import type { Version } from './versions.ts';

export interface Link {
  readonly settings: Settings;
  readonly role: Role;
  readonly version: Version;
  /** LZ4 was agreed. */
  readonly compr: boolean;
  /** 32 bytes: the session value. */
  readonly binding: Bytes;
  /** Left when the link ends. */
  readonly seat: Seat | undefined;
}

export class XrplTraffic implements Traffic {
  readonly before = 0;
  readonly after = 0;
  readonly largestPayload = LIMITS.wirePayload;
  readonly writer: MessageWriter;
  readonly #link: Link;
  readonly #received: { -readonly [Key in keyof Received]: Received[Key] };
  readonly #header: FrameHeader = emptyHeader();
  /** Something is sent at the first tick: what the protocol starts with. */
  #starting: boolean;
  #ended = false;
  /** The end of what came is not the end of a frame. */
  #inFrame = false;
  #timerAt: Millis;
  #pausedAt: Millis | undefined;
  #pings = 0;
  /** How many pings of the other side may still come, as of when. */
  #allowance: number = LIMITS.pings;
  #allowedAt: Millis;
  /** The ping whose pong is still to come. */
  #outstanding: { seq: number; sentAt: Millis } | undefined;
  #latencyMs: number | undefined;

  constructor(link: Link, now: Millis) {
    this.#link = link;
    this.#starting = this.#lists().length > 0 || link.settings.start.manifests !== undefined;
    this.#timerAt = this.#starting ? now : now + LIMITS.pingMs;
    this.#allowedAt = now;
    this.#received = { places: PLACES, count: 0, next: 0, wanted: 0, again: false, outputs: NOTHING, own: undefined, abouts: ABOUTS };
    this.writer = { singly: true, write: (payload, about) => this.#write(payload, about) };
  }

  /** The places are valid until the next call on any link. */
  open(slab: Slab, start: number, end: number, now: Millis): Received {
    const received = this.#received;
    const header = this.#header;
    const { bytes } = slab;
    let outputs: TrafficOutput[] | undefined;
    let at = start;
    received.count = 0;
    received.own = undefined;
    received.again = false;
    received.wanted = 0;
    ABOUTS.length = 0;
    this.#inFrame = false;
    while (!this.#ended && at < end) {
      const read = readHeader(bytes, at, end, header);
      const why = read === 'short' ? undefined : this.#faultOf(read);
      if (why) {
        outputs = this.#fail(outputs, why);
        break;
      }
      const from = at + header.headerBytes;
      const to = from + header.payloadBytes;
      if (read === 'short' || to > end) {
        this.#inFrame = true;
        received.wanted = read === 'short' ? 0 : to - at;
        break;
      }
      if (header.compressed) {
        // What lies in places, and what is answered, comes before what has memory of its own: that begins a call.
        if (received.count > 0 || outputs) {
          received.again = true;
          break;
        }
        const payload = lz4Decompress(bytes.subarray(from, to), header.inflatedBytes);
        at = to;
        if (!payload) {
          outputs = this.#fail(
            outputs,
            fault('MALFORMED', `a compressed frame does not give the ${header.inflatedBytes} bytes it announces`),
          );
          break;
        }
        if (header.type === MessageType.ping) outputs = this.#ping(outputs, payload, now);
        else received.own = [{ bytes: payload, ...aboutOf(header.type) } satisfies OwnMessage];
        received.again = true;
        break;
      }
      at = to;
      if (header.type === MessageType.ping) {
        outputs = this.#ping(outputs, bytes.subarray(from, to), now);
        continue;
      }
      PLACES[2 * received.count] = from;
      PLACES[2 * received.count + 1] = header.payloadBytes;
      ABOUTS.push(aboutOf(header.type));
      if (++received.count === CAPACITY) {
        received.again = true;
        break;
      }
    }
    received.next = this.#ended ? end : at;
    if (this.#ended) received.again = false;
    received.outputs = outputs ?? NOTHING;
    return received;
  }

  seal(): void {
    throw new HandfastError('INTERNAL', 'messages of this protocol are written, not sealed in place');
  }

  get deadline(): Millis {
    if (this.#ended) return Number.POSITIVE_INFINITY;
    return this.#pausedAt !== undefined && this.#outstanding ? Number.POSITIVE_INFINITY : this.#timerAt;
  }

  tick(now: Millis): readonly TrafficOutput[] {
    if (now < this.deadline) return NOTHING;
    this.#timerAt = now + LIMITS.pingMs;
    if (this.#starting) {
      this.#starting = false;
      return this.#startMessages();
    }
    if (this.#outstanding) return this.#fail(undefined, fault('PING_TIMEOUT', 'Ping Timeout: no pong since the last ping, a minute ago'));
    this.#outstanding = { seq: this.#nextSeq(), sentAt: now };
    return [send(MessageType.ping, writePing({ pong: false, seq: this.#outstanding.seq, pingTime: undefined, netTime: undefined }))];
  }

  reading(on: boolean, now: Millis): void {
    if (!on) this.#pausedAt ??= now;
    else if (this.#pausedAt !== undefined) {
      // The pong may have lain unread all the while.
      if (this.#outstanding) this.#timerAt += Math.max(0, now - Math.max(this.#pausedAt, this.#outstanding.sentAt));
      this.#pausedAt = undefined;
    }
  }

  /** The overlay has no farewell: the stream ends. */
  close(_now: Millis, refusal?: Refusal): readonly TrafficOutput[] {
    if (this.#ended) return NOTHING;
    const polite = refusal === undefined || refusal.code === 'CLOSED' || refusal.code === 'SHUTTING_DOWN';
    return this.#fail(undefined, polite ? undefined : fault(refusal.code, refusal.reason));
  }

  end(): readonly TrafficOutput[] {
    if (this.#ended) return NOTHING;
    if (this.#inFrame) return this.#fail(undefined, fault('TRUNCATED', 'the stream ended within a frame'));
    return [PEER_DONE, ...this.#fail(undefined, undefined)];
  }

  wipe(): void {
    this.#ended = true;
    this.#link.seat?.leave();
  }

  #write(payload: Bytes, { kind, meta }: MessageAbout): { data: Bytes; text: boolean } {
    if (this.#ended) throw new HandfastError('CLOSED', 'this link has ended: nothing more can be sent');
    if (meta !== undefined) throw new HandfastError('BAD_ARGUMENT', 'meta: messages of this protocol have none');
    const type = kind === undefined ? undefined : typeOf(kind);
    if (type === undefined)
      throw new HandfastError(
        'BAD_ARGUMENT',
        `kind: expected the name of a message type, or its number as text, not ${JSON.stringify(kind)}`,
      );
    if (type === MessageType.ping) throw new HandfastError('BAD_ARGUMENT', "kind: pings are the link's own");
    if (payload.length > LIMITS.wirePayload) {
      throw new HandfastError('TOO_LARGE', `a message of ${payload.length} bytes: a frame takes ${LIMITS.wirePayload}`, {
        blame: 'caller',
      });
    }
    return { data: writeFrame(type, payload, this.#link.compr), text: false };
  }

  /** What is wrong with the frame whose header was read; before any of its payload is waited for. */
  #faultOf(read: 'whole' | 'protocol-error' | 'no-message'): HandfastError | undefined {
    const { compressed, payloadBytes, inflatedBytes } = this.#header;
    if (read === 'no-message') return fault('MALFORMED', 'bytes that begin no frame');
    if (read === 'protocol-error') return fault('MALFORMED', 'a compressed frame of an unknown form');
    if (compressed && !this.#link.compr) return fault('MALFORMED', 'a compressed frame, and compression was not agreed');
    const { maxMessage } = this.#link.settings;
    for (const size of [payloadBytes, inflatedBytes]) {
      if (size > maxMessage) return fault('TOO_LARGE', `a frame announces ${size} bytes, ${maxMessage} are allowed (maxMessage)`);
    }
    // No byte of LZ4 stands for more than 255: what is announced beyond that never comes, and no memory is taken for it.
    if (compressed && (payloadBytes === 0 || inflatedBytes === 0 || inflatedBytes > 255 * payloadBytes)) {
      return fault('MALFORMED', `${payloadBytes} compressed bytes announce ${inflatedBytes}`);
    }
    return undefined;
  }

  #ping(outputs: TrafficOutput[] | undefined, payload: Bytes, now: Millis): TrafficOutput[] {
    const ping = payload.length <= LIMITS.ping ? readPing(payload) : undefined;
    if (!ping) return this.#fail(outputs, fault('MALFORMED', 'a ping that is none'));
    const all = outputs ?? [];
    if (!ping.pong && !this.#allows(now))
      return this.#fail(all, fault('RATE_LIMITED', `more than ${LIMITS.pings} pings in ${LIMITS.pingsPerMs / 1000} s`));
    if (!ping.pong) all.push(send(MessageType.ping, writePing({ ...ping, pong: true })));
    else this.#pong(ping, all, now);
    return all;
  }

  /** Whether the pace of pings is still one that a peer may have. */
  #allows(now: Millis): boolean {
    const grown = ((now - this.#allowedAt) * LIMITS.pings) / LIMITS.pingsPerMs;
    this.#allowance = Math.min(LIMITS.pings, this.#allowance + grown) - 1;
    this.#allowedAt = now;
    return this.#allowance >= 0;
  }

  #pong({ seq }: Ping, outputs: TrafficOutput[], now: Millis): void {
    if (!this.#outstanding || seq !== this.#outstanding.seq) return;
    const latencyMs = now - this.#outstanding.sentAt;
    this.#outstanding = undefined;
    this.#latencyMs = this.#latencyMs === undefined ? latencyMs : (this.#latencyMs * 7 + latencyMs) / 8;
    outputs.push({ kind: 'event', name: 'ping', detail: { latencyMs, averageMs: this.#latencyMs } });
  }

  /** Not to be guessed by the other side, who could else answer before it is asked. */
  #nextSeq(): number {
    const { settings, binding } = this.#link;
    const count = new Uint8Array(4);
    writeU32(count, 0, this.#pings++);
    return readU32(settings.core.hash.hmacSha256(settings.pingKey, join([binding, count])), 0);
  }

  /** The validator lists that this side begins with, in the form of the version that was agreed. */
  #lists(): readonly Bytes[] {
    const { settings, role, version } = this.#link;
    const { validatorLists, validatorListCollections } = settings.start;
    if (role === 'initiator') return NO_LISTS;
    return (version === 'XRPL/2.1' ? validatorLists : validatorListCollections) ?? NO_LISTS;
  }

  #startMessages(): TrafficOutput[] {
    const { settings, version, compr } = this.#link;
    const { manifests } = settings.start;
    const type = version === 'XRPL/2.1' ? MessageType.validatorList : MessageType.validatorListCollection;
    const outputs: TrafficOutput[] = this.#lists().map((list) => send(type, list, compr));
    if (manifests) outputs.push(send(MessageType.manifests, manifests, compr));
    return outputs;
  }

  #fail(outputs: TrafficOutput[] | undefined, why: HandfastError | undefined): TrafficOutput[] {
    this.#ended = true;
    return [...(outputs ?? []), why ? { kind: 'ended', why, lingerMs: 0 } : { kind: 'ended', lingerMs: 0 }];
  }
}

function send(type: number, payload: Bytes, compr = false): TrafficOutput {
  return { kind: 'send', data: writeFrame(type, payload, compr) };
}

/** One object a type, however many messages. */
function aboutOf(type: number): MessageAbout {
  let about = KNOWN_ABOUTS.get(type);
  if (!about) {
    about = Object.freeze({ kind: kindOf(type) });
    // At most 65,536 of them, and a peer that tries them all makes no more.
    KNOWN_ABOUTS.set(type, about);
  }
  return about;
}

const KNOWN_ABOUTS = new Map<number, MessageAbout>();
const CAPACITY = 512;
const PLACES = new Uint32Array(2 * CAPACITY);
const ABOUTS: MessageAbout[] = [];
const NOTHING: readonly TrafficOutput[] = [];
const NO_LISTS: readonly Bytes[] = [];
const PEER_DONE: TrafficOutput = { kind: 'peer-done' };
