/** Complete handshakes, both sides in one process on one core: in memory, and as new connections over TCP on 127.0.0.1. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { byHand } from '../lib/by-hand.mjs';
import { connecting } from '../lib/connecting.mjs';
import { nobleLibrary } from '../lib/library-noble.mjs';
import { sodiumLibrary } from '../lib/library-sodium.mjs';
import { pairOf } from '../lib/machines.mjs';
import { peerSubjects, transportOf } from '../lib/peers/index.mjs';
import { noiseHandshakes } from '../lib/peers/noise-handshake.mjs';
import { loadCore, optional, sameBytes } from '../lib/suite.mjs';
import { tlsPairs, tlsSettings } from '../lib/tls-pair.mjs';
import { checkPair, cut } from '../lib/transport.mjs';
import { workAlone } from '../lib/work-alone.mjs';

const AT_ONCE = [1, 16, 256];
/** Handshakes in memory at once. */
const TOGETHER = 64;
const ALONE = 'handfast native, its public-key work alone';
const overTcp = (caseName) => caseName.startsWith('tcp-');
const inMemory = (prepare) => async (caseName) => (overTcp(caseName) ? undefined : prepare());
const atOnce = (caseName) => (caseName === 'memory' ? 1 : TOGETHER);

/** @type {import('../lib/suite.mjs').Suite} */
export const suite = {
  name: 'handshake',
  title: 'Handshakes, both sides on one core, in memory and over TCP',
  cases: [
    {
      name: 'memory',
      operation:
        'one handshake in memory, until both sides have opened; handfast/1: 2 x (key pair, X25519, Ed25519 sign and verify), keys wiped',
      reference: 'sodium-native by hand',
      timeFactor: 2,
    },
    {
      name: `memory-${TOGETHER}`,
      operation: `as memory, of ${TOGETHER} that go on at once: a turn's public-key work of all of them is one call where the subject has one`,
      reference: 'sodium-native by hand',
      timeFactor: 2,
    },
    ...AT_ONCE.map((atOnce) => ({
      name: `tcp-${atOnce}`,
      operation: `a new TCP connection, its handshake on both sides, and its end; ${atOnce === 1 ? 'one after the other' : `${atOnce} at once`}`,
      reference: 'node:net',
      timeFactor: 2,
    })),
  ],
  subjects: [
    ...peerSubjects((transport, name) => connecting(transport, Number(name.slice('tcp-'.length))), overTcp, {
      'handfast native': (name) => machines('native', atOnce(name)),
      'handfast pure': (name) => machines('pure', atOnce(name)),
      'node:tls 1.3 mutual': async (name) => nodeTls('Ed25519', atOnce(name)),
      'node:tls 1.3 mutual, P-256': async (name) => nodeTls('P-256', atOnce(name)),
      '@hyperswarm/secret-stream': (name) => pairsInMemory('@hyperswarm/secret-stream', atOnce(name)),
      '@chainsafe/libp2p-noise': (name) => pairsInMemory('@chainsafe/libp2p-noise', atOnce(name)),
    }),
    { name: ALONE, protocol: 'none', quick: false, prepare: async (name) => (overTcp(name) ? undefined : publicKeyWork(atOnce(name))) },
    { name: 'sodium-native by hand', protocol: 'handfast/1', prepare: inMemory(handMadeOnSodium) },
    { name: '@noble by hand', protocol: 'handfast/1', prepare: inMemory(async () => handMade(await nobleLibrary(), {})) },
    { name: 'noise-handshake', protocol: 'Noise XX', quick: false, prepare: inMemory(noiseMessages) },
    { name: 'C loop on libsodium', protocol: 'handfast/1', quick: false, prepare: inMemory(async () => cLoop()) },
  ],
};

/** @param {'native' | 'pure'} name @param {number} count of handshakes at once. */
async function machines(name, count) {
  const core = await loadCore(name);
  if (core.missing) return core;
  const { pairOn, close } = await handfastPairs(core);
  const pair = pairOn(core);
  return {
    operations: count,
    call: count === 1 ? pair.handshake : () => pair.together(count),
    check() {
      checkBindings(pair.fixedHandshake(FIXED));
      if (count > 1) for (const { bindingOfA, bindingOfB } of pair.bindingsTogether(count)) sameBytes(bindingOfA, bindingOfB, 'binding');
    },
    close,
    facts: core.parts,
  };
}

/** @param {number} count of handshakes at once. */
async function publicKeyWork(count) {
  const core = await loadCore('native');
  if (core.missing) return core;
  const { pairOn, close } = await handfastPairs(core);
  const work = workAlone(core, (asked) => (count === 1 ? pairOn(asked).handshake() : pairOn(asked).together(count)));
  return {
    operations: count,
    call: work.call,
    check() {
      const each = 2 * count;
      const counts = work.counts();
      for (const op of ['keygen', 'dh', 'sign', 'verify'])
        if (counts[op] !== each) throw new Error(`${op}: asked for ${counts[op]} times instead of ${each}`);
      work.check();
    },
    close() {
      work.close();
      close();
    },
    facts: core.parts,
  };
}

/** @param {import('handfast/core').Core} core */
async function handfastPairs(core) {
  const { handfast } = await import('handfast/protocols');
  const { Identity } = await import('handfast');
  const settings = { network: 'demo', suites: ['chacha20-poly1305'] };
  const identityOfA = Identity.fromSeed(new Uint8Array(32).fill(1), { core });
  const identityOfB = Identity.fromSeed(new Uint8Array(32).fill(2), { core });
  return {
    /** @param {import('handfast/core').Core} core that does the work; of the same kind. */
    pairOn(core) {
      const optionsOfA = { ...settings, core, identity: identityOfA };
      return pairOf(core, () => handfast.initiator(optionsOfA), handfast.responder({ ...settings, core, identity: identityOfB }));
    },
    close() {
      identityOfA.wipe();
      identityOfB.wipe();
      if (core.guarded.live !== 0) throw new Error(`${core.guarded.live} secrets were not wiped`);
    },
  };
}

async function handMadeOnSodium() {
  const sodium = await optional('sodium-native');
  if (sodium.missing) return sodium;
  return handMade(sodiumLibrary(sodium), { libsodium: sodium.SODIUM_VERSION_STRING ?? 'inside sodium-native' });
}

/** @param {import('../lib/by-hand.mjs').Library} library @param {Record<string, string>} facts */
function handMade(library, facts) {
  const pair = byHand(library);
  return {
    operations: 1,
    call: () => pair.handshake(),
    check() {
      pair.handshake(FIXED);
      const { firstRecord, ...bindings } = pair.made();
      checkBindings(bindings);
      sameBytes(firstRecord, KNOWN.firstRecord, 'first record of A');
    },
    facts,
  };
}

/** @param {import('../lib/tls-pair.mjs').CertificateKind} kind @param {number} count of handshakes at once. */
function nodeTls(kind, count) {
  const settings = tlsSettings(kind);
  // One server each: which of its connections belongs to whom, a server does not say.
  const pairs = Array.from({ length: count }, () => tlsPairs(settings));
  return {
    operations: count,
    call: () =>
      together(count, async (i) => {
        const { client, server } = await pairs[i]();
        client.destroy();
        server.destroy();
      }),
    async check() {
      const { client, server } = await pairs[0]();
      if (client.getProtocol() !== 'TLSv1.3' || client.isSessionReused()) throw new Error('not a full handshake of TLS 1.3');
      sameBytes(client.getPeerCertificate().raw, settings.serverCertificate, 'certificate of the server');
      sameBytes(server.getPeerCertificate().raw, settings.clientCertificate, 'certificate of the client');
      client.destroy();
      server.destroy();
    },
    facts: { openssl: process.versions.openssl },
  };
}

/** @param {number} count @param {(i: number) => Promise<void>} one */
function together(count, one) {
  return count === 1 ? one(0) : Promise.all(Array.from({ length: count }, (_, i) => one(i)));
}

/** A peer with a carrier of its own in memory. @param {string} name @param {number} count of handshakes at once. */
async function pairsInMemory(name, count) {
  const transport = await transportOf(name);
  if (transport.missing) return transport;
  return {
    operations: count,
    call: () => together(count, async () => cut(await transport.memory())),
    async check() {
      const pair = await transport.memory();
      await checkPair(transport, pair);
      await cut(pair);
    },
    facts: transport.facts,
  };
}

/** Noise XX as bytes, without signatures: four X25519 a side, the static keys authenticate. */
async function noiseMessages() {
  const noise = await noiseHandshakes();
  if (noise.missing) return noise;
  return {
    operations: 1,
    call: noise.handshake,
    check() {
      const { near, far } = noise.handshake();
      sameBytes(near.rs, noise.keys.listener, 'who was dialled');
      sameBytes(far.rs, noise.keys.dialler, 'who dialled');
      sameBytes(near.hash, far.hash, 'binding');
      sameBytes(near.tx, far.rx, 'key of one direction');
      sameBytes(near.rx, far.tx, 'key of the other direction');
    },
    facts: noise.facts,
  };
}

/** What a C program pays on the same libsodium for the public-key operations alone: the line that handshakes are held against. */
function cLoop() {
  if (!existsSync(C_LOOP)) {
    return { missing: 'cmake -S . -B build/bench -DHANDFAST_BENCH=ON && cmake --build build/bench --target bench-handshake-loop' };
  }
  const run = () => JSON.parse(execFileSync(C_LOOP, ['1'], { encoding: 'utf8' }));
  const { libsodium } = run();
  return {
    operations: 1,
    // A round of its own: 1,000 handshakes.
    sample: async () => {
      const { opsPerSecond, nsPerOp } = run();
      return { opsPerSecond, nsPerOp: { p50: nsPerOp, p99: nsPerOp } };
    },
    check() {}, // It ends with an exit code when a secret or a signature is wrong.
    facts: { libsodium },
  };
}

/** @param {{ bindingOfA: Uint8Array, bindingOfB: Uint8Array }} made */
function checkBindings({ bindingOfA, bindingOfB }) {
  sameBytes(bindingOfA, KNOWN.binding, 'binding of A');
  sameBytes(bindingOfB, KNOWN.binding, 'binding of B');
}

const C_LOOP = fileURLToPath(new URL('../../build/bench/bench-handshake-loop', import.meta.url));

// Section 6 of docs/protocols/handfast.md, suite 01. The document prints 16 bytes of the binding; the rest is what an implementation on libsodium and one on @noble agree on.
const FIXED = {
  a: { ephemeral: new Uint8Array(32).fill(3), now: 1_700_000_000_050 },
  b: { ephemeral: new Uint8Array(32).fill(4), now: 1_700_000_000_000 },
};
const KNOWN = {
  binding: Buffer.from('f60830e3555e802899657f42b2cdbc707ecec136e31866ff0355ec14df628f17', 'hex'),
  firstRecord: Buffer.from('000000173a43c37db502a6d5b7fc545367104a8e7c00c85e9d852c', 'hex'),
};
