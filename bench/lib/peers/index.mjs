// @ts-check
/** The subjects that can listen and dial, by name. Each is loaded only where it is measured. */

/** @typedef {import('../transport.mjs').Transport} Transport */

/**
 * @typedef {object} Peer
 * @property {string} name
 * @property {string} protocol
 * @property {boolean} [quick] false: left out of `--quick`.
 * @property {(credentials?: object) => Promise<Transport | import('../suite.mjs').Missing>} load
 */

/** @type {readonly Peer[]} */
export const PEERS = [
  { name: 'handfast native', protocol: 'handfast/1', load: async () => (await import('./handfast.mjs')).handfastTransport('native') },
  { name: 'handfast pure', protocol: 'handfast/1', load: async () => (await import('./handfast.mjs')).handfastTransport('pure') },
  {
    name: 'node:tls 1.3 mutual',
    protocol: 'TLS 1.3',
    load: async (credentials) => (await import('./sockets.mjs')).tlsTransport('Ed25519', credentials),
  },
  {
    name: 'node:tls 1.3 mutual, P-256',
    protocol: 'TLS 1.3',
    quick: false,
    load: async (credentials) => (await import('./sockets.mjs')).tlsTransport('P-256', credentials),
  },
  {
    name: '@hyperswarm/secret-stream',
    protocol: 'Noise XX',
    quick: false,
    load: async () => (await import('./secret-stream.mjs')).secretStreamTransport(),
  },
  {
    name: '@chainsafe/libp2p-noise',
    protocol: 'Noise XX',
    quick: false,
    load: async () => (await import('./libp2p-noise.mjs')).libp2pNoiseTransport(),
  },
  { name: 'node:net', protocol: 'none', load: async () => (await import('./sockets.mjs')).netTransport() },
];

/** Subjects of the suites that name them. @type {readonly Peer[]} */
const CONTROLS = [
  { name: 'handfast native, lanes off', protocol: 'handfast/1', load: async () => (await import('./handfast.mjs')).withoutLanes() },
  { name: 'handfast native, keys for nothing', protocol: 'none', load: async () => (await import('./handfast.mjs')).withFreeKeys() },
  { name: 'node:net, three flights', protocol: 'none', load: async () => (await import('./sockets.mjs')).flightsTransport() },
];

/** @param {string} name @param {object} [credentials] */
export async function transportOf(name, credentials) {
  return peerOf(name).load(credentials);
}

/** @param {string} name */
function peerOf(name) {
  const peer = [...PEERS, ...CONTROLS].find((one) => one.name === name);
  if (!peer) throw new Error(`no transport is called ${name}`);
  return peer;
}

/**
 * A control as a subject of a suite over sockets, left out of `--quick`.
 * @param {string} name @param {(transport: Transport, caseName: string, peer: Peer) => Promise<import('../suite.mjs').Prepared>} prepare
 * @returns {import('../suite.mjs').Subject}
 */
export function controlSubject(name, prepare) {
  return subjectOf({ ...peerOf(name), quick: false }, (peer, caseName) => overSocketsOf(peer, caseName, prepare));
}

/**
 * All of them as subjects of a suite.
 * @param {(transport: Transport, caseName: string, peer: Peer) => Promise<import('../suite.mjs').Prepared>} prepare cases over sockets.
 * @param {(caseName: string) => boolean} [overSockets] which cases those are; all when absent.
 * @param {Record<string, (caseName: string) => Promise<any>>} [otherwise] prepares the other cases, by name of the subject; one that is not in here takes no part in them.
 * @returns {import('../suite.mjs').Subject[]}
 */
export function peerSubjects(prepare, overSockets = () => true, otherwise = {}) {
  return PEERS.map((peer) =>
    subjectOf(peer, async (_, caseName) => {
      if (!overSockets(caseName)) return otherwise[peer.name]?.(caseName);
      return overSocketsOf(peer, caseName, prepare);
    }),
  );
}

/** @param {Peer} peer @param {(peer: Peer, caseName: string) => Promise<any>} prepare @returns {import('../suite.mjs').Subject} */
function subjectOf(peer, prepare) {
  const { name, protocol, quick } = peer;
  return { name, protocol, ...(quick === undefined ? {} : { quick }), prepare: (caseName) => prepare(peer, caseName) };
}

/** @param {Peer} peer @param {string} caseName @param {(transport: Transport, caseName: string, peer: Peer) => Promise<import('../suite.mjs').Prepared>} prepare */
async function overSocketsOf(peer, caseName, prepare) {
  const transport = await peer.load();
  return 'missing' in transport ? transport : prepare(transport, caseName, peer);
}
