/**
 * Records of a handfast/1 session, section 5: the hot path. Messages are opened and sealed where they lie; everything else is rare and small.
 * A plain session's messages are the payloads of DATA; a node's are whole records, `kind u8 || body`, of all kinds that requests and gossip are made of.
 */
import { type Bytes, type Cipher, type FrameTable, Stop, type Suite } from '../../core/core.ts';
import type { Slab } from '../../core/slab.ts';
import { CODES, type CodeName, HandfastError, remoteError } from '../../errors.ts';
import { Writer } from '../../wire/writer.ts';
import type { Millis, Received, Refusal, Traffic, TrafficOutput } from '../machine.ts';
import { fault } from './checks.ts';
import { Kind, type Open, readRefusal, writeRefusal } from './format.ts';
import { LEAST_RECORD, LIMITS, TAG } from './limits.ts';
import { closeBody } from './opening.ts';
import { frameTableOf, sealRecord } from './records.ts';
import { readDirect, readPing, wellFormedAnswer } from './requests.ts';
import type { Settings } from './settings.ts';

/** What a finished handshake leaves. Both ciphers stand behind OPEN. */
export interface TrafficSource {
  settings: Settings;
  suite: Suite;
  sealer: Cipher;
  opener: Cipher;
}

export class HandfastTraffic implements Traffic {
  readonly before: number;
  readonly after = TAG;
  readonly largestPayload: number;
  readonly #sealer: Cipher;
  readonly #opener: Cipher;
  readonly #table: FrameTable;
  readonly #largestRecord: number;
  /** Messages are records. */
  readonly #records: boolean;
  /** Both sides take part in gossip. */
  readonly #gossip: boolean;
  readonly #received: { -readonly [Key in keyof Received]: Received[Key] };
  /** We have sent CLOSE, or failed: nothing more is sealed. */
  #done = false;
  /** The other side has sent CLOSE: nothing more is read. */
  #peerDone = false;
  /** Nothing happens any more. */
  #ended = false;
  #lastSent: Millis;
  #lastHeard: Millis;
  #pausedAt: Millis | undefined;
  #pings: bigint;

  constructor({ settings, sealer, opener }: TrafficSource, peerOpen: Pick<Open, 'largestRecord' | 'node'>, now: Millis) {
    this.#sealer = sealer;
    this.#opener = opener;
    this.#table = frameTableOf(settings.core);
    this.#largestRecord = settings.largestRecord;
    this.#records = settings.node;
    this.#gossip = settings.node && peerOpen.node;
    // The kind is part of a record, but not of a payload.
    this.before = this.#records ? 4 : 5;
    this.largestPayload = peerOpen.largestRecord - (this.#records ? TAG : LEAST_RECORD);
    this.#pings = this.#records ? OWN_PINGS : 0n;
    this.#lastSent = now;
    this.#lastHeard = now;
    this.#received = { places: this.#table.entries, count: 0, next: 0, wanted: 0, again: false, outputs: NOTHING };
  }

  /** The places are valid until the next call on any session of this core. */
  open(slab: Slab, start: number, end: number, now: Millis): Received {
    const received = this.#received;
    received.count = 0;
    received.again = false;
    received.wanted = 0;
    received.outputs = NOTHING;
    if (this.#peerDone || this.#ended) {
      received.next = end;
      return received;
    }
    const opened = this.#opener.openMany(slab, start, end, this.#table, this.#largestRecord);
    // Not taken apart as a list: an iterator would be made for each chunk.
    const { outcome } = this.#table;
    const stop = outcome[0];
    const next = outcome[1];
    const declared = outcome[2];
    if (opened > 0) this.#lastHeard = now;
    received.next = next;
    this.#sort(slab.bytes, opened, now);
    if (this.#peerDone || this.#ended) received.next = end;
    else if (stop === Stop.full) received.again = true;
    else if (stop === Stop.short) received.wanted = declared > 0 ? 4 + declared : 0;
    else {
      received.outputs = [...received.outputs, ...this.#fail(faultOf(stop, declared, this.#largestRecord), now)];
      received.next = end;
    }
    return received;
  }

  seal(slab: Slab, places: Uint32Array, count: number, now: Millis): void {
    if (this.#done) throw new HandfastError('CLOSED', 'this side of the session has been closed: nothing more can be sent');
    const { bytes } = slab;
    const { entries, capacity } = this.#table;
    for (let first = 0; first < count; first += capacity) {
      const some = Math.min(capacity, count - first);
      for (let i = 0; i < some; i++) {
        const at = places[2 * (first + i)];
        const length = places[2 * (first + i) + 1];
        if (this.#records) {
          entries[2 * i] = at;
          entries[2 * i + 1] = length;
        } else {
          bytes[at - 1] = Kind.data;
          entries[2 * i] = at - 1;
          entries[2 * i + 1] = length + 1;
        }
      }
      this.#sealer.sealMany(slab, this.#table, some);
    }
    this.#lastSent = now;
  }

  get deadline(): Millis {
    if (this.#ended) return Number.POSITIVE_INFINITY;
    // Asked for after each chunk. Numbers of `Math.min`, and those that may be Infinity instead, can be objects of their own.
    const ping = this.#lastSent + LIMITS.pingMs;
    if (this.#pausedAt !== undefined) return this.#done ? Number.POSITIVE_INFINITY : ping;
    const silence = this.#lastHeard + LIMITS.silenceMs;
    return this.#done || silence < ping ? silence : ping;
  }

  tick(now: Millis): readonly TrafficOutput[] {
    if (this.#ended) return NOTHING;
    if (this.#pausedAt === undefined && now >= this.#lastHeard + LIMITS.silenceMs) {
      return this.#fail(fault('PING_TIMEOUT', `nothing was heard for ${LIMITS.silenceMs / 1000} s`), now);
    }
    if (this.#done || now < this.#lastSent + LIMITS.pingMs) return NOTHING;
    return [this.#record(Kind.ping, new Writer().u64(++this.#pings).joined(), now)];
  }

  reading(on: boolean, now: Millis): void {
    if (!on) this.#pausedAt ??= now;
    else if (this.#pausedAt !== undefined) {
      // Never beyond now: what was kept from before the pause may have been opened during it.
      this.#lastHeard = Math.min(now, this.#lastHeard + now - this.#pausedAt);
      this.#pausedAt = undefined;
    }
  }

  close(now: Millis, refusal?: Refusal): readonly TrafficOutput[] {
    if (this.#done) return NOTHING;
    const polite = refusal === undefined || refusal.code === 'CLOSED' || refusal.code === 'SHUTTING_DOWN';
    if (!polite) return this.#fail(fault(refusal.code, refusal.reason), now);
    const outputs: TrafficOutput[] = [this.#record(Kind.close, closeBody(refusal ?? FAREWELL), now)];
    this.#done = true;
    if (this.#peerDone) outputs.push(this.#end());
    return outputs;
  }

  end(now: Millis): readonly TrafficOutput[] {
    if (this.#ended) return NOTHING;
    if (!this.#peerDone) return [this.#end(fault('TRUNCATED', 'the stream was cut before the other side said that it was done'))];
    return this.#done ? [this.#end()] : this.close(now);
  }

  wipe(): void {
    this.#ended = true;
    this.#done = true;
    this.#sealer.wipe();
    this.#opener.wipe();
  }

  /** Keeps the places of messages, moved together at the front of the table, and deals with the rest. */
  #sort(bytes: Bytes, opened: number, now: Millis): void {
    const { entries } = this.#table;
    let kept = 0;
    // One list that grows: a flood of PINGs must not be copied anew for each of them.
    let outputs: TrafficOutput[] | undefined;
    for (let i = 0; i < opened; i++) {
      const at = entries[2 * i];
      const length = entries[2 * i + 1];
      if (this.#records ? this.#handedOn(bytes, at, length) : bytes[at] === Kind.data) {
        const skipped = this.#records ? 0 : 1;
        entries[2 * kept] = at + skipped;
        entries[2 * kept + 1] = length - skipped;
        kept++;
        continue;
      }
      const more = this.#control(bytes[at], bytes.subarray(at + 1, at + length), now);
      if (more.length > 0) {
        outputs ??= [];
        outputs.push(...more);
      }
      if (this.#peerDone || this.#ended) break;
    }
    this.#received.count = kept;
    if (outputs) this.#received.outputs = outputs;
  }

  /** Whether a node gets this record; what is left is the traffic's own, or a fault. PONGs to PINGs of the traffic's own are nobody's business. */
  #handedOn(bytes: Bytes, at: number, length: number): boolean {
    switch (bytes[at]) {
      case Kind.direct:
      case Kind.response:
      case Kind.error:
      case Kind.data:
        return true;
      case Kind.broadcast:
      case Kind.ihave:
      case Kind.iwant:
        return this.#gossip;
      case Kind.pong:
        return length === 9 && bytes[at + 1] < OWN_PING_BYTE;
      default:
        return false;
    }
  }

  /** @param body a view of the slab. */
  #control(kind: number, body: Bytes, now: Millis): readonly TrafficOutput[] {
    switch (kind) {
      case Kind.ping:
        if (!readPing(body)) return this.#malformed('PING', now);
        return this.#done ? NOTHING : [this.#record(Kind.pong, body, now)];
      case Kind.pong:
        return readPing(body) ? NOTHING : this.#malformed('PONG', now);
      case Kind.close:
        return this.#peerClosed(body, now);
      case Kind.direct: {
        const request = readDirect(body);
        if (!request) return this.#malformed('DIRECT', now);
        // A request always gets an answer; a plain session has nobody who handles one.
        const answer = new Writer().bytes(request.id).bytes(writeRefusal(CODES.NO_HANDLER.wire, '')).joined();
        return this.#done ? NOTHING : [this.#record(Kind.error, answer, now)];
      }
      case Kind.response:
      case Kind.error:
        // Answers nobody waits for are ignored.
        return wellFormedAnswer(kind, body) ? NOTHING : this.#malformed('answer', now);
      case Kind.open:
        return this.#fail(fault('OUT_OF_TURN', 'a second OPEN'), now);
      case Kind.broadcast:
      case Kind.ihave:
      case Kind.iwant:
        return this.#fail(fault('OUT_OF_TURN', 'gossip on a session whose sides did not both ask for it'), now);
      default:
        return this.#fail(fault('MALFORMED', `a record of unknown kind 0x${kind.toString(16).padStart(2, '0')}`), now);
    }
  }

  #peerClosed(body: Bytes, now: Millis): readonly TrafficOutput[] {
    const said = readRefusal(body);
    if (!said) return this.#malformed('CLOSE', now);
    this.#peerDone = true;
    if (said.code === CODES.CLOSED.wire || said.code === CODES.SHUTTING_DOWN.wire)
      return this.#done ? [PEER_DONE, this.#end()] : [PEER_DONE];
    const outputs: TrafficOutput[] = this.#done ? [] : [this.#record(Kind.close, closeBody(FAREWELL), now)];
    return [...outputs, this.#end(remoteError(said.code, said.reason, 'proved'))];
  }

  #malformed(what: string, now: Millis): readonly TrafficOutput[] {
    return this.#fail(fault('MALFORMED', `${what} does not have its shape`), now);
  }

  /** Says why and ends. */
  #fail(why: HandfastError, now: Millis): readonly TrafficOutput[] {
    if (this.#ended) return NOTHING;
    if (this.#done) return [this.#end(why)];
    return [this.#record(Kind.close, closeBody(why), now), this.#end(why)];
  }

  #end(why?: HandfastError): TrafficOutput {
    this.#done = true;
    this.#ended = true;
    return why ? { kind: 'ended', why, lingerMs: LIMITS.lingerMs } : { kind: 'ended', lingerMs: 0 };
  }

  #record(kind: number, body: Bytes, now: Millis): TrafficOutput {
    this.#lastSent = now;
    return { kind: 'send', data: sealRecord(this.#sealer, kind, body) };
  }
}

function faultOf(stop: number, declared: number, limit: number): HandfastError {
  switch (stop) {
    case Stop.tooLarge:
      return unproved('TOO_LARGE', `a record declares ${declared} bytes, ${limit} are allowed`);
    case Stop.malformed:
      return unproved('MALFORMED', `a record declares ${declared} bytes, at least ${LEAST_RECORD} are needed`);
    case Stop.badTag:
      return unproved('BAD_TAG', 'a record does not open');
    default:
      return fault('NONCE_SPENT', 'the counter of the other side has reached its end');
  }
}

const unproved = (code: CodeName, message: string): HandfastError => new HandfastError(code, message, { unproved: true });

// On a node's session: PINGs of the traffic's own are numbered from 2^63, the node's stay below.
const OWN_PINGS = 1n << 63n;
const OWN_PING_BYTE = 0x80;
const NOTHING: readonly TrafficOutput[] = [];
const PEER_DONE: TrafficOutput = { kind: 'peer-done' };
const FAREWELL: Refusal = { code: 'CLOSED', reason: '' };
