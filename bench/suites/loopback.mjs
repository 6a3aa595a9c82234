/** Over TCP on 127.0.0.1, both ends in one process on one core: new connections, round trips, a one-way stream. `node:net` with the same framing and nothing else is the control. */
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { FrameReader, frame } from '../lib/framing.mjs';
import { loadCore, sameBytes } from '../lib/suite.mjs';
import { tlsSettings } from '../lib/tls-pair.mjs';

const HOST = '127.0.0.1';
const MESSAGE = Buffer.alloc(256, 'a message of 256 bytes; ');
/** Messages of one call of the stream. */
const STREAM = 4096;
/** Of them, sent before waiting for the socket to drain. */
const CHUNK = 512;

/** @type {import('../lib/suite.mjs').Suite} */
export const suite = {
  name: 'loopback',
  title: 'TCP on 127.0.0.1, both ends on one core',
  cases: [
    { name: 'connect', operation: 'a new TCP connection, its handshake on both sides, and its end', reference: 'node:net', timeFactor: 2 },
    { name: 'round-trip-256-B', operation: 'a message of 256 bytes there and back, one at a time', reference: 'node:net' },
    { name: 'stream-256-B', operation: 'a message of 256 bytes one way, as many as go', reference: 'node:net', timeFactor: 2 },
  ],
  subjects: [
    { name: 'handfast native', prepare: (name) => sessions('native', name) },
    { name: 'handfast pure', quick: false, prepare: (name) => sessions('pure', name) },
    { name: 'node:tls 1.3 mutual', prepare: (name) => sockets(name, tlsEnds()) },
    { name: 'node:net', prepare: (name) => sockets(name, netEnds()) },
  ],
};

/** connect and listen of handfast, with limits that let one address come as often as it likes. */
async function sessions(coreName, caseName) {
  const core = await loadCore(coreName);
  if (core.missing) return core;
  const { connect, Identity, listen } = await import('handfast');
  const common = { protocol: 'handfast', network: 'bench', core };
  const listener = Identity.generate({ core });
  const dialler = Identity.generate({ core });
  const limits = { handshakesPerSecond: 1e9, handshakeBurst: 1e9, sessions: 1e6, halfOpenPerAddress: 1e6, halfOpen: 1e6 };
  const server = await listen({ ...common, identity: listener, host: HOST, port: 0, limits });
  const { port } = server.address;
  const open = async () => {
    const accepted = once(server, 'session');
    const near = await connect({ ...common, identity: dialler, host: HOST, port });
    const [far] = await accepted;
    return { near, far };
  };
  const close = async ({ near, far }) => {
    near.destroy();
    far.destroy();
    await Promise.all([near.closed, far.closed]);
  };
  const facts = { core: core.name, limits: 'none for one address, sessions and half-open handshakes' };
  if (caseName === 'connect') {
    return {
      operations: 1,
      async call() {
        await close(await open());
      },
      async check() {
        const pair = await open();
        sameBytes(pair.near.binding, pair.far.binding, 'binding');
        if (pair.near.peer.id !== listener.id || pair.far.peer.id !== dialler.id) throw new Error('not who was dialled');
        await close(pair);
      },
      close: () => server.close({ drainMs: 0 }),
      facts,
    };
  }
  const pair = await open();
  const end = async () => {
    await close(pair);
    await server.close({ drainMs: 0 });
  };
  if (caseName === 'round-trip-256-B') {
    echoSessions(pair.far);
    const answers = pair.near.batches();
    const call = async () => {
      pair.near.send(MESSAGE);
      const { value } = await answers.next();
      if (value.count !== 1 || value.places[1] !== MESSAGE.length) throw new Error('not one answer');
      return value;
    };
    const check = async () => {
      const { bytes, places } = await call();
      sameBytes(bytes.subarray(places[0], places[0] + places[1]), MESSAGE, 'answer');
    };
    return { operations: 1, call, check, close: end, facts };
  }
  const counter = new Counter();
  countSessions(pair.far, counter);
  const call = async () => {
    const all = counter.reached(STREAM);
    for (let sent = 0; sent < STREAM; sent += CHUNK) {
      for (let i = 1; i < CHUNK; i++) pair.near.send(MESSAGE);
      await pair.near.send(MESSAGE);
    }
    await all;
  };
  return { operations: STREAM, call, check: () => checkStream(call, counter), close: end, facts };
}

async function echoSessions(session) {
  try {
    for await (const { bytes, places, count } of session.batches()) {
      for (let i = 0; i < count; i++) session.send(bytes.subarray(places[2 * i], places[2 * i] + places[2 * i + 1]));
    }
  } catch {
    // Cut at the end of the case.
  }
}

async function countSessions(session, counter) {
  try {
    for await (const { bytes, places, count } of session.batches()) {
      counter.add(count, bytes.subarray(places[2 * count - 2], places[2 * count - 2] + places[2 * count - 1]));
    }
  } catch {
    // Cut at the end of the case.
  }
}

/** Sockets with 4 length bytes before each message. @param {{ listen: () => Promise<any>, connect: (port: number) => Promise<any>, event: string }} ends */
async function sockets(caseName, ends) {
  const server = await ends.listen();
  const { port } = server.address();
  const open = async () => {
    const accepted = once(server, ends.event);
    const near = await ends.connect(port);
    const [far] = await accepted;
    near.setNoDelay(true);
    far.setNoDelay(true);
    return { near, far };
  };
  const close = async ({ near, far }) => {
    const ended = Promise.all([once(near, 'close'), once(far, 'close')]);
    near.destroy();
    far.destroy();
    await ended;
  };
  if (caseName === 'connect') {
    const call = async () => {
      await close(await open());
    };
    return { operations: 1, call, check: call, close: () => server.close() };
  }
  const pair = await open();
  const end = async () => {
    await close(pair);
    server.close();
  };
  if (caseName === 'round-trip-256-B') {
    const echo = new FrameReader((message) => pair.far.write(frame(message)));
    pair.far.on('data', (chunk) => echo.take(chunk));
    let answered;
    const answers = new FrameReader((message) => answered(message));
    pair.near.on('data', (chunk) => answers.take(chunk));
    const call = () =>
      new Promise((resolve) => {
        answered = resolve;
        pair.near.write(frame(MESSAGE));
      });
    return { operations: 1, call, check: async () => sameBytes(await call(), MESSAGE, 'answer'), close: end };
  }
  const counter = new Counter();
  const reader = new FrameReader((message) => counter.add(1, message));
  pair.far.on('data', (chunk) => reader.take(chunk));
  const call = async () => {
    const all = counter.reached(STREAM);
    for (let sent = 0; sent < STREAM; sent += CHUNK) {
      let more = true;
      // Gathered, as a careful application does: one write of the system for what is sent in one turn.
      pair.near.cork();
      for (let i = 0; i < CHUNK; i++) more = pair.near.write(frame(MESSAGE));
      pair.near.uncork();
      if (!more) await once(pair.near, 'drain');
    }
    await all;
  };
  return { operations: STREAM, call, check: () => checkStream(call, counter), close: end };
}

function netEnds() {
  return {
    event: 'connection',
    listen: async () => listening(net.createServer()),
    async connect(port) {
      const socket = net.connect({ host: HOST, port });
      await once(socket, 'connect');
      return socket;
    },
  };
}

function tlsEnds() {
  const { server, client } = tlsSettings();
  return {
    event: 'secureConnection',
    listen: async () => listening(tls.createServer(server)),
    async connect(port) {
      const socket = tls.connect({ ...client, host: HOST, port });
      await once(socket, 'secureConnect');
      if (!socket.authorized) throw socket.authorizationError;
      return socket;
    },
  };
}

async function listening(server) {
  server.listen(0, HOST);
  await once(server, 'listening');
  return server;
}

async function checkStream(call, counter) {
  await call();
  sameBytes(counter.last, MESSAGE, 'last message');
}

/** Waits for so many messages. */
class Counter {
  #left = 0;
  #done;
  last = Buffer.alloc(0);

  reached(count) {
    this.#left = count;
    return new Promise((resolve) => {
      this.#done = resolve;
    });
  }

  add(count, last) {
    this.#left -= count;
    if (this.#left > 0) return;
    // The view is only valid now.
    this.last = Buffer.from(last);
    this.#done();
  }
}
