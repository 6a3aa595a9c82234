/** Groups that are hostile: refused by name before any number is computed, whatever a primality test of them would cost. Every rule of the session object: test/protocols/sdmp/refusals.test.ts. */
import crypto from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { groupOf } from '../../src/protocols/sdmp/groups.ts';
import { FULL, Tally } from '../support/attacks.ts';
import { cores } from '../support/cores.ts';
import { type Scripted, standing } from '../support/sdmp.ts';

const prime = BigInt(`0x${Buffer.from(groupOf('ffdhe2048').prime).toString('hex')}`);
const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
const b64u = (value: bigint): string => {
  const digits = value.toString(16);
  return Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex').toString('base64url');
};

/** p, g and N of an offer. */
const HOSTILE: readonly (readonly [string, { p?: bigint; g?: number; N?: bigint }])[] = [
  ['a composite number in place of p, next to the true one', { p: prime + 2n }],
  ['a product of primes', { p: numberOf(crypto.createDiffieHellman(512).getPrime()) ** 4n }],
  ['a power of two', { p: 2n ** 2047n }],
  ['a power of two, less one', { p: 2n ** 2048n - 1n }],
  ['a small prime', { p: 23n, N: 5n }],
  ['a safe prime of 512 bits that nobody listed', { p: numberOf(crypto.createDiffieHellman(512).getPrime()) }],
  ['p of 30,000 bits', { p: 2n ** 30_000n + 1n }],
  ['p of 0', { p: 0n }],
  ['p of 1', { p: 1n }],
  ['a generator of 1', { g: 1 }],
  ['a generator of 0', { g: 0 }],
  ['another generator', { g: 5 }],
  ['N of 0', { N: 0n }],
  ['N of 1', { N: 1n }],
  ['N of p - 1', { N: prime - 1n }],
  ['N of p', { N: prime }],
  ['N of p + 1', { N: prime + 1n }],
  ['N of 2 p', { N: 2n * prime }],
];

for (const core of cores) {
  describe(`hostile groups, ${core.name} core`, () => {
    it.each(['initiator', 'responder'] as const)('the %s refuses each, and computes nothing', (role) => {
      const codes = new Tally();
      let slowest = 0;
      for (const [name, { p, g, N }] of HOSTILE) {
        const times: number[] = [];
        for (let time = 0; time < (FULL ? 21 : 1); time++) {
          const { side, peer } = standing(core, role, 'session');
          const before = side.ops.length;
          const object = offerOf(peer, { p, g, N });
          const started = process.cpuUsage();
          side.hear(object);
          const { user, system } = process.cpuUsage(started);
          times.push((user + system) / 1000);
          expect(side.failed?.codeName, name).toMatch(/^(SUITE_MISMATCH|WEAK_KEY|MALFORMED|TOO_LARGE)$/);
          expect(side.ops.length, name).toBe(before);
          if (time === 0) codes.add(side.failed!.codeName);
        }
        slowest = Math.max(slowest, times.sort((x, y) => x - y)[times.length >> 1]!);
      }
      console.log(
        `hostile groups, ${role}, ${core.name} core: 0 accepted of ${codes.total}, the slowest took ${slowest.toFixed(2)} ms of a processor (${codes})`,
      );
      if (FULL) expect(slowest).toBeLessThan(5);
    });
  });
}

function offerOf(peer: Scripted, { p, g, N }: { p?: bigint | undefined; g?: number | undefined; N?: bigint | undefined }): string {
  return peer.offer((object) =>
    Object.assign(
      object.connection as object,
      p !== undefined && { p: b64u(p) },
      g !== undefined && { g },
      N !== undefined && { N: b64u(N) },
    ),
  );
}
