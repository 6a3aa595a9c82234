/**
 * The contract between a protocol and whoever drives it. A handshake side is a pure function from state and input to state and outputs:
 * no socket, no clock, no randomness, no `async`, no throw. Time, bytes, decisions and the results of work come in; bytes and wishes go out.
 */
import type { Answer, Bytes, Job, Secret } from '../core/core.ts';
import type { LegacyAnswer, LegacyJob } from '../core/legacy/jobs.ts';
import type { Slab } from '../core/slab.ts';
import type { CodeName, HandfastError } from '../errors.ts';

/** Milliseconds since 1970 (the clock of timestamps and deadlines alike). */
export type Millis = number;

export type Role = 'initiator' | 'responder';

export type Input =
  /** The carrier is there; the first input, once. The deadline of the whole handshake counts from here. `borders`: it keeps borders of messages. */
  | { kind: 'start'; now: Millis; borders?: boolean }
  /**
   * A carrier that had to be set up first, by TLS or an upgrade to WebSocket, now stands; once, after `start`, before any byte or message, and like them only while no work and no
   * judgement is outstanding. Never given for plain byte streams. What is sent before it waits until the carrier stands.
   */
  | { kind: 'ready'; now: Millis; facts: CarrierFacts }
  /** Bytes of the stream, in any cut. `now` is when they came. The machine copies what it keeps. Only given while no work and no judgement is outstanding. */
  | { kind: 'bytes'; now: Millis; data: Bytes }
  /** One whole message of a carrier that keeps borders (WebSocket), in place of `bytes`; the machine copies what it keeps. `text`: it came as text, and is valid UTF-8. */
  | { kind: 'message'; now: Millis; data: Bytes; text: boolean }
  /** Answers the last `work`, item by item. */
  | { kind: 'answers'; now: Millis; answers: readonly WorkAnswer[] }
  /** Answers the last `judge`. */
  | { kind: 'judged'; now: Millis; refusal: Refusal | undefined }
  /** Time has passed; at the latest at the deadline asked for, also while work is outstanding. */
  | { kind: 'tick'; now: Millis }
  /** The other side ended its direction of the stream; nothing more will come. `close`: with what code, where the carrier has such codes and one was given. */
  | { kind: 'end'; now: Millis; close?: CloseCode | undefined }
  /** The driver gives up: the caller cancelled, the carrier failed, a limit was reached. Answered with `failed`, after what there may be left to say. */
  | { kind: 'abort'; now: Millis; why: HandfastError };

export type Output =
  /** On carriers that keep borders each `send` is one message, as text where it says so; on streams all of a step leave as one write. */
  | { kind: 'send'; data: Bytes; text?: boolean }
  /** Wake me at this moment; replaces any earlier one. */
  | { kind: 'deadline'; at: Millis }
  /** To be done by the driver: at once, gathered with other peers' work, or elsewhere. Answered by `answers` once all of it is done. */
  | { kind: 'work'; items: readonly Work[] }
  /** The other side has proved who it is: may it stay? Bans, lists, functions, room, in that order; room not where a place is `reserved` for it. Answered by `judged`. */
  | { kind: 'judge'; peer: Peer; reserved?: boolean | undefined }
  /** What has just happened, for observers: `hello sent`. `bytes` as on the wire. */
  | { kind: 'trace'; what: string; direction: 'sent' | 'received' | 'done'; bytes: number }
  /** Keys, as lines of text, because the caller asked for them (`unsafeKeyLog`): to be handed to it. */
  | { kind: 'key-log'; lines: string }
  /** The handshake is over and traffic begins. Nothing more comes from this machine. */
  | { kind: 'opened'; opened: Opened }
  /** The handshake is over and failed. The driver ends its sending side after what was sent, throws away what still arrives for up to `lingerMs`, and closes, with `close` where the carrier has such codes. */
  | { kind: 'failed'; why: HandfastError; lingerMs: number; close?: CloseCode };

/** How a WebSocket is closed: RFC 6455, section 7.4. */
export interface CloseCode {
  code: number;
  /** At most 123 bytes of UTF-8. */
  reason: string;
}

/** What a machine may know of the carrier under it. Each part is there where the carrier has it. */
export interface CarrierFacts {
  /** The other end's socket address. */
  readonly remote?: { readonly address: string; readonly port: number } | undefined;
  /** Our own end's. */
  readonly local?: { readonly address: string; readonly port: number } | undefined;
  readonly tls?: TlsFacts | undefined;
  /** On the accepting side of a WebSocket: what it was asked for. */
  readonly upgrade?: UpgradeFacts | undefined;
}

export interface TlsFacts {
  /** `TLSv1.2`, `TLSv1.3`. */
  readonly version: string;
  readonly cipher: string;
  /** The verify_data of both Finished messages, read once, right after the handshake: 12 bytes (TLS 1.2), 32 or 48. Absent where the library has none to give. */
  readonly ownFinished: Bytes | undefined;
  readonly peerFinished: Bytes | undefined;
}

export interface UpgradeFacts {
  /** Path and query, as sent. */
  readonly target: string;
  /** Names in lower case; the first of repeated ones. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Refusal {
  code: CodeName;
  /** At most 200 bytes of text for the other side. */
  reason: string;
}

/** Work of a core, or a signature by a key held elsewhere. */
export type Work = Job | LegacyJob | { op: 'sign-elsewhere'; signer: Signer; message: Bytes };
export type WorkAnswer = Answer | LegacyAnswer | { op: 'sign-elsewhere'; signature: Bytes } | { op: 'failed'; why: HandfastError };

/** A key that is not in this process: in a hardware module, an agent. */
export interface Signer {
  readonly publicKey: Bytes;
  sign(message: Bytes): Bytes | Promise<Bytes>;
}

/** Who the other side proved to be. */
export interface Peer {
  /** The text form of the id, as the protocol writes it. */
  readonly id: string;
  readonly publicKey: Bytes;
}

export type Step<State> = readonly [State, ...Output[]];

/** One side of one handshake: where it starts, and the function that moves it. */
export interface Machine<State = unknown> {
  readonly initial: State;
  step(state: State, input: Input): Step<State>;
}

/** What a handshake leads to. */
export interface Opened {
  readonly peer: Peer;
  /** 32 bytes that only this session has, the same on both sides: for channel binding. */
  readonly binding: Bytes;
  /** What was agreed, to show: suite, version, the other side's software. */
  readonly info: Readonly<Record<string, string | number | boolean>>;
  readonly traffic: Traffic;
  /** Bytes that came behind the handshake: the first bytes of the traffic. A view; copied by the driver at once. */
  readonly rest: Bytes;
}

/**
 * A session's messages after the handshake, sans-IO like the machine but with a state of its own, since it is the hot path: bytes lie in slabs of the driver, are opened and sealed
 * in place, and nothing is allocated for a message. Calls of one session never interleave. No call throws for what a peer sent.
 */
export interface Traffic {
  /** Bytes the protocol writes in front of a payload, and behind it. */
  readonly before: number;
  readonly after: number;
  /** Where present: payloads are sealed as whole blocks of this many bytes, so that besides `after` as many bytes are free behind each as fill its last block. */
  readonly block?: number;
  /** Bytes of the largest payload the other side accepts. */
  readonly largestPayload: number;
  /** Bytes of the smallest payload that may be sent; 0 when absent. */
  readonly smallestPayload?: number;
  /**
   * Opens what is whole from `start` to `end` of the slab, in place.
   * @returns an object of the traffic's own, valid until the next call. Call again from `next` while it says `again`.
   */
  open(slab: Slab, start: number, end: number, now: Millis): Received;
  /**
   * Seals payloads in place: `places` holds `count` pairs of offset and length, each with `before` bytes free in front and `after`, and what `block` asks for, behind. Lengths are at most `largestPayload`.
   * @throws HF_NONCE_SPENT, HF_CLOSED once this side has said that it is done.
   */
  seal(slab: Slab, places: Uint32Array, count: number, now: Millis): void;
  /** Time has passed: at the latest at `deadline`. */
  tick(now: Millis): readonly TrafficOutput[];
  /** When `tick` wants to be called next. May move with every call of the traffic. */
  readonly deadline: Millis;
  /** Whether the driver reads from the carrier; time in which it does not is not held against the other side. */
  reading(on: boolean, now: Millis): void;
  /** This side is done, or refuses to go on: says so to the other side where the protocol can. After it nothing more is sealed. */
  close(now: Millis, refusal?: Refusal): readonly TrafficOutput[];
  /** The other side ended its direction of the stream; `close`: with what code, where the carrier has such codes and one was given. */
  end(now: Millis, close?: CloseCode): readonly TrafficOutput[];
  /** Wipes the keys. Nothing may be called afterwards. */
  wipe(): void;
  /** Where present: messages are not sealed in place (`seal`, `before` and `after` are not used) but written by it. For text encodings, compression, messages with a kind. */
  readonly writer?: MessageWriter;
  /**
   * Opens one whole message of a carrier that keeps borders; takes the place of `open` there. `data` is valid during the call. What is for the application is in `own`: `places`,
   * `next`, `wanted` and `again` mean nothing here. Where it is absent, messages are given to `open` as if they were pieces of a stream.
   */
  openMessage?(data: Bytes, text: boolean, now: Millis): Received;
  /** Answers the last `work` output, item by item. */
  answered?(answers: readonly WorkAnswer[], now: Millis): readonly TrafficOutput[];
}

/** Writes messages whose form on the wire is not the payload's own length with something around it. */
export interface MessageWriter {
  /** One write to the carrier for each message, the next one only once the one before was handed on (rippled closes on two frames in one read). */
  readonly singly: boolean;
  /**
   * One message as it goes on the wire.
   * @throws HF_BAD_ARGUMENT for a kind or a meta that the protocol does not have, HF_TOO_LARGE (blame caller), HF_CLOSED.
   */
  write(payload: Bytes, about: MessageAbout, now: Millis): WrittenMessage;
}

/** A message as it goes on the wire. */
export interface WrittenMessage {
  readonly data: Bytes;
  readonly text: boolean;
  /** Where one message of the session is several of the carrier's: the others, in order. Nothing comes between them but what the traffic itself sends. */
  readonly more?: readonly WrittenMessage[] | undefined;
}

/** What a message is besides its bytes, in protocols that have such things. */
export interface MessageAbout {
  /** Its type, by the protocol's name for it, or the number as text where it has none: `validation`, `bus`. Absent where messages have no type. */
  readonly kind?: string | undefined;
  /** Further members: routing, names. What there may be is the protocol's to say. */
  readonly meta?: Readonly<Record<string, unknown>> | undefined;
}

/** A message in memory of its own: where it could not be opened in place. */
export interface OwnMessage extends MessageAbout {
  readonly bytes: Bytes;
}

export interface Received {
  /** Pairs of offset and length in the slab: payloads for the application, in order. */
  readonly places: Uint32Array;
  readonly count: number;
  /** Payloads that lie elsewhere than in the slab, each the application's from then on; then `count` is 0. In order. */
  readonly own?: readonly OwnMessage[] | undefined;
  /** Of each of `places`, where messages have kinds: what `own` would say. */
  readonly abouts?: readonly MessageAbout[] | undefined;
  /** The first byte not consumed: the start of a record that is not whole, kept by the driver. */
  readonly next: number;
  /** Bytes from `next` that the record there needs to be whole, 0 when not known yet. */
  readonly wanted: number;
  /** There may be more to open from `next`. */
  readonly again: boolean;
  /** What else came of it; comes after the messages of the same call. */
  readonly outputs: readonly TrafficOutput[];
}

export type TrafficOutput =
  /** Sealed bytes to write at once. */
  | { kind: 'send'; data: Bytes; text?: boolean }
  /** Both directions are done, or the session failed: the driver ends its sending side after what was sent, and closes. `why` is absent when all ended well. */
  | { kind: 'ended'; why?: HandfastError; lingerMs: number; close?: CloseCode }
  /**
   * Work for later: its answers come by `answered` (re-keying in mid-session, a key derived off the event loop). Nothing is opened and no end is told until then, not even what lies
   * behind it in the same chunk; sealing, `tick` and `close` go on. One at a time. Answers that come after the end are discarded.
   */
  | { kind: 'work'; items: readonly Work[] }
  /** Told to the application as an event of the session: `ping` with a latency, a cluster's news. */
  | { kind: 'event'; name: string; detail: Readonly<Record<string, unknown>> }
  /** The other side is done: no more messages will come; what is still owed may be sent. */
  | { kind: 'peer-done' };

/** `tls`: TCP with TLS whose certificates nobody verifies, since identities are proved inside (XRPL). `websocket`: RFC 6455, over TCP or TLS. */
export type CarrierName = 'tcp' | 'tls' | 'websocket';

export interface WebSocketUse<Options> {
  /** The subprotocol that both sides must name; none when absent. */
  readonly subprotocol?: string | undefined;
  /** Bytes of the largest message that is taken; a larger one ends the connection before it is whole. */
  readonly largestMessage: number;
  /** Path and query that a dialler asks for, where its caller names none; `/` when absent. */
  target?(options: Options): string;
}

/** A protocol as the registry knows it. `Settings` are checked and complete. */
export interface Protocol<Options> {
  readonly name: string;
  readonly aliases: readonly string[];
  /** What carries it; the first is used where nothing else is asked for. Plain TCP when absent. */
  readonly carriers?: readonly CarrierName[] | undefined;
  /** How it uses a WebSocket, where it goes over one. */
  readonly websocket?: WebSocketUse<Options> | undefined;
  /** Checks what the caller gave. @throws HF_BAD_ARGUMENT, HF_BAD_KEY */
  initiator(options: Options): Machine;
  responder(options: Options): Machine;
}

/** Wipes what is secret in answers that nobody waits for any more. */
export function discardAnswers(answers: readonly WorkAnswer[]): void {
  for (const answer of answers) {
    if (answer.op === 'keygen') answer.keyPair.secretKey.wipe();
    else if (answer.op === 'dh' && answer.shared !== 'weak') (answer.shared as Secret).wipe();
    else if (answer.op === 'pbkdf2-sha256' || answer.op === 'argon2id') answer.key.fill(0);
    else if (answer.op === 'ffdh-keygen') answer.keyPair.wipe();
    else if (answer.op === 'ffdh-derive' && answer.shared !== 'weak') answer.shared.fill(0);
    else if (answer.op === 'rsa-envelope-open' && typeof answer.plaintext !== 'string') answer.plaintext.fill(0);
  }
}
