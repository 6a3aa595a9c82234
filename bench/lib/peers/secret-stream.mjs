/** @hyperswarm/secret-stream over node:net: Noise XX with static keys on Ed25519's curve, then libsodium's secretstream. It keeps the bounds of messages, so nothing is put before them. */
import { once } from 'node:events';
import net from 'node:net';
import { peerPackages } from '../../peers/packages.mjs';
import { End, HOST, SEEDS } from '../transport.mjs';
import { listening } from './sockets.mjs';

/** @returns {Promise<import('../transport.mjs').Transport & { memory: () => Promise<{ near: End, far: End }> } | import('../suite.mjs').Missing>} */
export async function secretStreamTransport() {
  const found = await peerPackages('@hyperswarm/secret-stream');
  if (found.missing) return found;
  const SecretStream = found.modules[0].default;
  const keys = { listener: SecretStream.keyPair(SEEDS.listener), dialler: SecretStream.keyPair(SEEDS.dialler) };
  const end = async (isDialler, socket) => {
    const own = isDialler ? keys.dialler : keys.listener;
    const other = isDialler ? keys.listener : keys.dialler;
    const stream = new SecretStream(isDialler, socket, { keyPair: own });
    const made = new StreamEnd(stream);
    // False: the handshake failed. It has no way to name the other key before, so it is compared, as its users do.
    if ((await stream.opened) === false || !stream.remotePublicKey.equals(other.publicKey)) throw new Error('not who was expected');
    return made;
  };
  return {
    identities: { listener: keys.listener.publicKey, dialler: keys.dialler.publicKey },
    facts: { '@hyperswarm/secret-stream': found.version },
    listen: (accepted) =>
      listening(net.createServer({ noDelay: true }), 'connection', (socket) => {
        end(false, socket).then(accepted, () => socket.destroy());
      }),
    async dial(port) {
      const socket = net.connect({ host: HOST, port, noDelay: true });
      await once(socket, 'connect');
      return end(true, socket);
    },
    /** Both sides on its own bridges of streams, without sockets. */
    async memory() {
      const dialling = end(true, null);
      const answering = end(false, null);
      const [a, b] = StreamEnd.lastTwo;
      a.rawStream.pipe(b.rawStream).pipe(a.rawStream);
      const [near, far] = await Promise.all([dialling, answering]);
      return { near, far };
    },
  };
}

class StreamEnd extends End {
  /** The streams made last, in order. */
  static lastTwo = [];

  constructor(stream) {
    super();
    this.stream = stream;
    stream.on('error', () => {});
    StreamEnd.lastTwo = [StreamEnd.lastTwo.at(-1), stream];
  }

  get peer() {
    return this.stream.remotePublicKey;
  }

  get binding() {
    return this.stream.handshakeHash;
  }

  send(message) {
    return this.stream.write(message);
  }

  drained() {
    return once(this.stream, 'drain');
  }

  receive(received) {
    this.stream.removeAllListeners('data');
    this.stream.on('data', received);
  }

  async destroy() {
    if (this.stream.destroyed) return;
    const closed = once(this.stream, 'close');
    this.stream.destroy();
    await closed;
  }
}
