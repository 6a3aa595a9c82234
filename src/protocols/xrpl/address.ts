/** IP addresses as bytes: what Local-IP and Remote-IP are compared as, and which are public by the rule of the reference (section 8.5). */
import type { Bytes } from '../../core/core.ts';

/** @returns 4 or 16 bytes, or undefined when the text is no address. */
export function readAddress(text: string): Bytes | undefined {
  return text.includes(':') ? readV6(text) : readV4(text);
}

/** A socket's own word for an address: without a zone, and IPv4 where it was mapped into IPv6. */
export function socketAddress(text: string): Bytes | undefined {
  const zone = text.indexOf('%');
  const address = readAddress(zone < 0 ? text : text.slice(0, zone));
  return address && isMapped(address) ? address.slice(12) : address;
}

/** IPv4 is public unless it is private, loopback or multicast; IPv6 only if its first byte is 00 or 02 and it is no private IPv4 mapped. */
export function isPublic(address: Bytes): boolean {
  if (address.length === 4) return !isPrivateV4(address) && address[0] >> 4 !== 14;
  return (address[0] & 0xfd) === 0 && !(isMapped(address) && isPrivateV4(address.subarray(12)));
}

export function sameAddress(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** The usual text: four numbers, or RFC 5952. */
export function addressText(address: Bytes): string {
  if (address.length === 4) return address.join('.');
  if (isMapped(address)) return `::ffff:${address.subarray(12).join('.')}`;
  const groups = Array.from({ length: 8 }, (_, i) => ((address[2 * i] << 8) | address[2 * i + 1]).toString(16));
  // The longest run of zeros, the first of equal ones, if there are two or more.
  let from = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === '0') run++;
    if (run > length) [from, length] = [i, run];
  }
  if (from < 0) return groups.join(':');
  return `${groups.slice(0, from).join(':')}::${groups.slice(from + length).join(':')}`;
}

/** `ip:port`, and `[ip]:port` for IPv6. @returns undefined when it is no such thing. */
export function readEndpoint(text: string): { address: Bytes; port: number } | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):([0-9]{1,5})$/.exec(text);
  if (!match) return undefined;
  const address = match[1] === undefined ? readV4(match[2]) : readV6(match[1]);
  const port = Number(match[3]);
  return address && port > 0 && port <= 0xffff ? { address, port } : undefined;
}

export function endpointText(address: Bytes, port: number): string {
  return address.length === 4 ? `${addressText(address)}:${port}` : `[${addressText(address)}]:${port}`;
}

function isPrivateV4([a, b]: Bytes): boolean {
  return a === 10 || a === 127 || (a === 172 && b >> 4 === 1) || (a === 192 && b === 168);
}

function isMapped(address: Bytes): boolean {
  return address.length === 16 && address.subarray(0, 10).every((byte) => byte === 0) && address[10] === 0xff && address[11] === 0xff;
}

function readV4(text: string): Bytes | undefined {
  const address = new Uint8Array(4);
  let at = 0;
  for (let i = 0; i < 4; i++) {
    if (i > 0 && text.charCodeAt(at++) !== DOT) return undefined;
    const from = at;
    let value = 0;
    while (isDigit(text.charCodeAt(at)) && at < from + 3) value = 10 * value + text.charCodeAt(at++) - ZERO;
    const padded = at > from + 1 && text.charCodeAt(from) === ZERO;
    if (at === from || padded || value > 255) return undefined;
    address[i] = value;
  }
  return at === text.length ? address : undefined;
}

function readV6(text: string): Bytes | undefined {
  if (text.length > LONGEST_V6) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0]);
  const tail = halves.length === 2 ? groupsOf(halves[1]) : [];
  if (!head || !tail) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

/** The bytes of groups with single colons between them; the last may be IPv4. */
function groupsOf(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    if (/^[0-9A-Fa-f]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else {
      const last = i === groups.length - 1 ? readV4(group) : undefined;
      if (!last) return undefined;
      bytes.push(...last);
    }
  }
  return bytes;
}

const isDigit = (code: number): boolean => code >= ZERO && code <= ZERO + 9;

const DOT = 0x2e;
const ZERO = 0x30;
const LONGEST_V6 = 45;
