/** The package twice in one process, as test runners and bundlers have it that read modules anew: the addon, which is there once, answers each copy. */
import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import type { Core } from '../../src/core/core.ts';
import { native } from '../support/cores.ts';

async function copy(): Promise<Core> {
  vi.resetModules();
  const { loadNative } = await import('../../src/core/native-load.ts');
  const loaded = loadNative();
  if ('why' in loaded) throw new Error(loaded.why);
  return loaded.core;
}

describe.skipIf(!native)('two copies of the native core', () => {
  it('give the same results, in turn', async () => {
    const [first, second] = [await copy(), await copy()];
    expect(first).not.toBe(second);
    const message = first.random(300);
    const hashed = new Uint8Array(createHash('sha512').update(message).digest());
    for (const core of [first, second, first]) expect(core.hash.sha512(message)).toEqual(hashed);
  });

  it('take secrets and public keys of each other, and throw errors of their own', async () => {
    const [first, second] = [await copy(), await copy()];
    const [a, b] = [first.x25519.keyPair(), second.x25519.keyPair()];
    const shared = first.x25519.shared(a.secretKey, b.publicKey);
    expect(second.x25519.shared(b.secretKey, a.publicKey)).toEqual(shared);
    const guarded = first.guarded.import(new Uint8Array(32).fill(7));
    const nonce = new Uint8Array(12);
    const sealed = first.aead.seal('aes-256-gcm', guarded, nonce, Uint8Array.of(1));
    expect(second.aead.open('aes-256-gcm', guarded, nonce, sealed)).toEqual(Uint8Array.of(1));
    sealed[0] ^= 1;
    const thrown = [first, second].map((core) => {
      try {
        return core.aead.open('aes-256-gcm', guarded, nonce, sealed);
      } catch (error) {
        return error as Error;
      }
    });
    expect(thrown.map((error) => (error as { code?: string }).code)).toEqual(['HF_BAD_TAG', 'HF_BAD_TAG']);
    // Each knows its own by its class.
    expect(thrown[0].constructor).not.toBe(thrown[1].constructor);
    guarded.wipe();
    expect(first.guarded.live).toBe(0);
  });
});
