/**
 * Accepted sockets, read as dialled ones are. Node puts what comes to where its user wants it (`onread`) for sockets that its user makes, and makes accepted ones itself, without: what came is
 * then a new Buffer each time. So an accepted socket is told afterwards, before anything was read, by the members that Node's constructor tells itself by. They are no promise of Node's: they
 * are found by looking at a socket that was made with `onread`, and wherever that does not show them, accepted sockets are read as streams, which is slower and nothing else.
 */
import { type OnReadOpts, type Server, Socket } from 'node:net';
import type { Carrier, RemoteAddress } from './carrier.ts';
import { carrierOf, carrierOfLanding } from './duplex.ts';
import { Landing } from './landing.ts';

/** @param accepted just now by `server`: nobody has read it, written to it or listened to it. It is the carrier's from here on. */
export function carrierOfAccepted(accepted: Socket, server: Server, remote: RemoteAddress | undefined): Carrier {
  const landing = new Landing();
  if (!readsTo(landing.onread, accepted, server)) return carrierOf(accepted, remote);
  // As a dialled one: nothing is read before somebody listens.
  return carrierOfLanding(accepted.pause(), landing, remote);
}

/** What a socket of Node's keeps to itself. */
interface Inside {
  _handle?: { useUserBuffer?: unknown } | null;
  _server?: Server | null;
  [member: symbol]: unknown;
}

/** Where a socket keeps what it was told by `onread`. */
interface Members {
  /** Where it reads to next. */
  readonly buffer: symbol;
  readonly callback: symbol;
  readonly next: symbol;
}

/** @returns false where a socket is something else inside; `accepted` is then as it was. */
function readsTo(onread: Landing['onread'], accepted: Socket, server: Server): boolean {
  const inside = accepted as unknown as Inside;
  const handle = inside._handle;
  if (!members || typeof handle?.useUserBuffer !== 'function' || inside._server !== server) return false;
  const { buffer, callback, next } = members;
  const first = onread.buffer();
  handle.useUserBuffer(first);
  inside[buffer] = first;
  inside[callback] = onread.callback;
  inside[next] = onread.buffer;
  return true;
}

/** Every socket has these members, so that none gets another form by being told later. @returns undefined where they are not as they were in all versions so far. */
function membersOf(): Members | undefined {
  const onread: OnReadOpts = { buffer: () => new Uint8Array(1), callback: () => true };
  const told = new Socket({ onread } as object) as unknown as Inside;
  const untold = new Socket() as unknown as Inside;
  const holding = (value: unknown): symbol[] =>
    Object.getOwnPropertySymbols(told).filter((member) => told[member] === value && untold[member] === null);
  const [buffers, callbacks, nexts] = [holding(true), holding(onread.callback), holding(onread.buffer)];
  if (buffers.length !== 1 || callbacks.length !== 1 || nexts.length !== 1) return undefined;
  return { buffer: buffers[0], callback: callbacks[0], next: nexts[0] };
}

const members = membersOf();
