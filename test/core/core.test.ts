/** One description of what a core does, run unchanged on `handfast/core`, `handfast/native` and `handfast/pure`. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Core } from '../../src/core/core.ts';
import { HandfastError } from '../../src/errors.ts';
import { native, switchLanesOff, whyNoNative } from '../support/cores.ts';
import { subjects } from '../support/subjects.ts';
import { argumentBehaviour } from './behaviour/arguments.ts';
import { cipherBehaviour } from './behaviour/ciphers.ts';
import { guardedBehaviour, jobBehaviour, slabBehaviour } from './behaviour/memory.ts';
import { ed25519Behaviour, secp256k1Behaviour, x25519Behaviour } from './behaviour/public-keys.ts';
import { sequenceBehaviour } from './behaviour/sequences.ts';
import { aeadBehaviour, hashBehaviour } from './behaviour/symmetric.ts';
import { xteaBehaviour } from './behaviour/xtea.ts';

const PARTS: Record<string, (core: Core) => void> = {
  x25519: x25519Behaviour,
  ed25519: ed25519Behaviour,
  secp256k1: secp256k1Behaviour,
  hash: hashBehaviour,
  aead: aeadBehaviour,
  xtea256: xteaBehaviour,
  ciphers: cipherBehaviour,
  sequences: sequenceBehaviour,
  slabs: slabBehaviour,
  'guarded secrets': guardedBehaviour,
  jobs: jobBehaviour,
  arguments: argumentBehaviour,
};

for (const { name, module } of subjects) {
  describe.skipIf(module === undefined)(module ? name : `${name}: ${whyNoNative}`, () => {
    if (module === undefined) {
      test('is not there', () => {});
      return;
    }
    const { core } = module;
    test('exports the same names as the others', () => {
      for (const other of subjects) {
        if (other.module) expect(Object.keys(module).sort()).toEqual(Object.keys(other.module).sort());
      }
      expect(module.HandfastError).toBe(HandfastError);
      expect(module.choice.core).toBe(core.name);
      expect(module.choice.why).toMatch(/^[a-zA-Z].{10,}[^.\s]$/);
    });
    test('names what does the work', () => {
      expect(Object.keys(core.parts).sort()).toEqual(['aes-256-gcm', 'chacha20-poly1305', 'ed25519', 'hash', 'secp256k1', 'x25519']);
      expect(['avx512-ifma', 'avx2', 'off']).toContain(core.lanes);
      expect(typeof core.fastAes).toBe('boolean');
    });
    for (const [title, behaviour] of Object.entries(PARTS)) describe(title, () => behaviour(core));
  });
}

describe.skipIf(native === undefined)(native ? 'handfast/native without lanes' : `handfast/native without lanes: ${whyNoNative}`, () => {
  if (native === undefined) {
    test('is not there', () => {});
    return;
  }
  const core = native;
  let switchOn = (): void => {};
  beforeAll(() => {
    switchOn = switchLanesOff();
  });
  afterAll(() => switchOn());
  for (const [title, behaviour] of Object.entries(PARTS)) describe(title, () => behaviour(core));
});
