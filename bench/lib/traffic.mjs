// @ts-check
/** Messages over one connection of a transport, both ends in this process. */
import { sameBytes } from './suite.mjs';
import { checkPair, cut, loopback } from './transport.mjs';

const SMALL = Buffer.alloc(256, 'a message of 256 bytes; ');
const LARGE = Buffer.alloc(16 * 1024, 'a message of 16 KiB; ');
/** Messages of one call of the stream. */
const STREAM = 4096;
/** Of them, sent in one turn before there is a look whether there is room for more. */
const CHUNK = 512;

/**
 * @param {import('./transport.mjs').Transport} transport @param {string} caseName
 * @returns {Promise<import('./suite.mjs').Prepared>}
 */
export async function messagesOver(transport, caseName) {
  const ends = await loopback(transport);
  const other = await ends.open();
  await checkPair(transport, other);
  await cut(other);
  const pair = await ends.open();
  const close = async () => {
    await cut(pair);
    await ends.close();
  };
  const common = { close, ...(transport.facts ? { facts: transport.facts } : {}) };
  if (caseName.startsWith('round-trip')) return { ...common, ...roundTrip(pair, caseName.endsWith('16-KiB') ? LARGE : SMALL) };
  return { ...common, ...stream(pair.near, caseName.endsWith('one-by-one') ? pair.far.countOneByOne() : pair.far.count()) };
}

/** @param {{ near: import('./transport.mjs').End, far: import('./transport.mjs').End }} pair @param {Uint8Array} message */
function roundTrip({ near, far }, message) {
  far.echo();
  const ask = near.asker();
  return { operations: 1, call: async () => ask(message), check: async () => sameBytes(await ask(message), message, 'answer') };
}

/** @param {import('./transport.mjs').End} near @param {import('./transport.mjs').Counter} counter of the far end. */
function stream(near, counter) {
  const call = async () => {
    const all = counter.reached(STREAM);
    for (let sent = 0; sent < STREAM; sent += CHUNK) await near.burst(SMALL, CHUNK);
    await all;
  };
  return {
    operations: STREAM,
    call,
    async check() {
      await call();
      sameBytes(counter.last, SMALL, 'last message');
    },
  };
}
