// @ts-check
/** The other process of the suite `node`: answers requests, or is many peers that a node tells something. Started by other-process.mjs. */
import { once } from 'node:events';
import net from 'node:net';
import { FrameReader } from './framing.mjs';
import { loadCore } from './suite.mjs';

const HOST = '127.0.0.1';
const BROADCAST = 4;

/** @type {Record<string, (order: any) => Promise<object>>} */
const orders = {
  /** A node that answers with the bytes in reverse. */
  async answer({ core: name, network }) {
    const { createNode, Identity } = await import('handfast');
    const core = await loadCore(name);
    const node = await createNode({ identity: Identity.generate({ core }), network, core, listen: { host: HOST, port: 0 } });
    node.handle('', ({ bytes }) => bytes.reverse());
    return { id: node.id, address: node.address };
  },

  /** The same without a node: frames of 8 bytes that come back as they are, and the bytes in reverse. */
  async answerBare() {
    const server = net.createServer({ noDelay: true }, (socket) => {
      const reader = new FrameReader((message) => {
        message.subarray(8).reverse();
        const head = Buffer.allocUnsafe(4);
        head.writeUInt32BE(message.length);
        socket.cork();
        socket.write(head);
        socket.write(Buffer.from(message));
        process.nextTick(() => socket.uncork());
      });
      socket.on('data', (chunk) => reader.take(chunk));
      socket.on('error', () => {});
    });
    server.listen(0, HOST);
    await once(server, 'listening');
    return { port: /** @type {net.AddressInfo} */ (server.address()).port };
  },

  /** `count` peers of a node, each with a session and an identity of its own, which take part in gossip and pass nothing on. */
  async listen({ core: name, network, port, peer, count }) {
    const { connect, Identity } = await import('handfast');
    const core = await loadCore(name);
    for (let i = 0; i < count; i++) {
      const identity = Identity.generate({ core });
      const session = await connect({ protocol: 'handfast', identity, network, core, host: HOST, port, peer, node: true });
      void readSession(session, i);
    }
    return {};
  },

  async listenBare({ port, count }) {
    for (let i = 0; i < count; i++) {
      const socket = net.connect({ host: HOST, port, noDelay: true });
      await once(socket, 'connect');
      const reader = new FrameReader((message) => heard(i, message));
      socket.on('data', (chunk) => reader.take(chunk));
    }
    return {};
  },

  /** Once each of them has heard so many since the last such order. @returns the last message, which must be the same for all. */
  async heard({ count, peers }) {
    wanted = count;
    listeners = peers;
    await new Promise((resolve) => {
      reached = () => resolve(undefined);
      check();
    });
    heardBy.clear();
    const [first, ...others] = lastOf.values();
    if (!others.every((other) => Buffer.compare(first, other) === 0)) throw new Error('the peers have not heard the same');
    return { last: first.toString('base64') };
  },
};

let wanted = Number.POSITIVE_INFINITY;
let listeners = 0;
/** @type {Map<number, number>} */
const heardBy = new Map();
/** @type {Map<number, Buffer>} */
const lastOf = new Map();
let reached = () => {};

/** @param {any} session @param {number} number */
async function readSession(session, number) {
  try {
    for await (const { bytes, places, count } of session.batches()) {
      for (let i = 0; i < count; i++) {
        const at = places[2 * i];
        if (bytes[at] === BROADCAST) heard(number, bytes.subarray(at + 1, at + places[2 * i + 1]));
      }
    }
  } catch {
    // Cut at the end of the case.
  }
}

/** @param {number} number @param {Uint8Array} message a view. */
function heard(number, message) {
  const count = (heardBy.get(number) ?? 0) + 1;
  heardBy.set(number, count);
  if (count < wanted) return;
  lastOf.set(number, Buffer.from(message));
  check();
}

function check() {
  if (heardBy.size < listeners) return;
  for (const count of heardBy.values()) if (count < wanted) return;
  reached();
}

process.on('message', async (/** @type {any} */ order) => {
  try {
    process.send?.(await orders[order.do](order));
  } catch (error) {
    process.send?.({ error: /** @type {Error} */ (error).message });
  }
});
process.on('disconnect', () => process.exit());
