/**
 * Who is dialled, and when: the peers given for ever, others once; a bounded number at a time. After a failure the next try of a kept peer waits a random part of a time that doubles
 * from 500 ms to 60 s (full jitter), and begins anew after a session that lasted. Nothing that the other side says stops the tries; it only moves the next one.
 */
import type { Core } from '../core/core.ts';
import { HandfastError } from '../errors.ts';
import type { Cancel, Clock } from '../transport/clock.ts';

export interface DialerOptions {
  clock: Clock;
  core: Core;
  /** Dialled at once; the rest waits for its turn. */
  most: number;
  /**
   * Dials, shakes hands, and has the session taken in. @param target `given`: nobody waits for it, so that another process of this identity may do it.
   * @returns who it is, once there is a session with it; undefined: another process dials it. @throws (by rejection) HandfastError
   */
  attempt(target: { address: string; peer: string | undefined; given: boolean }, signal: AbortSignal): Promise<string | undefined>;
  /** Whether there is a session with this peer. */
  connected(id: string): boolean;
  /** An attempt failed. @param nextTryInMs undefined: there is none. */
  failed(error: HandfastError, address: string, nextTryInMs: number | undefined): void;
}

export interface DialRequest {
  address: string;
  /** The id that must answer. */
  peer?: string | undefined;
  /** Dial again for ever, whatever happens. */
  keep?: boolean | undefined;
  /** Gives up waiting; also what is kept, as long as it has never been connected. */
  signal?: AbortSignal | undefined;
}

interface Target {
  readonly address: string;
  /** The id that must answer, if one was named. */
  readonly named: string | undefined;
  keep: boolean;
  /** Kept though nobody waits for it. */
  given: boolean;
  /** Who answered last. */
  peer: string | undefined;
  /** Tries in a row that led to no session that lasted. */
  failures: number;
  state: 'idle' | 'queued' | 'dialling' | 'waiting' | 'connected';
  /** When the session began, by the clock that never jumps. */
  connectedAt: number;
  cancelWait: Cancel;
  abort: AbortController;
  waiters: Waiter[];
}

interface Waiter {
  resolve(id: string): void;
  reject(why: HandfastError): void;
}

export class Dialer {
  readonly #options: DialerOptions;
  readonly #kept = new Map<string, Target>();
  readonly #once = new Set<Target>();
  #queue: Target[] = [];
  #dialling = 0;
  #closed: HandfastError | undefined;
  #idle: (() => void) | undefined;

  constructor(options: DialerOptions) {
    this.#options = options;
  }

  /** Addresses that are dialled for ever. */
  get kept(): string[] {
    return [...this.#kept.values()].map(({ address }) => address);
  }

  /**
   * Dials. @returns who answered, once there is a session with it. With `keep` that may take any number of tries; without, the first failure is the end of it.
   * @throws (by rejection) HandfastError: what the attempt failed with; HF_ABORTED; HF_CLOSED when the node closes.
   */
  dial({ address, peer, keep = false, signal }: DialRequest): Promise<string> {
    if (this.#closed) return Promise.reject(this.#closed);
    if (signal?.aborted) return Promise.reject(cancelled(signal));
    const target = keep ? this.#keep(address, peer) : this.#target(address, peer);
    if (!keep) this.#once.add(target);
    const known = target.peer;
    if (known !== undefined && this.#options.connected(known)) {
      if (keep) this.#connected(target, known);
      else this.#once.delete(target);
      return Promise.resolve(known);
    }
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        target.waiters = target.waiters.filter((other) => other !== waiter);
        if (target.waiters.length === 0 && target.state !== 'connected' && !target.given) this.#drop(target);
        reject(cancelled(signal!));
      };
      const settled = (): void => signal?.removeEventListener('abort', abort);
      const waiter: Waiter = {
        resolve: (id) => {
          settled();
          resolve(id);
        },
        reject: (why) => {
          settled();
          reject(why);
        },
      };
      target.waiters.push(waiter);
      signal?.addEventListener('abort', abort, { once: true });
      // Whoever asks does not want to sit out a pause.
      if (target.state === 'idle' || target.state === 'waiting') this.#enqueue(target);
    });
  }

  /** Dials a peer for ever, whether or not anybody waits for it. */
  keep(address: string, peer?: string): void {
    const target = this.#keep(address, peer);
    target.given = true;
    if (target.state === 'idle') this.#enqueue(target);
  }

  /** Keeps it no longer. @returns whether it was kept. A session that is there stays. */
  forget(address: string): boolean {
    const targets = [...this.#kept.values()].filter((target) => target.address === address);
    for (const target of targets) this.#drop(target, new HandfastError('ABORTED', 'the address is dialled no more'));
    return targets.length > 0;
  }

  /** The last session with this peer has ended. */
  gone(id: string): void {
    for (const target of this.#kept.values()) {
      if (target.peer !== id || target.state !== 'connected') continue;
      const lasted = this.#options.clock.precise() - target.connectedAt;
      target.failures = lasted >= LASTING_MS ? 0 : target.failures + 1;
      this.#wait(target, this.#pauseMs(target.failures));
    }
  }

  /** There is a session with this peer, whoever dialled. */
  found(id: string): void {
    for (const target of this.#kept.values()) {
      if (target.peer === id && (target.state === 'waiting' || target.state === 'queued')) this.#connected(target, id);
    }
  }

  /** Ends all attempts, and waits until they have. */
  async close(): Promise<void> {
    this.#closed = new HandfastError('CLOSED', 'the node is closed');
    for (const target of [...this.#kept.values(), ...this.#once]) this.#drop(target, this.#closed);
    if (this.#dialling === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }

  #keep(address: string, peer: string | undefined): Target {
    const key = `${address} ${peer ?? ''}`;
    let target = this.#kept.get(key);
    if (!target) {
      target = this.#target(address, peer);
      target.keep = true;
      this.#kept.set(key, target);
    }
    return target;
  }

  #target(address: string, named: string | undefined): Target {
    return {
      address,
      named,
      keep: false,
      given: false,
      peer: named,
      failures: 0,
      state: 'idle',
      connectedAt: 0,
      cancelWait: () => {},
      abort: new AbortController(),
      waiters: [],
    };
  }

  #enqueue(target: Target): void {
    target.cancelWait();
    target.state = 'queued';
    this.#queue.push(target);
    this.#next();
  }

  #next(): void {
    while (this.#dialling < this.#options.most) {
      const target = this.#queue.shift();
      if (!target) return;
      if (target.state === 'queued') void this.#dial(target);
    }
  }

  async #dial(target: Target): Promise<void> {
    const { attempt, connected } = this.#options;
    if (target.peer !== undefined && connected(target.peer)) {
      this.#connected(target, target.peer);
      return;
    }
    target.state = 'dialling';
    // One for each attempt: a signal that lives for ever would gather listeners.
    target.abort = new AbortController();
    const { signal } = target.abort;
    this.#dialling++;
    try {
      const given = target.given && target.waiters.length === 0;
      const id = await attempt({ address: target.address, peer: target.named, given }, signal);
      if (signal.aborted) return;
      if (id === undefined) this.#wait(target, ELSEWHERE_MS);
      else this.#connected(target, id);
    } catch (error) {
      const why = error instanceof HandfastError ? error : new HandfastError('INTERNAL', 'a fault while dialling', { cause: error });
      if (!signal.aborted) this.#failed(target, why);
    } finally {
      this.#dialling--;
      this.#next();
      if (this.#dialling === 0) this.#idle?.();
    }
  }

  #connected(target: Target, id: string): void {
    target.cancelWait();
    target.peer = id;
    this.#once.delete(target);
    for (const waiter of target.waiters.splice(0)) waiter.resolve(id);
    target.connectedAt = this.#options.clock.precise();
    target.state = 'connected';
    // It may have come and gone by the time its attempt was told.
    if (target.keep && !this.#options.connected(id)) this.gone(id);
  }

  #failed(target: Target, why: HandfastError): void {
    if (!target.keep) {
      this.#once.delete(target);
      for (const waiter of target.waiters.splice(0)) waiter.reject(why);
      this.#options.failed(why, target.address, undefined);
      return;
    }
    // A relay can make an address look like our own: it is left alone, but not for ever.
    const own = why.code === 'HF_SELF_CONNECTION';
    if (!own) target.failures++;
    const pause = own ? OWN_ADDRESS_MS : this.#pauseMs(target.failures);
    this.#wait(target, pause);
    this.#options.failed(why, target.address, pause);
  }

  #wait(target: Target, ms: number): void {
    target.state = 'waiting';
    const { clock } = this.#options;
    target.cancelWait = clock.at(clock.now() + ms, () => {
      if (target.state === 'waiting') this.#enqueue(target);
    });
  }

  #drop(target: Target, why?: HandfastError): void {
    target.cancelWait();
    target.state = 'idle';
    target.abort.abort();
    this.#once.delete(target);
    this.#queue = this.#queue.filter((other) => other !== target);
    for (const [key, other] of this.#kept) if (other === target) this.#kept.delete(key);
    if (why) for (const waiter of target.waiters.splice(0)) waiter.reject(why);
  }

  #pauseMs(failures: number): number {
    const most = Math.min(MOST_PAUSE_MS, LEAST_PAUSE_MS * 2 ** Math.max(0, failures - 1));
    const random = this.#options.core.random(4);
    return most * (new DataView(random.buffer, random.byteOffset).getUint32(0) / 2 ** 32);
  }
}

const cancelled = (signal: AbortSignal): HandfastError => new HandfastError('ABORTED', 'connect was cancelled', { cause: signal.reason });

const LEAST_PAUSE_MS = 500;
const MOST_PAUSE_MS = 60_000;
/** A session shorter than this counts as one more failure: whoever lets in and hangs up at once is not dialled ever faster. */
const LASTING_MS = 10_000;
const OWN_ADDRESS_MS = 300_000;
/** Another process dials it: how soon it is looked whether that still does. */
const ELSEWHERE_MS = 2_000;
