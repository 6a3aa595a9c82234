/** Requests that others ask of this node: each is answered, and its handler runs at most once for an id in one life of this process. */
import { HandfastError } from '../../errors.ts';
import { LIMITS } from '../../protocols/handfast/limits.ts';
import { type Direct, errorRecord, readDirect, requestId, responseRecord } from '../../protocols/handfast/requests.ts';
import type { Peer } from '../../protocols/machine.ts';
import { type Cancel, type Clock, steady } from '../../transport/clock.ts';
import type { Link } from '../link.ts';
import type { Claims } from '../store/claims.ts';
import type { RequestName, RequestTaken } from '../store/store.ts';
import { topicBytes } from '../topic.ts';
import { Callers, HANDLER_DEFAULTS, type HandlerLimits } from './callers.ts';
import { Line, owedNoMore, owedNowhere, owedOn } from './confirmation.ts';
import { type Handler, type Incoming, IncomingMessage } from './incoming.ts';

export type { HandlerLimits } from './callers.ts';
export type { Handler, RequestMessage } from './incoming.ts';

export interface HandlersOptions {
  clock: Clock;
  limits?: Partial<HandlerLimits> | undefined;
  /** Asked before a handler runs, where other processes answer as this identity too. */
  claims?: Claims | undefined;
  /** A handler threw, or gave something that is no answer; the other side is told HANDLER_FAILED and nothing more. */
  failed?(error: unknown, from: Peer, topic: string): void;
}

export class Handlers {
  readonly #clock: Clock;
  readonly #claims: Claims | undefined;
  readonly #failed: NonNullable<HandlersOptions['failed']>;
  readonly #handlers = new Map<string, Handler>();
  readonly #callers: Callers;
  readonly #lines = new Map<Link, Line>();
  #nextPings: Cancel | undefined;
  #over = false;

  constructor({ clock, limits, claims, failed = () => {} }: HandlersOptions) {
    this.#clock = steady(clock);
    this.#claims = claims;
    this.#failed = failed;
    this.#callers = new Callers(this.#clock, { ...HANDLER_DEFAULTS, ...limits }, (incoming) => this.#late(incoming));
  }

  /** Peers, handlers that run and bytes of their payloads, requests remembered, bytes of answers: what is held now. */
  get held(): { peers: number; running: number; payloadBytes: number; remembered: number; answerBytes: number } {
    const { peers, running, payloadBytes, remembered, answerBytes } = this.#callers;
    return { peers, running, payloadBytes, remembered, answerBytes };
  }

  /**
   * @param topic at most 255 bytes; empty: requests without a topic. One of which nobody handles the topic is answered NO_HANDLER.
   * @returns takes the handler away again.
   * @throws HF_BAD_ARGUMENT, also when the topic has a handler.
   */
  handle(topic: string, handler: Handler): () => void {
    topicBytes(topic);
    if (typeof handler !== 'function') throw new HandfastError('BAD_ARGUMENT', 'handler: expected a function');
    if (this.#handlers.has(topic)) throw new HandfastError('BAD_ARGUMENT', `topic: ${JSON.stringify(topic)} has a handler already`);
    this.#handlers.set(topic, handler);
    return () => {
      if (this.#handlers.get(topic) === handler) this.#handlers.delete(topic);
    };
  }

  /** A session begins; before any of its records. */
  opened(link: Link): void {
    if (this.#over || this.#lines.has(link)) return;
    const caller = this.#callers.arrived(link.peer.id, link.bootId);
    const line = new Line(link, caller, this.#claims?.life);
    caller.lines.add(line);
    this.#lines.set(link, line);
  }

  /** The session is over: answers wait to be asked for again. */
  closed(link: Link): void {
    const line = this.#lines.get(link);
    if (!line) return;
    this.#lines.delete(link);
    // The next session may be another process's.
    for (const incoming of line.unanswered) this.#handOver(incoming);
    line.end();
    line.caller.lines.delete(line);
    if (line.caller.lines.size > 0) return;
    this.#claims?.left(line.caller.id);
    this.#callers.left(line.caller);
  }

  /** @param body of a DIRECT, a view; misshapen, the link fails with MALFORMED. */
  requested(link: Link, body: Uint8Array): void {
    const direct = readDirect(body);
    if (!direct) {
      link.fail(new HandfastError('MALFORMED', 'DIRECT does not have its shape'));
      return;
    }
    const line = this.#lines.get(link);
    // Nobody waits for the answers to what an earlier life of the peer asked.
    if (!line || link.bootId !== line.caller.life) return;
    const { caller } = line;
    const id = requestId(direct);
    const known = caller.requests.get(id);
    const handler = this.#handlers.get(direct.topic);
    if (known) this.#again(line, known);
    else if (caller.seen.has(id)) link.sendShared(errorRecord(id, 'ANSWER_LOST'));
    else if (!handler) link.sendShared(errorRecord(id, 'NO_HANDLER'));
    else if (!this.#callers.room(caller, direct.payload.length)) link.sendShared(errorRecord(id, 'BUSY'));
    else if (line.life === undefined || caller.life === undefined) this.#run(this.#taken(line, id, direct), handler, link.peer);
    else this.#shared({ peer: caller.id, peerLife: caller.life, id }, line.life, this.#taken(line, id, direct), handler, link.peer);
  }

  #shared(name: RequestName, life: string, incoming: Incoming, handler: Handler, from: Peer): void {
    if (this.#claims!.takes(life, name)) {
      incoming.claimed = name;
      this.#run(incoming, handler, from);
    } else void this.#claim(name, life, incoming, handler, from);
  }

  /** @param pong its body: answers sent before the PING have arrived. */
  confirmed(link: Link, pong: Uint8Array): void {
    const line = this.#lines.get(link);
    if (!line) return;
    for (const incoming of line.confirmed(pong)) {
      this.#callers.forget(incoming);
      owedNowhere(incoming);
    }
  }

  /** The link's queue, which was full, has room again. */
  drained(link: Link): void {
    const line = this.#lines.get(link);
    if (!line) return;
    for (const incoming of line.owed) if (incoming.answer && !this.#send(line, incoming, incoming.answer)) return;
  }

  /** Answers still to be sent on that session, handlers that run for it included. */
  owed(link: Link): number {
    return this.#lines.get(link)?.owed.size ?? 0;
  }

  /** Another process of this identity is asked for what this one has taken: it gets the answer, now or once it is there. */
  wanted({ peer, peerLife, id }: RequestName): void {
    const caller = this.#callers.of(peer);
    const incoming = caller?.life === peerLife ? caller.requests.get(id) : undefined;
    if (incoming) this.#handOver(incoming);
    this.#claims?.wanted(peer);
  }

  /** What this process has taken of a peer's and not forgotten. */
  remembered(peer: string): RequestTaken[] {
    const taken: RequestTaken[] = [];
    for (const incoming of this.#callers.of(peer)?.requests.values() ?? []) {
      if (incoming.claimed) taken.push(this.#leftOf(incoming, incoming.claimed));
    }
    return taken;
  }

  /** The peer was banned or removed: its handlers' signals abort, its answers go. */
  forget(peerId: string): void {
    const caller = this.#callers.of(peerId);
    if (caller) this.#callers.forgetAll(caller, new HandfastError('BANNED', 'the peer was banned or removed'));
  }

  /** All signals abort; nothing more is answered. */
  close(): void {
    this.#over = true;
    this.#nextPings?.();
    this.#nextPings = undefined;
    this.#callers.close(new HandfastError('CLOSED', 'the node is closing'));
    this.#lines.clear();
  }

  #taken(line: Line, id: bigint, { topic, payload, millisecondsLeft }: Direct): Incoming {
    const { caller } = line;
    const incoming: Incoming = {
      id,
      caller,
      deadline: this.#clock.now() + millisecondsLeft,
      rank: 0,
      place: -1,
      payloadBytes: payload.length,
      message: new IncomingMessage(topic, new Uint8Array(payload)),
      answer: undefined,
      claimed: undefined,
      wanted: false,
      asked: [line],
      sentOn: undefined,
      sentAs: 0,
      over: false,
    };
    line.owed.add(incoming);
    this.#callers.add(incoming);
    return incoming;
  }

  /** Takes it in the store first; what another process has taken is answered as that answered it, once it has. */
  async #claim(name: RequestName, life: string, incoming: Incoming, handler: Handler, from: Peer): Promise<void> {
    const claims = this.#claims!;
    const claim = await claims.claim(life, this.#leftOf(incoming, name));
    if (claim.is === 'mine') incoming.claimed = name;
    if (incoming.over || this.#over) this.#answer(incoming, EMPTY);
    else if (claim.is === 'mine') this.#run(incoming, handler, from);
    else if (claim.is === 'answer') this.#answer(incoming, claim.answer);
    else if (claim.is === 'elsewhere') {
      claims.want(name, claim.by);
      this.#clock.at(this.#clock.now() + LOOK_AGAIN_MS, () => void this.#claim(name, life, incoming, handler, from));
    } else this.#answer(incoming, errorRecord(incoming.id, claim.is === 'busy' ? 'BUSY' : 'ANSWER_LOST'));
  }

  /** At once where the handler answers at once: a promise for each request costs more than all the rest. */
  #run(incoming: Incoming, handler: Handler, from: Peer): void {
    const message = incoming.message!;
    const threw = (error: unknown): void => {
      this.#answer(incoming, errorRecord(incoming.id, 'HANDLER_FAILED'));
      // A handler that ends because it was told to has not failed.
      if (error !== message.reason || error === undefined) this.#failed(error, from, message.topic);
    };
    const gave = (answer: unknown): void => {
      if (answer === undefined) this.#answer(incoming, responseRecord(incoming.id, EMPTY));
      else if (!(answer instanceof Uint8Array)) threw(new HandfastError('BAD_ARGUMENT', 'a handler gave something that is no Uint8Array'));
      else if (answer.length > largestAnswer(incoming)) this.#answer(incoming, errorRecord(incoming.id, 'ANSWER_TOO_LARGE'));
      else this.#answer(incoming, responseRecord(incoming.id, answer));
    };
    let result: ReturnType<Handler>;
    try {
      result = handler(message, from);
    } catch (error) {
      threw(error);
      return;
    }
    if (result === undefined || result instanceof Uint8Array) gave(result);
    else Promise.resolve(result).then(gave, threw);
  }

  #answer(incoming: Incoming, answer: Uint8Array): void {
    incoming.message = undefined;
    if (incoming.claimed && incoming.wanted)
      this.#claims!.answered(this.#leftOf(incoming, incoming.claimed), incoming.over ? undefined : answer);
    if (!incoming.over) {
      for (const lost of this.#callers.hold(incoming, answer)) this.#refuse(lost, 'ANSWER_LOST');
      // Backwards, since each that it is sent to is taken out.
      for (let i = incoming.asked.length - 1; i >= 0; i--) this.#send(incoming.asked[i], incoming, answer);
    }
    this.#callers.ran(incoming);
  }

  #handOver(incoming: Incoming): void {
    if (!incoming.claimed || incoming.wanted) return;
    incoming.wanted = true;
    if (incoming.answer) this.#claims!.answered(this.#leftOf(incoming, incoming.claimed), incoming.answer);
  }

  #leftOf({ deadline }: Incoming, name: RequestName): RequestTaken {
    return { ...name, ms: Math.max(1, deadline - this.#clock.now()) };
  }

  /** Asked once more: the answer goes out again, or once it is there. */
  #again(line: Line, incoming: Incoming): void {
    owedOn(line, incoming);
    if (incoming.answer) this.#send(line, incoming, incoming.answer);
  }

  /** @returns false when there is no room in the link: it stays owed. */
  #send(line: Line, incoming: Incoming, answer: Uint8Array): boolean {
    const fits = answer.length - 1 <= line.link.largestBody;
    const record = fits ? answer : errorRecord(incoming.id, 'ANSWER_TOO_LARGE');
    if (!line.link.sendShared(record)) return false;
    owedNoMore(line, incoming);
    line.sent(incoming, record.length);
    this.#pingLater();
    return true;
  }

  #late(incoming: Incoming): void {
    this.#callers.forget(incoming);
    this.#refuse(incoming, 'DEADLINE_EXCEEDED');
    incoming.message?.abort(new HandfastError('DEADLINE_EXCEEDED', 'the deadline of the request has passed'));
  }

  /** Nothing is owed for it any more but this. */
  #refuse(incoming: Incoming, code: 'DEADLINE_EXCEEDED' | 'ANSWER_LOST'): void {
    for (const { link } of incoming.asked) link.sendShared(errorRecord(incoming.id, code));
    owedNowhere(incoming);
  }

  #pingLater(): void {
    this.#nextPings ??= this.#clock.at(this.#clock.now() + PING_MS, () => {
      this.#nextPings = undefined;
      let unconfirmed = 0;
      for (const line of this.#lines.values()) {
        line.ping();
        unconfirmed += line.unconfirmed;
      }
      if (unconfirmed > 0) this.#pingLater();
    });
  }
}

/** Bytes that the sessions waiting for it can take; there may be none at the moment. */
function largestAnswer({ asked }: Incoming): number {
  let largest = asked.length === 0 ? LIMITS.mostRecord : 0;
  for (const { link } of asked) largest = Math.max(largest, link.largestBody - ID_BYTES);
  return largest;
}

const EMPTY = new Uint8Array(0);
const ID_BYTES = 8;
const PING_MS = 1_000;
/** What another process is at. */
const LOOK_AGAIN_MS = 100;
