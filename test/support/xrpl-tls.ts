/** Attackers of the XRPL overlay over real TLS: honest sides by `connect` and `listen`, hostile ones by node:tls alone. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type SecureVersion, type TLSSocket, type Server as TlsServer, connect as tlsConnect } from 'node:tls';
import { expect } from 'vitest';
import type { Core } from '../../src/core/core.ts';
import type { HandfastError } from '../../src/errors.ts';
import { XrplIdentity, type XrplOptions, xrpl } from '../../src/protocols/xrpl/index.ts';
import { selfSigned } from '../../src/transport/certificate.ts';
import type { Clock } from '../../src/transport/clock.ts';
import { connect } from '../../src/transport/connect.ts';
import { listen, type Server } from '../../src/transport/listen.ts';
import type { Session } from '../../src/transport/session.ts';
import { pure } from './cores.ts';

export const HOST = '127.0.0.1';
export const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
export const only = (version: SecureVersion) => ({ minVersion: version, maxVersion: version });

/** The identity of a seed, the same at each call. */
export function identityOf(byte: number): XrplIdentity {
  let identity = identities.get(byte);
  if (!identity) {
    identity = XrplIdentity.fromSecret(new Uint8Array(32).fill(byte), { core: pure });
    identities.set(byte, identity);
  }
  return identity;
}

/** That nothing is left of sessions and handshakes, once the identities are wiped too. */
export function expectNothingLeft(core: Core): void {
  for (const identity of identities.values()) identity.wipe();
  identities.clear();
  expect([core.guarded.live, core.slabs.leased]).toEqual([0, 0]);
}

/** What came of handshakes with an honest listener. */
export interface Heard {
  readonly server: Server;
  readonly port: number;
  readonly sessions: Session[];
  readonly errors: HandfastError[];
  /** The next failure. */
  refused(): Promise<HandfastError>;
  accepted(): Promise<Session>;
  /** Ends it, and waits until nothing is left. */
  close(): Promise<void>;
}

export interface ServeOptions {
  core: Core;
  identity?: XrplIdentity;
  clock?: Clock;
  version?: SecureVersion;
  protocol?: typeof xrpl;
  xrpl?: Partial<XrplOptions>;
}

export async function serve({ core, identity = identityOf(1), clock, version, protocol = xrpl, xrpl: more }: ServeOptions): Promise<Heard> {
  const server = await listen<typeof xrpl>({
    protocol,
    core,
    identity,
    host: HOST,
    port: 0,
    slots: false,
    limits: { handshakesPerSecond: 1e9, handshakeBurst: 1e9, halfOpen: 1e6, halfOpenPerAddress: 1e6, sessions: 1e6, lingering: 1e6 },
    ...(version && { tls: only(version) }),
    ...(clock && { clock }),
    ...more,
  });
  const sessions: Session[] = [];
  const errors: HandfastError[] = [];
  server.on('session', (session) => sessions.push(session));
  server.on('handshakeError', (error) => errors.push(error));
  return {
    server,
    port: server.address!.port,
    sessions,
    errors,
    refused: async () => (await once(server, 'handshakeError'))[0],
    accepted: async () => (await once(server, 'session'))[0],
    async close() {
      for (const session of sessions) session.destroy();
      await server.close({ drainMs: 0 });
    },
  };
}

export interface DialOptions {
  core: Core;
  port: number;
  identity?: XrplIdentity;
  clock?: Clock;
  version?: SecureVersion;
}

export function dial({ core, port, identity = identityOf(2), clock, version }: DialOptions): Promise<Session> {
  const over = { ...(version && { tls: only(version) }), ...(clock && { clock }) };
  return connect<typeof xrpl>({ protocol: xrpl, core, identity, host: HOST, port, ...over });
}

/** What a dialling attempt failed with; the session where it did not. */
export const outcome = (attempt: Promise<Session>): Promise<Session | HandfastError> => attempt.catch((error: HandfastError) => error);

/** A bare TLS client of Node's own, once its handshake is through. */
export async function knock(port: number, options: { version?: SecureVersion; session?: Buffer } = {}): Promise<TLSSocket> {
  const { version, session } = options;
  const socket = tlsConnect({ host: HOST, port, rejectUnauthorized: false, ...(version && only(version)), ...(session && { session }) });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  socket.setNoDelay(true);
  return socket;
}

/** A bare TLS server of Node's own. @param serveOne gets every socket whose TLS handshake is through. */
export async function trap(
  serveOne: (socket: TLSSocket) => void,
  version?: SecureVersion,
): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<TLSSocket>();
  const server: TlsServer = createServer({ ...CERTIFICATE, ...(version && only(version)) }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    serveOne(socket);
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Everything that comes up to an empty line, or up to the end. */
export function readHead(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const data = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (text.includes('\r\n\r\n')) over();
    };
    const over = (): void => {
      socket.off('data', data).off('close', over).off('end', over);
      resolve(text);
    };
    socket.on('data', data).once('close', over).once('end', over);
  });
}

/** The request of somebody who does as the specification says, by his own arithmetic; a list of fields, to be changed. */
export function requestFields(socket: TLSSocket, identity: XrplIdentity, nowMs = Date.now()): [string, string][] {
  return [
    ['User-Agent', 'rippled-2.4.0'],
    ['Upgrade', 'XRPL/2.1, XRPL/2.2'],
    ['Connection', 'Upgrade'],
    ['Connect-As', 'Peer'],
    ['Crawl', 'public'],
    ['X-Protocol-Ctl', ''],
    ['Network-Time', String(Math.floor(nowMs / 1000) - 946_684_800)],
    ['Public-Key', identity.id],
    ['Session-Signature', signatureFor(socket, identity)],
    ['Instance-Cookie', '7'],
  ];
}

export const responseFields = (socket: TLSSocket, identity: XrplIdentity, nowMs?: number): [string, string][] =>
  requestFields(socket, identity, nowMs).map(([name, value]) =>
    name === 'Upgrade' ? [name, 'XRPL/2.2'] : name === 'User-Agent' ? ['Server', value] : [name, value],
  );

export const REQUEST_LINE = 'GET / HTTP/1.1';
export const RESPONSE_LINE = 'HTTP/1.1 101 Switching Protocols';

export function headText(first: string, fields: readonly (readonly [string, string])[]): string {
  return `${first}\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

/** A plain frame. */
export function frame(type: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(6 + payload.length);
  bytes.writeUInt32BE(payload.length);
  bytes.writeUInt16BE(type, 4);
  bytes.set(payload, 6);
  return bytes;
}

/** Lets sockets and timers have their turn, so many times. */
export async function turns(count = 5): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Section 3 of the specification, by node:crypto. */
function signatureFor(socket: TLSSocket, identity: XrplIdentity): string {
  const sha512 = (bytes: Uint8Array): Buffer => createHash('sha512').update(bytes).digest();
  const own = sha512(socket.getFinished()!);
  const peer = sha512(socket.getPeerFinished()!);
  const value = sha512(own.map((byte, i) => byte ^ peer[i])).subarray(0, 32);
  const secret = identity.exportSecret();
  return Buffer.from(pure.secp256k1.sign(value, secret)).toString('base64');
}

const identities = new Map<number, XrplIdentity>();
const CERTIFICATE = selfSigned('localhost', 'P-256');
