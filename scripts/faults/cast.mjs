/** Who takes part in the faults, and how a process is given orders. */
import { createHash } from 'node:crypto';
import { Identity } from '../../dist/index.js';

export const NETWORK = 'faults';

/** @param name `n3`: the same identity in every life of it, and in the process that watches. */
export function identityOf(name) {
  return Identity.fromSeed(new Uint8Array(createHash('sha256').update(`faults ${name}`).digest()));
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
