/** Sessions of `connect` and `listen`, with limits that let one address come as often as it likes. */
import { freeKeys } from '../free-keys.mjs';
import { loadCore } from '../suite.mjs';
import { Counter, End, HOST, SEEDS } from '../transport.mjs';

/** @param {'native' | 'pure'} coreName @returns {Promise<import('../transport.mjs').Transport | import('../suite.mjs').Missing>} */
export async function handfastTransport(coreName) {
  const core = await loadCore(coreName);
  return core.missing ? core : transportWith(core);
}

/** Public-key work and ciphers as without AVX-512. In a process where nothing has loaded the native core yet. */
export async function withoutLanes() {
  process.env.HANDFAST_LANES = 'off';
  const core = await loadCore('native');
  if (core.missing) return core;
  if (core.lanes !== 'off') throw new Error('the native core was loaded before');
  return transportWith(core);
}

/** What lanes could save at most. */
export async function withFreeKeys() {
  const core = await loadCore('native');
  return core.missing ? core : transportWith(freeKeys(core));
}

/** @param {import('handfast/core').Core} core @returns {Promise<import('../transport.mjs').Transport>} */
async function transportWith(core) {
  const { connect, Identity, listen } = await import('handfast');
  const common = { protocol: 'handfast', network: 'bench', core };
  const listener = Identity.fromSeed(SEEDS.listener, { core });
  const dialler = Identity.fromSeed(SEEDS.dialler, { core });
  return {
    identities: { listener: Buffer.from(listener.id), dialler: Buffer.from(dialler.id) },
    facts: { core: core.name, limits: 'none for one address, sessions and half-open handshakes' },
    async listen(accepted) {
      const server = await listen({
        ...common,
        identity: listener,
        host: HOST,
        port: 0,
        backlog: 4096,
        allow: [dialler.id],
        limits: LIMITS,
      });
      server.on('session', (session) => accepted(new SessionEnd(session)));
      return { port: server.address.port, close: () => server.close({ drainMs: 0 }) };
    },
    dial: async (port) => new SessionEnd(await connect({ ...common, identity: dialler, host: HOST, port, peer: listener.id })),
  };
}

export class SessionEnd extends End {
  constructor(session) {
    super();
    this.session = session;
  }

  get peer() {
    return Buffer.from(this.session.peer.id);
  }

  get binding() {
    return this.session.binding;
  }

  send(message) {
    this.session.send(message);
    return true;
  }

  receive(received) {
    this.#batches((bytes, places, count) => {
      for (let i = 0; i < count; i++) received(message(bytes, places, i));
    });
  }

  destroy() {
    this.session.destroy();
    return this.session.closed;
  }

  asker() {
    const answers = this.session.batches();
    return async (question) => {
      this.session.send(question);
      const { value } = await answers.next();
      if (value.count !== 1) throw new Error('not one answer');
      return message(value.bytes, value.places, 0);
    };
  }

  count() {
    const counter = new Counter();
    this.#batches((bytes, places, count) => counter.add(count, message(bytes, places, count - 1)));
    return counter;
  }

  countOneByOne() {
    const counter = new Counter();
    this.#messages((bytes) => counter.add(1, bytes));
    return counter;
  }

  /** The last promise waits for the socket; what is sent in one turn is gathered by the session itself. */
  async burst(message, times) {
    for (let i = 1; i < times; i++) this.session.send(message);
    await this.session.send(message);
  }

  async #batches(take) {
    try {
      for await (const { bytes, places, count } of this.session.batches()) take(bytes, places, count);
    } catch {
      // Cut at the end of the case.
    }
  }

  async #messages(take) {
    try {
      for await (const { bytes } of this.session) take(bytes);
    } catch {
      // Cut at the end of the case.
    }
  }
}

function message(bytes, places, i) {
  return bytes.subarray(places[2 * i], places[2 * i] + places[2 * i + 1]);
}

export const LIMITS = {
  handshakesPerSecond: 1e9,
  handshakeBurst: 1e9,
  sessions: 1e6,
  halfOpenPerAddress: 1e6,
  halfOpen: 1e6,
  lingering: 1e6,
};
