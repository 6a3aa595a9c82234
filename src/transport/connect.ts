/** Dialling: one peer, any protocol, over TCP or whatever stream the caller has. */
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Core } from '../core/core.ts';
import { defaultCore } from '../core/default.ts';
import { HandfastError } from '../errors.ts';
import type { Peer } from '../protocols/machine.ts';
import { type AnyProtocol, type Chosen, type ProtocolChoice, type ProtocolName, protocolOf } from '../protocols/registry.ts';
import type { Carrier } from './carrier.ts';
import { type DialOverOptions, dialOver } from './carriers.ts';
import { type Clock, systemClock } from './clock.ts';
import { Handshake, type HandshakeStep } from './driver.ts';
import { carrierOf } from './duplex.ts';
import { type Allow, type Bans, policyOf, type Room } from './policy.ts';
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
  const { core } = options;
  if (deadlineMs !== undefined && !(deadlineMs > 0)) throw new HandfastError('BAD_ARGUMENT', 'deadlineMs: expected a positive number');
  const policy = policyOf(options);
  // Before dialling: wrong options make no connection.
  const machine = protocol.initiator(options);
  if (signal?.aborted) throw aborted(signal);
  const startedAt = clock.precise();
  carrierFor(protocol, options, clock).then((carrier) => shakeHands(carrier), reject);

  const shakeHands = (carrier: Carrier): void => {
    const { room } = options;
    let giveBack: (() => void) | undefined;
    const takeRoom = (peer: Peer): boolean => {
      giveBack ??= room!(peer);
      return giveBack !== undefined;
    };
    const over = (): void => {
      signal?.removeEventListener('abort', abort);
      giveBack?.();
    };
    const handshake = new Handshake({
      machine,
      carrier,
      clock,
      workbench: options.workbench ?? workbenchOf(core),
      about: { protocol: protocol.name, role: 'initiator' },
      judge: (peer, reserved) => policy(peer, reserved || !room ? undefined : () => takeRoom(peer)),
      onStep: options.onStep,
      keyLog: keyLogOf(options),
      keepSteps: options.steps,
      deadlineMs: deadlineMs === undefined ? undefined : Math.max(0, deadlineMs - (clock.precise() - startedAt)),
      opened(result) {
        over();
        const { unreadMessages, unreadBytes } = options.limits ?? NO_LIMITS;
        resolve(new Session(result, { protocol: protocol.name, core, unreadMessages, unreadBytes }));
      },
      failed(why) {
        over();
        reject(why);
      },
    });
    const abort = (): void => handshake.abort(aborted(signal!));
    signal?.addEventListener('abort', abort, { once: true });
    handshake.start();
    if (signal?.aborted) abort();
  };
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
