/** Which carrier a protocol goes over, and how one is made of a connected socket. */
import { HandfastError } from '../errors.ts';
import type { CarrierName } from '../protocols/machine.ts';
import type { AnyProtocol } from '../protocols/registry.ts';
import type { Over } from './tcp.ts';
import { type TlsOptions, tlsContext, tlsDialled, tlsOver } from './tls.ts';
import { acceptWebSocket, dialWebSocket } from './websocket.ts';

export interface OverOptions {
  /** Of those that the protocol goes over; its first when absent. */
  carrier?: CarrierName | undefined;
  /** WebSocket over TLS: wss. */
  secure?: boolean | undefined;
  /** Of TLS, where there is any. Nobody's certificate is verified: who the other side is, the protocol proves. */
  tls?: TlsOptions | undefined;
}

export interface DialOverOptions extends OverOptions {
  /** Of a WebSocket: path and query that are asked for; what the protocol says when absent. */
  path?: string | undefined;
  /** Of a WebSocket: further headers of the request. */
  headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * What a dialler puts over its socket; undefined: nothing. A promise only where something has to be waited for. @param options of the protocol too, which may make the path of them.
 * @throws HF_BAD_ARGUMENT; by rejection HF_UNSUPPORTED.
 */
export function dialOver(protocol: AnyProtocol, options: DialOverOptions, host: string, port: number): Over | undefined | Promise<Over> {
  const name = carrierNameOf(protocol, options.carrier);
  if (name === 'tcp') return undefined;
  if (name === 'tls') {
    return tlsDialled(tlsContext('dial', options.tls));
  }
  const { subprotocol, largestMessage = LARGEST_MESSAGE, target } = protocol.websocket ?? {};
  const path = options.path ?? target?.(options) ?? '/';
  if (typeof path !== 'string' || !/^\/[\x21-\x7e]*$/.test(path) || path.includes('#')) {
    throw new HandfastError('BAD_ARGUMENT', 'path: expected a path and query in printable ASCII, beginning with /');
  }
  const secure = options.secure ? tlsContext('dial', options.tls) : undefined;
  return dialWebSocket({ host, port, target: path, subprotocol, largestMessage, headers: options.headers ?? {}, secure });
}

/** What a listener puts over each socket; undefined: nothing. @throws (by rejection) HF_BAD_ARGUMENT, HF_UNSUPPORTED. */
export async function acceptOver(protocol: AnyProtocol, options: OverOptions): Promise<Over | undefined> {
  const name = carrierNameOf(protocol, options.carrier);
  if (name === 'tcp') return undefined;
  if (name === 'tls') {
    const context = tlsContext('accept', options.tls);
    return (socket, remote) => tlsOver(socket, context, remote);
  }
  const { subprotocol, largestMessage = LARGEST_MESSAGE } = protocol.websocket ?? {};
  const secure = options.secure ? tlsContext('accept', options.tls) : undefined;
  return acceptWebSocket({ subprotocol, largestMessage, secure });
}

/** @throws HF_BAD_ARGUMENT, naming those there are. */
export function carrierNameOf({ name, carriers = ['tcp'] }: AnyProtocol, asked: CarrierName | undefined): CarrierName {
  const found = asked ?? carriers[0];
  if (carriers.includes(found)) return found;
  throw new HandfastError('BAD_ARGUMENT', `carrier: ${name} goes over ${carriers.join(', ')}, not ${JSON.stringify(asked)}`);
}

// Of protocols that say nothing of it.
const LARGEST_MESSAGE = 1024 * 1024;
