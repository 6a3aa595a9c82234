/** HiveMind: handshakes by each way to a key, in memory and over WebSocket on 127.0.0.1, messages there and back, and many wrong passwords at once. */

import { pbkdf2 as pbkdf2Back } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { WebSocketServer } from 'ws';
import { connecting } from '../lib/connecting.mjs';
import { delayDuring } from '../lib/delay.mjs';
import { startOther } from '../lib/other-process.mjs';
import { LIMITS } from '../lib/peers/handfast.mjs';
import { bareTransport, hivemindOptions, hivemindTransport } from '../lib/peers/hivemind.mjs';
import { sameBytes } from '../lib/suite.mjs';
import { checkPair, cut, HOST, loopback } from '../lib/transport.mjs';

const WAYS = {
  password: 'password, version 2',
  preshared: 'pre-shared key, version 0',
  noise: 'Noise XXpsk2, version 3, its key stretched before',
};
/** Fewer where each costs two PBKDF2. */
const atOnceOf = (way) => (way === 'password' ? 8 : 64);
const WRONG = 50;
const BARE = 'ws, same messages';
const CALLS = 'node:crypto, bare calls';
const wayOf = (caseName) => caseName.split('/')[1];

/** @type {import('../lib/suite.mjs').Suite} */
export const suite = {
  name: 'hivemind',
  title: 'HiveMind: handshakes in memory and over WebSocket, messages, and wrong passwords',
  cases: [
    ...Object.entries(WAYS).map(([way, words]) => ({
      name: `memory/${way}`,
      operation: `one handshake in memory, until both sides have opened: ${words}`,
      reference: way === 'password' ? CALLS : 'handfast pure',
      timeFactor: 2,
      protocol: 'HiveMind',
    })),
    ...Object.entries(WAYS).map(([way, words]) => ({
      name: `websocket/${way}`,
      operation: `a new WebSocket, its handshake on both sides, and its end, ${atOnceOf(way)} at once: ${words}`,
      reference: BARE,
      // Most of a call is a wait of 200 ms.
      timeFactor: 0.5,
      protocol: 'HiveMind',
    })),
    ...['password', 'noise'].map((way) => ({
      name: `round-trip-256-B/${way}`,
      operation: `256 bytes there and back over a WebSocket: ${WAYS[way]}`,
      reference: BARE,
    })),
    {
      name: `wrong-passwords-${WRONG}`,
      operation: `${WRONG} clients of a second process at once, each with a wrong password, until all are refused: how long the event loop stands still`,
      reference: BARE,
      measures: 'eventLoopDelayP999Ms',
    },
  ],
  subjects: [
    { name: 'handfast native', prepare: (caseName) => ours('native', caseName) },
    { name: 'handfast pure', prepare: (caseName) => ours('pure', caseName) },
    { name: BARE, protocol: 'none', prepare: bare },
    { name: CALLS, protocol: 'none', prepare: async (caseName) => (caseName === 'memory/password' ? bareCalls() : undefined) },
  ],
};

/** @param {'native' | 'pure'} coreName @param {string} caseName */
async function ours(coreName, caseName) {
  if (caseName.startsWith('wrong')) return wrongPasswords(coreName);
  if (caseName.startsWith('memory/')) return inMemory(coreName, wayOf(caseName));
  const transport = await hivemindTransport(coreName, wayOf(caseName));
  if ('missing' in transport) return transport;
  return caseName.startsWith('websocket/') ? connecting(transport, atOnceOf(wayOf(caseName))) : roundTrip(transport);
}

/** @param {string} caseName */
async function bare(caseName) {
  if (caseName.startsWith('websocket/')) return connecting(bareTransport(), atOnceOf(wayOf(caseName)));
  if (caseName.startsWith('round-trip')) return roundTrip(bareTransport());
  return caseName.startsWith('wrong') ? bareRefusals() : undefined;
}

/** By a clock that is moved: a master greets 200 ms after the upgrade, which nobody waits for here. @param {'native' | 'pure'} coreName @param {string} way */
async function inMemory(coreName, way) {
  const options = await hivemindOptions(coreName, way);
  if (options.missing) return options;
  const { core, slave, master } = options;
  const { connect, listen, memoryPair } = await import('handfast');
  const clock = new MovedClock();
  const server = await listen({ ...master, clock });
  /** @type {((session: any) => void)[]} */
  const waiting = [];
  server.on('session', (session) => waiting.shift()?.(session));
  const target = `/?authorization=${Buffer.from(`bench:${slave.accessKey}`).toString('base64')}`;
  const open = async () => {
    const accepted = new Promise((resolve) => waiting.push(resolve));
    const { ends } = memoryPair({ borders: true, facts: [{}, { upgrade: { target, headers: {} } }] });
    server.accept(ends[1]);
    const dialled = connect({ ...slave, clock, stream: ends[0] });
    // Until both have been told that the carrier stands.
    await new Promise((resolve) => setImmediate(resolve));
    clock.pass(200);
    return Promise.all([dialled, accepted]);
  };
  const end = async (sessions) => {
    for (const session of sessions) session.destroy();
    await Promise.all(sessions.map(({ closed }) => closed));
  };
  return {
    operations: 1,
    call: async () => end(await open()),
    async check() {
      const sessions = await open();
      sameBytes(sessions[0].binding, sessions[1].binding, 'binding');
      await end(sessions);
    },
    async close() {
      await server.close({ drainMs: 0 });
      if (core.guarded.live !== 0) throw new Error(`${core.guarded.live} secrets were not wiped`);
    },
    facts: { core: core.name },
  };
}

class MovedClock {
  #now = 1_790_000_000_000;
  /** @type {Set<{ time: number, run: () => void }>} */
  #timers = new Set();

  now() {
    return this.#now;
  }

  precise() {
    return this.#now;
  }

  at(time, run) {
    const timer = { time, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  pass(ms) {
    this.#now += ms;
    for (const timer of [...this.#timers]) {
      if (timer.time > this.#now || !this.#timers.delete(timer)) continue;
      timer.run();
    }
  }
}

/** @param {import('../lib/transport.mjs').Transport} transport */
async function roundTrip(transport) {
  const ends = await loopback(transport);
  const pair = await ends.open();
  pair.far.echo();
  const ask = pair.near.asker();
  const message = new Uint8Array(256).fill(7);
  return {
    operations: 1,
    call: async () => ask(message),
    async check() {
      sameBytes(await ask(message), message, 'answer');
      const other = await ends.open();
      await checkPair(transport, other);
      await cut(other);
    },
    async close() {
      await cut(pair);
      await ends.close();
    },
    ...(transport.facts ? { facts: transport.facts } : {}),
  };
}

/** What both sides of a handshake by password cannot do without: PBKDF2, once each. */
function bareCalls() {
  const pbkdf2 = promisify(pbkdf2Back);
  const once = (salt) => pbkdf2('correct horse battery staple', salt, 100_000, 32, 'sha256');
  const salt = Buffer.alloc(8, 7);
  return {
    operations: 1,
    // As a function that says it is asynchronous: one that only returns a promise is called once more than counted.
    call: async () => Promise.all([once(salt), once(salt)]),
    async check() {
      sameBytes(await once(salt), await once(Buffer.alloc(8, 7)), 'key');
    },
    facts: { openssl: process.versions.openssl },
  };
}

/** @param {'native' | 'pure'} coreName */
async function wrongPasswords(coreName) {
  const options = await hivemindOptions(coreName, 'password');
  if (options.missing) return options;
  const { listen } = await import('handfast');
  const server = await listen({ ...options.master, host: HOST, port: 0, backlog: 4096 });
  let refused = 0;
  server.on('handshakeError', ({ code }) => {
    if (code === 'HF_WRONG_KEY') refused++;
  });
  const prepared = refusing('hivemind', server.address.port, () => server.close({ drainMs: 0 }));
  return {
    ...prepared,
    async check() {
      refused = 0;
      await prepared.once();
      if (refused !== WRONG) throw new Error(`${refused} of ${WRONG} clients were refused for their password`);
    },
    facts: { core: options.core.name, limits: LIMITS.halfOpen, clients: WRONG },
  };
}

/** Bare WebSockets of which each is greeted, heard once, and closed with 1008. */
async function bareRefusals() {
  const server = new WebSocketServer({ host: HOST, port: 0, backlog: 4096, perMessageDeflate: false });
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    setTimeout(() => {
      socket.send('x'.repeat(180));
      socket.send('x'.repeat(420));
    }, 200);
    socket.on('message', () => socket.close(1008));
  });
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const prepared = refusing('bare', port, () => new Promise((resolve) => server.close(resolve)));
  return { ...prepared, check: () => prepared.once().then(() => {}) };
}

/** @param {'hivemind' | 'bare'} kind @param {number} port @param {() => unknown} close */
function refusing(kind, port, close) {
  const other = startOther(fileURLToPath(new URL('../lib/hivemind-clients.mjs', import.meta.url)));
  const all = () => other.ask({ kind, port, count: WRONG });
  return {
    operations: WRONG,
    once: all,
    async sample() {
      const idle = await delayDuring(() => new Promise((resolve) => setTimeout(resolve, IDLE_MS)));
      const startedAt = performance.now();
      const before = process.cpuUsage();
      const turns = new Turns();
      const delay = await delayDuring(all);
      const longestTurnMs = turns.end();
      const { user, system } = process.cpuUsage(before);
      const ns = (1e6 * (performance.now() - startedAt)) / WRONG;
      return {
        opsPerSecond: (1e6 * WRONG) / (user + system),
        nsPerOp: { p50: ns, p99: ns },
        figures: {
          eventLoopDelayP999Ms: delay.p999,
          eventLoopDelayP99Ms: delay.p99,
          idleEventLoopDelayP999Ms: idle.p999,
          longestTurnProcessorMs: longestTurnMs,
        },
      };
    },
    async close() {
      await other.end();
      await close();
    },
  };
}

/** Processor time between two ticks of a timer of 1 ms: what a turn of the event loop costs, also where the machine gives the time to others meanwhile. */
class Turns {
  #last = process.cpuUsage();
  #longest = 0;
  #timer = setInterval(() => this.#tick(), 1);

  #tick() {
    const now = process.cpuUsage();
    this.#longest = Math.max(this.#longest, now.user + now.system - this.#last.user - this.#last.system);
    this.#last = now;
  }

  /** @returns {number} ms of the longest. */
  end() {
    clearInterval(this.#timer);
    return this.#longest / 1000;
  }
}

const IDLE_MS = 300;
