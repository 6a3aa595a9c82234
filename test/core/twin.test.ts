/** Both cores on the same random and mutated inputs. `npm run twin` does the same with 100,000 of them. */
import { describe, expect, test } from 'vitest';
import type { Core } from '../../src/core/core.ts';
import { native, pure, whyNoNative } from '../support/cores.ts';
import { Random, seedOfRun } from '../support/random.ts';
import { FUNCTIONS, outcomeOf } from '../support/twin.ts';

const seed = seedOfRun();
const COUNT = 2000;

describe.skipIf(native === undefined)(
  native ? `native and pure agree on ${COUNT} inputs each (HANDFAST_TEST_SEED=${seed})` : `native and pure agree: ${whyNoNative}`,
  () => {
    for (const name of Object.keys(FUNCTIONS)) {
      test(name, () => expect(firstDifference(name, pure, native!, COUNT)).toBe('none'), 300_000);
    }
    test('and leave no secret and no slab behind', () => {
      for (const core of [pure, native!]) expect([core.guarded.live, core.slabs.leased]).toEqual([0, 0]);
    });
  },
);

describe('the comparison', () => {
  test('sees a core that is wrong in one rare case', () => {
    const lax: Core = {
      ...pure,
      ed25519: { ...pure.ed25519, verify: (signature, message, key) => pure.ed25519.verify(signature.subarray(0, 64), message, key) },
    };
    expect(firstDifference('ed25519.verify', pure, lax, COUNT)).toMatch(/^input \d+ of seed \d+: false against true$/);
    expect(firstDifference('ed25519.usablePublicKey', pure, lax, 100)).toBe('none');
  });

  test('sees another code, and another blame', () => {
    const other: Core = { ...pure, secp256k1: { ...pure.secp256k1, publicKey: (key) => pure.x25519.publicKey(key) } };
    expect(firstDifference('secp256k1.publicKey', pure, other, 100)).toMatch(/^input \d+ of seed \d+: /);
  });
});

function firstDifference(name: string, one: Core, other: Core, count: number): string {
  const random = new Random(seed, name);
  for (let i = 0; i < count; i++) {
    const call = FUNCTIONS[name]!(random, native ?? pure);
    const [ours, theirs] = [outcomeOf(call, one), outcomeOf(call, other)];
    if (ours !== theirs) return `input ${i} of seed ${seed}: ${ours} against ${theirs}`;
  }
  return 'none';
}
