/** Complete handfast/1 handshakes in memory, both sides in one process on one core, and node:tls 1.3 doing as much. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { byHand } from '../lib/by-hand.mjs';
import { nobleLibrary } from '../lib/library-noble.mjs';
import { sodiumLibrary } from '../lib/library-sodium.mjs';
import { pairOf } from '../lib/machines.mjs';
import { loadCore, optional, sameBytes } from '../lib/suite.mjs';
import { tlsPairs, tlsSettings } from '../lib/tls-pair.mjs';

/** @type {import('../lib/suite.mjs').Suite} */
export const suite = {
  name: 'handshake',
  title: 'Handshakes in memory, both sides on one core',
  cases: [
    {
      name: 'memory',
      operation: 'one handshake, both sides: 2 x (key pair, X25519, Ed25519 sign and verify), until both have opened; keys wiped',
      reference: 'sodium-native by hand',
      timeFactor: 2,
    },
  ],
  subjects: [
    { name: 'handfast native', prepare: () => machines('native') },
    { name: 'handfast pure', prepare: () => machines('pure') },
    { name: 'C loop on libsodium', prepare: async () => cLoop() },
    { name: 'sodium-native by hand', prepare: handMadeOnSodium },
    { name: '@noble by hand', prepare: async () => handMade(await nobleLibrary(), {}) },
    { name: 'node:tls 1.3 mutual', prepare: async () => nodeTls() },
  ],
};

/** @param {'native' | 'pure'} name */
async function machines(name) {
  const core = await loadCore(name);
  if (core.missing) return core;
  const { handfast } = await import('handfast/protocols');
  const { Identity } = await import('handfast');
  const settings = { network: 'demo', core, suites: ['chacha20-poly1305'] };
  const identityOfA = Identity.fromSeed(new Uint8Array(32).fill(1), { core });
  const identityOfB = Identity.fromSeed(new Uint8Array(32).fill(2), { core });
  const pair = pairOf(
    core,
    () => handfast.initiator({ ...settings, identity: identityOfA }),
    handfast.responder({ ...settings, identity: identityOfB }),
  );
  return {
    operations: 1,
    call: pair.handshake,
    check: () => checkBindings(pair.fixedHandshake(FIXED)),
    close() {
      identityOfA.wipe();
      identityOfB.wipe();
      if (core.guarded.live !== 0) throw new Error(`${core.guarded.live} secrets were not wiped`);
    },
    facts: core.parts,
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

function nodeTls() {
  const settings = tlsSettings();
  const pair = tlsPairs(settings);
  return {
    operations: 1,
    async call() {
      const { client, server } = await pair();
      client.destroy();
      server.destroy();
    },
    async check() {
      const { client, server } = await pair();
      if (client.getProtocol() !== 'TLSv1.3' || client.isSessionReused()) throw new Error('not a full handshake of TLS 1.3');
      sameBytes(client.getPeerCertificate().raw, settings.serverCertificate, 'certificate of the server');
      sameBytes(server.getPeerCertificate().raw, settings.clientCertificate, 'certificate of the client');
      client.destroy();
      server.destroy();
    },
    facts: { openssl: process.versions.openssl },
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
