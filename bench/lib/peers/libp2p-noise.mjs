/** @chainsafe/libp2p-noise with its default cryptography over libp2p's own TCP: Noise XX, Ed25519 identities that sign the static key. A stream of bytes, so each message has 4 length bytes. */
import { peerPackages } from '../../peers/packages.mjs';
import { FrameReader, frame } from '../framing.mjs';
import { End, HOST, SEEDS } from '../transport.mjs';

/** @param {object} [crypto] instead of its own. @returns {Promise<import('../transport.mjs').Transport & { memory: () => Promise<{ near: End, far: End }> } | import('../suite.mjs').Missing>} */
export async function libp2pNoiseTransport(crypto) {
  const shimmed = withResolversShim();
  const found = await peerPackages(
    '@chainsafe/libp2p-noise',
    '@libp2p/crypto/keys',
    '@libp2p/peer-id',
    '@libp2p/logger',
    '@libp2p/tcp',
    '@libp2p/utils',
    '@multiformats/multiaddr',
  );
  if (found.missing) return found;
  const [{ noise }, { generateKeyPairFromSeed }, { peerIdFromPrivateKey }, { defaultLogger }, { tcp }, utils, { multiaddr }] =
    found.modules;
  const logger = defaultLogger();
  const side = async (seed) => {
    const privateKey = await generateKeyPairFromSeed('Ed25519', seed);
    const components = { privateKey, logger, upgrader: { getStreamMuxers: () => new Map() } };
    return { id: peerIdFromPrivateKey(privateKey), noise: noise(crypto && { crypto })(components), tcp: tcp()({ logger }) };
  };
  const [listener, dialler] = [await side(SEEDS.listener), await side(SEEDS.dialler)];
  // Multiplexers are agreed on by others, and are not measured.
  const skip = { skipStreamMuxerNegotiation: true };
  const outbound = async (carrier) =>
    new NoiseEnd(carrier, await dialler.noise.secureOutbound(carrier, { ...skip, remotePeer: listener.id }));
  const inbound = async (carrier) =>
    new NoiseEnd(carrier, await listener.noise.secureInbound(carrier, { ...skip, remotePeer: dialler.id }));
  return {
    identities: { listener: idBytes(listener.id), dialler: idBytes(dialler.id) },
    facts: { '@chainsafe/libp2p-noise': found.version, 'Promise.withResolvers': shimmed ? 'a shim, as this Node has none' : "Node's own" },
    async listen(accepted) {
      const upgrader = { upgradeInbound: async (carrier) => accepted(await inbound(carrier)) };
      const server = listener.tcp.createListener({ upgrader });
      await server.listen(multiaddr(`/ip4/${HOST}/tcp/0`));
      const port = Number(/\/tcp\/(\d+)/.exec(server.getAddrs()[0].toString())[1]);
      return { port, close: () => server.close() };
    },
    dial: (port) =>
      dialler.tcp.dial(multiaddr(`/ip4/${HOST}/tcp/${port}`), {
        upgrader: { upgradeOutbound: outbound },
        signal: new AbortController().signal,
      }),
    /** Both sides on libp2p's pair in memory. */
    async memory() {
      const [a, b] = utils.multiaddrConnectionPair();
      const [near, far] = await Promise.all([outbound(a), inbound(b)]);
      return { near, far };
    },
  };
}

class NoiseEnd extends End {
  #carrier;
  #stream;
  #peer;
  #reader = new FrameReader(() => {});

  constructor(carrier, { connection, remotePeer }) {
    super();
    this.#carrier = carrier;
    this.#stream = connection;
    this.#peer = remotePeer;
    connection.addEventListener('message', ({ data }) => this.#reader.take(asBuffer(data)));
  }

  get peer() {
    return idBytes(this.#peer);
  }

  send(message) {
    return this.#stream.send(frame(message));
  }

  drained() {
    return new Promise((resolve) => this.#stream.addEventListener('drain', resolve, { once: true }));
  }

  receive(received) {
    this.#reader = new FrameReader(received);
  }

  async destroy() {
    if (this.#carrier.status !== 'open') return;
    const closed = new Promise((resolve) => this.#carrier.addEventListener('close', resolve, { once: true }));
    this.#stream.abort(new Error('over'));
    await closed;
  }
}

/**
 * The cryptography that the package takes where nothing else is given, which it does not export.
 * @returns {Promise<{ crypto: any, version: string } | import('../suite.mjs').Missing>}
 */
export async function libp2pNoiseDefaults() {
  withResolversShim();
  const found = await peerPackages('@chainsafe/libp2p-noise');
  if (found.missing) return found;
  const { defaultCrypto } = await import(
    new URL('../../peers/node_modules/@chainsafe/libp2p-noise/dist/src/crypto/index.js', import.meta.url).href
  );
  return { crypto: defaultCrypto, version: found.version };
}

/** @param {any} data Uint8Array or Uint8ArrayList. */
function asBuffer(data) {
  const bytes = data.subarray();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function idBytes(peerId) {
  return Buffer.from(peerId.toString());
}

/** libp2p needs it, and Node has it from 22 on. @returns {boolean} whether it was put there. */
function withResolversShim() {
  if (Promise.withResolvers) return false;
  Promise.withResolvers = function withResolvers() {
    const made = {};
    made.promise = new this((resolve, reject) => Object.assign(made, { resolve, reject }));
    return made;
  };
  return true;
}
