/** Options of HiveMind that are wrong, said so by name. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { HiveMindOptions } from '../../../src/protocols/hivemind/index.ts';
import { cores } from '../../support/cores.ts';
import { masterSide, slaveSide } from '../../support/hivemind.ts';

const KEYS = JSON.parse(readFileSync(join(import.meta.dirname, '../../vectors/hivemind.json'), 'utf8')).keys as Record<
  string,
  { private: string; public: string }
>;
const { alice2048: alice } = KEYS;

describe('options', () => {
  const core = cores[0];
  it.each([
    ['accessKey', { accessKey: 'a:b' }],
    ['userAgent', { userAgent: 'a:b' }],
    ['password', { password: undefined }],
    ['sessionId', { sessionId: 'default' }],
    ['encodings', { encodings: ['JSON-Z85P'] }],
    ['ciphers', { ciphers: [] }],
    ['maxMessage', { maxMessage: 5 }],
    ['rsa.masterKey', { rsa: { privateKey: alice.private } }],
  ] as [string, HiveMindOptions][])('%s is checked, and named', (option, given) => {
    expect(() => slaveSide(core, given)).toThrow(
      expect.objectContaining({ code: 'HF_BAD_ARGUMENT', message: expect.stringContaining(option) }),
    );
  });

  it('passwords that can be guessed and keys of other lengths are HF_BAD_KEY, unless named insecure', () => {
    expect(() => slaveSide(core, { password: 'password1' })).toThrow(expect.objectContaining({ code: 'HF_BAD_KEY' }));
    expect(slaveSide(core, { password: 'password1', insecure: { weakPasswords: true } }).failed).toBe(undefined);
    expect(() => masterSide(core, { clients: [{ accessKey: 'k', password: 'aaaaaaaaaaaa' }] })).toThrow(
      expect.objectContaining({ code: 'HF_BAD_KEY' }),
    );
    expect(() => slaveSide(core, { presharedKey: '0123456789abcde' })).toThrow(expect.objectContaining({ code: 'HF_BAD_KEY' }));
  });
});
