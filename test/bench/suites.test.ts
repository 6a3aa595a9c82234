/** Every suite once, as short as it goes: that each subject that is there makes the right bytes, and what the JSON holds. No figure is looked at. */
import { generateKeyPairSync, getDiffieHellman } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { duplexPair } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { runBenchmarks, SUITES } from '../../bench/index.mjs';
import { byHand } from '../../bench/lib/by-hand.mjs';
import { nobleLibrary } from '../../bench/lib/library-noble.mjs';
import { PEERS } from '../../bench/lib/peers/index.mjs';
import { sdmpByHand } from '../../bench/lib/sdmp-by-hand.mjs';
import type { Suite } from '../../bench/lib/suite.mjs';
import { checkPair, cut, loopback, type Transport } from '../../bench/lib/transport.mjs';
import { byHandTransport } from '../../bench/lib/xrpl-by-hand.mjs';
import { xrplTransport } from '../../bench/lib/xrpl-transport.mjs';
import { connect, listen, type Session } from '../../src/index.ts';
import { SdmpIdentity } from '../../src/protocols/sdmp/identity.ts';
import { SdmpPeers } from '../../src/protocols/sdmp/peers.ts';
import { native, pure } from '../support/cores.ts';

const SHORT = { rounds: 1, roundMs: 1, warmMs: 1 };
/** Cases of each suite, one of those that take the same way, and a subject that is always there. */
const PARTS: Record<string, { cases: string[]; subject: string }> = {
  primitives: { cases: ['x25519-keypair', 'x25519-shared', 'ed25519-sign', 'ed25519-verify', 'blake2b'], subject: 'handfast pure' },
  lanes: { cases: ['x25519-keypair-4', 'x25519-shared-1', 'ed25519-sign-8', 'ed25519-verify-16'], subject: 'sodium-native, one by one' },
  aead: { cases: ['aes-256-gcm/1-B', 'chacha20-poly1305/1-KiB'], subject: 'handfast pure' },
  handshake: { cases: ['memory', 'tcp-16'], subject: 'handfast pure' },
  message: { cases: ['aes-256-gcm/64-B', 'chacha20-poly1305/1-KiB', 'round-trip-256-B', 'stream-256-B'], subject: 'node:net' },
  storm: { cases: ['peers-64'], subject: 'node:net' },
  gossip: { cases: ['gossip-verify', 'gossip-copy'], subject: 'handfast pure' },
  node: { cases: ['request-64', 'fan-out-8'], subject: 'node:net' },
  shared: { cases: ['request-64', 'storm-16'], subject: '1 process' },
  xrpl: { cases: ['verify', 'tls-1', 'tls-16'], subject: 'handfast pure' },
  lwstcp: { cases: ['xtea256/64-B', 'xtea256/1-KiB', 'tcp-1'], subject: 'node:net, same round trips' },
  sdmp: { cases: ['machines', 'memory', 'tcp-1'], subject: 'handfast pure' },
  hivemind: {
    cases: ['memory/password', 'websocket/preshared', 'round-trip-256-B/password', 'wrong-passwords-50'],
    subject: 'ws, same messages',
  },
};

describe('the suites', () => {
  for (const [name, { cases, subject }] of Object.entries(PARTS)) {
    it(`${name}: every subject makes the right bytes`, { timeout: 300_000 }, async () => {
      const run = await runBenchmarks({ ...SHORT, suites: [name], cases });
      expect(new Set(run.results.map((result) => result.case))).toEqual(new Set(cases));
      expect(Object.keys(run)).toEqual(expect.arrayContaining(['machine', 'versions', 'results']));
      expect(run.versions).toMatchObject({ node: process.versions.node, handfast: expect.stringMatching(/^\d+\.\d+\.\d+/) });
      for (const result of run.results) {
        expect(result).toMatchObject({
          suite: name,
          subject: expect.any(String),
          nsPerOp: { p50: expect.any(Number), p99: expect.any(Number) },
        });
      }
      expect(run.results.map((result) => result.subject)).toContain(subject);
    });
  }

  // Checked and not run, and not on the pure core, which takes seconds for each thousand: it is compared with the native one by the twin.
  it('xrpl: every subject gives the right answers to 1,024 signatures', async () => {
    const { suite }: { suite: Suite } = await import(SUITES.xrpl);
    const prepared = await Promise.all(
      suite.subjects.filter(({ name }) => name !== 'handfast pure').map((subject) => subject.prepare('verify-many-1024')),
    );
    const there = prepared.flatMap((one) => (one === undefined || 'missing' in one ? [] : [one]));
    expect(there.length > 0).toBe(native !== undefined);
    for (const one of there) {
      await one.check();
      await one.close?.();
    }
  });

  it('adapters: the same, where what they go into is installed, else the line that installs it', { timeout: 300_000 }, async () => {
    const run = await runBenchmarks({ ...SHORT, suites: ['adapters'], cases: ['libp2p-noise/handshake', 'libp2p-noise/256-B'] });
    const installed = existsSync(new URL('../../bench/peers/node_modules/@chainsafe/libp2p-noise', import.meta.url));
    expect(run.results.length > 0).toBe(installed);
    for (const { install } of run.absent) expect(install).toMatch(/^npm ci --prefix bench\/peers$|^scripts\/setup/);
  });

  it('are all run by a test', () => {
    expect([...Object.keys(PARTS), 'adapters', 'memory']).toEqual(Object.keys(SUITES));
  });

  it('unknown names are refused', async () => {
    await expect(runBenchmarks({ suites: ['nothing'] })).rejects.toThrow('no suite is called nothing');
    await expect(runBenchmarks({ suites: ['message'], cases: ['nothing'] })).rejects.toThrow('no case of message is called nothing');
  });
});

describe('the subjects that listen and dial', () => {
  for (const { name, load } of PEERS.filter((peer) => peer.protocol !== 'none')) {
    it(`${name}: a pair is refused when it has not authenticated whom it should`, async (context) => {
      const transport = await load();
      if ('missing' in transport) return context.skip(`not installed: ${transport.missing}`);
      const { listener, dialler } = transport.identities!;
      const ends = await loopback(transport);
      const pair = await ends.open();
      await expect(checkPair({ ...transport, identities: { listener: dialler, dialler: listener } }, pair)).rejects.toThrow(
        'who was dialled',
      );
      await expect(checkPair({ ...transport, identities: { listener, dialler: listener } }, pair)).rejects.toThrow('who dialled');
      await checkPair(transport, pair);
      await cut(pair);
      await ends.close();
    });
  }
});

describe('the exchange by hand', () => {
  it('refuses a clock that is too far away, as the library does', async () => {
    const pair = byHand(await nobleLibrary());
    expect(() => pair.handshake({ a: { now: 1_700_000_000_000 }, b: { now: 1_700_000_031_000 } })).toThrow('clock');
  });

  it('refuses a signature that does not verify', async () => {
    const library = await nobleLibrary();
    const pair = byHand({ ...library, verify: () => false });
    expect(() => pair.handshake()).toThrow('signature');
  });
});

describe('the XRPL handshake by hand', () => {
  it('is one for the library, whichever of the two dials', async () => {
    const transports = await Promise.all([byHandTransport('pure'), xrplTransport('pure')]);
    const [hand, ours] = transports.map((each) => ('missing' in each ? expect.unreachable(each.missing) : each)) as [Transport, Transport];
    for (const { listen, dial } of [
      { listen: hand.listen, dial: ours.dial },
      { listen: ours.listen, dial: hand.dial },
    ]) {
      const ends = await loopback({ facts: {}, listen, dial });
      await cut(await ends.open());
      await ends.close();
    }
  });
});

describe('the SDMP handshake by hand', () => {
  it.each(['initiator', 'responder'] as const)('is one for the library, as %s', async (role) => {
    const keys = [0, 1].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 }));
    const hand = sdmpByHand({ prime: getDiffieHellman('modp14').getPrime(), ...keys[0], peer: keys[1].publicKey });
    const [identity, peer] = keys.map(({ privateKey }) => SdmpIdentity.from(privateKey));
    const peers = new SdmpPeers([identity.exportPublicPem()]);
    const [near, far] = duplexPair();
    const common = { protocol: 'sdmp', identity: peer, peers, core: pure } as const;
    const server = await listen({ ...common });
    const session =
      role === 'initiator'
        ? once(server, 'session').then(([accepted]) => accepted as Session)
        : connect({ ...common, group: 'modp2048', stream: near, peer: identity.id });
    if (role === 'initiator') server.accept(near);
    const [opened, binding] = await Promise.all([session, role === 'initiator' ? hand.initiate(far) : hand.respond(far)]);
    expect(opened.peer.id).toBe(identity.id);
    expect(binding).toEqual(Buffer.from(opened.binding));
    opened.destroy();
    await server.close({ drainMs: 0 });
  });
});
