/** Requests that this node asks: each ends in an answer or a coded error. Who waits for whom, what is sent again on the next session, and what never is. */
import type { Core } from '../../core/core.ts';
import { CODES, HandfastError, remoteError } from '../../errors.ts';
import { LIMITS } from '../../protocols/handfast/limits.ts';
import { DIRECT_HEAD, directRecord, readAnswer, writeMillisecondsLeft } from '../../protocols/handfast/requests.ts';
import type { Millis } from '../../protocols/machine.ts';
import { type Clock, steady } from '../../transport/clock.ts';
import { publicKeyOf } from '../../wire/peer-id.ts';
import { Deadlines, type Timed } from '../deadlines.ts';
import type { Link } from '../link.ts';
import { topicBytes } from '../topic.ts';

export interface RequestOptions {
  /** At most 255 bytes of UTF-8; empty, or absent: the other side's default handler. */
  topic?: string | undefined;
  /** The whole time from now to the answer, waiting for a session too: 1 to 600,000; 10,000. */
  deadlineMs?: number | undefined;
  /** Ends the waiting. The other side is told nothing; its answer is ignored. */
  signal?: AbortSignal | undefined;
  /** It may be handled once in each life of the other side: then it is sent again also after a restart. */
  idempotent?: boolean | undefined;
}

/** What may be in flight at once; above it a request is refused with HF_BUSY. */
export interface RequestLimits {
  /** 1,024: as many as a peer has to take. */
  inFlightPerPeer: number;
  /** 16,384, some 1 KiB each beside the payload. */
  inFlight: number;
  /** Payloads, which are held until the answer comes: 32 MiB. A longer one alone is HF_TOO_LARGE. */
  bytesPerPeer: number;
  /** 64 MiB. */
  bytes: number;
}

export interface RequestsOptions {
  clock: Clock;
  core: Core;
  limits?: Partial<RequestLimits> | undefined;
}

export class Requests {
  readonly #clock: Clock;
  readonly #core: Core;
  readonly #limits: RequestLimits;
  readonly #peers = new Map<string, Asked>();
  readonly #deadlines: Deadlines<Request>;
  #lastId: bigint | undefined;
  #bytes = 0;
  #over: HandfastError | undefined;

  constructor({ clock, core, limits }: RequestsOptions) {
    this.#clock = steady(clock);
    this.#core = core;
    this.#limits = { ...REQUEST_DEFAULTS, ...limits };
    this.#deadlines = new Deadlines(this.#clock, (request) => this.#late(request));
  }

  /** Requests that have not ended. */
  get inFlight(): number {
    return this.#deadlines.size;
  }

  /** Bytes held for them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Peers with a session or a request. */
  get peers(): number {
    return this.#peers.size;
  }

  /**
   * Asks a peer; waits for a verified session with it until the deadline. The payload is copied before this returns, once.
   * @param peerId `12D3KooW...`
   * @returns the answer, an array of its own.
   * @throws as a rejection: HF_BAD_ARGUMENT; HF_BUSY, HF_TOO_LARGE (blame caller); HF_NOT_CONNECTED when there was no session until the deadline; HF_DEADLINE_EXCEEDED; HF_ABORTED;
   * HF_PEER_RESTARTED; what the other side answers instead of an answer (04xx, `remote: 'proved'`); what `refuse` and `close` say.
   */
  request(peerId: string, payload: Uint8Array, options: RequestOptions = {}): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      // What throws in here is a rejection.
      const { signal } = options;
      if (this.#over) throw this.#over;
      const checked = checkedRequest(peerId, payload, options, this.#peers);
      if (signal?.aborted) throw aborted(signal);
      const asked = this.#asked(peerId, DIRECT_HEAD + checked.topic.length + payload.length);
      const request: Request = {
        id: this.#nextId(),
        asked,
        deadline: this.#clock.now() + checked.deadlineMs,
        rank: 0,
        place: -1,
        record: NONE,
        idempotent: options.idempotent === true,
        shared: false,
        link: undefined,
        life: undefined,
        signal,
        cancel: undefined,
        resolve,
        reject,
      };
      request.record = directRecord(request.id, checked.topic, payload);
      this.#take(request);
    });
  }

  /** What is checked before a request is taken. @throws HF_BAD_ARGUMENT */
  check(peerId: string, payload: Uint8Array, options: RequestOptions): CheckedRequest {
    return checkedRequest(peerId, payload, options, this.#peers);
  }

  /** A session with the peer is there: what waits goes out, and again what an earlier session left without an answer. The newest session is used while it lasts. */
  opened(link: Link): void {
    if (this.#over) return;
    const { id } = link.peer;
    const asked = this.#peers.get(id) ?? emptyAsked(id);
    this.#peers.set(id, asked);
    if (asked.links.includes(link)) return;
    asked.links.push(link);
    this.#settle(asked);
  }

  /** The session is over: its requests wait for the next one, or go out on an older one that is still there. */
  closed(link: Link): void {
    const asked = this.#peers.get(link.peer.id);
    const at = asked?.links.indexOf(link) ?? -1;
    if (!asked || at < 0) return;
    asked.links.splice(at, 1);
    this.#settle(asked);
    this.#tidy(asked);
  }

  /** The link's queue, which was full, has room again. */
  drained(link: Link): void {
    const asked = this.#peers.get(link.peer.id);
    if (asked && asked.links.at(-1) === link) this.#flush(asked, link);
  }

  /** @param kind RESPONSE or ERROR. @param body a view; misshapen, the link fails with MALFORMED. Answers that nobody waits for are ignored. */
  answered(link: Link, kind: number, body: Uint8Array): void {
    const answer = readAnswer(kind, body);
    if (!answer) {
      link.fail(new HandfastError('MALFORMED', 'an answer does not have its shape'));
      return;
    }
    const request = this.#peers.get(link.peer.id)?.requests.get(answer.id);
    if (!request?.link) return;
    this.#end(request);
    if ('payload' in answer) request.resolve(new Uint8Array(answer.payload));
    else request.reject(remoteError(answer.code, answer.reason, 'proved'));
  }

  /** All requests to that peer end with this error: it was banned or removed. */
  refuse(peerId: string, why: HandfastError): void {
    const asked = this.#peers.get(peerId);
    if (asked) for (const request of asked.requests.values()) this.#fail(request, why);
  }

  /** All requests end with this error, and later ones too. */
  close(why: HandfastError): void {
    if (this.#over) return;
    this.#over = why;
    for (const { requests } of this.#peers.values()) for (const request of requests.values()) this.#fail(request, why);
    this.#peers.clear();
    this.#deadlines.clear();
  }

  /** The peer's entry, with room for one more request of so many bytes. @throws HF_TOO_LARGE, HF_BUSY */
  #asked(peerId: string, bytes: number): Asked {
    const { inFlightPerPeer, inFlight, bytesPerPeer, bytes: allBytes } = this.#limits;
    const asked = this.#peers.get(peerId) ?? emptyAsked(peerId);
    if (bytes > Math.min(bytesPerPeer, allBytes)) throw tooLarge(bytes, Math.min(bytesPerPeer, allBytes));
    if (asked.requests.size >= inFlightPerPeer) throw busy(`${inFlightPerPeer} requests to this peer are in flight`);
    if (this.#deadlines.size >= inFlight) throw busy(`${inFlight} requests are in flight`);
    if (asked.bytes + bytes > bytesPerPeer) throw busy(`more than ${bytesPerPeer} bytes would be in flight to this peer`);
    if (this.#bytes + bytes > allBytes) throw busy(`more than ${allBytes} bytes would be in flight`);
    return asked;
  }

  #take(request: Request): void {
    const { asked, signal } = request;
    this.#peers.set(asked.id, asked);
    asked.requests.set(request.id, request);
    asked.bytes += bytesOf(request);
    this.#bytes += bytesOf(request);
    this.#deadlines.add(request);
    if (signal) {
      request.cancel = () => this.#fail(request, aborted(signal));
      signal.addEventListener('abort', request.cancel, { once: true });
    }
    const link = asked.links.at(-1);
    // Behind those that wait for room.
    if (!link || asked.waiting.size > 0 || !this.#send(request, link)) asked.waiting.add(request);
  }

  /** Decides anew, after sessions came or went, which requests are to be sent on the one in use; and sends them. */
  #settle(asked: Asked): void {
    const link = asked.links.at(-1);
    if (!link) return;
    asked.waiting.clear();
    for (const request of asked.requests.values()) {
      if (request.link === link) continue;
      const sameLife = link.bootId !== undefined && link.bootId === request.life;
      if (!request.link || sameLife || request.idempotent) asked.waiting.add(request);
      // Without boot ids each session counts as a life of its own; the one it was sent on may still answer.
      else if (asked.links.includes(request.link) && (link.bootId === undefined || request.life === undefined)) continue;
      else this.#fail(request, new HandfastError('PEER_RESTARTED', 'the peer has restarted, or may have, since the request was sent'));
    }
    this.#flush(asked, link);
  }

  #flush(asked: Asked, link: Link): void {
    for (const request of asked.waiting) {
      if (!this.#send(request, link)) return;
      asked.waiting.delete(request);
    }
  }

  /** @returns false when there is no room in the link. */
  #send(request: Request, link: Link): boolean {
    const bytes = bytesOf(request);
    if (bytes > link.largestBody) {
      this.#fail(request, tooLarge(bytes, link.largestBody));
      return true;
    }
    // What a link holds never changes; this happens only when it is sent again.
    if (request.shared) request.record = request.record.slice();
    request.shared = false;
    const left = Math.ceil(request.deadline - this.#clock.now());
    writeMillisecondsLeft(request.record, Math.min(Math.max(left, 1), LIMITS.requestMs));
    if (!link.sendShared(request.record)) return false;
    request.shared = true;
    if (!request.link) request.life = link.bootId;
    request.link = link;
    return true;
  }

  #late(request: Request): void {
    const { asked, link } = request;
    this.#fail(request, lateError(asked, link !== undefined));
  }

  #fail(request: Request, why: HandfastError): void {
    this.#end(request);
    request.reject(why);
  }

  #end(request: Request): void {
    const { asked } = request;
    asked.requests.delete(request.id);
    asked.waiting.delete(request);
    asked.bytes -= bytesOf(request);
    this.#bytes -= bytesOf(request);
    this.#deadlines.remove(request);
    if (request.cancel) request.signal!.removeEventListener('abort', request.cancel);
    this.#tidy(asked);
  }

  #tidy(asked: Asked): void {
    if (asked.links.length === 0 && asked.requests.size === 0) this.#peers.delete(asked.id);
  }

  /** They start at a random number in each process and rise by one; 0 is none. */
  #nextId(): bigint {
    this.#lastId ??= new DataView(new Uint8Array(this.#core.random(8)).buffer).getBigUint64(0);
    this.#lastId = this.#lastId >= LARGEST_ID ? 1n : this.#lastId + 1n;
    return this.#lastId;
  }
}

/** What is asked of one peer. */
interface Asked {
  readonly id: string;
  /** Sessions that are open, the newest last: that one is used. */
  readonly links: Link[];
  /** In the order in which they were asked. */
  readonly requests: Map<bigint, Request>;
  /** Of them, those to be sent when there is a session, or room in it. */
  readonly waiting: Set<Request>;
  bytes: number;
}

interface Request extends Timed {
  readonly id: bigint;
  readonly asked: Asked;
  readonly deadline: Millis;
  /** DIRECT, whole: what is sent, and sent again. */
  record: Uint8Array;
  readonly idempotent: boolean;
  /** A link has the record: it may not change any more. */
  shared: boolean;
  /** Where it was sent last. */
  link: Link | undefined;
  /** The other side's boot id where it was sent first. */
  life: string | undefined;
  readonly signal: AbortSignal | undefined;
  cancel: (() => void) | undefined;
  readonly resolve: (answer: Uint8Array) => void;
  readonly reject: (why: HandfastError) => void;
}

const emptyAsked = (id: string): Asked => ({ id, links: [], requests: new Map(), waiting: new Set(), bytes: 0 });

/** Bytes of the record's body. */
const bytesOf = ({ record }: Request): number => record.length - 1;

export interface CheckedRequest {
  readonly topic: Uint8Array;
  readonly deadlineMs: number;
}

/** @param known peers whose ids need not be looked at again. @throws HF_BAD_ARGUMENT */
function checkedRequest(
  peerId: string,
  payload: Uint8Array,
  { topic = '', deadlineMs = DEADLINE_MS, signal }: RequestOptions,
  known: ReadonlyMap<string, unknown>,
): CheckedRequest {
  if (!known.has(peerId) && (typeof peerId !== 'string' || !publicKeyOf(peerId))) throw bad('peerId', 'the id of a node (12D3KooW...)');
  if (!(payload instanceof Uint8Array)) throw bad('payload', 'bytes (a Uint8Array)');
  if (!(deadlineMs >= 1 && deadlineMs <= LIMITS.requestMs)) throw bad('deadlineMs', `1 to ${LIMITS.requestMs} milliseconds`);
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw bad('signal', 'an AbortSignal');
  return { topic: topicBytes(topic), deadlineMs };
}

function lateError({ links }: Asked, sent: boolean): HandfastError {
  const connected = links.length > 0;
  if (!sent && !connected) return new HandfastError('NOT_CONNECTED', 'the request was not sent: there is no session with this peer');
  const blame = connected && sent ? 'peer' : 'network';
  const what = sent ? CODES.DEADLINE_EXCEEDED.meaning : 'the request was never sent: there was no room in the session before the deadline';
  return new HandfastError('DEADLINE_EXCEEDED', what, { blame });
}

const bad = (what: string, expected: string): HandfastError => new HandfastError('BAD_ARGUMENT', `${what}: expected ${expected}`);
const busy = (why: string): HandfastError => new HandfastError('BUSY', `not sent: ${why}`, { blame: 'caller' });
const tooLarge = (bytes: number, limit: number): HandfastError =>
  new HandfastError('TOO_LARGE', `a request of ${bytes} bytes, ${limit} are possible`, { blame: 'caller' });
const aborted = (signal: AbortSignal): HandfastError =>
  new HandfastError('ABORTED', 'the request was cancelled', { cause: signal.reason as unknown });

const NONE = new Uint8Array(0);
const DEADLINE_MS = 10_000;
const LARGEST_ID = 2n ** 64n - 1n;
export const REQUEST_DEFAULTS: RequestLimits = {
  inFlightPerPeer: 1_024,
  inFlight: 16_384,
  bytesPerPeer: 32 * 1024 * 1024,
  bytes: 64 * 1024 * 1024,
};
