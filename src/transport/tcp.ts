/** TCP: dialling and listening. Nagle's delay is off, and each direction ends by itself. */
import { createServer, connect as dial, isIPv4, type Server, type Socket, type TcpNetConnectOpts } from 'node:net';
import { HandfastError } from '../errors.ts';
import type { Millis } from '../protocols/machine.ts';
import { acceptFrom } from './accepted.ts';
import type { Carrier, RemoteAddress } from './carrier.ts';
import type { Clock } from './clock.ts';
import { carrierOfLanding, remoteOf } from './duplex.ts';
import { Landing } from './landing.ts';

/** Makes the carrier of a connected socket. */
export interface Over {
  /** @param remote the socket's other end, where it is known already. */
  (socket: Socket, remote: RemoteAddress | undefined): Carrier;
  /** Dials such a socket; Node's `connect` of TCP when absent. */
  readonly dial?: (options: TcpNetConnectOpts) => Socket;
}

export interface DialOptions {
  host: string;
  port: number;
  clock: Clock;
  /** When to give up. */
  deadline: Millis;
  signal?: AbortSignal | undefined;
}

/** @param over what runs over the socket; the socket itself when absent. @throws HF_CONNECT_FAILED, HF_ABORTED. */
export function dialTcp({ host, port, clock, deadline, signal }: DialOptions, over?: Over): Promise<Carrier> {
  return new Promise((resolve, reject) => {
    // What runs over a socket reads it as a stream.
    const landing = over ? undefined : new Landing();
    const dialSocket = over?.dial ?? dial;
    const socket = dialSocket(dialled(host, port, landing?.onread));
    // Nothing is read before somebody listens.
    if (landing) socket.pause();
    let settled = false;
    const settle = (error?: HandfastError): void => {
      if (settled) return;
      settled = true;
      cancel();
      signal?.removeEventListener('abort', aborted);
      if (!error) {
        // An address that was dialled as such is the other end's: no need to ask the system.
        const remote = isIPv4(host) && host !== ANY ? { address: host, port } : remoteOf(socket);
        resolve(over ? over(socket, remote) : carrierOfLanding(socket, landing!, remote));
        return;
      }
      socket.destroy();
      reject(error);
    };
    const aborted = (): void => settle(new HandfastError('ABORTED', 'connect was cancelled', { cause: signal?.reason }));
    const cancel = clock.at(deadline, () => settle(new HandfastError('CONNECT_FAILED', `${host}:${port}: no answer before the deadline`)));
    // Never taken off again, which costs more than they do: after the end of the dialling they do nothing, but that a socket which was given up may still have something to say.
    socket.on('error', (cause) => settle(new HandfastError('CONNECT_FAILED', `${host}:${port}: ${reasonOf(cause)}`, { cause })));
    socket.on('connect', () => settle());
    signal?.addEventListener('abort', aborted, { once: true });
  });
}

/**
 * All that Node's constructors write into their copy of the options stands there already, and with the values that they write: a member that is added to a copy makes an object that the
 * engine has never seen, and each of some 30 looks at it is then one by the slow way.
 */
function dialled(host: string, port: number, onread: TcpNetConnectOpts['onread']): TcpNetConnectOpts {
  const options = { host, port, noDelay: true, allowHalfOpen: true, emitClose: false, autoDestroy: true, decodeStrings: false, onread };
  return options;
}

export interface ListenTcpOptions {
  host?: string | undefined;
  port: number;
  backlog?: number | undefined;
}

export interface TcpListener {
  readonly address: RemoteAddress;
  /** Stops accepting; calls back when the last connection is gone. */
  close(done: () => void): void;
  ref(): void;
  unref(): void;
}

/**
 * @param failed told when a connection could not be taken, for want of descriptors for instance.
 * @param over what runs over each socket; the socket itself when absent.
 * @throws HF_LISTEN_FAILED
 */
export function listenTcp(
  { host, port, backlog = 511 }: ListenTcpOptions,
  accept: (carrier: Carrier) => void,
  failed: (error: Error) => void,
  over?: Over,
): Promise<TcpListener> {
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true, allowHalfOpen: true });
    acceptFrom(server, accept, over);
    const refused = (cause: Error): void => {
      reject(new HandfastError('LISTEN_FAILED', `${host ?? '*'}:${port}: ${reasonOf(cause)}`, { cause }));
    };
    server.once('error', refused);
    server.listen({ port, backlog, ...(host === undefined ? {} : { host }) }, () => {
      server.removeListener('error', refused);
      server.on('error', failed);
      resolve(listenerOf(server));
    });
  });
}

function listenerOf(server: Server): TcpListener {
  const { address, port } = server.address() as RemoteAddress;
  return {
    address: { address, port },
    close: (done) => void server.close(() => done()),
    ref: () => void server.ref(),
    unref: () => void server.unref(),
  };
}

function reasonOf(error: Error & { code?: string }): string {
  return REASONS[error.code ?? ''] ?? (error.message || error.code || 'failed');
}

/** Dialled, it is this machine under another address. */
const ANY = '0.0.0.0';
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: nothing listens there',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name could not be looked up',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ECONNRESET: 'connection reset',
  EADDRINUSE: 'the port is in use',
  EADDRNOTAVAIL: 'not an address of this machine',
  EACCES: 'not permitted',
};
