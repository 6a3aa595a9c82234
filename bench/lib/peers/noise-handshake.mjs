/** noise-handshake: Noise XX on bytes, X25519 by sodium-native; the part that @hyperswarm/secret-stream is made with. No streams and no sockets. */
import { peerPackages } from '../../peers/packages.mjs';
import { SEEDS } from '../transport.mjs';

export async function noiseHandshakes() {
  const found = await peerPackages('noise-handshake', 'noise-handshake/dh.js');
  if (found.missing) return found;
  const [{ default: Noise }, { default: dh }] = found.modules;
  const listener = dh.generateSeedKeyPair(Buffer.from(SEEDS.listener));
  const dialler = dh.generateSeedKeyPair(Buffer.from(SEEDS.dialler));
  const prologue = Buffer.from('bench');
  return {
    keys: { listener: listener.publicKey, dialler: dialler.publicKey },
    facts: { 'noise-handshake': found.version },
    /** One handshake: three messages. */
    handshake() {
      const near = new Noise('XX', true, dialler);
      const far = new Noise('XX', false, listener);
      near.initialise(prologue);
      far.initialise(prologue);
      far.recv(near.send());
      near.recv(far.send());
      far.recv(near.send());
      return { near, far };
    },
  };
}
