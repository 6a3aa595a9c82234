// @ts-check
/** One of several processes of an identity, on the built library: handles, listens, writes down what it did, and does what it is told over its channel. */
import { appendFileSync } from 'node:fs';
import { createNode, Identity, redisStore } from '../../dist/index.js';

const { seed, url, port, journal } = JSON.parse(process.argv[2]);
// In one write, so that lines of several processes do not mix, and before anything is answered.
const note = (/** @type {string[]} */ ...words) => appendFileSync(journal, `${words.join(' ')}\n`);
const text = (/** @type {Uint8Array} */ bytes) => Buffer.from(bytes).toString();

/** As whoever starts processes does: where a busy machine lets none connect to Redis within its second, it begins anew. @returns {Promise<import('../../dist/index.js').Node>} */
async function begun() {
  try {
    return await createNode({
      identity: Identity.fromSeed(Buffer.from(seed, 'hex')),
      network: 'cluster',
      store: redisStore(url),
      listen: { host: '127.0.0.1', port },
      limits: { handshakesPerSecond: 1_000, handshakeBurst: 1_000 },
    });
  } catch (error) {
    const { code } = Object(error);
    if (code !== 'HF_STORE_UNAVAILABLE' && code !== 'HF_STORE_LATE') throw error;
    return begun();
  }
}

const node = await begun();
node.handle('', async ({ bytes }, from) => {
  note('handled', text(bytes), from.id);
  if (bytes[0] & 1) await new Promise((resolve) => setImmediate(resolve));
  return bytes;
});
const news = node.subscribe('news');
void (async () => {
  for await (const { bytes } of news) note('heard', text(bytes));
})();
let up = true;
node.on('storeDown', () => {
  up = false;
});
node.on('storeUp', () => {
  up = true;
});

/** However late Redis is: it is written once that can be reached again. */
async function stored() {
  while (await node.stored().then(NO, YES)) await new Promise((resolve) => setImmediate(resolve));
}
const [YES, NO] = [() => true, () => false];

/** @type {Record<string, (order: any) => Promise<unknown>>} */
const orders = {
  request: async ({ peer, payload, deadlineMs }) => text(await node.request(peer, Buffer.from(payload), { deadlineMs })),
  broadcast: async ({ payload }) => void (await node.broadcast('news', Buffer.from(payload))),
  ban: async ({ subject }) => {
    node.ban(subject);
    await stored();
  },
  unban: async ({ subject }) => {
    node.unban(subject);
    await stored();
  },
  up: async () => up,
  bans: async () => node.bans().map(({ subject }) => subject),
  close: async () => {
    await node.close({ drainMs: 1_000 });
    setImmediate(() => process.disconnect());
  },
};

process.on('message', async (/** @type {any} */ { number, order }) => {
  try {
    process.send?.({ number, value: await orders[order.do](order) });
  } catch (error) {
    process.send?.({ number, error: String(Object(error).code ?? error) });
  }
});
process.send?.({ ready: node.address });
