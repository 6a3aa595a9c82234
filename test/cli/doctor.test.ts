import { describe, expect, it } from 'vitest';
import { selfTest } from '../../src/cli/self-test.ts';
import type { Core } from '../../src/core/core.ts';
import { cores, native, pure } from '../support/cores.ts';
import { handfast } from './run.ts';

interface Doctored {
  ok: boolean;
  core: string;
  lanes: string;
  why: string;
  cores: { name: string; available: boolean; parts?: Record<string, string>; tests?: { passed: number; failed: unknown[] } }[];
  limits: Record<string, number>;
}

describe('doctor', () => {
  it('says which core and lanes run and why, what they are made of, and that both are well', async () => {
    const { code, stdout, stderr } = await handfast(['doctor', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout) as Doctored;
    expect(report.ok).toBe(true);
    expect(report.core).toBe(native ? 'native' : 'pure');
    expect(['avx512-ifma', 'avx2', 'off']).toContain(report.lanes);
    expect(report.why).not.toBe('');
    expect(report.cores.filter(({ available }) => available).map(({ name }) => name)).toEqual(native ? ['native', 'pure'] : ['pure']);
    for (const { available, parts, tests } of report.cores) {
      if (!available) continue;
      expect(Object.keys(parts!)).toEqual(['ed25519', 'x25519', 'secp256k1', 'chacha20-poly1305', 'aes-256-gcm', 'hash']);
      expect(tests!.passed).toBeGreaterThanOrEqual(19);
      expect(tests!.failed).toEqual([]);
    }
    expect(report.limits.halfOpen).toBe(256);
  });

  it('obeys HANDFAST_CORE=pure and says so', async () => {
    const { code, stdout } = await handfast(['doctor', '--json'], { env: { HANDFAST_CORE: 'pure' } });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ core: 'pure', lanes: 'off', why: 'HANDFAST_CORE asks for the pure core' });
  });

  it.skipIf(native === undefined)('obeys HANDFAST_LANES=off: nothing of the native core is done in lanes, and it is as right', async () => {
    const { code, stdout } = await handfast(['doctor', '--json'], { env: { HANDFAST_CORE: 'native', HANDFAST_LANES: 'off' } });
    const report = JSON.parse(stdout) as Doctored;
    expect({ code, ok: report.ok, lanes: report.lanes }).toEqual({ code: 0, ok: true, lanes: 'off' });
    expect(Object.values(report.cores[0]!.parts!).filter((part) => part.includes('at a time'))).toEqual([]);
  });

  it('fails when the core asked for is not there', async () => {
    const { code, stdout } = await handfast(['doctor', '--json'], {
      env: { HANDFAST_CORE: 'native', HANDFAST_ADDON: '/nowhere/handfast.node' },
    });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, core: 'none', lanes: 'off' });
  });

  it('is readable', async () => {
    const { code, stdout } = await handfast(['doctor']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/self-test \d+ passed/);
    expect(stdout).toMatch(/all well\n$/);
  });
});

describe('the self-test', () => {
  it.each(cores)('passes on the $name core', (core) => {
    expect(selfTest(core).filter(({ ok }) => !ok)).toEqual([]);
  });

  it.each([
    ['signatures that are always good', { ed25519: { ...pure.ed25519, verify: () => true } }, 'ed25519 refuses forgeries'],
    [
      'a hash with a wrong bit',
      { hash: { ...pure.hash, sha256: (m: Uint8Array) => pure.hash.sha256(m).map((b, i) => (i === 0 ? b ^ 1 : b)) } },
      'sha-256',
    ],
    ['small-order keys taken', { x25519: { ...pure.x25519, shared: () => new Uint8Array(32) } }, 'x25519 refuses small order'],
    [
      'a cipher that throws',
      {
        cipher: () => {
          throw new Error('broken');
        },
      },
      'frames aes-256-gcm',
    ],
  ])('notices %s', (_, broken, check) => {
    const core = { ...pure, ...broken } as Core;
    const failed = selfTest(core).filter(({ ok }) => !ok);
    expect(failed.map(({ name }) => name)).toContain(check);
    expect(failed.every(({ why }) => typeof why === 'string' && why !== '')).toBe(true);
  });
});
