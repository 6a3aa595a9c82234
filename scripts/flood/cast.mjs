/** Who takes part in the flood: names, identities that every process can make again, and an address for each. */
import { createHash } from 'node:crypto';
import { connect as dial } from 'node:net';
import { Identity } from '../../dist/index.js';
import { carrierOf } from '../../dist/transport/duplex.js';

export const NETWORK = 'flood';

/** Eight addresses that mean harm. */
export const ATTACKERS = Array.from({ length: 8 }, (_, i) => `127.0.0.${2 + i}`);

/** @param name `honest 7`: the same identity in every process. */
export function identityOf(name) {
  return Identity.fromSeed(new Uint8Array(createHash('sha256').update(`flood ${name}`).digest()));
}

/** Each honest peer has an address of its own. */
export function addressOf(i) {
  return `127.${1 + Math.floor(i / 250)}.1.${1 + (i % 250)}`;
}

/** TCP from one address; nothing is listened on. */
export function carriersFrom(localAddress) {
  return {
    dial: (address, { signal }) =>
      new Promise((resolve, reject) => {
        const [host, port] = address.split(':');
        const socket = dial({ host, port: Number(port), localAddress, noDelay: true, allowHalfOpen: true });
        const failed = (error) => reject(error);
        const aborted = () => socket.destroy(new Error('aborted'));
        socket.once('error', failed);
        signal.addEventListener('abort', aborted, { once: true });
        socket.once('connect', () => {
          signal.removeEventListener('abort', aborted);
          socket.removeListener('error', failed);
          resolve(carrierOf(socket, { address: socket.remoteAddress, port: socket.remotePort }));
        });
      }),
    listen: async () => ({ address: 'nowhere:0', close: async () => {} }),
  };
}

/** Orders come from the parent one by one; what is thrown is told, not swallowed. */
export function obey(orders) {
  process.on('message', async ({ number, name, order }) => {
    try {
      process.send({ number, answer: await orders[name](order) });
    } catch (error) {
      process.send({ number, error: String(error?.stack ?? error) });
    }
  });
  process.on('disconnect', () => process.exit());
}
