/** LightweightSecureTCP: its cipher on one core, and handshakes over TCP on 127.0.0.1 beside the same round trips without any. */
import { connecting } from '../lib/connecting.mjs';
import { byHandTransport } from '../lib/lwstcp-by-hand.mjs';
import { lwstcpTransport, roundTripsTransport } from '../lib/peers/lwstcp.mjs';
import { loadCore, sameBytes } from '../lib/suite.mjs';

const SIZES = { '64-B': 64, '1-KiB': 1024, '16-KiB': 16_384 };
const AT_ONCE = 16;
const BY_HAND = 'the handshake by hand on node:net';
const overTcp = (caseName) => caseName.startsWith('tcp-');

/** @type {import('../lib/suite.mjs').Suite} */
export const suite = {
  name: 'lwstcp',
  title: 'LightweightSecureTCP on one core: XTEA256, and handshakes over TCP',
  cases: [
    ...Object.keys(SIZES).map((size) => ({
      name: `xtea256/${size}`,
      operation: `XTEA256 with 32 rounds, ${size.replace('-', ' ')} enciphered in place on a slab, in one call`,
      reference: 'handfast pure',
    })),
    {
      name: 'tcp-1',
      operation: 'a new TCP connection, its handshake on both sides, and its end; one after the other',
      reference: 'node:net, same round trips',
      timeFactor: 2,
    },
  ],
  subjects: [
    { name: 'handfast native', prepare: (name) => ours('native', name) },
    { name: 'handfast pure', prepare: (name) => ours('pure', name) },
    {
      name: 'node:net, same round trips',
      protocol: 'none',
      prepare: async (name) => (overTcp(name) ? connecting(roundTripsTransport(), 1) : undefined),
    },
    // The same round trips with the packets and the calls to the core that the protocol asks for: what lies between the two is the cryptography, and what lies beyond is ours.
    {
      name: BY_HAND,
      protocol: 'LightweightSecureTCP',
      quick: false,
      async prepare(name) {
        if (!overTcp(name)) return undefined;
        const transport = await byHandTransport('native');
        return transport.missing ? transport : connecting(transport, 1);
      },
    },
  ],
};

/** @param {'native' | 'pure'} coreName @param {string} caseName */
async function ours(coreName, caseName) {
  if (!overTcp(caseName)) return cipher(coreName, SIZES[caseName.slice('xtea256/'.length)]);
  const transport = await lwstcpTransport(coreName);
  return 'missing' in transport ? transport : connecting(transport, 1);
}

/** @param {'native' | 'pure'} coreName @param {number} size */
async function cipher(coreName, size) {
  const core = await loadCore(coreName);
  if (core.missing) return core;
  const key = core.guarded.import(new Uint8Array(32).fill(7));
  const slab = core.slab(size + 8);
  return {
    operations: AT_ONCE,
    // At an odd place, as messages lie; several in a turn, since taking the time costs as much as half of one.
    call() {
      for (let i = 0; i < AT_ONCE; i++) core.xtea256.encryptIn(slab, 3, size, key, 32);
    },
    check() {
      const zero = new Uint8Array(32);
      sameBytes(core.xtea256.encrypt(zero, new Uint8Array(8), 32), KNOWN, 'block of zeros');
      const before = slab.bytes.slice();
      core.xtea256.encryptIn(slab, 3, size, key, 32);
      core.xtea256.decryptIn(slab, 3, size, key, 32);
      sameBytes(slab.bytes, before, 'plaintext');
    },
    close() {
      key.wipe();
      slab.release();
    },
    facts: { lanes: core.lanes },
  };
}

// Recorded from the library.
const KNOWN = Buffer.from('d8d4e9ded91e13f7', 'hex');
