/** Other people's libraries with our core put into them, beside what they use by themselves: @chainsafe/libp2p-noise through its `crypto` option. */
import { libp2pNoiseDefaults, libp2pNoiseTransport } from '../lib/peers/libp2p-noise.mjs';
import { loadCore, sameBytes } from '../lib/suite.mjs';
import { checkPair, cut } from '../lib/transport.mjs';

const SIZES = [64, 256, 1_024, 1_500, 16_384, 65_519];
const ITS_OWN = 'libp2p-noise, its own';

/** @type {import('../lib/suite.mjs').Suite} */
export const suite = {
  name: 'adapters',
  title: '@chainsafe/libp2p-noise with the cryptography of a core, in memory, on one core',
  cases: [
    {
      name: 'libp2p-noise/handshake',
      operation: 'a handshake of libp2p-noise in memory, both sides: Noise XX and Ed25519 signatures of its own',
      reference: ITS_OWN,
      timeFactor: 2,
    },
    ...SIZES.map((size) => ({
      name: `libp2p-noise/${size}-B`,
      operation: `${size} bytes sealed, and opened in place, as the connections of libp2p-noise do`,
      reference: ITS_OWN,
    })),
  ],
  subjects: [
    { name: ITS_OWN, protocol: 'Noise XX', prepare: prepared(async () => undefined) },
    { name: 'handfast native in libp2p-noise', protocol: 'Noise XX', prepare: prepared(() => adapterOf('native')) },
    { name: 'handfast pure in libp2p-noise', protocol: 'Noise XX', quick: false, prepare: prepared(() => adapterOf('pure')) },
  ],
};

/** @param {'native' | 'pure'} name */
async function adapterOf(name) {
  const core = await loadCore(name);
  if (core.missing) return core;
  const { noiseCrypto } = await import('handfast/adapters/libp2p-noise');
  return noiseCrypto(core);
}

/** @param {() => Promise<any>} load the cryptography; undefined: the package's own. */
function prepared(load) {
  return async (/** @type {string} */ caseName) => {
    const crypto = await load();
    if (crypto?.missing) return crypto;
    const what = caseName.slice('libp2p-noise/'.length);
    return what === 'handshake' ? handshakes(crypto) : messages(crypto, Number.parseInt(what, 10));
  };
}

/** @param {any} crypto */
async function handshakes(crypto) {
  const transport = await libp2pNoiseTransport(crypto);
  if ('missing' in transport) return transport;
  return {
    operations: 1,
    async call() {
      await cut(await transport.memory());
    },
    async check() {
      const pair = await transport.memory();
      await checkPair(transport, pair);
      await cut(pair);
    },
    facts: transport.facts,
  };
}

/** @param {any} given @param {number} size */
async function messages(given, size) {
  const defaults = await libp2pNoiseDefaults();
  if ('missing' in defaults) return defaults;
  const { chaCha20Poly1305Encrypt: seal, chaCha20Poly1305Decrypt: open } = given ?? defaults.crypto;
  const [key, nonce, ad] = [Buffer.alloc(32, 1), Buffer.alloc(12), Buffer.alloc(0)];
  const message = Buffer.alloc(size, 7);
  let counter = 0;
  const call = () => {
    // Its connections count in the same array, and open in the memory that the ciphertext came in.
    nonce.writeUInt32LE(counter++ >>> 0, 4);
    const sealed = seal(message, nonce, ad, key);
    return open(sealed, nonce, ad, key, sealed.subarray(0, sealed.length - 16));
  };
  return {
    operations: 1,
    call,
    check() {
      sameBytes(call(), message, 'message');
      const [one, other] = [seal, defaults.crypto.chaCha20Poly1305Encrypt].map((each) =>
        Buffer.from(each(message, nonce, ad, key).subarray()),
      );
      sameBytes(one, other, 'ciphertext');
    },
    facts: { '@chainsafe/libp2p-noise': defaults.version },
  };
}
