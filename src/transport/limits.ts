/** Who is let in before it has proved anything: half-open handshakes at once, new ones a second, by address. Memory for addresses is bounded. */
import { isIPv4, isIPv6 } from 'node:net';
import type { CodeName } from '../errors.ts';
import type { Millis } from '../protocols/machine.ts';

export interface AdmissionLimits {
  /** Handshakes going on at once; 256. */
  halfOpen: number;
  /** Of them, from one address; 16. */
  halfOpenPerAddress: number;
  /** New handshakes a second from one address; 5. */
  handshakesPerSecond: number;
  /** How many may come at once after a quiet time; 20. */
  handshakeBurst: number;
  /** Sessions at once; 64. */
  sessions: number;
  /** Connections on their way out after a refusal or a failure; twice `halfOpen`. Beyond it they are closed without a word. */
  lingering: number;
  /** Addresses remembered, some 200 bytes each; 16,384. The one not seen for longest is forgotten first. */
  addresses: number;
}

/** @param limits what differs from the defaults. */
export function admissionLimits(limits: { readonly [K in keyof AdmissionLimits]?: AdmissionLimits[K] | undefined } = {}): AdmissionLimits {
  const halfOpen = limits.halfOpen ?? 256;
  return {
    halfOpen,
    halfOpenPerAddress: limits.halfOpenPerAddress ?? 16,
    handshakesPerSecond: limits.handshakesPerSecond ?? 5,
    handshakeBurst: limits.handshakeBurst ?? 20,
    sessions: limits.sessions ?? 64,
    lingering: limits.lingering ?? 2 * halfOpen,
    addresses: limits.addresses ?? 16_384,
  };
}

interface Entry {
  /** Handshakes that may begin now. */
  tokens: number;
  /** When `tokens` was right. */
  at: Millis;
  halfOpen: number;
}

/** Counts half-open handshakes, and tokens that refill with time, by address block. */
export class Admission {
  readonly limits: AdmissionLimits;
  halfOpen = 0;
  readonly #entries = new Map<string, Entry>();

  constructor(limits: AdmissionLimits) {
    this.limits = limits;
  }

  /** Addresses remembered. */
  get addresses(): number {
    return this.#entries.size;
  }

  /** Takes one handshake in. @param address an IP address; absent where there is none: only the total counts. @returns why not, if not. */
  enter(address: string | undefined, now: Millis): CodeName | undefined {
    if (address !== undefined) {
      const entry = this.#entry(addressBlock(address), now);
      if (entry.tokens < 1) return 'RATE_LIMITED';
      entry.tokens--;
      if (this.halfOpen >= this.limits.halfOpen || entry.halfOpen >= this.limits.halfOpenPerAddress) return 'TOO_MANY_CONNECTIONS';
      entry.halfOpen++;
    } else if (this.halfOpen >= this.limits.halfOpen) return 'TOO_MANY_CONNECTIONS';
    this.halfOpen++;
    return undefined;
  }

  /** Whether an address that is not let in can be told so: that costs a token too, since words to whoever floods cost more than the flood. */
  spares(address: string, now: Millis): boolean {
    const entry = this.#entry(addressBlock(address), now);
    if (entry.tokens < 1) return false;
    entry.tokens--;
    return true;
  }

  /** The handshake that `enter` took in is over. */
  leave(address: string | undefined): void {
    this.halfOpen--;
    const entry = address === undefined ? undefined : this.#entries.get(addressBlock(address));
    if (entry) entry.halfOpen--;
  }

  #entry(block: string, now: Millis): Entry {
    const { handshakesPerSecond, handshakeBurst } = this.limits;
    let entry = this.#entries.get(block);
    if (entry) {
      const passed = Math.max(0, now - entry.at);
      entry.tokens = Math.min(handshakeBurst, entry.tokens + (passed * handshakesPerSecond) / 1000);
      entry.at = now;
      // Seen last, forgotten last.
      this.#entries.delete(block);
    } else {
      this.#forget();
      entry = { tokens: handshakeBurst, at: now, halfOpen: 0 };
    }
    this.#entries.set(block, entry);
    return entry;
  }

  /** Makes room for one more; addresses with handshakes going on are kept, and they are few. */
  #forget(): void {
    for (const [block, entry] of this.#entries) {
      if (this.#entries.size < this.limits.addresses) return;
      if (entry.halfOpen === 0) this.#entries.delete(block);
    }
  }
}

/** What counts as one address: an IPv4 address, also inside IPv6, or the /64 of an IPv6 address (whoever has one has all of it). */
export function addressBlock(address: string): string {
  // The same one is asked for several times in each handshake, and looking at it costs more than knowing it again.
  if (address === lastIPv4) return address;
  if (isIPv4(address)) {
    lastIPv4 = address;
    return address;
  }
  const plain = address.split('%', 1)[0];
  if (!isIPv6(plain)) return address;
  const groups = groupsOf(plain);
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `${groups[6] >> 8}.${groups[6] & 255}.${groups[7] >> 8}.${groups[7] & 255}`;
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** An address as bans name it: IPv4 inside IPv6 as IPv4, without a zone. */
export function plainAddress(address: string): string {
  const block = addressBlock(address);
  return block === lastIPv4 || isIPv4(block) ? block : address.split('%', 1)[0];
}

let lastIPv4: string | undefined;

/** The eight 16-bit groups of a valid IPv6 address, without a zone. */
export function groupsOf(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const text = dotted
    ? `${dotted[1]}${((Number(dotted[2]) << 8) | Number(dotted[3])).toString(16)}:${((Number(dotted[4]) << 8) | Number(dotted[5])).toString(16)}`
    : address;
  const [head, tail] = text.split('::') as [string, string | undefined];
  const parse = (part: string | undefined): number[] => (part ? part.split(':').map((group) => Number.parseInt(group, 16)) : []);
  const first = parse(head);
  if (tail === undefined) return first;
  const last = parse(tail);
  return [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
}
