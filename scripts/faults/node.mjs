/**
 * A node of the faults, in a process of its own. What it does it writes down first, a line at a time, in calls that return when the system has the bytes: a process that is killed
 * keeps its books.
 */
import { openSync, writeSync } from 'node:fs';
import { createNode } from '../../dist/index.js';
import { identityOf, NETWORK, obey } from './cast.mjs';
import { setClock } from './clock.mjs';

const [name, book, port] = process.argv.slice(2);
const file = openSync(book, 'a');
const note = (...words) => writeSync(file, `${words.join(' ')}\n`);
const encode = (text) => new TextEncoder().encode(text);
const decode = (bytes) => new TextDecoder().decode(bytes);

let node;
const asked = new Set();

obey({
  /** @param peers `{ address, peer }`, dialled for ever. */
  async begin({ peers, deadlineMs }) {
    node = await createNode({
      identity: identityOf(name),
      network: NETWORK,
      listen: { host: '127.0.0.1', port: Number(port) },
      peers,
      deadlineMs,
      limits: { halfOpenPerAddress: 200, handshakesPerSecond: 1000, handshakeBurst: 1000 },
    });
    node.handle('echo', async ({ bytes }) => {
      const text = decode(bytes);
      note('handled', text);
      const number = Number(text.split('-')[1]);
      if (number % 3 === 0) await new Promise((resolve) => setTimeout(resolve, number % 200));
      if (number % 10 === 7) throw new Error('a handler that fails');
      return encode(`${text}, answered`);
    });
    // By the true time, however the clock is set.
    for (const [event, kind] of [
      ['peer', '+'],
      ['peerGone', '-'],
    ])
      node.on(event, ({ id, address, direction }) => {
        const port = direction === 'inbound' ? address.split(':').at(-1) : '-';
        note('session', kind, id, port, Math.round(performance.timeOrigin + performance.now()));
      });
    for (const event of ['handshakeError', 'dialFailed']) node.on(event, (error) => note('told', event, error.code));
    node.on('peerGone', (_peer, error) => error && note('told', 'peerGone', error.code));
    node.on('ban', ({ subject }) => note('banned', subject));
    node.on('warn', ({ subject, error }) => note('warned', subject, error.code));
    void listen();
    return node.id;
  },
  async ask({ peer, text, idempotent }) {
    note('asked', text);
    asked.add(text);
    node
      .request(peer, encode(text), { topic: 'echo', idempotent })
      .then(
        (answer) => note(decode(answer) === `${text}, answered` ? 'answered' : 'wrong', text),
        (error) => note('failed', text, error.code ?? 'no-code'),
      )
      .finally(() => asked.delete(text));
  },
  async broadcast({ text }) {
    note('begun', text);
    const id = await node.broadcast('news', encode(text));
    note('sent', text, Buffer.from(id).toString('hex'));
  },
  async setClock({ byMs }) {
    setClock(byMs);
    note('clock', byMs);
  },
  async peers() {
    return { peers: node.peers().map(({ id }) => id), asked: asked.size, memory: process.memoryUsage().rss };
  },
  async end() {
    await node.close();
    note('closed');
  },
});

async function listen() {
  for await (const message of node.subscribe('news', { most: 1_000_000, mostBytes: 2 ** 28 })) {
    note('delivered', decode(message.bytes), Buffer.from(message.id).toString('hex'));
  }
}
