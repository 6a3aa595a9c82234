// @ts-check
/** Who shakes hands in the diagrams, and the words for what their machines tell. Names are those of the traces; one without words is an error. */

// Not by name: types are checked where nothing was built yet.
/** @type {typeof import('../../src/protocols/index.ts')} */
const protocols = await import(new URL('../../dist/protocols/index.js', import.meta.url).href);
const { handfast, hivemind, lwstcp, SdmpIdentity, SessionKeyMemory, SdmpPeers, sdmp, XrplIdentity, xrpl } = protocols;
/** @type {typeof import('../../src/core/identity.ts')} */
const { Identity } = await import(new URL('../../dist/core/identity.js', import.meta.url).href);

/**
 * @typedef {import('../../src/core/core.ts').Core} Core
 * @typedef {object} Handshake
 * @property {string} name of the file.
 * @property {string} title
 * @property {Record<'initiator' | 'responder', string>} names of the two sides.
 * @property {string} [before] what the carrier does first.
 * @property {boolean} [inside] TLS: the carrier hides all of it from whoever is on the way.
 * @property {Record<string, string | readonly string[]>} messages what each holds; of several with one name, in their order.
 * @property {Record<string, string>} [steps] other words for steps that are taken.
 * @property {Record<'initiator' | 'responder', string>} judged what a side knows as it is asked whether the other may stay.
 * @property {(core: Core) => Promise<Omit<import('./record.mjs').Recording, 'core'>> | Omit<import('./record.mjs').Recording, 'core'>} cast
 */

const fill = (/** @type {number} */ byte) => new Uint8Array(32).fill(byte);

/** One pair for all runs of a process: to make one takes a tenth of a second, and its numbers are in no diagram. @type {Promise<any[]> | undefined} */
let rsa;

/** @type {readonly Handshake[]} */
export const HANDSHAKES = [
  {
    name: 'handfast',
    title: 'handfast/1',
    names: { initiator: 'A dials', responder: 'B listens' },
    messages: {
      hello: 'versions, suites, tag of the network, a key made for this connection',
      reply: 'version, suite, a key made for this connection; sealed: id, time, signature over all so far',
      finish: 'sealed: id, time, signature over all so far',
      OPEN: 'the first record under the keys of the session',
    },
    judged: {
      initiator: 'B holds the private key of its id, now: may it stay?',
      responder: 'A holds the private key of its id, now: may it stay?',
    },
    cast: (core) => {
      const [alice, bob] = [0xa1, 0xb0].map((byte) => Identity.fromSeed(fill(byte), { core }));
      const network = 'diagrams';
      /** @type {['chacha20-poly1305']} */
      const suites = ['chacha20-poly1305'];
      return {
        initiator: (core) => handfast.initiator({ core, identity: alice, network, suites, peer: bob.id }),
        responder: (core) => handfast.responder({ core, identity: bob, network, suites }),
        watched: { "A's id": alice.publicKey, "B's id": bob.publicKey },
      };
    },
  },
  {
    name: 'xrpl',
    title: 'XRP Ledger overlay',
    names: { initiator: 'client', responder: 'server' },
    before: 'TLS 1.3 first: one round trip. Nobody looks at certificates; both ends keep a value of this very session.',
    inside: true,
    messages: {
      request: 'HTTP head: versions, time, node key, signature over the value of the session',
      101: 'HTTP head: version, time, node key, signature over the same value',
    },
    judged: {
      initiator: 'the server holds its node key, and nobody ends TLS in between: may it stay?',
      responder: 'the client holds its node key, and nobody ends TLS in between: may it stay?',
    },
    cast: (core) => {
      const [alice, bob] = [0xa1, 0xb0].map((byte) => XrplIdentity.fromSecret(fill(byte), { core }));
      const ends = [
        { address: '192.0.2.1', port: 40_000 },
        { address: '192.0.2.2', port: 51_235 },
      ];
      const tls = (/** @type {number} */ own, /** @type {number} */ peer) => ({
        version: 'TLSv1.3',
        cipher: 'TLS_AES_128_GCM_SHA256',
        ownFinished: fill(own),
        peerFinished: fill(peer),
      });
      return {
        initiator: (core) => xrpl.initiator({ core, identity: alice, peer: bob.id }),
        responder: (core) => xrpl.responder({ core, identity: bob }),
        facts: {
          initiator: { local: ends[0], remote: ends[1], tls: tls(1, 2) },
          responder: { local: ends[1], remote: ends[0], tls: tls(2, 1) },
        },
        watched: { "the client's key": alice.id, "the server's key": bob.id },
      };
    },
  },
  {
    name: 'lwstcp',
    title: 'LightweightSecureTCP',
    names: { initiator: 'client dials', responder: 'server listens' },
    messages: {
      request: 'under the key of all devices: a nonce and two numbers',
      response: 'under the key of all devices: the nonce, sum and xor of the numbers',
      'session key': 'under the key of all devices: the key of this session',
    },
    judged: {
      initiator: 'nothing is proved: any 25 and 33 bytes would have done. May it stay?',
      responder: 'the client holds the key of all devices, now: may it stay?',
    },
    cast: () => {
      // Each run gives the same session key, which a client would refuse the second time.
      const handshakeKey = fill(7);
      const options = { handshakeKey, allowInsecure: /** @type {const} */ (true) };
      return {
        initiator: (core) => lwstcp.initiator({ core, ...options, sessionKeys: new SessionKeyMemory() }),
        responder: (core) => lwstcp.responder({ core, ...options }),
        watched: { 'the key of all devices': handshakeKey },
      };
    },
  },
  {
    name: 'sdmp',
    title: 'SDMP 0.12, plain profile',
    names: { initiator: 'A dials', responder: 'B listens' },
    messages: {
      'session object': 'version, a group of the table, a value made for this connection',
      proof: 'under the key of the connection: the signed session object, fingerprint of the signer',
    },
    judged: {
      initiator: 'B, whose RSA key we know, has signed its value: may it stay?',
      responder: 'A, whose RSA key we know, has signed its value: may it stay?',
    },
    cast: async (core) => {
      rsa ??= Promise.all([SdmpIdentity.generate({ core }), SdmpIdentity.generate({ core })]);
      const [alice, bob] = await rsa;
      const known = (/** @type {Core} */ core, /** @type {any} */ other) => new SdmpPeers([other.exportPublicPem()], { core });
      return {
        initiator: (core) => sdmp.initiator({ core, identity: alice, peers: known(core, bob), peer: bob.id }),
        responder: (core) => sdmp.responder({ core, identity: bob, peers: known(core, alice) }),
        watched: { "A's fingerprint": alice.id, "B's fingerprint": bob.id },
      };
    },
  },
  hive('hivemind', 'HiveMind, by password', {
    messages: {
      hello: [
        'in clear: names, and the public key where there is one',
        'under the key of the session: id of the session, where the slave stands',
      ],
      shake: [
        'in clear: which versions, encodings and ciphers there are',
        'envelope: random bytes, a hash of them with the password; what it takes',
        'envelope: other random bytes, a hash of them with the password; what was chosen',
      ],
    },
    judged: {
      initiator: 'the master, or whoever recorded it, knew the password: may it stay?',
      responder: 'the slave has the password, now: may it stay?',
    },
  }),
  hive('hivemind-v3', 'HiveMind, version 3: Noise XXpsk2', {
    noise: true,
    messages: {
      hello: [
        'in clear: names, and the public key where there is one',
        'under the key of the session: id of the session, where the slave stands',
      ],
      shake: [
        'in clear: which handshakes of Noise, encodings and ciphers there are',
        'Noise 1: a key made for this connection; which handshake it is',
        'Noise 2: a key made for this connection; sealed: the key of the master',
        'Noise 3, sealed: the key of the slave',
      ],
    },
    judged: {
      initiator: 'the master has the password, and holds its Noise key, now: may it stay?',
      responder: 'the slave has the password, and holds its Noise key, now: may it stay?',
    },
  }),
];

/** @param {string} name @param {string} title @param {Pick<Handshake, 'messages' | 'judged'> & { noise?: boolean }} more @returns {Handshake} */
function hive(name, title, { noise, ...words }) {
  const accessKey = 'kitchen-satellite';
  const password = 'b6uBzTgrsC3lVqQyD1kFjw';
  const target = hivemind.websocket?.target?.({ accessKey, userAgent: 'diagrams' }) ?? '';
  const keys = { initiator: fill(0xa1), responder: fill(0xb0) };
  return {
    name,
    title,
    names: { initiator: 'slave dials', responder: 'master listens' },
    before: 'Upgrade to WebSocket first: one round trip.',
    steps: { key: 'has the key of the session' },
    ...words,
    cast: () => ({
      initiator: (core) => {
        const options = { core, accessKey, password, userAgent: 'diagrams', siteId: 'kitchen' };
        return hivemind.initiator({ ...options, ...(noise && { noise: { secretKey: keys.initiator } }) });
      },
      responder: (core) =>
        hivemind.responder({ core, clients: [{ accessKey, password }], ...(noise && { noise: { secretKey: keys.responder } }) }),
      borders: true,
      facts: { initiator: {}, responder: { upgrade: { target, headers: {} } } },
      watched: { 'the access key': accessKey, 'the password': password },
    }),
  };
}
