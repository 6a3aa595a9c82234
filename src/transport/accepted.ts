/**
 * Accepted sockets, read as dialled ones are. Node puts what comes to where its user wants it (`onread`) for sockets that its user makes, and makes accepted ones itself, without: what came is
 * then a new Buffer each time. So a socket is made anew around the handle of the one that was accepted, before anything was read. Where a socket keeps its handle is no promise of Node's: it
 * is looked at before it is believed, and whatever keeps it elsewhere has its accepted sockets read as streams, which is slower and nothing else.
 */
import { type Server, Socket, type SocketConstructorOpts } from 'node:net';
import type { Carrier, RemoteAddress } from './carrier.ts';
import { carrierOf, carrierOfLanding } from './duplex.ts';
import { Landing } from './landing.ts';

/** @param accepted just now by `server`: nobody has read it, written to it or listened to it. It is the carrier's from here on. */
export function carrierOfAccepted(accepted: Socket, server: Server, remote: RemoteAddress | undefined): Carrier {
  const landing = new Landing();
  const socket = takeOver(accepted, server, landing);
  // As a dialled one: nothing is read before somebody listens.
  return socket ? carrierOfLanding(socket.pause(), landing, remote) : carrierOf(accepted, remote);
}

/** What a socket of Node's keeps to itself: what it reads and writes, and whose count of connections it is in. */
interface Inside {
  _handle?: { readonly useUserBuffer?: unknown } | null;
  _server?: Server | null;
}

/** @returns undefined where a socket is something else inside; `accepted` is then as it was. */
function takeOver(accepted: Socket & Inside, server: Server, landing: Landing): Socket | undefined {
  const handle = accepted._handle;
  if (typeof handle?.useUserBuffer !== 'function' || accepted._server !== server) return undefined;
  const options = {
    handle,
    noDelay: true,
    allowHalfOpen: true,
    emitClose: false,
    autoDestroy: true,
    decodeStrings: false,
    onread: landing.onread,
  };
  const socket: Socket & Inside = new Socket(options as SocketConstructorOpts);
  if (socket._handle !== handle) return undefined;
  accepted._handle = null;
  // Its end is taken off the server's count, and the other's is not.
  socket._server = server;
  accepted._server = null;
  return socket;
}
