/** XRPL peers without sockets: TLS facts as both ends of one session see them, and heads written by hand. */
import type { Core } from '../../src/core/core.ts';
import type { CarrierFacts, Machine, Peer, Refusal } from '../../src/protocols/machine.ts';
import { base64Of } from '../../src/protocols/xrpl/base64.ts';
import { latin1, latin1Bytes } from '../../src/protocols/xrpl/http-head.ts';
import { XrplIdentity, type XrplOptions, xrpl } from '../../src/protocols/xrpl/index.ts';
import { NETWORK_EPOCH_S } from '../../src/protocols/xrpl/limits.ts';
import { finishedValue } from '../../src/protocols/xrpl/session-value.ts';
import { pure } from './cores.ts';
import { Side } from './machines.ts';

/** Seconds since 2000, and the same moment in milliseconds since 1970. */
export const NETWORK_NOW = 848_500_000;
export const NOW = (NETWORK_NOW + NETWORK_EPOCH_S) * 1000;

export const ALICE_SECRET = new Uint8Array(32).fill(0xa1);
export const BOB_SECRET = new Uint8Array(32).fill(0xb0);

const FINISHED = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)] as const;

export interface Ends {
  /** The dialling side's address, and the listening one's. */
  addresses?: readonly [string, string];
  ports?: readonly [number, number];
  finished?: readonly [Uint8Array, Uint8Array];
}

/** What the dialling and the listening end of one TLS session are told. */
export function factsOf({
  addresses = ['127.0.0.1', '127.0.0.1'],
  ports = [40_000, 51_235],
  finished = FINISHED,
}: Ends = {}): readonly [CarrierFacts, CarrierFacts] {
  const tls = { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' };
  const ends = addresses.map((address, i) => ({ address, port: ports[i] }));
  return [
    { remote: ends[1], local: ends[0], tls: { ...tls, ownFinished: finished[0], peerFinished: finished[1] } },
    { remote: ends[0], local: ends[1], tls: { ...tls, ownFinished: finished[1], peerFinished: finished[0] } },
  ];
}

export function sessionValueOf(core: Core = pure, ends: Ends = {}): Uint8Array {
  return finishedValue(factsOf(ends)[0].tls, core.hash)!;
}

export interface SideGiven extends Partial<XrplOptions> {
  core?: Core | undefined;
  ends?: Ends | undefined;
  judge?: ((peer: Peer) => Refusal | undefined) | undefined;
}

/** One side that stands; Alice dials, Bob listens. */
export function side(role: 'initiator' | 'responder', { core = pure, ends, judge = () => undefined, ...options }: SideGiven = {}): Side {
  const identity = options.identity ?? identityOf(role === 'initiator' ? ALICE_SECRET : BOB_SECRET, core);
  const machine: Machine = xrpl[role]({ core, ...options, identity });
  return new Side({ core, machine, now: NOW, judge }).start(factsOf(ends)[role === 'initiator' ? 0 : 1]);
}

/** Made once for each secret and core, and never wiped: counts of live secrets are taken behind it. */
export function identityOf(secret: Uint8Array, core: Core = pure): XrplIdentity {
  const known = identities.get(core) ?? new Map<string, XrplIdentity>();
  identities.set(core, known);
  const name = Buffer.from(secret).toString('hex');
  let identity = known.get(name);
  if (!identity) {
    identity = XrplIdentity.fromSecret(secret, { core });
    known.set(name, identity);
  }
  return identity;
}

const identities = new Map<Core, Map<string, XrplIdentity>>();

/** Fields by name; undefined leaves one out, a list writes it more than once. */
export type FieldsGiven = Record<string, string | readonly string[] | undefined>;

/** A request of Alice's as the reference writes it, with `fields` instead of its own. */
export function requestOf(
  fields: FieldsGiven = {},
  { line = 'GET / HTTP/1.1', secret = ALICE_SECRET, value = sessionValueOf() } = {},
): string {
  return headOf(line, {
    'User-Agent': 'rippled-2.4.0',
    Upgrade: 'XRPL/2.1, XRPL/2.2',
    Connection: 'Upgrade',
    'Connect-As': 'Peer',
    Crawl: 'public',
    'X-Protocol-Ctl': '',
    ...signed(secret, value),
    ...fields,
  });
}

/** A response of Bob's. */
export function responseOf(
  fields: FieldsGiven = {},
  { line = 'HTTP/1.1 101 Switching Protocols', secret = BOB_SECRET, value = sessionValueOf() } = {},
): string {
  return headOf(line, {
    Connection: 'Upgrade',
    Upgrade: 'XRPL/2.2',
    'Connect-As': 'Peer',
    Server: 'rippled-2.4.0',
    Crawl: 'public',
    'X-Protocol-Ctl': '',
    ...signed(secret, value),
    ...fields,
  });
}

export function hear(to: Side, text: string): Side {
  if (!to.over) to.bytes(latin1Bytes(text));
  return to;
}

export function said(by: Side): string {
  return latin1(by.take());
}

/** A plain frame. */
export function frameOf(type: number, payload: Uint8Array): Uint8Array {
  return Uint8Array.from([
    0,
    payload.length >> 16,
    (payload.length >> 8) & 0xff,
    payload.length & 0xff,
    type >> 8,
    type & 0xff,
    ...payload,
  ]);
}

function signed(secret: Uint8Array, value: Uint8Array): FieldsGiven {
  return {
    'Network-Time': String(NETWORK_NOW),
    'Public-Key': identityOf(secret).id,
    'Session-Signature': base64Of(pure.secp256k1.sign(value, secret)),
    'Instance-Cookie': '77',
  };
}

function headOf(line: string, fields: FieldsGiven): string {
  const lines = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((each) => `${name}: ${each}`),
  );
  return [line, ...lines, '', ''].join('\r\n');
}
