/**
 * TLS whose certificates nobody verifies: it hides what is said, and gives both sides values of this one connection (the Finished messages) that protocols prove identities over.
 * On the accepting side it runs over a socket that was accepted already, so that limits and deadlines count from there, and begins when somebody attaches; a dialler's begins as soon as
 * it is connected.
 */
import { constants } from 'node:crypto';
import type { Socket, TcpNetConnectOpts } from 'node:net';
import { createSecureContext, type SecureContext, type SecureVersion, TLSSocket, connect as tlsConnect } from 'node:tls';
import { HandfastError } from '../errors.ts';
import type { CarrierFacts } from '../protocols/machine.ts';
import type { Carrier, CarrierEvents, RemoteAddress } from './carrier.ts';
import { selfSigned } from './certificate.ts';
import { carrierOf, localOf, remoteOf } from './duplex.ts';
import type { Over } from './tcp.ts';

export interface TlsOptions {
  /** TLSv1.2 by default. */
  minVersion?: SecureVersion | undefined;
  maxVersion?: SecureVersion | undefined;
  /** Of the accepting side, PEM; made for itself, with a P-256 key, when absent. */
  key?: string | Uint8Array | undefined;
  cert?: string | Uint8Array | undefined;
  /** In OpenSSL's words; authenticated encryption with forward secrecy by default. */
  ciphers?: string | undefined;
}

/** What is offered where nothing else is asked for: authenticated encryption with forward secrecy. */
export const TLS_CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE+AESGCM',
  'ECDHE+CHACHA20',
].join(':');

/** What all connections of one dialler or listener share; of diallers that ask for nothing, one for all. Making one takes a millisecond, one of a listener a few. @throws HF_BAD_ARGUMENT */
export function tlsContext(role: 'dial' | 'accept', options?: TlsOptions): SecureContext {
  if (role === 'accept' || options) return newContext(role, options ?? {});
  plainDialler ??= newContext(role, {});
  return plainDialler;
}

function newContext(role: 'dial' | 'accept', options: TlsOptions): SecureContext {
  if ((options.key === undefined) !== (options.cert === undefined)) {
    throw new HandfastError('BAD_ARGUMENT', 'tls: a key needs a cert, and a cert its key');
  }
  const own = role === 'accept' && options.key === undefined ? selfSigned('localhost', 'P-256') : options;
  try {
    return createSecureContext({
      minVersion: options.minVersion ?? 'TLSv1.2',
      ciphers: options.ciphers ?? TLS_CIPHERS,
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
      ...(options.maxVersion === undefined ? {} : { maxVersion: options.maxVersion }),
      ...(own.key === undefined ? {} : { key: own.key as string, cert: own.cert as string }),
    });
  } catch (cause) {
    throw new HandfastError('BAD_ARGUMENT', `tls: ${(cause as Error).message}`, { cause });
  }
}

/** TLS over an accepted socket, which belongs to it from now on. */
export function tlsOver(socket: Socket, context: SecureContext, remote = remoteOf(socket)): Carrier {
  const begin = (): TLSSocket => secured(socket, 'accept', context);
  return new TlsCarrier(remote, 'accept', begin, () => socket.destroy());
}

/** What a dialler runs over TCP; of those that ask for nothing of TLS, one for all. */
export function tlsDialled(context: SecureContext): Over {
  if (context !== plainDialler) return newDialled(context);
  plainDialled ??= newDialled(context);
  return plainDialled;
}

/**
 * TLS that begins as soon as the connection is there, on a socket that dials for itself. One that was dialled before and wrapped would be a second stream
 * for each connection.
 */
function newDialled(context: SecureContext): Over {
  const dial = (options: TcpNetConnectOpts): Socket => {
    const { host, port } = options;
    // No more than such a socket takes, and put together at once: what is added to a copy makes it an object of a form that the engine has never seen.
    const asked = { host: host!, port, allowHalfOpen: true, secureContext: context, rejectUnauthorized: false };
    const socket = unjudged(tlsConnect(asked));
    // Of a socket for TLS, Node does not take this from the options.
    socket.once('connect', () => socket.setNoDelay(true));
    return socket;
  };
  const carrier = (socket: Socket, remote: RemoteAddress | undefined): Carrier =>
    new TlsCarrier(
      remote,
      'dial',
      () => socket as TLSSocket,
      () => socket.destroy(),
    );
  return Object.assign(carrier, { dial });
}

/**
 * Node's own dialler looks at the certificate as the handshake ends, and makes an error of what is wrong with it, stack and all, only to pass over it: that it is no longer told of the end spares a
 * hundredth of a connection. Nothing of what it does then is used here, and an end that comes too early is noticed by the carrier. By which functions it is told is no promise of Node's: a socket that has
 * others stays as it is.
 */
function unjudged(socket: TLSSocket): TLSSocket {
  const [judges, ends] = [socket.listeners('secure'), socket.listeners('end')];
  if (judges.length !== 1 || judges[0].name !== 'onConnectSecure' || ends[0]?.name !== 'onConnectEnd') return socket;
  socket.removeListener('secure', judges[0] as () => void);
  socket.removeListener('end', ends[0] as () => void);
  return socket;
}

/** The TLS side of a connected socket: no session is offered or kept, no name told, no protocol asked for, no certificate checked. */
export function secured(socket: Socket, role: 'dial' | 'accept', context: SecureContext): TLSSocket {
  if (role === 'dial') return tlsConnect({ socket, secureContext: context, rejectUnauthorized: false });
  const secure = new TLSSocket(socket, { isServer: true, secureContext: context, requestCert: false, rejectUnauthorized: false });
  // A TLSSocket that no server of Node's has made keeps errors after the handshake to itself.
  secure.on('_tlsError', (error: Error) => secure.destroy(error));
  return secure;
}

/** A TLSSocket of the caller's, whether its handshake is through or not. */
export function tlsCarrierOf(socket: TLSSocket): Carrier {
  return new TlsCarrier(
    remoteOf(socket),
    'accept',
    () => socket,
    () => socket.destroy(),
  );
}

class TlsCarrierFacts implements CarrierFacts {
  readonly remote: RemoteAddress | undefined;
  readonly tls: NonNullable<CarrierFacts['tls']>;
  readonly #socket: TLSSocket;

  constructor(socket: TLSSocket, remote: RemoteAddress | undefined) {
    this.remote = remote;
    this.tls = tlsFacts(socket);
    this.#socket = socket;
  }

  /** Our own end is asked of the system when somebody wants to know it. */
  get local(): RemoteAddress | undefined {
    return localOf(this.#socket);
  }
}

/** What is known once the handshake is through. */
export function tlsFacts(socket: TLSSocket): NonNullable<CarrierFacts['tls']> {
  return {
    version: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher()?.name ?? 'unknown',
    ownFinished: own(socket.getFinished()),
    peerFinished: own(socket.getPeerFinished()),
  };
}

interface Parcel {
  readonly bytes: Uint8Array;
  readonly written: ((error?: Error) => void) | undefined;
}

class TlsCarrier implements Carrier {
  readonly remote: RemoteAddress | undefined;
  readonly #role: 'dial' | 'accept';
  readonly #begin: () => TLSSocket;
  readonly #drop: () => void;
  #inner: Carrier | undefined;
  #events: CarrierEvents | undefined;
  #stands = false;
  #closed = false;
  /** Dropped on this side, or failed with the error of our own. */
  #dropped = false;
  #error: HandfastError | undefined;
  /** Each write waits until the one before was handed on: Node makes one TLS write of those that wait together, and there are peers who tell messages apart by them. */
  readonly #queue: Parcel[] = [];
  #queuedBytes = 0;
  #writing = false;
  #ending: { flushed: (() => void) | undefined } | undefined;
  congested = false;

  constructor(remote: RemoteAddress | undefined, role: 'dial' | 'accept', begin: () => TLSSocket, drop: () => void) {
    this.remote = remote;
    this.#role = role;
    this.#begin = begin;
    this.#drop = drop;
  }

  get standing(): boolean {
    return this.#stands;
  }

  attach(events: CarrierEvents): void {
    const first = this.#events === undefined;
    this.#events = events;
    if (this.#closed) process.nextTick(() => this.#events?.closed(this.#error));
    else if (first) this.#start();
  }

  write(bytes: Uint8Array, written?: (error?: Error) => void): boolean {
    if (this.#closed || this.#dropped || this.#ending) {
      if (written) process.nextTick(written, this.#error ?? GONE());
      return true;
    }
    this.#queue.push({ bytes, written });
    this.#queuedBytes += bytes.length;
    this.congested ||= this.#queuedBytes >= HIGH_WATER;
    this.#next();
    return !this.congested;
  }

  pause(): void {
    if (this.#stands) this.#inner?.pause();
  }

  resume(): void {
    this.#inner?.resume();
  }

  end(flushed?: () => void): void {
    if (this.#ending || this.#closed) return;
    this.#ending = { flushed };
    this.#next();
  }

  destroy(): void {
    if (this.#closed) return;
    this.#dropped = true;
    if (this.#inner) this.#inner.destroy();
    else {
      this.#drop();
      process.nextTick(() => this.#finish());
    }
  }

  #start(): void {
    let socket: TLSSocket;
    let inner: Carrier;
    try {
      socket = this.#begin();
      inner = carrierOf(socket, this.remote);
    } catch (cause) {
      // The socket has gone meanwhile.
      this.#drop();
      process.nextTick(() => this.#finish(cause as Error));
      return;
    }
    this.#inner = inner;
    inner.attach({
      data: (bytes) => this.#events?.data(bytes),
      end: () => {
        if (this.#stands) this.#events?.end();
        else this.#fail();
      },
      drained() {},
      closed: (cause) => this.#finish(cause),
    });
    const stand = (): void => {
      if (socket.destroyed || this.#dropped) return;
      this.#stands = true;
      this.#events?.ready?.(new TlsCarrierFacts(socket, this.remote));
      this.#next();
    };
    // Null until the handshake is through.
    if (socket.alpnProtocol !== null) process.nextTick(stand);
    // Told in the middle of the read that ends the handshake: what came in the same read is told later.
    else socket.once('secure', stand);
  }

  #next(): void {
    if (this.#writing || !this.#stands || this.#closed) return;
    const parcel = this.#queue[0];
    if (!parcel) {
      if (this.#ending) this.#inner!.end(this.#ending.flushed);
      return;
    }
    this.#writing = true;
    this.#inner!.write(parcel.bytes, (error) => {
      this.#writing = false;
      if (this.#queue[0] !== parcel) return;
      this.#queue.shift();
      this.#queuedBytes -= parcel.bytes.length;
      parcel.written?.(error);
      if (!error) this.#next();
      if (this.congested && this.#queuedBytes < HIGH_WATER && !this.#closed) {
        this.congested = false;
        this.#events?.drained();
      }
    });
  }

  /** The other side hung up, or did not speak TLS, before the carrier stood. */
  #fail(cause?: Error): void {
    if (!this.#dropped) this.#error ??= tlsError(this.#role, this.#stands, cause);
    this.destroy();
  }

  #finish(cause?: Error): void {
    if (this.#closed) return;
    if (!this.#dropped && (cause || !this.#stands)) this.#error ??= tlsError(this.#role, this.#stands, cause);
    this.#closed = true;
    for (const { written } of this.#queue.splice(0)) written?.(this.#error ?? GONE());
    this.#queuedBytes = 0;
    const events = this.#events;
    this.#events = undefined;
    this.#inner = undefined;
    events?.closed(this.#error);
  }
}

/** What went wrong in TLS. @param role of this side, whose carrier `stands` already or never will. */
export function tlsError(
  role: 'dial' | 'accept',
  stands: boolean,
  cause: (Error & { code?: string; reason?: string }) | undefined,
): HandfastError {
  const reason = cause?.reason ?? cause?.message ?? 'the other side hung up';
  if (role === 'dial' && !stands) return new HandfastError('CONNECT_FAILED', `TLS: ${reason}`, { cause });
  if (cause?.code?.startsWith('ERR_SSL')) return new HandfastError('MALFORMED', `TLS: ${reason}`, { cause, unproved: true });
  return new HandfastError('TRUNCATED', stands ? 'the connection broke off' : `in the TLS handshake: ${reason}`, { cause });
}

/** Made by Node for whoever asks: no copy is needed, only that it is no Buffer, whose `slice` is a view. */
function own(bytes: Buffer | undefined): Uint8Array | undefined {
  return bytes && bytes.length > 0 ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : undefined;
}

const GONE = (): HandfastError => new HandfastError('CLOSED', 'the stream has ended');
const HIGH_WATER = 64 * 1024;
let plainDialler: SecureContext | undefined;
let plainDialled: Over | undefined;
