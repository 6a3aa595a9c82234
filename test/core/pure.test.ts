/** What the pure core promises besides agreeing with the native one: that browsers can load it, and what it says of itself. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { choice, core } from '../../src/core/pure.ts';
import { filled } from '../support/bytes.ts';
import { codeOf } from '../support/codes.ts';

const root = resolve(import.meta.dirname, '../..');

describe('the pure core', () => {
  test('imports nothing but @noble and itself, so that it loads in browsers', () => {
    const seen = new Set<string>();
    const foreign = new Set<string>();
    const walk = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      const text = readFileSync(file, 'utf8');
      expect(text, file).not.toMatch(/\b(?:process|Buffer|require|__dirname)\b(?!`)[.([]/);
      expect(text, file).not.toMatch(/^(?:const .*= )?await /m);
      for (const [, type, from] of text.matchAll(/^(?:import|export)( type)? [^;]*?from '([^']+)';/gms)) {
        if (type) continue;
        if (from!.startsWith('.')) walk(resolve(dirname(file), from!));
        else foreign.add(from!.split('/').slice(0, 2).join('/'));
      }
    };
    walk(resolve(root, 'src/core/pure.ts'));
    expect([...foreign].sort()).toEqual(['@noble/ciphers', '@noble/curves', '@noble/hashes']);
    expect(seen.size).toBeGreaterThan(10);
  });

  test('names the versions that the package depends on', () => {
    const { dependencies } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
    for (const part of Object.values(core.parts)) {
      const [name, version] = part.split(' ') as [string, string];
      expect(dependencies[name]).toBe(version);
    }
    expect(core).toMatchObject({ name: 'pure', lanes: 'off', fastAes: false });
    expect(choice.core).toBe('pure');
  });

  test('gives slabs numbers that the native core never gives', () => {
    const slab = core.slab();
    expect(slab.id).toBeGreaterThanOrEqual(2 ** 31);
    expect(slab.id).toBeLessThan(2 ** 32);
    slab.release();
  });

  test('lets other work run between the jobs of runAsync', async () => {
    const { publicKey, secretKey } = core.ed25519.keyPair(filled(32, 1));
    const signature = core.ed25519.sign(filled(3, 3), secretKey);
    let turns = 0;
    let done = false;
    const count = (): void => {
      turns++;
      if (!done) setImmediate(count);
    };
    setImmediate(count);
    await core.runAsync(Array.from({ length: 5 }, () => ({ op: 'verify', signature, message: filled(3, 3), publicKey }) as const));
    done = true;
    expect(turns).toBeGreaterThanOrEqual(5);
  });

  test('refuses options of a cipher before it copies the key', () => {
    const secret = core.guarded.import(filled(32, 1));
    expect(codeOf(() => core.cipher({ suite: 'none' as never, key: secret, framing: { lengthBytes: 2, ad: 'none', rekeyEvery: 0 } }))).toBe(
      'HF_BAD_ARGUMENT',
    );
    secret.wipe();
    expect(core.guarded.live).toBe(0);
  });
});
