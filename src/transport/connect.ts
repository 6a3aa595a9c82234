/** Dialling: one peer, any protocol, over TCP or whatever stream the caller has. */
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Core } from '../core/core.ts';
import { defaultCore } from '../core/default.ts';
import { HandfastError } from '../errors.ts';
import type { Machine, Peer } from '../protocols/machine.ts';
import { type AnyProtocol, type Chosen, type ProtocolChoice, type ProtocolName, protocolOf } from '../protocols/registry.ts';
import type { Carrier } from './carrier.ts';
import { type DialOverOptions, dialOver } from './carriers.ts';
import { type Clock, systemClock } from './clock.ts';
import { Handshake } from './driver.ts';
import { carrierOf } from './duplex.ts';
import type { HandshakeOptions, HandshakeResult, HandshakeStep } from './handshake.ts';
import { type Allow, type Bans, type Policy, policyOf, type Room } from './policy.ts';
import { Session, type SessionLimits } from './session.ts';
import { dialTcp, type Over } from './tcp.ts';
import { tlsCarrierOf } from './tls.ts';
import { type Workbench, workbenchOf } from './workbench.ts';

/** What dialling and listening share, whatever the protocol. */
export interface CommonOptions {
  core?: Core | undefined;
  /** Ends the attempt; a session that has opened is left alone. */
  signal?: AbortSignal | undefined;
  /** For dialling and handshake together; the protocol's own deadline by default. */
  deadlineMs?: number | undefined;
  /** Told of each step of each handshake. */
  onStep?: ((step: HandshakeStep) => void) | undefined;
  /** Keep the steps in `session.info.steps`. */
  steps?: boolean | undefined;
  allow?: Allow | undefined;
  bans?: Bans | undefined;
  /** Instead of counting sessions: whether there is room for this peer. */
  room?: Room | undefined;
  limits?: SessionLimits | undefined;
  clock?: Clock | undefined;
  workbench?: Workbench | undefined;
}

/** Where the other side is, and how it is reached. */
export interface CarrierOptions extends DialOverOptions {
  host?: string | undefined;
  port?: number | undefined;
  /** Instead of host and port: any Duplex of bytes, or a carrier. It belongs to the session from then on; nothing is put over it. */
  stream?: Duplex | Carrier | undefined;
}

/** `protocol`, the options of that protocol (`identity`, `network`, `peer`...), and what all share. */
export type ConnectOptions<P extends ProtocolChoice = ProtocolName> = CommonOptions & CarrierOptions & Chosen<P>;

/**
 * Connects, shakes hands, and is connected.
 * @throws (by rejection) HandfastError: HF_BAD_ARGUMENT, HF_CONNECT_FAILED, HF_ABORTED, HF_UNSUPPORTED, or what the handshake failed with.
 */
export function connect<const P extends ProtocolChoice>(options: ConnectOptions<P>): Promise<Session> {
  // One promise for all of it: each more of them, and each function that waits for one, costs as much as a call into the core. What is thrown in here is a rejection.
  return new Promise((resolve, reject) => begin(familiar(options), resolve, reject));
}

/** @param options of `connect`, a copy. */
function begin<const P extends ProtocolChoice>(
  options: ConnectOptions<P>,
  resolve: (session: Session) => void,
  reject: (why: unknown) => void,
): void {
  const protocol = protocolOf(options.protocol);
  const { signal, clock = systemClock, deadlineMs } = options;
  options.core ??= defaultCore();
  if (deadlineMs !== undefined && !(deadlineMs > 0)) throw new HandfastError('BAD_ARGUMENT', 'deadlineMs: expected a positive number');
  const policy = policyOf(options);
  // Before dialling: wrong options make no connection.
  const machine = protocol.initiator(options);
  if (signal?.aborted) throw aborted(signal);
  const dialling = new Dialling(options, protocol, machine, policy, { clock, startedAt: clock.precise(), resolve, reject });
  carrierFor(protocol, options, clock).then((carrier) => dialling.shakeHands(carrier), reject);
}

/** How the attempt went, and when it began. */
interface Attempt {
  readonly clock: Clock;
  readonly startedAt: number;
  resolve(session: Session): void;
  reject(why: unknown): void;
}

/** One attempt, as its handshake sees it. Methods of a class, since what the engine has compiled of functions that each attempt has for itself is lost with the attempt. */
class Dialling implements HandshakeOptions {
  readonly machine: Machine;
  readonly clock: Clock;
  readonly workbench: Workbench;
  readonly about: { readonly protocol: string; readonly role: 'initiator' };
  readonly onStep: CommonOptions['onStep'];
  readonly keyLog: HandshakeOptions['keyLog'];
  readonly keepSteps: boolean | undefined;
  /** Both are there once it shakes hands. */
  carrier!: Carrier;
  deadlineMs: number | undefined;
  readonly #options: CommonOptions;
  readonly #policy: Policy;
  readonly #attempt: Attempt;
  #abort: (() => void) | undefined;
  #giveBack: (() => void) | undefined;

  /** @param options with a core. */
  constructor(options: CommonOptions, { name }: AnyProtocol, machine: Machine, policy: Policy, attempt: Attempt) {
    this.machine = machine;
    this.clock = attempt.clock;
    this.workbench = options.workbench ?? workbenchOf(options.core!);
    this.about = { protocol: name, role: 'initiator' };
    this.onStep = options.onStep;
    this.keyLog = keyLogOf(options);
    this.keepSteps = options.steps;
    this.#options = options;
    this.#policy = policy;
    this.#attempt = attempt;
  }

  shakeHands(carrier: Carrier): void {
    const { signal, deadlineMs } = this.#options;
    this.carrier = carrier;
    if (deadlineMs !== undefined) this.deadlineMs = Math.max(0, deadlineMs - (this.clock.precise() - this.#attempt.startedAt));
    const handshake = new Handshake(this);
    if (signal) {
      this.#abort = () => handshake.abort(aborted(signal));
      signal.addEventListener('abort', this.#abort, { once: true });
    }
    handshake.start();
    if (signal?.aborted) this.#abort!();
  }

  judge(peer: Peer, reserved: boolean): ReturnType<Policy> {
    return this.#policy(peer, reserved || !this.#options.room ? undefined : () => this.#takeRoom(peer));
  }

  opened(result: HandshakeResult): void {
    this.#over();
    const { core, limits } = this.#options;
    const { unreadMessages, unreadBytes } = limits ?? NO_LIMITS;
    this.#attempt.resolve(new Session(result, { protocol: this.about.protocol, core: core!, unreadMessages, unreadBytes }));
  }

  failed(why: HandfastError): void {
    this.#over();
    this.#attempt.reject(why);
  }

  #takeRoom(peer: Peer): boolean {
    this.#giveBack ??= this.#options.room!(peer);
    return this.#giveBack !== undefined;
  }

  #over(): void {
    if (this.#abort) this.#options.signal!.removeEventListener('abort', this.#abort);
    this.#giveBack?.();
  }
}

/**
 * A copy of the caller's options that the engine knows the form of. One put together as `{ ...common, peer }` has a form of its own, which no other object ever has, and each of some 40 looks at it
 * goes the slow way, by far more than this copy costs.
 */
function familiar<Options extends object>(given: Options): Options {
  return Object.assign({}, given);
}

function carrierFor(protocol: AnyProtocol, options: CarrierOptions & CommonOptions, clock: Clock): Promise<Carrier> {
  const { host = 'localhost', port, stream, signal, deadlineMs = DIAL_MS } = options;
  if (stream) return Promise.resolve(asCarrier(stream));
  if (!Number.isInteger(port) || port! < 1 || port! > 65_535) {
    throw new HandfastError('BAD_ARGUMENT', 'port: expected an integer from 1 to 65535, or a stream instead');
  }
  if (typeof host !== 'string' || host === '') throw new HandfastError('BAD_ARGUMENT', 'host: expected a name or an address');
  const dial = (over: Over | undefined): Promise<Carrier> => {
    if (signal?.aborted) throw aborted(signal);
    return dialTcp({ host, port: port!, clock, deadline: clock.now() + deadlineMs, signal }, over);
  };
  const over = dialOver(protocol, options, host, port!);
  return over instanceof Promise ? over.then(dial) : dial(over);
}

/** @throws HF_BAD_ARGUMENT */
export function asCarrier(stream: Duplex | Carrier): Carrier {
  if ('attach' in stream) return stream;
  return stream instanceof TLSSocket ? tlsCarrierOf(stream) : carrierOf(stream);
}

/** Of protocols that have such an option. */
export function keyLogOf(options: object): ((lines: string) => void) | undefined {
  return (options as { unsafeKeyLog?: (lines: string) => void }).unsafeKeyLog;
}

const aborted = (signal: AbortSignal): HandfastError => new HandfastError('ABORTED', 'connect was cancelled', { cause: signal.reason });

const NO_LIMITS: SessionLimits = {};
const DIAL_MS = 30_000;
