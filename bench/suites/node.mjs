/** Nodes in two processes over TCP on 127.0.0.1, each on a core of its own where there are two: requests and their answers, and broadcasts to many peers. `node:net` without any of it is the control. */
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { FrameReader, frame } from '../lib/framing.mjs';
import { startOther } from '../lib/other-process.mjs';
import { quantile } from '../lib/statistics.mjs';
import { loadCore, sameBytes } from '../lib/suite.mjs';

const HOST = '127.0.0.1';
const NETWORK = 'bench';
const TOPIC = 'bench';
const PAYLOAD = 256;
/** Broadcasts under way before the next are sent. */
const TURN = 32;
const PARTNER = fileURLToPath(new URL('../lib/node-partner.mjs', import.meta.url));

/** @type {import('../lib/suite.mjs').Suite} */
export const suite = {
  name: 'node',
  title: 'Two processes over TCP on 127.0.0.1: requests, and broadcasts to many peers',
  cases: [
    { name: 'request-1', operation: `a request of ${PAYLOAD} bytes and its answer, one at a time`, reference: 'node:net' },
    { name: 'request-64', operation: `a request of ${PAYLOAD} bytes and its answer, 64 in flight`, reference: 'node:net' },
    { name: 'fan-out-8', operation: `a broadcast of ${PAYLOAD} bytes signed once and read by 8 peers`, reference: 'node:net' },
    { name: 'fan-out-64', operation: `a broadcast of ${PAYLOAD} bytes signed once and read by 64 peers`, reference: 'node:net' },
  ],
  subjects: [
    { name: 'handfast native', prepare: (name) => nodes('native', name) },
    { name: 'handfast pure', prepare: (name) => nodes('pure', name) },
    { name: 'node:net', prepare: bare },
  ],
};

const facts = { rates: 'by wall time, since two processes share the work' };

/** @param {'native' | 'pure'} coreName @param {string} caseName */
async function nodes(coreName, caseName) {
  const core = await loadCore(coreName);
  if (core.missing) return core;
  const { createNode, Identity } = await import('handfast');
  const other = startOther(PARTNER);
  const identity = Identity.generate({ core });
  const count = countOf(caseName);
  const options = { identity, network: NETWORK, core };
  if (caseName.startsWith('request')) {
    const { id, address } = await other.ask({ do: 'answer', core: coreName, network: NETWORK });
    const node = await createNode({ ...options });
    await node.connect(address, { peer: id });
    return requests(
      count,
      (bytes) => node.request(id, bytes),
      { ...facts, core: core.name },
      closing(other, () => node.close()),
    );
  }
  // As many as it can be made to send.
  const limits = { handshakesPerSecond: 1e9, handshakeBurst: 1e9, halfOpenPerAddress: 256, gossip: { publishedPerSecond: 1_000_000 } };
  const node = await createNode({ ...options, limits, maxPeers: 128, listen: { host: HOST, port: 0 } });
  const port = Number(node.address.split(':').at(-1));
  await other.ask({ do: 'listen', core: coreName, network: NETWORK, port, peer: node.id, count });
  while (node.peers().length < count) await once(node, 'peer');
  const payload = randomBytes(PAYLOAD);
  return broadcasts({
    count,
    other,
    send: () => node.broadcast(TOPIC, payload),
    check: (body) => checkEnvelope(body, identity.publicKey, payload),
    facts: { ...facts, core: core.name, limits: 'none for broadcasts a second' },
    close: closing(other, () => node.close()),
  });
}

/** Frames on sockets: the same bytes to carry, nothing to prove. @param {string} caseName */
async function bare(caseName) {
  const other = startOther(PARTNER);
  const count = countOf(caseName);
  if (caseName.startsWith('request')) {
    const { port } = await other.ask({ do: 'answerBare' });
    const socket = net.connect({ host: HOST, port, noDelay: true });
    await once(socket, 'connect');
    return requests(
      count,
      asking(socket),
      facts,
      closing(other, () => socket.destroy()),
    );
  }
  const server = net.createServer({ noDelay: true });
  server.listen(0, HOST);
  await once(server, 'listening');
  const sockets = [];
  server.on('connection', (socket) => sockets.push(socket.on('error', () => {})));
  await other.ask({ do: 'listenBare', port: server.address().port, count });
  while (sockets.length < count) await once(server, 'connection');
  const payload = randomBytes(PAYLOAD);
  const message = frame(payload);
  const end = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return broadcasts({
    count,
    other,
    async send() {
      for (const socket of sockets) gathered(socket, message);
    },
    check: (body) => sameBytes(body, payload, 'message'),
    facts,
    close: closing(other, end),
  });
}

/** `count` loops, each of which asks again when it was answered. */
function requests(count, ask, subjectFacts, close) {
  const payload = randomBytes(PAYLOAD);
  const expected = Buffer.from(payload).reverse();
  return {
    operations: 1,
    async sample(ms) {
      const took = [];
      const startedAt = performance.now();
      const loop = async () => {
        for (let now = performance.now(); now - startedAt < ms; ) {
          await ask(payload);
          const done = performance.now();
          took.push(done - now);
          now = done;
        }
      };
      await Promise.all(Array.from({ length: count }, loop));
      return sampled(took, took.length, performance.now() - startedAt);
    },
    async check() {
      const answers = await Promise.all(Array.from({ length: count }, () => ask(payload)));
      for (const answer of answers) sameBytes(answer, expected, 'answer');
    },
    close,
    facts: subjectFacts,
  };
}

/** A turn of broadcasts after the other, each turn read by all peers before the next. */
function broadcasts({ count, other, send, check, facts: subjectFacts, close }) {
  const turn = async () => {
    const heard = other.ask({ do: 'heard', count: TURN, peers: count });
    for (let i = 0; i < TURN; i++) await send();
    return Buffer.from((await heard).last, 'base64');
  };
  return {
    operations: 1,
    async sample(ms) {
      const took = [];
      const startedAt = performance.now();
      for (let now = startedAt; now - startedAt < ms; ) {
        await turn();
        const done = performance.now();
        took.push((done - now) / TURN);
        now = done;
      }
      return sampled(took, took.length * TURN, performance.now() - startedAt);
    },
    check: async () => check(await turn()),
    close,
    facts: subjectFacts,
  };
}

/** @param {number[]} took milliseconds. @returns {import('../lib/suite.mjs').Sample} */
function sampled(took, operations, ms) {
  const ns = (percent) => 1e6 * quantile(took, percent / 100);
  const latency = Object.fromEntries([1, 10, 25, 50, 75, 90, 99].map((percent) => [`p${percent}`, ns(percent)]));
  return { opsPerSecond: (1000 * operations) / ms, nsPerOp: { p50: latency.p50, p99: latency.p99 }, latency };
}

/** Requests with numbers over a bare socket. @returns {(bytes: Uint8Array) => Promise<Buffer>} */
function asking(socket) {
  const waiting = new Map();
  let last = 0;
  const reader = new FrameReader((message) => {
    const number = message.readUInt32BE(4);
    waiting.get(number)?.(Buffer.from(message.subarray(8)));
    waiting.delete(number);
  });
  socket.on('data', (chunk) => reader.take(chunk));
  return (bytes) =>
    new Promise((resolve) => {
      const number = ++last;
      waiting.set(number, resolve);
      const message = Buffer.alloc(8 + bytes.length);
      message.writeUInt32BE(number, 4);
      message.set(bytes, 8);
      gathered(socket, frame(message));
    });
}

/** What is written in one turn leaves in one write, as a careful application does. */
function gathered(socket, bytes) {
  if (socket.writableCorked === 0) {
    socket.cork();
    process.nextTick(() => socket.uncork());
  }
  socket.write(bytes);
}

/** Section 7 of docs/protocols/handfast.md, by node:crypto. @param {Buffer} body `u8 hops | envelope`. */
function checkEnvelope(body, publicKey, payload) {
  const label = (text) => Buffer.from(`handfast/1 ${text}\0`);
  const tag = createHash('blake2b512').update(label('network')).update(NETWORK).digest().subarray(0, 16);
  const envelope = body.subarray(1);
  const signed = Buffer.concat([label('broadcast'), tag, envelope.subarray(0, -64)]);
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') }, format: 'jwk' });
  if (!verify(null, signed, key, envelope.subarray(-64))) throw new Error('the signature of the broadcast does not verify');
  sameBytes(envelope.subarray(0, 32), publicKey, 'origin');
  sameBytes(envelope.subarray(-64 - PAYLOAD, -64), payload, 'payload');
}

const countOf = (caseName) => Number(caseName.split('-').at(-1));

const closing = (other, end) => async () => {
  await other.end();
  await end();
};
