/**
 * WebSocket (RFC 6455), by the package `ws`: each write is one message, each message arrives whole. It runs over a socket that was dialled or accepted already, so that limits and
 * deadlines count from there, and asks for the upgrade, or waits for one, when somebody attaches.
 */
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import { TLSSocket } from 'node:tls';
import type { ClientOptions, WebSocket, WebSocketServer } from 'ws';
import { HandfastError } from '../errors.ts';
import type { CarrierFacts, CloseCode, UpgradeFacts } from '../protocols/machine.ts';
import type { Carrier, CarrierEvents, RemoteAddress } from './carrier.ts';
import { localOf, remoteOf } from './duplex.ts';
import type { Over } from './tcp.ts';
import { secured, tlsError, tlsFacts } from './tls.ts';

export interface WebSocketSettings {
  subprotocol: string | undefined;
  /** Bytes of the largest message that is taken. */
  largestMessage: number;
  /** With TLS below it, whose certificates nobody verifies. */
  secure: SecureContext | undefined;
}

export interface DialSettings extends WebSocketSettings {
  host: string;
  port: number;
  /** Path and query. */
  target: string;
  headers: Readonly<Record<string, string>>;
}

/** Asks for an upgrade over each socket. @throws (by rejection) HF_UNSUPPORTED without the package `ws`. */
export async function dialWebSocket(settings: DialSettings): Promise<Over> {
  const { WebSocket } = await load();
  const { host, port, target, subprotocol, headers, secure, largestMessage } = settings;
  const name = host.includes(':') ? `[${host}]` : host;
  const url = `${secure ? 'wss' : 'ws'}://${name}:${port}${target}`;
  return (socket) =>
    new WebSocketCarrier(socket, 'dial', (carrier) => {
      const below = secure ? secured(socket, 'dial', secure) : socket;
      const options: ClientOptions = { ...common(largestMessage), headers, createConnection: () => below, followRedirects: false };
      try {
        const client = subprotocol === undefined ? new WebSocket(url, options) : new WebSocket(url, subprotocol, options);
        client.once('error', (cause) => carrier.fail(new HandfastError('CONNECT_FAILED', `WebSocket: ${cause.message}`, { cause })));
        client.once('open', () => carrier.stand(client, below, undefined));
      } catch (cause) {
        const why = new HandfastError('BAD_ARGUMENT', `WebSocket: ${(cause as Error).message}`, { cause });
        process.nextTick(() => carrier.fail(why));
      }
    });
}

/** Waits for an upgrade over each socket; any path is taken, the protocol is told which. @throws (by rejection) HF_UNSUPPORTED without the package `ws`. */
export async function acceptWebSocket({ subprotocol, largestMessage, secure }: WebSocketSettings): Promise<Over> {
  const { WebSocketServer } = await load();
  const upgrades = new WebSocketServer({
    ...common(largestMessage),
    noServer: true,
    clientTracking: false,
    handleProtocols: () => subprotocol ?? false,
  });
  const carriers = new WeakMap<Duplex, WebSocketCarrier>();
  const server = httpServer(upgrades, subprotocol, carriers);
  return (socket) =>
    new WebSocketCarrier(socket, 'accept', (carrier) => {
      const below = secure ? secured(socket, 'accept', secure) : socket;
      carriers.set(below, carrier);
      if (below !== socket) {
        below.once('error', (cause) => carrier.fail(tlsError('accept', false, cause)));
        // Without it a hello that never ends would not be noticed to have been hung up on.
        below.once('close', () => socket.destroy());
      }
      server.emit('connection', below);
    });
}

/** Takes one request a connection, and only an upgrade. It listens nowhere: connections are given to it. */
function httpServer(upgrades: WebSocketServer, subprotocol: string | undefined, carriers: WeakMap<Duplex, WebSocketCarrier>): Server {
  // The deadline of the handshake is the driver's, and counts from the first moment.
  const server = createServer({ maxHeaderSize: HEAD_BYTES, headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 0 });
  const refuse = (socket: Duplex, status: number, why: string): void => {
    if (socket.writable) socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    carriers.get(socket)?.fail(new HandfastError('MALFORMED', `WebSocket: ${why}`, { unproved: true }));
  };
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code?.startsWith('HPE_') && error.code !== 'HPE_INVALID_EOF_STATE')
      refuse(socket, error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400, error.message);
    else socket.destroy();
  });
  server.on('checkContinue', (request: IncomingMessage) => refuse(request.socket, 426, 'a request, and not for an upgrade'));
  server.on('request', (request) => refuse(request.socket, 426, 'a request, and not for an upgrade'));
  server.on('connect', (_request, socket) => refuse(socket, 400, 'a request to connect elsewhere'));
  server.on('upgrade', (request, socket, head) => {
    const carrier = carriers.get(socket);
    if (!carrier) return;
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (subprotocol !== undefined && !offered.includes(subprotocol)) {
      refuse(socket, 400, `the subprotocol ${subprotocol} was not offered`);
      return;
    }
    let taken = false;
    upgrades.handleUpgrade(request, socket, head, (accepted) => {
      taken = true;
      carrier.stand(accepted, request.socket, upgradeFacts(request));
    });
    if (!taken) carrier.fail(new HandfastError('MALFORMED', 'WebSocket: an upgrade that is none', { unproved: true }));
  });
  return server;
}

class WebSocketCarrier implements Carrier {
  readonly borders = true;
  readonly remote: RemoteAddress | undefined;
  readonly #role: 'dial' | 'accept';
  readonly #socket: Socket;
  readonly #begin: (carrier: WebSocketCarrier) => void;
  #events: CarrierEvents | undefined;
  #below: Socket | undefined;
  #ws: WebSocket | undefined;
  /** Written before it stood. */
  readonly #early: Parameters<Carrier['write']>[] = [];
  readonly #unwritten = new Set<(error?: Error) => void>();
  #outBytes = 0;
  #pongBytes = 0;
  #paused = false;
  #ended = false;
  #endTold = false;
  #dropped = false;
  #closed = false;
  #error: HandfastError | undefined;
  congested = false;

  constructor(socket: Socket, role: 'dial' | 'accept', begin: (carrier: WebSocketCarrier) => void) {
    this.remote = remoteOf(socket);
    this.#socket = socket;
    this.#role = role;
    this.#begin = begin;
    socket.on('error', () => {});
    socket.on('close', () => {
      if (!this.#ws) this.#gone();
    });
  }

  get standing(): boolean {
    return this.#ws !== undefined;
  }

  attach(events: CarrierEvents): void {
    const first = this.#events === undefined;
    this.#events = events;
    if (this.#closed) process.nextTick(() => this.#events?.closed(this.#error));
    else if (first && !this.#socket.destroyed) this.#begin(this);
  }

  /** The upgrade is through. */
  stand(ws: WebSocket, below: Socket, upgrade: UpgradeFacts | undefined): void {
    if (this.#dropped || this.#closed) {
      ws.on('error', () => {});
      ws.terminate();
      return;
    }
    this.#ws = ws;
    this.#below = below;
    ws.on('message', (data, binary) => this.#events?.message?.(data as Buffer, !binary));
    ws.on('ping', (data) => this.#pong(data));
    ws.on('error', (cause: Error) => {
      this.#error ??= coded(cause);
    });
    ws.on('close', (code, reason) => this.#hearClose(code, reason));
    const facts: CarrierFacts = {
      remote: this.remote,
      local: localOf(this.#socket),
      ...(below instanceof TLSSocket ? { tls: tlsFacts(below) } : {}),
      ...(upgrade ? { upgrade } : {}),
    };
    if (this.#paused) ws.pause();
    this.#events?.ready?.(facts);
    for (const [bytes, written, text] of this.#early.splice(0)) this.#send(bytes, written, text);
  }

  /** There will be no upgrade. */
  fail(error: HandfastError): void {
    if (this.#ws || this.#closed) return;
    if (!this.#dropped) this.#error ??= error;
    this.#gone();
  }

  write(bytes: Uint8Array, written?: (error?: Error) => void, text = false): boolean {
    if (this.#closed || this.#dropped || this.#ended || this.#endTold) {
      if (written) process.nextTick(written, this.#error ?? GONE());
      return true;
    }
    this.#outBytes += bytes.length;
    this.congested ||= this.#outBytes >= HIGH_WATER;
    if (this.#ws) this.#send(bytes, written, text);
    else this.#early.push([bytes, written, text]);
    return !this.congested;
  }

  pause(): void {
    this.#paused = true;
    this.#ws?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#ws?.resume();
  }

  end(flushed?: () => void, close?: CloseCode): void {
    const ws = this.#ws;
    if (this.#ended || this.#closed || !ws) return;
    this.#ended = true;
    // The other side has closed: there is nothing to end any more.
    if (this.#endTold) {
      if (flushed) process.nextTick(flushed);
      process.nextTick(() => this.#gone());
      return;
    }
    try {
      if (close) ws.close(close.code, close.reason);
      else ws.close();
    } catch {
      // A code or a reason that a close frame cannot carry.
      ws.close();
    }
    const below = this.#below!;
    if (!flushed) return;
    if (below.writable) below.write(NOTHING, () => flushed());
    else process.nextTick(flushed);
  }

  destroy(): void {
    this.#dropped = true;
    if (this.#ws) this.#ws.terminate();
    else {
      this.#below?.destroy();
      this.#socket.destroy();
    }
    if (this.#endTold) process.nextTick(() => this.#gone());
  }

  #send(bytes: Uint8Array, written: ((error?: Error) => void) | undefined, text = false): void {
    // An entry for each write: the pieces of one message are told of by one function, and each counts.
    const told = written && ((error?: Error): void => written(error));
    if (told) this.#unwritten.add(told);
    this.#ws!.send(bytes, { binary: !text, compress: false }, (error) => {
      this.#outBytes -= bytes.length;
      if (told && this.#unwritten.delete(told)) told(error ?? undefined);
      if (this.congested && this.#outBytes < HIGH_WATER && !this.#closed) {
        this.congested = false;
        this.#events?.drained();
      }
    });
  }

  /** Whoever asks and does not read what it is answered gets no more of it; only the last ping needs an answer (RFC 6455, section 5.5.3). */
  #pong(data: Buffer): void {
    if (this.#pongBytes > PONG_BYTES) return;
    const size = data.length + 6;
    this.#pongBytes += size;
    this.#ws!.pong(data, this.#role === 'dial', () => {
      this.#pongBytes -= size;
    });
  }

  /** The socket is gone, after a close frame of the other side or without one. */
  #hearClose(code: number, reason: Buffer): void {
    if (this.#error || this.#dropped || code === ABNORMAL) {
      if (!this.#dropped && !this.#ended) this.#error ??= new HandfastError('TRUNCATED', 'the connection broke off');
      this.#gone();
      return;
    }
    this.#endTold = true;
    this.#lose();
    this.#events?.end(code === NO_CODE ? undefined : { code, reason: reason.toString() });
    // Who is at work on what came before the end is not to be told that all is over: as with a stream that is half open, this side ends when it is done.
    if (this.#ended) this.#gone();
  }

  #gone(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#ws && !this.#dropped) {
      this.#error ??= new HandfastError(
        this.#role === 'dial' ? 'CONNECT_FAILED' : 'TRUNCATED',
        'the other side hung up before the upgrade',
      );
    }
    this.#lose();
    this.#events?.closed(this.#error);
  }

  #lose(): void {
    const lost = this.#error ?? GONE();
    for (const [, written] of this.#early.splice(0)) written?.(lost);
    const unwritten = [...this.#unwritten];
    this.#unwritten.clear();
    for (const written of unwritten) written(lost);
  }
}

const common = (largestMessage: number) => ({
  perMessageDeflate: false,
  maxPayload: largestMessage,
  autoPong: false,
  closeTimeout: CLOSE_MS,
});

function upgradeFacts({ url = '/', rawHeaders }: IncomingMessage): UpgradeFacts {
  const headers: Record<string, string> = Object.create(null);
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers[rawHeaders[i].toLowerCase()] ??= rawHeaders[i + 1];
  return { target: url, headers };
}

function coded(cause: Error & { code?: string }): HandfastError {
  if (cause.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH')
    return new HandfastError('TOO_LARGE', 'a WebSocket message beyond the limit', { cause });
  if (cause.code?.startsWith('WS_ERR_')) return new HandfastError('MALFORMED', `WebSocket: ${cause.message}`, { cause, unproved: true });
  return new HandfastError('TRUNCATED', 'the connection broke off', { cause });
}

/** The package is an optional one: only protocols that go over WebSocket need it. */
async function load(): Promise<typeof import('ws')> {
  try {
    return await import('ws');
  } catch (cause) {
    throw new HandfastError('UNSUPPORTED', `WebSocket needs the package ws: npm install ws@${WS_VERSION}`, { cause });
  }
}

const GONE = (): HandfastError => new HandfastError('CLOSED', 'the stream has ended');
const NOTHING = new Uint8Array(0);
const HIGH_WATER = 64 * 1024;
const PONG_BYTES = 64 * 1024;
const HEAD_BYTES = 16 * 1024;
// For a peer that does not answer a close frame.
const CLOSE_MS = 5_000;
// What ws tells where there was no close frame, and where it had no code.
const ABNORMAL = 1006;
const NO_CODE = 1005;
const WS_VERSION = '8.23.0';
