/**
 * Whom bans and charges are about: an id, an IP address, or a block of addresses. A block is its leading bits as text, '4' or '6' and then a digit for each bit: it holds every address
 * whose text begins with it, and one with all its bits is an address. IPv4 inside IPv6 (::ffff:a.b.c.d) counts as IPv4, and zones (%eth0) do not count.
 */
import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { HandfastError } from '../../errors.ts';
import { groupsOf } from '../../transport/limits.ts';
import { publicKeyOf } from '../../wire/peer-id.ts';

export interface Subject {
  /** Ids, addresses and blocks each have one key. */
  readonly key: string;
  /** As it is shown: an id, `10.0.0.1`, `10.0.0.0/24`, `2001:db8::/48`. */
  readonly text: string;
}

/** @param text an id, an address with a port or without, or `address/bits`. @throws HF_BAD_ARGUMENT */
export function subjectOf(text: string): Subject {
  if (typeof text === 'string') {
    if (publicKeyOf(text)) return { key: text, text };
    const bits = blockBits(text);
    if (bits !== undefined) return { key: bits, text: blockText(bits) };
  }
  const shown = typeof text === 'string' ? JSON.stringify(text.slice(0, 80)) : typeof text;
  throw new HandfastError(
    'BAD_ARGUMENT',
    `${shown} is no id (12D3KooW...), no IP address and no block of addresses (10.0.0.0/24, 2001:db8::/48)`,
  );
}

/** Whether a key or a text is that of an id, at a glance. */
export function isId(text: string): boolean {
  return text.startsWith(ID_PREFIX);
}

/** The bits of an address, with a port or without: 1 + 32 or 1 + 128 characters. */
export function addressBits(text: string): string | undefined {
  const address = WITH_PORT.exec(text)?.slice(1).find(Boolean) ?? text;
  if (isIPv4(address)) return `4${address.split('.').map(octetBits).join('')}`;
  const plain = address.split('%', 1)[0];
  if (!isIPv6(plain)) return undefined;
  const bits = `6${groupsOf(plain).map(groupBits).join('')}`;
  return bits.startsWith(MAPPED) ? `4${bits.slice(MAPPED.length)}` : bits;
}

/** The text of a block; addresses have no `/bits`. */
export function blockText(bits: string): string {
  const wide = bits[0] === '6';
  const length = bits.length - 1;
  const all = bits.slice(1).padEnd(wide ? 128 : 32, '0');
  const parts = all.match(wide ? /.{16}/g : /.{8}/g)!.map((part) => Number.parseInt(part, 2));
  const address = wide
    ? new SocketAddress({ family: 'ipv6', address: parts.map((part) => part.toString(16)).join(':') }).address
    : parts.join('.');
  return length === all.length ? address : `${address}/${length}`;
}

function blockBits(text: string): string | undefined {
  const [address, suffix, ...more] = text.split('/');
  const bits = addressBits(address);
  if (bits === undefined || suffix === undefined) return bits;
  // Of an address in the notation of IPv6, bits count from the start of that.
  const length = /^\d{1,3}$/.test(suffix) ? Number(suffix) - (bits[0] === '4' && address.includes(':') ? MAPPED.length - 1 : 0) : -1;
  return more.length > 0 || length < 0 || length >= bits.length ? undefined : bits.slice(0, 1 + length);
}

const octetBits = (octet: string): string => Number(octet).toString(2).padStart(8, '0');
const groupBits = (group: number): string => group.toString(2).padStart(16, '0');

const ID_PREFIX = '12D3KooW';
/** ::ffff:0:0/96, in which IPv4 addresses lie. */
const MAPPED = `6${'0'.repeat(80)}${'1'.repeat(16)}`;
const WITH_PORT = /^(?:\[([^\]]+)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/;
