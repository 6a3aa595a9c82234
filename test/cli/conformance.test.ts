import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { native } from '../support/cores.ts';
import { handfast, temporary } from './run.ts';

/** Of OpenSSL, in the shape of a Wycheproof file. */
const GOOD = {
  tcId: 1,
  private: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
  public: '358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd166254',
  shared: '9663aa1da97e848a914a436d04163dfbb89178f107f1b5b77ed3854203382854',
  result: 'valid',
};
const BROKEN = { ...GOOD, tcId: 2, shared: GOOD.shared.replace('96', '97') };

function vectors(name: string, tests: readonly object[], head: object = {}): string {
  const path = temporary(name);
  const file = { algorithm: 'XDH', numberOfTests: tests.length, testGroups: [{ curve: 'curve25519', tests }], ...head };
  writeFileSync(path, JSON.stringify(file));
  return path;
}

const lastLine = (text: string): string | undefined => text.trimEnd().split('\n').at(-1);

describe('conformance', () => {
  it('passes a good file', async () => {
    const { code, stdout } = await handfast(['conformance', '--core', 'pure', vectors('good.json', [GOOD])]);
    expect(code).toBe(0);
    expect(lastLine(stdout)).toBe('1 passed, 0 failed');
  });

  it('prints each failure of a broken one, adds up files, and exits with 1', async () => {
    const files = [vectors('good.json', [GOOD]), vectors('broken.json', [GOOD, BROKEN])];
    const { code, stdout } = await handfast(['conformance', '--core', 'pure', ...files]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/failed tcId 2: expected 97/);
    expect(lastLine(stdout)).toBe('2 passed, 1 failed');
  });

  it('counts what it does not know, cannot read or cannot parse as a failure', async () => {
    const unknown = vectors('unknown.json', [GOOD], { algorithm: 'ROT13' });
    const garbage = temporary('garbage.json');
    writeFileSync(garbage, 'not json');
    const { code, stdout } = await handfast(['conformance', '--core', 'pure', unknown, garbage, temporary('missing.json')]);
    expect(code).toBe(1);
    expect(stdout).toContain('unknown vector kind: algorithm "ROT13"');
    expect(stdout).toContain('not JSON');
    expect(stdout).toContain('no such file');
    expect(lastLine(stdout)).toBe('0 passed, 3 failed');
  });

  it.skipIf(!native)('runs both cores by default', async () => {
    const { code, stdout } = await handfast(['conformance', vectors('good.json', [GOOD])]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/native {2}1 passed[\s\S]*pure {2}1 passed/);
    expect(lastLine(stdout)).toBe('2 passed, 0 failed');
  });

  it('fails, and does not skip, without the native core asked for', async () => {
    const env = { HANDFAST_ADDON: '/nowhere/handfast.node' };
    const { code, stdout } = await handfast(['conformance', '--core', 'both', vectors('good.json', [GOOD])], { env });
    expect(code).toBe(1);
    expect(stdout).toContain('no native core');
    expect(lastLine(stdout)).toBe('1 passed, 1 failed');
  });

  it('says all of it in JSON', async () => {
    const { code, stdout } = await handfast(['conformance', '--core', 'pure', '--json', vectors('broken.json', [GOOD, BROKEN])]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      passed: 1,
      failed: 1,
      files: [{ kind: 'Wycheproof XDH', core: 'pure', failed: [{ id: 'tcId 2' }] }],
    });
  });
});
