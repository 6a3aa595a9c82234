/**
 * Requests for peers that another process of this identity has a session with. They go there by letter, once, and are asked from there; a peer that nobody has is looked for until the deadline.
 * Every request ends in an answer or a coded error, by its own deadline, whatever becomes of the other process and of the store.
 */
import { HandfastError } from '../../errors.ts';
import type { Millis } from '../../protocols/machine.ts';
import type { Clock } from '../../transport/clock.ts';
import { carried, uncarried } from '../control/messages.ts';
import type { CheckedRequest, RequestOptions } from '../requests/requests.ts';
import { type Head, type Letter, writeLetter } from './letters.ts';
import type { Shared } from './shared.ts';

export interface RoutesOptions {
  shared: Shared;
  clock: Clock;
  /** Whether this process has a session with that peer. */
  here(peer: string): boolean;
  /** Asks over a session of this process, or waits for one. */
  ask(peer: string, payload: Uint8Array, options: RequestOptions): Promise<Uint8Array>;
  /** @throws HF_BAD_ARGUMENT */
  check(peer: string, payload: Uint8Array, options: RequestOptions): CheckedRequest;
}

/** Asked of another process, and not answered. */
interface Routed {
  settle(letter: Letter | HandfastError): void;
}

/** `moved`: it was not sent, since the peer is not there any more. */
type Outcome = { readonly answer: Uint8Array } | 'moved';

export class Routes {
  readonly #options: RoutesOptions;
  readonly #routed = new Map<number, Routed>();
  /** Told when this process gets a session with that peer. */
  readonly #waiting = new Map<string, Set<() => void>>();
  #last = 0;
  #bytes = 0;
  #over: HandfastError | undefined;

  constructor(options: RoutesOptions) {
    this.#options = options;
  }

  /** As `Requests.request`; also HF_STORE_ROUTE_LOST, when the process that had the session has gone: then the request may have been handled. */
  async request(peer: string, payload: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    const { clock, here, ask, check } = this.#options;
    if (here(peer)) return ask(peer, payload, options);
    if (this.#over) throw this.#over;
    const { deadlineMs } = check(peer, payload, options);
    const { signal } = options;
    if (signal?.aborted) throw aborted(signal);
    if (this.#routed.size + this.#waiting.size >= MOST_ROUTED || this.#bytes + payload.length > MOST_BYTES)
      throw new HandfastError('BUSY', 'not sent: too many requests wait for peers of other processes', { blame: 'caller' });
    // The caller may change its own while this waits.
    const own = payload.slice();
    this.#bytes += own.length;
    const deadline = clock.precise() + deadlineMs;
    try {
      for (;;) {
        const leftMs = deadline - clock.precise();
        if (this.#over) throw this.#over;
        if (signal?.aborted) throw aborted(signal);
        if (here(peer)) return await ask(peer, own, { ...options, deadlineMs: Math.max(1, leftMs) });
        if (leftMs <= 0)
          throw new HandfastError('NOT_CONNECTED', 'the request was not sent: no process of this identity has a session with this peer');
        const holder = await this.#holder(peer);
        if (holder !== undefined && holder !== this.#options.shared.process) {
          const outcome = await this.#route(holder, peer, own, options, deadline);
          if (outcome !== 'moved') return outcome.answer;
        }
        await this.#pause(peer, Math.min(LOOK_AGAIN_MS, Math.max(0, deadline - clock.precise())), signal);
      }
    } finally {
      this.#bytes -= own.length;
    }
  }

  /** This process has a session with that peer. */
  opened(peer: string): void {
    for (const wake of this.#waiting.get(peer) ?? []) wake();
  }

  /** @param head of a letter that came. */
  received(letter: Letter): void {
    const { head } = letter;
    if (head.kind === 'ask') void this.#asked(head, letter.body);
    else if (head.kind === 'answered' || head.kind === 'moved') this.#routed.get(head.number)?.settle(letter);
  }

  close(why: HandfastError): void {
    this.#over = why;
    for (const { settle } of [...this.#routed.values()]) settle(why);
    for (const wakes of [...this.#waiting.values()]) for (const wake of wakes) wake();
  }

  /** A store that is not to be had knows of nobody. */
  async #holder(peer: string): Promise<string | undefined> {
    try {
      return await this.#options.shared.ask((store) => store.holder(peer));
    } catch {
      return undefined;
    }
  }

  async #route(holder: string, peer: string, payload: Uint8Array, options: RequestOptions, deadline: number): Promise<Outcome> {
    const { shared, clock } = this.#options;
    const { topic = '', idempotent = false, signal } = options;
    const number = ++this.#last;
    const deadlineMs = Math.max(1, deadline - clock.precise());
    const head: Head = { kind: 'ask', number, from: shared.process, peer, topic, deadlineMs, idempotent };
    let cancel = (): void => {};
    const abort = (): void => this.#routed.get(number)?.settle(aborted(signal!));
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const settled = new Promise<Letter | HandfastError>((settle) => {
        this.#routed.set(number, { settle });
        const look = (): void => {
          const leftMs = deadline - clock.precise();
          if (leftMs <= 0)
            settle(
              new HandfastError('DEADLINE_EXCEEDED', 'no answer before the deadline, by way of another process', { blame: 'network' }),
            );
          else cancel = clock.at(clock.now() + Math.min(ALIVE_MS, leftMs), () => void this.#lives(holder, settle).finally(look));
        };
        look();
      });
      // Lost on its way it is not told from one that is not answered: the deadline ends both.
      await shared.ask((store) => store.send(holder, writeLetter(head, payload)));
      return outcomeOf(await settled);
    } finally {
      cancel();
      this.#routed.delete(number);
      signal?.removeEventListener('abort', abort);
    }
  }

  async #lives(holder: string, settle: (why: HandfastError) => void): Promise<void> {
    try {
      if (await this.#options.shared.ask((store) => store.alive(holder))) return;
      settle(
        new HandfastError('STORE_ROUTE_LOST', 'the process that had the session with this peer is gone; the request may have been handled'),
      );
    } catch {
      // It cannot be known now.
    }
  }

  /** Another process asks for a peer of this one's. */
  async #asked({ number, from, peer, topic, deadlineMs, idempotent }: Head & { kind: 'ask' }, payload: Uint8Array): Promise<void> {
    const { shared, here, ask } = this.#options;
    const answer = (head: Head, body?: Uint8Array): void => shared.tell((store) => store.send(from, writeLetter(head, body)));
    if (this.#over || !here(peer)) {
      answer({ kind: 'moved', number });
      return;
    }
    try {
      answer({ kind: 'answered', number }, await ask(peer, payload, { topic, deadlineMs, idempotent }));
    } catch (error) {
      answer({ kind: 'answered', number, error: carried(error) });
    }
  }

  #pause(peer: string, ms: Millis, signal: AbortSignal | undefined): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const wakes = this.#waiting.get(peer) ?? new Set();
      this.#waiting.set(peer, wakes);
      const wake = (): void => {
        cancel();
        signal?.removeEventListener('abort', wake);
        wakes.delete(wake);
        if (wakes.size === 0) this.#waiting.delete(peer);
        resolve();
      };
      const cancel = clock.at(clock.now() + ms, wake);
      wakes.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
      if (this.#over) wake();
    });
  }
}

function outcomeOf(settled: Letter | HandfastError): Outcome {
  if (settled instanceof HandfastError) throw settled;
  const { head, body } = settled;
  if (head.kind === 'moved') return 'moved';
  if (head.kind === 'answered' && head.error) throw uncarried(head.error);
  return { answer: new Uint8Array(body) };
}

const aborted = (signal: AbortSignal): HandfastError =>
  new HandfastError('ABORTED', 'the request was cancelled', { cause: signal.reason as unknown });

const LOOK_AGAIN_MS = 200;
const ALIVE_MS = 1_000;
/** As many as `Requests` holds by default. */
const MOST_ROUTED = 16_384;
const MOST_BYTES = 64 * 1024 * 1024;
