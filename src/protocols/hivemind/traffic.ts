/** Messages of an open session, sections 7 to 9, in either role; and its key replaced in mid-session by another password handshake. */
import type { Bytes } from '../../core/core.ts';
import type { Slab } from '../../core/slab.ts';
import { HandfastError } from '../../errors.ts';
import { isJsonObject, type JsonObject } from '../../wire/json.ts';
import { utf8 } from '../../wire/text.ts';
import {
  type CloseCode,
  discardAnswers,
  type MessageAbout,
  type MessageWriter,
  type Millis,
  type OwnMessage,
  type Received,
  type Refusal,
  type Traffic,
  type TrafficOutput,
  type WorkAnswer,
  type WrittenMessage,
} from '../machine.ts';
import type { Channel, Unsealed } from './channel.ts';
import type { HiveMindClient } from './clients.ts';
import { closedByPeer, closeFor, closeForRefusal, malformed, NORMAL } from './faults.ts';
import { readFrame } from './frames.ts';
import { KEY_FRAMES, LIMITS, TIMES } from './limits.ts';
import { type HiveMessage, messageOf, readMessage, writeMessage } from './message.ts';
import { checkRequestLists } from './offer.ts';
import type { MasterSettings, SlaveSettings } from './options.ts';
import { outgoing, payloadOf, writePlain } from './outgoing.ts';
import { slavePassword } from './password-path.ts';
import type { Path, PathStep } from './path.ts';
import { masterPath, requestOf } from './paths.ts';
import { aboutOf, fileNameOf, illegalFromMaster, isFor, notAllowed, withContext } from './routing.ts';

interface Common {
  channel: Channel;
  /** Of the slave's HELLO. */
  session: JsonObject & { readonly session_id: string };
  siteId: string;
  now: Millis;
}

export type TrafficSource = Common &
  (
    | { role: 'slave'; settings: SlaveSettings; hello: JsonObject }
    | { role: 'master'; settings: MasterSettings; client: HiveMindClient; peer: string }
  );

export class HiveTraffic implements Traffic {
  readonly before = 0;
  readonly after = 0;
  readonly largestPayload: number;
  readonly writer: MessageWriter = { singly: false, write: (payload, about, now) => this.#write(payload, about, now) };
  readonly #source: TrafficSource;
  readonly #openedAt: Millis;
  #channel: Channel;
  /** The key before, for what the slave sealed before it had the answer. */
  #previous: { readonly channel: Channel; readonly until: Millis } | undefined;
  #keyedAt: Millis;
  /** Both directions, under the key in force. */
  #frames = 0;
  /** A handshake in mid-session. */
  #path: Path | undefined;
  /** When this side last began one, and when a master was last asked for one. */
  #begunAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  #ended = false;

  constructor(source: TrafficSource) {
    this.#source = source;
    this.#channel = source.channel;
    this.#openedAt = source.now;
    this.#keyedAt = source.now;
    this.largestPayload = source.channel.room(source.settings.maxMessage) - ENVELOPE;
  }

  /** Never called: HiveMind has messages. */
  open(_slab: Slab, _start: number, end: number): Received {
    return { ...EMPTY, next: end, outputs: this.#fail(malformed('bytes without borders')) };
  }

  seal(): void {
    throw new HandfastError('INTERNAL', 'HiveMind seals no payloads in place');
  }

  openMessage(data: Bytes, text: boolean, now: Millis): Received {
    if (this.#ended) return EMPTY;
    if (data.length > this.#source.settings.maxMessage) {
      return this.#refuse(
        new HandfastError('TOO_LARGE', `a message of ${data.length} bytes, ${this.#source.settings.maxMessage} are allowed`),
      );
    }
    const opened = this.#unseal(data, text, now);
    if (opened === 'more') return EMPTY;
    if (opened instanceof HandfastError) return this.#refuse(opened);
    this.#frames++;
    if (opened.form === 'frame') return this.#takeFrame(opened.plaintext);
    const message = opened.form === 'clear' ? messageOf(opened.object, LIMITS.clear) : readMessage(opened.plaintext, LIMITS.json);
    if (message instanceof HandfastError) return this.#refuse(message);
    if (message.msg_type === 'shake') return { ...EMPTY, outputs: this.#takeShake(message.payload, now) };
    if (opened.form === 'clear') return this.#takeClear(message, now);
    return this.#take(message);
  }

  get deadline(): Millis {
    if (this.#ended || !this.#channel.wears || this.#path || !this.#canRekey()) return Number.POSITIVE_INFINITY;
    if (this.#frames >= KEY_FRAMES) return Math.max(this.#keyedAt, this.#begunAt + TIMES.rekeyGapMs);
    // The slave goes first; its master only when that did not happen, and once a day, however often it stays unanswered.
    if (this.#source.role === 'slave') return this.#keyedAt + TIMES.keyMs;
    return Math.max(this.#keyedAt + TIMES.rekeyGapMs, this.#begunAt) + TIMES.keyMs;
  }

  tick(now: Millis): readonly TrafficOutput[] {
    if (now < this.deadline) return NOTHING;
    this.#begunAt = now;
    const source = this.#source;
    if (source.role === 'slave') return this.#walk(slavePassword(source.settings, source.settings.password!, REKEY_REQUEST), now);
    return this.#sendShake(requestOf(source.settings, source.client));
  }

  answered(answers: readonly WorkAnswer[], now: Millis): readonly TrafficOutput[] {
    if (this.#ended || !this.#path) {
      discardAnswers(answers);
      return NOTHING;
    }
    return this.#walk(this.#path.step({ kind: 'answers', answers }), now);
  }

  reading(): void {}

  close(_now: Millis, refusal?: Refusal): readonly TrafficOutput[] {
    if (this.#ended) return NOTHING;
    this.#ended = true;
    if (refusal === undefined) return [{ kind: 'ended', lingerMs: 0, close: { code: NORMAL, reason: '' } }];
    const peaceful = refusal.code === 'CLOSED' || refusal.code === 'SHUTTING_DOWN';
    const close = closeForRefusal(refusal);
    return [
      peaceful
        ? { kind: 'ended', lingerMs: 0, close }
        : { kind: 'ended', why: new HandfastError(refusal.code, refusal.reason), lingerMs: TIMES.lingerMs, close },
    ];
  }

  end(_now: Millis, close?: CloseCode): readonly TrafficOutput[] {
    if (this.#ended) return NOTHING;
    this.#ended = true;
    const why = closedByPeer(close, 'by the other side');
    return [why ? { kind: 'ended', why, lingerMs: 0 } : { kind: 'ended', lingerMs: 0 }];
  }

  wipe(): void {
    this.#ended = true;
    this.#path?.wipe();
    this.#previous?.channel.wipe();
    this.#channel.wipe();
  }

  #write(payload: Bytes, about: MessageAbout, _now: Millis): WrittenMessage {
    if (this.#ended) throw new HandfastError('CLOSED', 'this session has ended: nothing more can be sent');
    if (this.#channel.wears && this.#frames >= 2 * KEY_FRAMES) throw new HandfastError('NONCE_SPENT', 'the key of this session is used up');
    const message = outgoing(payload, about, (bus) => this.#addressed(bus));
    const { plaintext, form } = writePlain(message, this.#channel);
    const [sealed, ...rest] = this.#channel.seal(plaintext, form);
    const length = sealed.data.length + rest.reduce((sum, { data }) => sum + data.length, 0);
    if (length > this.#source.settings.maxMessage) {
      throw new HandfastError('TOO_LARGE', `${length} bytes on the wire, ${this.#source.settings.maxMessage} are allowed`, {
        blame: 'caller',
      });
    }
    this.#frames++;
    return rest.length > 0 ? { ...sealed, more: rest } : sealed;
  }

  /** Every message of the bus carries a session, and one of a master says where it comes from and goes to. */
  #addressed(payload: JsonObject): JsonObject {
    const source = this.#source;
    const { session_id } = source.session;
    if (source.role === 'slave') return withContext(payload, { session: { session_id, site_id: source.siteId } });
    return withContext(payload, { destination: source.peer, session: { session_id } }, { source: 'hive' });
  }

  #unseal(data: Bytes, text: boolean, now: Millis): Unsealed {
    const opened = this.#channel.open(data, text);
    const previous = this.#previous;
    if (!previous) return opened;
    if (!(opened instanceof HandfastError)) {
      if (opened !== 'more' && opened.form !== 'clear') this.#forget();
      return opened;
    }
    if (now >= previous.until) {
      this.#forget();
      return opened;
    }
    const older = previous.channel.open(data, text);
    return older instanceof HandfastError ? opened : older;
  }

  #forget(): void {
    this.#previous?.channel.wipe();
    this.#previous = undefined;
  }

  #takeFrame(plaintext: Bytes): Received {
    const frame = readFrame(plaintext, LIMITS.json.bytes);
    if (frame instanceof HandfastError) return this.#refuse(frame);
    const { kind, meta, binType, payload } = frame;
    if (kind === 'hello' || kind === 'shake') return this.#refuse(new HandfastError('OUT_OF_TURN', `${kind} in binary form`));
    if (kind === 'bin') {
      const named = typeof meta.file_name === 'string' ? { ...meta, file_name: fileNameOf(meta.file_name) } : meta;
      return given({ bytes: payload.slice(), kind, meta: { bin_type: binType, metadata: named } });
    }
    const object = payloadOf(payload, LIMITS.json);
    if (object instanceof HandfastError) return this.#refuse(object);
    const message = messageOf({ msg_type: kind, payload: object, metadata: meta }, LIMITS.json);
    return message instanceof HandfastError ? this.#refuse(message) : this.#take(message);
  }

  /** Once there is a key, a `shake` alone may come in clear; but for a greeting of the master that was repeated before it heard of our key. */
  #takeClear({ msg_type }: HiveMessage, now: Millis): Received {
    const late = this.#source.role === 'slave' && msg_type === 'hello' && now < this.#openedAt + 2 * TIMES.patienceMs;
    return late ? EMPTY : this.#refuse(new HandfastError('OUT_OF_TURN', `${msg_type} in clear, though there is a key`, { unproved: true }));
  }

  #take(message: HiveMessage): Received {
    const source = this.#source;
    const { msg_type } = message;
    // Clients say it again after another handshake; nothing of it may change.
    if (msg_type === 'hello') return EMPTY;
    const refused = source.role === 'master' ? notAllowed(message, source.client) : illegalFromMaster(message);
    if (refused) return event('refused', { kind: msg_type, type: msg_type === 'bus' ? message.payload.type : undefined, reason: refused });
    if (source.role === 'slave') {
      if (!isFor(message, { siteId: source.siteId, publicKey: source.settings.publicKey }))
        return event('elsewhere', { kind: msg_type, ...aboutOf(message) });
      return given({ bytes: utf8(JSON.stringify(message.payload)), kind: msg_type, meta: aboutOf(message) });
    }
    if (msg_type !== 'bus') return given({ bytes: utf8(JSON.stringify(message.payload)), kind: msg_type, meta: aboutOf(message) });
    const { context } = message.payload;
    const session = isJsonObject(context) && isJsonObject(context.session) ? context.session.session_id : undefined;
    if ((session === undefined || session === 'default') && !source.client.admin) {
      return this.#refuse(new HandfastError('NOT_ALLOWED', 'a message of the session `default`, which is for administrators'));
    }
    // Who it comes from is not the client's to say.
    const bus = withContext(message.payload, {}, { source: source.peer, peer: source.peer });
    return given({ bytes: utf8(JSON.stringify(bus)), kind: msg_type, meta: aboutOf(message) });
  }

  #takeShake(payload: JsonObject, now: Millis): readonly TrafficOutput[] {
    // Keys of version 3 do not wear out, and are not replaced by what an older handshake makes.
    if (this.#channel.info.version === 3) return this.#fail(new HandfastError('OUT_OF_TURN', 'a handshake in a session of version 3'));
    if (this.#path) return this.#walk(this.#path.step({ kind: 'shake', payload }), now);
    const source = this.#source;
    if (source.role === 'slave') {
      if (payload.envelope !== undefined)
        return this.#fail(new HandfastError('OUT_OF_TURN', 'an answer to a handshake that we did not begin'));
      // A request that was repeated before the master heard of our key, or one that we cannot follow, changes nothing.
      const { password } = source.settings;
      if (!this.#canRekey() || payload.password !== true || checkRequestLists(source.settings, payload)) return NOTHING;
      if (now < this.#begunAt + TIMES.rekeyGapMs) return NOTHING;
      this.#begunAt = now;
      return this.#walk(slavePassword(source.settings, password!, payload), now);
    }
    if (now < this.#askedAt + TIMES.rekeyGapMs) return this.#fail(new HandfastError('RATE_LIMITED', 'another handshake so soon'));
    this.#askedAt = now;
    return this.#walk(masterPath(source.settings, source.client, payload), now);
  }

  #walk(made: PathStep, now: Millis): readonly TrafficOutput[] {
    if ('why' in made) return this.#fail(made.why);
    // The answer still goes under the key before.
    const outputs = made.shakes.flatMap((payload) => this.#sendShake(payload));
    if (!('keyed' in made)) {
      this.#path = made.next;
      return made.work ? [...outputs, { kind: 'work', items: made.work }] : outputs;
    }
    this.#path = undefined;
    this.#forget();
    this.#previous = { channel: this.#channel, until: now + TIMES.oldKeyMs };
    this.#channel = made.keyed;
    this.#keyedAt = now;
    this.#frames = 0;
    return [...outputs, { kind: 'event', name: 'rekeyed', detail: { ...made.keyed.info } }];
  }

  #sendShake(payload: JsonObject): TrafficOutput[] {
    this.#frames++;
    return this.#channel.seal(writeMessage({ msg_type: 'shake', payload }), 'json').map(({ data, text }) => ({ kind: 'send', data, text }));
  }

  #canRekey(): boolean {
    const source = this.#source;
    return (source.role === 'slave' ? source.settings : source.client).password !== undefined;
  }

  #refuse(why: HandfastError): Received {
    return { ...EMPTY, outputs: this.#fail(why) };
  }

  #fail(why: HandfastError): readonly TrafficOutput[] {
    if (this.#ended) return NOTHING;
    this.#ended = true;
    return [{ kind: 'ended', why, lingerMs: TIMES.lingerMs, close: closeFor(why) }];
  }
}

function given(message: OwnMessage): Received {
  return { ...EMPTY, own: [message] };
}

function event(name: string, detail: Readonly<Record<string, unknown>>): Received {
  return { ...EMPTY, outputs: [{ kind: 'event', name, detail }] };
}

const NOTHING: readonly TrafficOutput[] = [];
const EMPTY: Received = { places: new Uint32Array(0), count: 0, next: 0, wanted: 0, again: false, outputs: NOTHING };
// A message's other members and what a bus message is filled up with.
const ENVELOPE = 4096;
const REKEY_REQUEST: JsonObject = Object.freeze({ binarize: true });
