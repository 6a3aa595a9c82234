/**
 * How many peers there may be, from where, and that each is there once (section 11): a policy that all connections of a node share, dialled and accepted ones. It knows no socket;
 * whoever is let in holds a seat and leaves it.
 */
import { HandfastError } from '../../errors.ts';
import type { CarrierFacts } from '../machine.ts';
import { endpointText, isPublic, socketAddress } from './address.ts';

export interface SlotOptions {
  /** Peers in all, 21 by default: a tenth and a half of them, but at least 10, are dialled, the rest is accepted. */
  peers?: number | undefined;
  /** Instead of what follows from `peers`. */
  inbound?: number | undefined;
  outbound?: number | undefined;
  /** Accepts nobody but fixed and reserved peers. */
  private?: boolean | undefined;
  /** Connections accepted from one public address; what follows from `inbound` when absent. */
  perAddress?: number | undefined;
  /** Endpoints (`1.2.3.4:51235`) whose peers need no free slot. */
  fixed?: Iterable<string> | undefined;
}

export type Direction = 'inbound' | 'outbound';

/** Why there is no seat, before anything is known of the peer. */
export type SeatRefusal = 'per-address' | 'same-endpoint' | 'own-address';

export class Slots {
  readonly inbound: number;
  readonly outbound: number;
  readonly perAddress: number;
  readonly #fixed: ReadonlySet<string>;
  readonly #fixedAddresses: ReadonlySet<string>;
  /** Seats by remote endpoint; a seat without one is in none of the lists. */
  readonly #endpoints = new Map<string, Seat>();
  readonly #perAddress = new Map<string, number>();
  readonly #keys = new Set<string>();
  readonly #active = { inbound: 0, outbound: 0 };

  /** @throws HF_BAD_ARGUMENT */
  constructor(options: SlotOptions = {}) {
    const peers = Math.max(count('peers', options.peers) ?? DEFAULT_PEERS, LEAST_OUTBOUND);
    this.outbound = count('outbound', options.outbound) ?? Math.max(LEAST_OUTBOUND, Math.floor((peers * OUTBOUND_PERCENT + 50) / 100));
    this.inbound = options.private ? 0 : (count('inbound', options.inbound) ?? peers - this.outbound);
    this.perAddress = count('perAddress', options.perAddress) ?? perAddressOf(this.inbound);
    this.#fixed = new Set(options.fixed);
    this.#fixedAddresses = new Set([...this.#fixed].map((endpoint) => endpoint.slice(0, endpoint.lastIndexOf(':'))));
  }

  /** Peers that have taken a slot or came in without one. */
  get active(): { readonly inbound: number; readonly outbound: number } {
    return { ...this.#active };
  }

  /** A connection is there. @returns its seat, which the caller leaves in the end. */
  enter(direction: Direction, facts: Pick<CarrierFacts, 'remote' | 'local'>): Seat | SeatRefusal {
    const { remote } = facts;
    const address = remote && socketAddress(remote.address);
    if (!address) return new Seat(this, direction, undefined, undefined, false);
    const endpoint = endpointText(address, remote.port);
    const counted = direction === 'inbound' && isPublic(address) ? endpointText(address, 0) : undefined;
    if (direction === 'outbound' && this.#isOwn(facts.local)) return 'own-address';
    if (counted !== undefined && (this.#perAddress.get(counted) ?? 0) >= this.perAddress) return 'per-address';
    if (this.#endpoints.has(endpoint)) return 'same-endpoint';
    const fixed =
      direction === 'outbound' ? this.#fixed.has(endpoint) : this.#fixedAddresses.has(endpoint.slice(0, endpoint.lastIndexOf(':')));
    const seat = new Seat(this, direction, endpoint, counted, fixed);
    this.#endpoints.set(endpoint, seat);
    if (counted !== undefined) this.#perAddress.set(counted, (this.#perAddress.get(counted) ?? 0) + 1);
    return seat;
  }

  /** Whether the connection comes from an endpoint that is connected already: from this node itself. */
  #isOwn(local: CarrierFacts['local']): boolean {
    const address = local && socketAddress(local.address);
    return address !== undefined && this.#endpoints.has(endpointText(address, local!.port));
  }

  /** Called by a seat. */
  take({ direction, fixed }: Seat, id: string, reserved: boolean): 'duplicate' | 'full' | undefined {
    if (this.#keys.has(id)) return 'duplicate';
    const free = this.#active[direction] < this[direction];
    if (!fixed && !reserved && !free) return 'full';
    this.#keys.add(id);
    if (!fixed && !reserved) this.#active[direction]++;
    return undefined;
  }

  /** Called by a seat. */
  leave({ direction, endpoint, counted }: Seat, id: string | undefined, took: boolean): void {
    if (endpoint !== undefined) this.#endpoints.delete(endpoint);
    if (counted !== undefined) {
      const left = this.#perAddress.get(counted)! - 1;
      if (left > 0) this.#perAddress.set(counted, left);
      else this.#perAddress.delete(counted);
    }
    if (id !== undefined) this.#keys.delete(id);
    if (took) this.#active[direction]--;
  }
}

/** The place of one connection. */
export class Seat {
  readonly direction: Direction;
  readonly endpoint: string | undefined;
  /** Under what it is counted per address. */
  readonly counted: string | undefined;
  readonly fixed: boolean;
  readonly #slots: Slots;
  #id: string | undefined;
  #took = false;
  #left = false;

  constructor(slots: Slots, direction: Direction, endpoint: string | undefined, counted: string | undefined, fixed: boolean) {
    this.#slots = slots;
    this.direction = direction;
    this.endpoint = endpoint;
    this.counted = counted;
    this.fixed = fixed;
  }

  /** The peer has proved who it is. @param reserved it needs no free slot. @returns why it may not stay. */
  take(id: string, reserved: boolean): 'duplicate' | 'full' | undefined {
    const refusal = this.#slots.take(this, id, reserved);
    if (refusal === undefined) {
      this.#id = id;
      this.#took = !this.fixed && !reserved;
    }
    return refusal;
  }

  /** A second call does nothing. */
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#slots.leave(this, this.#id, this.#took);
  }
}

/** 2, and one more for each 21 accepted peers up to 5 where there are more than 21; never over half of them, at least 1. */
function perAddressOf(inbound: number): number {
  const many = inbound > DEFAULT_PEERS ? Math.min(5, Math.floor(inbound / DEFAULT_PEERS)) : 0;
  return Math.max(1, Math.min(2 + many, Math.floor(inbound / 2)));
}

function count(name: string, value: number | undefined): number | undefined {
  if (value !== undefined && (!Number.isInteger(value) || value < 0))
    throw new HandfastError('BAD_ARGUMENT', `${name}: expected a whole number of peers`);
  return value;
}

const DEFAULT_PEERS = 21;
const LEAST_OUTBOUND = 10;
const OUTBOUND_PERCENT = 15;
