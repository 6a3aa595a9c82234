/** What soaks: each protocol by `connect` and `listen`, over the carrier it is made for, on 127.0.0.1. What a listener is sent it says back. */
import { connect, Identity, listen } from '../../dist/index.js';
import { SdmpIdentity, SdmpPeers, sdmpContainer, XrplIdentity } from '../../dist/protocols/index.js';

const HOST = '127.0.0.1';
/** All sessions come from one address, and far more often than a listener lets one address come. */
const LIMITS = { handshakesPerSecond: 1e9, handshakeBurst: 1e9, sessions: 1e6, halfOpenPerAddress: 1e6, halfOpen: 1e6, lingering: 1e6 };
/** Heavy keys of the older protocols are made two at a time, and the machine may be slow. */
const DEADLINE_MS = 60_000;
const PASSWORD = 'eleven grey herons on the weir';
const BINARY = { kind: 'bin', meta: { bin_type: 1 } };

/** @param {import('../../dist/core/core.js').Core} core */
export async function everyProtocol(core) {
  const pair = async (make) => [await make({ core }), await make({ core })];
  const [alice, bob] = await pair(Identity.generate);
  const [erin, frank] = await pair(XrplIdentity.generate);
  const [sue, ted] = await pair(SdmpIdentity.generate);
  const noise = () => ({ secretKey: core.random(32) });
  const client = { accessKey: 'satellite-1', password: PASSWORD };
  const knows = (identity) => new SdmpPeers([identity.exportPublicPem()], { core });
  const forms = [
    new Form(
      'handfast',
      { protocol: 'handfast', network: 'soak' },
      { identity: bob, allow: [alice.id] },
      { identity: alice, peer: bob.id },
    ),
    new Form('xrpl', { protocol: 'xrpl', slots: false }, { identity: frank }, { identity: erin }, { kind: 'validation' }),
    new Form('hivemind', { protocol: 'hivemind', binarize: true }, { clients: [client] }, client, BINARY),
    new Form(
      'hivemind v3',
      { protocol: 'hivemind', binarize: true },
      { clients: [client], noise: noise() },
      { ...client, noise: noise() },
      BINARY,
    ),
    new Form('lwstcp', { protocol: 'lwstcp', allowInsecure: true, handshakeKey: new Uint8Array(32).fill(7) }, {}, {}),
    new Form(
      'sdmp',
      { protocol: 'sdmp', group: 'ffdhe2048' },
      { identity: ted, peers: knows(sue) },
      { identity: sue, peers: knows(ted), peer: ted.id },
    ),
  ];
  for (const form of forms) {
    await form.listen(core);
    // Once before it begins: keys of passwords are derived, which may take long, and remembered.
    const first = await form.dial();
    await first.close();
  }
  return {
    forms,
    async close() {
      for (const form of forms) await form.close();
      for (const identity of [alice, bob, erin, frank, sue, ted]) identity.wipe?.();
    },
  };
}

class Form {
  #common;
  #listener;
  #dialler;
  #envelope;
  #server;
  /** Sessions of the listener by their binding, which both ends have alike. */
  #accepted = new Map();

  constructor(name, common, listener, dialler, envelope) {
    this.name = name;
    this.#common = common;
    this.#listener = listener;
    this.#dialler = dialler;
    this.#envelope = envelope;
  }

  async listen(core) {
    const options = { host: HOST, port: 0, backlog: 1024, limits: LIMITS };
    this.#common = { ...this.#common, core, deadlineMs: DEADLINE_MS };
    this.#server = await listen({ ...this.#common, ...this.#listener, ...options });
    this.#server.on('session', (session) => this.#serve(session));
  }

  async #serve(session) {
    const name = nameOf(session);
    this.#accepted.set(name, session);
    try {
      for await (const message of session) await this.send(session, message.copy());
    } catch {
      // Cut by the other side, which is what it meant to do.
    } finally {
      this.#accepted.delete(name);
    }
  }

  dial() {
    return connect({ ...this.#common, ...this.#dialler, host: HOST, port: this.#server.address.port });
  }

  /** A message of this protocol that carries these bytes. */
  pack(bytes) {
    return this.name === 'sdmp' ? sdmpContainer('message', bytes.toString('base64')) : bytes;
  }

  send(session, bytes) {
    return this.#envelope ? session.send(bytes, this.#envelope) : session.send(bytes);
  }

  /** The other end of a session. */
  farEnd(session) {
    return this.#accepted.get(nameOf(session));
  }

  get accepted() {
    return this.#accepted.size;
  }

  close() {
    return this.#server.close({ drainMs: 5_000 });
  }
}

const nameOf = (session) => Buffer.from(session.binding).toString('hex');
