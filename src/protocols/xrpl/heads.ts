/** Every head that is sent, in the order and words of the reference (sections 6 and 10). */
import type { Bytes } from '../../core/core.ts';
import { addressText, isPublic } from './address.ts';
import { base64Of } from './base64.ts';
import { answerTo, type Features, offerOf } from './features.ts';
import { writeHead } from './http-head.ts';
import type { Ledgers } from './settings.ts';
import { SPOKEN, type Version } from './versions.ts';

/** What a request or response says of whoever sends it. */
export interface HeadFacts {
  readonly agent: string;
  readonly crawl: 'public' | 'private';
  readonly features: Features;
  readonly networkId: number | undefined;
  /** Seconds since 2000. */
  readonly networkTime: number;
  /** The text form. */
  readonly publicKey: string;
  /** DER. */
  readonly signature: Bytes;
  /** Decimal. */
  readonly instanceCookie: string;
  readonly serverDomain: string | undefined;
  /** The other end of the socket; sent when it is public. */
  readonly socketAddress: Bytes | undefined;
  readonly publicAddress: Bytes | undefined;
  readonly ledgers: Ledgers | undefined;
}

export function requestText(facts: HeadFacts): string {
  return `GET / HTTP/1.1\r
User-Agent: ${facts.agent}\r
Upgrade: ${OFFERED}\r
Connection: Upgrade\r
Connect-As: Peer\r
Crawl: ${facts.crawl}\r
X-Protocol-Ctl: ${offerOf(facts.features)}\r
${commonFields(facts)}\r
`;
}

/** @param offer the X-Protocol-Ctl field of the request. */
export function responseText(facts: HeadFacts, version: Version, offer: string): string {
  return `HTTP/1.1 101 Switching Protocols\r
Connection: Upgrade\r
Upgrade: ${version}\r
Connect-As: Peer\r
Server: ${facts.agent}\r
Crawl: ${facts.crawl}\r
X-Protocol-Ctl: ${answerTo(offer, facts.features)}\r
${commonFields(facts)}\r
`;
}

/** 400; the reason phrase is the only place where the error is told. */
export function errorText(error: string, agent: string, remote: Bytes | undefined): string {
  return closing(`400 Bad Request (${error})`, agent, remote);
}

/** 403: no upgrade to this protocol, or no room for its address. */
export function forbiddenText(agent: string, remote: Bytes | undefined): string {
  return closing('403 Forbidden', agent, remote);
}

/** 401: an upgrade to WebSocket. */
export function wrongProtocolText(agent: string, remote: Bytes | undefined): string {
  const body = 'Invalid protocol.';
  const head = writeHead('HTTP/1.1 401 Unauthorized', [
    ['Server', agent],
    ['Remote-Address', remote && addressText(remote)],
    ['Content-Type', 'text/html'],
    ['Connection', 'close'],
    ['Content-Length', String(body.length)],
  ]);
  return head + body;
}

/** 503: no room, but there are others. @param endpoints `ip:port`. */
export function redirectText(endpoints: readonly string[], agent: string, remote: Bytes | undefined): string {
  const body = JSON.stringify({ 'peer-ips': endpoints });
  const head = writeHead('HTTP/1.1 503 Service Unavailable', [
    ['Server', agent],
    ['Remote-Address', remote && addressText(remote)],
    ['Content-Type', 'application/json'],
    ['Connection', 'close'],
    ['Transfer-Encoding', 'chunked'],
  ]);
  return `${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
}

function closing(status: string, agent: string, remote: Bytes | undefined): string {
  return writeHead(`HTTP/1.1 ${status}`, [
    ['Server', agent],
    ['Remote-Address', remote && addressText(remote)],
    ['Connection', 'close'],
    ['Content-Length', '0'],
  ]);
}

/** Each with the end of its line. */
function commonFields(facts: HeadFacts): string {
  const { networkId, serverDomain, socketAddress, publicAddress, ledgers } = facts;
  let text = networkId === undefined ? '' : `Network-ID: ${networkId}\r\n`;
  text += `Network-Time: ${facts.networkTime}\r
Public-Key: ${facts.publicKey}\r
Session-Signature: ${base64Of(facts.signature)}\r
Instance-Cookie: ${facts.instanceCookie}\r
`;
  if (serverDomain !== undefined) text += `Server-Domain: ${serverDomain}\r\n`;
  if (socketAddress && isPublic(socketAddress)) text += `Remote-IP: ${addressText(socketAddress)}\r\n`;
  if (publicAddress) text += `Local-IP: ${addressText(publicAddress)}\r\n`;
  if (ledgers) text += `Closed-Ledger: ${upperHex(ledgers.closed)}\r\n`;
  if (ledgers?.previous) text += `Previous-Ledger: ${upperHex(ledgers.previous)}\r\n`;
  return text;
}

function upperHex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('');
}

const OFFERED = SPOKEN.join(', ');
