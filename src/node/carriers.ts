/** How a node reaches others and is reached: over TCP, or whatever else brings bytes both ways. */
import { HandfastError } from '../errors.ts';
import { addressText, type Carrier } from '../transport/carrier.ts';
import type { Clock } from '../transport/clock.ts';
import { dialTcp, listenTcp } from '../transport/tcp.ts';
import { parseAddress } from './address.ts';

export interface DialOptions {
  signal: AbortSignal;
  /** Until the connection is there; the handshake has a deadline of its own. */
  deadlineMs: number;
}

export interface Listening {
  /** As others dial it: `host:port`. */
  readonly address: string;
  /** Takes no more connections; those that are there stay. Resolves once the address is free. */
  close(): Promise<void>;
}

export interface Carriers {
  /** @throws (by rejection) HandfastError: HF_CONNECT_FAILED, HF_ABORTED, HF_BAD_ARGUMENT for an address that is none. */
  dial(address: string, options: DialOptions): Promise<Carrier>;
  /** @param failed told when a connection could not be taken. @throws (by rejection) HF_LISTEN_FAILED. */
  listen(accept: (carrier: Carrier) => void, failed: (error: Error) => void): Promise<Listening>;
}

export interface TcpCarriersOptions {
  clock: Clock;
  /** Where `listen` listens: all addresses and any free port by default. */
  listen?: { host?: string | undefined; port?: number | undefined } | undefined;
}

export function tcpCarriers({ clock, listen: where = {} }: TcpCarriersOptions): Carriers {
  return {
    async dial(address, { signal, deadlineMs }) {
      const parsed = parseAddress(address);
      if (!parsed) throw new HandfastError('BAD_ARGUMENT', `address: expected host:port, not ${JSON.stringify(address)}`);
      if (signal.aborted) throw new HandfastError('ABORTED', 'connect was cancelled', { cause: signal.reason });
      return dialTcp({ ...parsed, clock, deadline: clock.now() + deadlineMs, signal });
    },
    async listen(accept, failed) {
      const listener = await listenTcp({ host: where.host, port: where.port ?? 0 }, accept, failed);
      return {
        address: addressText(listener.address)!,
        // The listener calls back when the last connection is gone; no more are taken at once.
        close: async () => listener.close(() => {}),
      };
    },
  };
}
