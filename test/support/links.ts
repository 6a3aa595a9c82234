/** Links between two ends in one process: records lie in queues until a test lets them through, in the orders that the real one allows. */
import type { HandfastError } from '../../src/errors.ts';
import type { Link } from '../../src/node/link.ts';
import { Kind } from '../../src/protocols/handfast/format.ts';
import type { Peer } from '../../src/protocols/machine.ts';
import { peerIdOf } from '../../src/wire/peer-id.ts';

/** Somebody whose key is all of this byte. */
export function peerOf(byte: number): Peer {
  const publicKey = new Uint8Array(32).fill(byte);
  return { id: peerIdOf(publicKey), publicKey };
}

export interface Sent {
  record: Uint8Array;
  /** As it was when it was sent: what a link holds may not change. */
  copy: Uint8Array;
}

/** One side's link; what it sends lies in `sent` until it is taken. */
export class FakeLink implements Link {
  readonly peer: Peer;
  readonly bootId: string | undefined;
  readonly node = true;
  largestBody: number;
  /** Records that may wait. */
  room = Number.POSITIVE_INFINITY;
  /** `send` has said false. */
  full = false;
  readonly sent: Sent[] = [];
  readonly failures: HandfastError[] = [];

  constructor(peer: Peer, { bootId, largestBody = 1_049_583 }: { bootId?: string | undefined; largestBody?: number } = {}) {
    this.peer = peer;
    this.bootId = bootId;
    this.largestBody = largestBody;
  }

  send(kind: number, parts: readonly Uint8Array[]): boolean {
    return this.sendShared(Uint8Array.from([kind, ...parts.flatMap((part) => [...part])]));
  }

  sendShared(record: Uint8Array): boolean {
    if (this.sent.length >= this.room || record.length - 1 > this.largestBody) {
      this.full = true;
      return false;
    }
    this.sent.push({ record, copy: record.slice() });
    return true;
  }

  fail(error: HandfastError): void {
    this.failures.push(error);
  }

  /** What lies there, out of the queue. @throws when a record was changed after it was sent. */
  take(): Uint8Array[] {
    return this.sent.splice(0).map(unchanged);
  }

  /** One record that the real link may send next: in order within small and large ones, a PING behind all before it. @param pick 0 to below 1. */
  next(pick: number): Uint8Array | undefined {
    const large = this.sent.findIndex(({ record }) => record.length > LARGE_BYTES);
    const small = this.sent.findIndex(({ record }) => record.length <= LARGE_BYTES && record[0] !== Kind.ping);
    const ping = this.sent[0]?.record[0] === Kind.ping ? 0 : -1;
    const firsts = [large, small, ping].filter((at) => at >= 0);
    return firsts.length > 0 ? unchanged(this.sent.splice(firsts[Math.floor(pick * firsts.length)]!, 1)[0]!) : undefined;
  }
}

function unchanged({ record, copy }: Sent): Uint8Array {
  if (Buffer.compare(record, copy) !== 0) throw new Error('a record was changed while the link had it');
  return record;
}

/** Far below what the real link calls large, so that short tests have both. */
const LARGE_BYTES = 20;
