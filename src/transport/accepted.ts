/**
 * Accepted sockets, made as dialled ones are. Node makes them itself: of options that have a form of their own each time, which takes longer than everything else about them, and without `onread`, so
 * that what comes is a new Buffer each time. What a server has accepted is therefore taken before Node makes a socket of it, by members that are no promise of Node's. Whether they do what they did in
 * all versions so far is tried on each server; where they do not, and where somebody else wants to hear of its sockets, these are Node's own and read as streams, which is slower and nothing else.
 */
import { channel } from 'node:diagnostics_channel';
import { type Server, Socket, type SocketConstructorOpts } from 'node:net';
import type { Carrier } from './carrier.ts';
import { carrierOf, carrierOfLanding, remoteOf } from './duplex.ts';
import { Landing } from './landing.ts';
import type { Over } from './tcp.ts';

/**
 * @param server that does not listen yet, and that nobody else has. @param accept given each connection before anybody has read it; it is the carrier's from there on.
 * @param over what runs over each socket; the socket itself when absent.
 */
export function acceptFrom(server: Server, accept: (carrier: Carrier) => void, over?: Over): void {
  const taken = (socket: Socket, landing?: Landing): void => {
    const remote = remoteOf(socket);
    // Without an address it has gone already.
    if (!remote) socket.destroy();
    else if (over) accept(over(socket, remote));
    else accept(landing ? carrierOfLanding(socket, landing, remote) : carrierOf(socket, remote));
  };
  server.on('connection', (socket) => taken(socket));
  server.once('listening', () => takeOver(server as Server & ServerInside, taken, over === undefined));
}

/** What a server keeps to itself. */
interface ServerInside {
  _handle?: { onconnection?: Taker } | null;
  _connections?: unknown;
}

/** And a socket. */
interface SocketInside {
  _server?: ServerInside | null;
}

/** @param failed 0: nothing. @param handle of the connection. */
type Taker = (failed: number, handle: object) => void;

/** @param straight nobody reads the sockets as streams. */
function takeOver(server: ServerInside, taken: (socket: Socket, landing?: Landing) => void, straight: boolean): void {
  const listening = server._handle;
  const theirs = listening?.onconnection;
  if (!listening || typeof theirs !== 'function' || !counts(server)) return;
  listening.onconnection = (failed, handle) => {
    if (failed || toldOfSockets.hasSubscribers) {
      theirs.call(listening, failed, handle);
      return;
    }
    const landing = straight ? new Landing() : undefined;
    const socket = new Socket(accepted(handle, landing?.onread));
    socket.setNoDelay(true);
    count(server, socket);
    taken(socket, landing);
  };
}

/** Whether a socket is counted out again once it has gone: the server closes when all have. */
function counts(server: ServerInside): boolean {
  const before = server._connections;
  const socket: Socket & SocketInside = new Socket();
  if (typeof before !== 'number' || socket._server !== null) return false;
  count(server, socket);
  socket.destroy();
  const counted = server._connections === before;
  server._connections = before;
  return counted;
}

function count(server: ServerInside, socket: Socket & SocketInside): void {
  (server._connections as number)++;
  socket._server = server;
}

/** As those of a dialled socket: all that Node's constructors write into their copy stands there already. One that is read straight is not read before somebody listens. */
function accepted(handle: object, onread: Landing['onread'] | undefined): SocketConstructorOpts {
  const options = {
    handle,
    readable: true,
    writable: true,
    pauseOnCreate: onread !== undefined,
    allowHalfOpen: true,
    emitClose: false,
    autoDestroy: true,
    decodeStrings: false,
    onread,
  };
  return options;
}

/** Who traces connections wants those that Node makes. */
const toldOfSockets = channel('net.server.socket');
