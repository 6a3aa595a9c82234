/** Listening: whoever connects is let in by limits, shakes hands, is judged, and becomes a session. */
import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { defaultCore } from '../core/default.ts';
import { CODES, type CodeName, HandfastError } from '../errors.ts';
import type { Machine, Peer } from '../protocols/machine.ts';
import { type AnyProtocol, type Chosen, type ProtocolChoice, type ProtocolName, protocolOf } from '../protocols/registry.ts';
import { addressText, type Carrier, type RemoteAddress } from './carrier.ts';
import { acceptOver, type OverOptions } from './carriers.ts';
import { type Clock, systemClock } from './clock.ts';
import { asCarrier, type CommonOptions, keyLogOf } from './connect.ts';
import { tellHandshakeFailure, tellHandshakeStart } from './diagnostics.ts';
import { Handshake } from './driver.ts';
import type { HandshakeOptions, HandshakeResult } from './handshake.ts';
import { Admission, type AdmissionLimits, admissionLimits, plainAddress } from './limits.ts';
import { type Policy, policyOf } from './policy.ts';
import { type CloseOptions, Session, type SessionLimits, type SessionOptions } from './session.ts';
import { listenTcp, type TcpListener } from './tcp.ts';
import { type Workbench, workbenchOf } from './workbench.ts';

export type ListenLimits = { readonly [K in keyof AdmissionLimits]?: AdmissionLimits[K] | undefined } & SessionLimits;

/** Where to listen, over what, and how many are let in. */
export interface ListenerOptions extends OverOptions {
  host?: string | undefined;
  /** 0: any that is free. Absent: no socket; the server takes what `accept` is given. */
  port?: number | undefined;
  backlog?: number | undefined;
  limits?: ListenLimits | undefined;
}

/** `protocol`, the options of that protocol (`identity`, `network`...), and what all share. */
export type ListenOptions<P extends ProtocolChoice = ProtocolName> = Omit<CommonOptions, 'limits'> & ListenerOptions & Chosen<P>;

interface ServerEvents {
  session: [session: Session];
  /** A handshake failed; the address where there is one. */
  handshakeError: [error: HandfastError, address: string | undefined];
  listening: [];
  close: [];
}

/** @throws (by rejection) HF_BAD_ARGUMENT, HF_LISTEN_FAILED, HF_ABORTED, HF_UNSUPPORTED. */
export async function listen<const P extends ProtocolChoice>(options: ListenOptions<P>): Promise<Server> {
  const { port, host, backlog, signal } = options;
  if (port !== undefined && (!Number.isInteger(port) || port < 0 || port > 65_535)) {
    throw new HandfastError('BAD_ARGUMENT', 'port: expected an integer from 0 to 65535');
  }
  if (signal?.aborted) throw cancelled(signal);
  const server = new Server(options);
  if (port !== undefined) {
    const accept = (carrier: Carrier): void => server.accept(carrier);
    const failed = (cause: Error): void =>
      server.report(new HandfastError('CONNECT_FAILED', 'a connection could not be taken', { cause, blame: 'handfast' }));
    const over = await acceptOver(protocolOf(options.protocol), options);
    const listener = await listenTcp({ host, port, backlog }, accept, failed, over);
    if (signal?.aborted) {
      // While the address was being bound: nobody would hear of it any more.
      await new Promise<void>((resolve) => listener.close(resolve));
      throw cancelled(signal);
    }
    server.begin(listener);
  } else server.begin();
  return server;
}

const cancelled = (signal: AbortSignal): HandfastError => new HandfastError('ABORTED', 'listen was cancelled', { cause: signal.reason });

/** A listening side: emits sessions, or is iterated for them. */
export class Server extends EventEmitter<ServerEvents> implements AsyncIterable<Session>, AsyncDisposable {
  /** Sessions going on. */
  readonly sessions = new Set<Session>();
  readonly #options: ListenOptions<ProtocolChoice>;
  readonly #protocol: AnyProtocol;
  readonly #ofSessions: SessionOptions;
  readonly #clock: Clock;
  readonly #admission: Admission;
  readonly #handshakes = new Set<Handshake>();
  /** What its arrivals need of it. */
  readonly #host: Host;
  #listener: TcpListener | undefined;
  /** Failed handshakes whose carriers are still closing. */
  #lingering = 0;
  /** Room given to peers whose handshake has not ended yet. */
  #reserved = 0;
  #closing: Promise<void> | undefined;
  #idle: (() => void) | undefined;
  readonly #taken: Session[] = [];
  /** Loops that wait for a session: each goes to one of them. */
  readonly #waiting: (() => void)[] = [];

  constructor(options: ListenOptions<ProtocolChoice>) {
    super();
    const { core = defaultCore(), clock = systemClock } = options;
    this.#options = options;
    this.#protocol = protocolOf(options.protocol);
    const { unreadMessages, unreadBytes } = options.limits ?? {};
    this.#ofSessions = { protocol: this.#protocol.name, core, unreadMessages, unreadBytes };
    this.#clock = clock;
    this.#admission = new Admission(admissionLimits(options.limits));
    // Options that are wrong are wrong now, not at the first connection.
    const policy = policyOf(options);
    const machine = this.#protocol.responder({ ...options, core });
    this.#host = {
      options,
      machine,
      clock,
      workbench: options.workbench ?? workbenchOf(core),
      about: { protocol: this.#protocol.name, role: 'responder' },
      keyLog: keyLogOf(options),
      policy,
      takeRoom: (peer) => (options.room ? options.room(peer) : this.#takeRoom()),
      over: (handshake, counted) => {
        this.#handshakes.delete(handshake);
        if (counted) this.#admission.leave(counted.address);
      },
      opened: (result) => this.#open(new Session(result, this.#ofSessions)),
      failed: (why, carrier) => {
        if (++this.#lingering > this.#admission.limits.lingering) carrier.destroy();
        this.report(why, addressText(carrier.remote));
      },
      closed: () => {
        this.#lingering--;
        this.#settle();
      },
    };
  }

  /** Where it listens; undefined without a socket. */
  get address(): RemoteAddress | undefined {
    return this.#listener?.address;
  }

  /** Handshakes going on, and connections on their way out. */
  get load(): { readonly halfOpen: number; readonly lingering: number; readonly heldBytes: number } {
    let heldBytes = 0;
    for (const handshake of this.#handshakes) heldBytes += handshake.heldBytes;
    return { halfOpen: this.#admission.halfOpen, lingering: this.#lingering, heldBytes };
  }

  /** Called by `listen`. */
  begin(listener?: TcpListener): void {
    this.#listener = listener;
    this.#options.signal?.addEventListener('abort', this.#aborted, { once: true });
    process.nextTick(() => this.emit('listening'));
  }

  /** Takes a connection from elsewhere: any Duplex of bytes, or a carrier. @param refused why the caller lets it not in; it is told so, within the limits. */
  accept(stream: Duplex | Carrier, refused?: CodeName): void {
    const carrier = asCarrier(stream);
    const { limits } = this.#admission;
    const address = carrier.remote && plainAddress(carrier.remote.address);
    const code = this.#closing ? 'SHUTTING_DOWN' : (refused ?? this.#refusalOf(address));
    if (code && (this.#lingering >= limits.lingering || (code === 'BANNED' && !this.#admission.spares(address!, this.#clock.precise())))) {
      carrier.destroy();
      return;
    }
    const refusal =
      code &&
      new HandfastError(code, CODES[code].meaning, {
        blame: code === 'SHUTTING_DOWN' ? 'caller' : ((refused && CODES[refused].blame) ?? 'peer'),
      });
    if (refusal && carrier.standing === false) {
      // A TLS handshake costs more than what there is to say is worth.
      carrier.destroy();
      const address = addressText(carrier.remote);
      const handshake = tellHandshakeStart(this.#protocol.name, 'responder', () => address);
      if (handshake) tellHandshakeFailure({ handshake, durationMs: 0, error: refusal });
      this.report(refusal, address);
      return;
    }
    const arrival = new Arrival(this.#host, carrier, code ? undefined : { address }, refusal);
    this.#handshakes.add(arrival.handshake);
    arrival.handshake.start();
  }

  /** Tells of a failure, outside of whatever found it. */
  report(error: HandfastError, address?: string): void {
    process.nextTick(() => this.emit('handshakeError', error, address));
  }

  /** Stops accepting, refuses handshakes that have not ended, closes the sessions, and waits for all of it. */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#shutDown(options);
    return this.#closing;
  }

  ref(): this {
    this.#listener?.ref();
    return this;
  }

  /** Lets the process end while this listens. */
  unref(): this {
    this.#listener?.unref();
    return this;
  }

  /** Sessions as they open. Those that are told to a 'session' listener do not appear here. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Session, void, void> {
    for (;;) {
      const session = this.#taken.shift();
      if (session) yield session;
      else if (this.#closing) return;
      else {
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #aborted = (): void => void this.close();

  #refusalOf(address: string | undefined): 'BANNED' | 'RATE_LIMITED' | 'TOO_MANY_CONNECTIONS' | undefined {
    if (address !== undefined && this.#options.bans?.has(address)) return 'BANNED';
    const enter = () => this.#admission.enter(address, this.#clock.precise()) as 'RATE_LIMITED' | 'TOO_MANY_CONNECTIONS' | undefined;
    const code = enter();
    // Not for whoever comes too fast itself: a flood from one address must not push out who is slow.
    return code === 'TOO_MANY_CONNECTIONS' && this.#dropOldest() ? enter() : code;
  }

  /** When all places are taken, who takes its time makes room for who comes, or a few dozen addresses that say nothing would keep everybody out. @returns whether one did. */
  #dropOldest(): boolean {
    if (this.#admission.halfOpen < this.#admission.limits.halfOpen) return false;
    for (const handshake of this.#handshakes) {
      if (handshake.over) continue;
      if (handshake.ageMs < PATIENCE_MS) return false;
      handshake.abort(new HandfastError('TOO_MANY_CONNECTIONS', 'another one came while all places were taken, and this took long'));
      return true;
    }
    return false;
  }

  #takeRoom(): (() => void) | undefined {
    if (this.sessions.size + this.#reserved >= this.#admission.limits.sessions) return undefined;
    this.#reserved++;
    return () => void this.#reserved--;
  }

  #open(session: Session): void {
    this.sessions.add(session);
    void session.closed.then(() => {
      this.sessions.delete(session);
      const untaken = this.#taken.indexOf(session);
      if (untaken >= 0) this.#taken.splice(untaken, 1);
      this.#settle();
    });
    if (this.listenerCount('session') === 0) {
      this.#taken.push(session);
      this.#waiting.shift()?.();
      return;
    }
    try {
      this.emit('session', session);
    } catch (cause) {
      const fault = new HandfastError('INTERNAL', "a 'session' listener failed", { cause });
      session.destroy(fault);
      this.report(fault, session.remoteAddress);
    }
  }

  async #shutDown(options: CloseOptions): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#aborted);
    const stopped = new Promise<void>((resolve) => (this.#listener ? this.#listener.close(resolve) : resolve()));
    const refusal = options.refusal ?? { code: 'SHUTTING_DOWN', reason: '' };
    for (const handshake of [...this.#handshakes]) {
      handshake.abort(new HandfastError('SHUTTING_DOWN', 'this side is shutting down', { blame: 'caller' }));
    }
    for (const session of [...this.sessions]) void session.close({ ...options, refusal });
    if (this.sessions.size + this.#lingering > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    await stopped;
    for (const wake of this.#waiting.splice(0)) wake();
    process.nextTick(() => this.emit('close'));
  }

  #settle(): void {
    if (this.sessions.size + this.#lingering === 0) this.#idle?.();
  }
}

/** A server, as those see it who come to it. */
interface Host {
  readonly options: ListenOptions<ProtocolChoice>;
  /** One for all: what a connection has of its own is in its state. */
  readonly machine: Machine;
  readonly clock: Clock;
  readonly workbench: Workbench;
  readonly about: { readonly protocol: string; readonly role: 'responder' };
  readonly keyLog: HandshakeOptions['keyLog'];
  readonly policy: Policy;
  takeRoom(peer: Peer): (() => void) | undefined;
  over(handshake: Handshake, counted: Counted | undefined): void;
  opened(result: HandshakeResult): void;
  failed(why: HandfastError, carrier: Carrier): void;
  closed(): void;
}

/** It has a place among the half-open ones, by this address. */
interface Counted {
  readonly address: string | undefined;
}

/** One connection, as its handshake sees it. As with diallers, methods of a class. */
class Arrival implements HandshakeOptions {
  readonly machine: Machine;
  readonly carrier: Carrier;
  readonly clock: Clock;
  readonly workbench: Workbench;
  readonly about: Host['about'];
  readonly onStep: HandshakeOptions['onStep'];
  readonly keyLog: HandshakeOptions['keyLog'];
  readonly keepSteps: boolean | undefined;
  readonly refusal: HandfastError | undefined;
  readonly deadlineMs: number | undefined;
  readonly handshake: Handshake;
  readonly #host: Host;
  readonly #counted: Counted | undefined;
  #giveBack: (() => void) | undefined;

  constructor(host: Host, carrier: Carrier, counted: Counted | undefined, refusal: HandfastError | undefined) {
    const { onStep, steps, deadlineMs } = host.options;
    this.machine = host.machine;
    this.carrier = carrier;
    this.clock = host.clock;
    this.workbench = host.workbench;
    this.about = host.about;
    this.onStep = onStep;
    this.keyLog = host.keyLog;
    this.keepSteps = steps;
    this.refusal = refusal;
    this.deadlineMs = deadlineMs;
    this.#host = host;
    this.#counted = counted;
    this.handshake = new Handshake(this);
  }

  judge(peer: Peer, reserved: boolean): ReturnType<Policy> {
    return this.#host.policy(peer, reserved ? undefined : () => this.#takeRoom(peer));
  }

  opened(result: HandshakeResult): void {
    this.#over();
    this.#host.opened(result);
  }

  failed(why: HandfastError): void {
    this.#over();
    this.#host.failed(why, this.carrier);
  }

  closed(): void {
    this.#host.closed();
  }

  #takeRoom(peer: Peer): boolean {
    this.#giveBack ??= this.#host.takeRoom(peer);
    return this.#giveBack !== undefined;
  }

  #over(): void {
    this.#host.over(this.handshake, this.#counted);
    this.#giveBack?.();
  }
}

/** Far longer than an honest handshake takes, and far shorter than its deadline. */
const PATIENCE_MS = 3_000;
