/** Every suite once, as short as it goes: that each subject that is there makes the right bytes, and what the JSON holds. No figure is looked at. */
import { describe, expect, it } from 'vitest';
import { runBenchmarks, SUITES } from '../../bench/index.mjs';
import { byHand } from '../../bench/lib/by-hand.mjs';
import { nobleLibrary } from '../../bench/lib/library-noble.mjs';

const SHORT = { rounds: 1, roundMs: 1, warmMs: 1, quick: true };
const CASES: Record<string, string[]> = {
  primitives: ['x25519-keypair', 'x25519-shared', 'ed25519-sign', 'ed25519-verify', 'blake2b'],
  handshake: ['memory'],
  message: ['aes-256-gcm/64-B', 'chacha20-poly1305/1-KiB'],
  gossip: ['gossip-verify', 'gossip-copy'],
  loopback: ['connect', 'round-trip-256-B', 'stream-256-B'],
  node: ['request-1', 'request-64', 'fan-out-8', 'fan-out-64'],
};

describe('the suites', () => {
  for (const [name, cases] of Object.entries(CASES)) {
    it(`${name}: every subject makes the right bytes`, async () => {
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
      expect(run.results.map(({ subject }) => subject)).toContain(name === 'loopback' ? 'node:net' : 'handfast pure');
    });
  }

  it('are all run by a test', () => {
    expect(Object.keys(CASES)).toEqual(Object.keys(SUITES));
  });

  it('unknown names are refused', async () => {
    await expect(runBenchmarks({ suites: ['nothing'] })).rejects.toThrow('no suite is called nothing');
    await expect(runBenchmarks({ suites: ['message'], cases: ['nothing'] })).rejects.toThrow('no case of message is called nothing');
  });
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
