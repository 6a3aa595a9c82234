// @ts-check
/** Messages over one connection of a transport, both ends in this process. */
import { sameBytes } from './suite.mjs';
import { checkPair, cut, loopback } from './transport.mjs';

const MESSAGE = Buffer.alloc(256, 'a message of 256 bytes; ');
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
  return caseName.startsWith('round-trip') ? { ...common, ...roundTrip(pair) } : { ...common, ...stream(pair) };
}

/** @param {{ near: import('./transport.mjs').End, far: import('./transport.mjs').End }} pair */
function roundTrip({ near, far }) {
  far.echo();
  const ask = near.asker();
  return { operations: 1, call: async () => ask(MESSAGE), check: async () => sameBytes(await ask(MESSAGE), MESSAGE, 'answer') };
}

/** @param {{ near: import('./transport.mjs').End, far: import('./transport.mjs').End }} pair */
function stream({ near, far }) {
  const counter = far.count();
  const call = async () => {
    const all = counter.reached(STREAM);
    for (let sent = 0; sent < STREAM; sent += CHUNK) await near.burst(MESSAGE, CHUNK);
    await all;
  };
  return {
    operations: STREAM,
    call,
    async check() {
      await call();
      sameBytes(counter.last, MESSAGE, 'last message');
    },
  };
}
