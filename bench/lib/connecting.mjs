// @ts-check
/** New connections of a transport over TCP, one after the other or many at once, both ends in this process. */
import { checkPair, cut, loopback } from './transport.mjs';

/**
 * @param {import('./transport.mjs').Transport} transport @param {number} atOnce
 * @returns {Promise<import('./suite.mjs').Prepared>} a call opens so many and cuts each as soon as both of its ends are there.
 */
export async function connecting(transport, atOnce) {
  const ends = await loopback(transport);
  const once = async () => {
    await cut(await ends.open());
  };
  return {
    operations: atOnce,
    call: atOnce === 1 ? once : async () => Promise.all(Array.from({ length: atOnce }, once)),
    async check() {
      const pair = await ends.open();
      await checkPair(transport, pair);
      await cut(pair);
    },
    close: ends.close,
    ...(transport.facts ? { facts: transport.facts } : {}),
  };
}
