/** The XRPL overlay: signatures on secp256k1, handshakes over TLS on 127.0.0.1, and many signatures of messages at once. */
import { onAllCores } from '../lib/all-cores.mjs';
import { connecting } from '../lib/connecting.mjs';
import { delayDuring } from '../lib/delay.mjs';
import { quantile } from '../lib/statistics.mjs';
import { loadCore, sameBytes } from '../lib/suite.mjs';
import { byHandTransport } from '../lib/xrpl-by-hand.mjs';
import { bareSignatures, upgradeTransport, xrplTransport } from '../lib/xrpl-transport.mjs';

const AT_ONCE = [1, 16];
const MANY = 1024;
const MESSAGE_BYTES = 200;
const CONTROL = 'node:tls and upgrade';
const SIGNED_CONTROL = 'node:tls, upgrade and signatures';
const BY_HAND = 'the handshake by hand on node:tls';
const ONE_THREAD = 'handfast native, one thread';

/** @type {import('../lib/suite.mjs').Suite} */
export const suite = {
  name: 'xrpl',
  title: 'The XRPL overlay: secp256k1, handshakes over TLS on 127.0.0.1, many signatures at once',
  cases: [
    {
      name: 'verify',
      operation: 'one verification on secp256k1: digest of 32 bytes, DER, key just received as 33 bytes',
      reference: 'handfast pure',
    },
    ...AT_ONCE.map((atOnce) => ({
      name: `tls-${atOnce}`,
      operation: `a new TCP connection, TLS 1.3, the upgrade with signatures and checks on both sides, and its end; ${atOnce === 1 ? 'one after the other' : `${atOnce} at once`}`,
      reference: CONTROL,
      // It runs through so much of Node that it gets faster for some ten seconds.
      timeFactor: 4,
    })),
    {
      name: `verify-many-${MANY}`,
      operation: `one of ${MANY} signatures of messages of ${MESSAGE_BYTES} bytes, secp256k1 and Ed25519 in turn, by verifyMany`,
      reference: ONE_THREAD,
      // As many turns of the event loop as a quantile of a thousandth needs.
      timeFactor: 4,
    },
  ],
  subjects: [
    { name: 'handfast native', protocol: 'XRPL overlay', prepare: (name) => ours('native', name) },
    { name: 'handfast pure', protocol: 'XRPL overlay', prepare: (name) => ours('pure', name) },
    {
      name: CONTROL,
      protocol: 'none',
      prepare: async (name) => (name.startsWith('tls-') ? connecting(upgradeTransport(), atOnceOf(name)) : undefined),
    },
    // The control and the four operations that the protocol asks for: what lies between the two is the signatures, and what lies beyond is ours.
    {
      name: SIGNED_CONTROL,
      protocol: 'none',
      quick: false,
      async prepare(name) {
        if (!name.startsWith('tls-')) return undefined;
        const signatures = await bareSignatures('native');
        return signatures.missing ? signatures : connecting(upgradeTransport(signatures), atOnceOf(name));
      },
    },
    // And what the page asks for beside the signatures: session value, fields, checks, by hand.
    {
      name: BY_HAND,
      protocol: 'XRPL overlay',
      quick: false,
      async prepare(name) {
        if (!name.startsWith('tls-')) return undefined;
        const transport = await byHandTransport('native');
        return transport.missing ? transport : connecting(transport, atOnceOf(name));
      },
    },
    { name: ONE_THREAD, prepare: async (name) => (name.startsWith('verify-many') ? many('native', oneByOne) : undefined) },
  ],
};

/** @param {string} caseName */
const atOnceOf = (caseName) => Number(caseName.slice('tls-'.length));

/** @param {'native' | 'pure'} coreName @param {string} caseName */
async function ours(coreName, caseName) {
  if (caseName === 'verify') return verification(coreName);
  if (caseName.startsWith('verify-many')) {
    const { verifyMany } = await import('handfast');
    return many(coreName, (core, items) => verifyMany(items, { core }));
  }
  const transport = await xrplTransport(coreName);
  return transport.missing ? transport : connecting(transport, atOnceOf(caseName));
}

/** @param {'native' | 'pure'} coreName */
async function verification(coreName) {
  const core = await loadCore(coreName);
  if (core.missing) return core;
  const { signature, digest, publicKey } = KNOWN;
  return {
    operations: 1,
    call: () => core.secp256k1.verify(signature, digest, publicKey),
    check() {
      const wrong = Buffer.from(digest);
      wrong[31] ^= 1;
      const verdicts = [digest, wrong].map((each) => Number(core.secp256k1.verify(signature, each, publicKey)));
      sameBytes(Uint8Array.from(verdicts), Uint8Array.of(1, 0), 'verdicts');
    },
    facts: { secp256k1: core.parts.secp256k1 },
  };
}

/**
 * By wall time, since threads share the work, on all cores.
 * @param {'native' | 'pure'} coreName @param {(core: any, items: any[]) => Promise<Uint8Array>} verify
 */
async function many(coreName, verify) {
  const core = await loadCore(coreName);
  if (core.missing) return core;
  const pinAgain = onAllCores();
  const items = signed(core);
  return {
    operations: 1,
    async sample(ms) {
      const idle = await delayDuring(() => new Promise((resolve) => setTimeout(resolve, ms)));
      const took = [];
      const usedBefore = process.cpuUsage();
      const startedAt = performance.now();
      const delay = await delayDuring(async () => {
        for (let now = startedAt; now - startedAt < ms; ) {
          await verify(core, items);
          const done = performance.now();
          took.push(done - now);
          now = done;
        }
      });
      const wallMs = performance.now() - startedAt;
      const { user, system } = process.cpuUsage(usedBefore);
      const ns = (percent) => (1e6 * quantile(took, percent / 100)) / MANY;
      return {
        opsPerSecond: (1000 * MANY * took.length) / wallMs,
        nsPerOp: { p50: ns(50), p99: ns(99) },
        figures: {
          coresBusy: (user + system) / 1000 / wallMs,
          eventLoopDelayP99Ms: delay.p99,
          eventLoopDelayP999Ms: delay.p999,
          idleEventLoopDelayP99Ms: idle.p99,
          idleEventLoopDelayP999Ms: idle.p999,
        },
      };
    },
    async check() {
      const some = items.map((item, i) => (i % 7 === 0 ? { ...item, message: item.message.subarray(1) } : item));
      sameBytes(
        await verify(core, some),
        Uint8Array.from(some, (_, i) => Number(i % 7 !== 0)),
        'verdicts',
      );
    },
    close: pinAgain,
    facts: { core: core.name, rates: 'by wall time, on all cores' },
  };
}

/** What somebody does who has no verifyMany: the same hashes, one call of the core for each curve, on the event loop. */
async function oneByOne(core, items) {
  const valid = new Uint8Array(items.length);
  for (const algorithm of ['secp256k1', 'ed25519']) {
    const places = items.flatMap((item, i) => (item.algorithm === algorithm ? [i] : []));
    const checks = places.map((i) => {
      const { signature, message, publicKey } = items[i];
      if (algorithm === 'ed25519') return { signature, message, publicKey: publicKey.subarray(1) };
      return { signature, message: core.hash.sha512(message).subarray(0, 32), publicKey };
    });
    for (const [k, one] of core[algorithm].verifyMany(checks).entries()) valid[places[k]] = one;
  }
  // Else the event loop would stand still for the whole round, and nobody would hear of it.
  await new Promise((resolve) => setImmediate(resolve));
  return valid;
}

/** With a key each, as messages of many validators are. */
function signed(core) {
  return Array.from({ length: MANY }, (_, i) => {
    const message = core.random(MESSAGE_BYTES);
    if (i % 2 === 0) {
      const { publicKey, secretKey } = core.secp256k1.keyPair();
      const digest = core.hash.sha512(message).subarray(0, 32);
      return { algorithm: 'secp256k1', publicKey, signature: core.secp256k1.sign(digest, secretKey), message };
    }
    const { publicKey, secretKey } = core.ed25519.keyPair();
    const signature = core.ed25519.sign(message, secretKey);
    return { algorithm: 'ed25519', publicKey: Buffer.concat([Buffer.of(0xed), publicKey]), signature, message };
  });
}

/** Made by libsecp256k1 and by python-ecdsa alike. */
const KNOWN = {
  publicKey: Buffer.from('03a9f1b623caa544a8fc576812f213ade5f9f1769d58b0b92496ff88a3b50b3114', 'hex'),
  digest: Buffer.from('91eac7010296c3fa55d3af22c498175471e3b00b871961df47168e63250aafef', 'hex'),
  signature: Buffer.from(
    '304502210099835816719e57a88f2aec1f04927142cd6ae4edf884e8937ca6bcf90c4522b2022016b100da2bf4be0540b0cb1ab4f46dd6646e7d03bdb4a903a896800b5dd8867b',
    'hex',
  ),
};
