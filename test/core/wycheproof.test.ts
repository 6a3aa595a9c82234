/** Project Wycheproof on every core, with exact counts, so that a file cut short or a vector silently not run shows. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runVectors } from '../../src/conformance/run.ts';
import { cores, pure } from '../support/cores.ts';

const folder = process.env.HANDFAST_WYCHEPROOF ?? resolve(import.meta.dirname, '../../../shared/vectors/wycheproof');

const FILES = {
  x25519_test: { passed: 518, notes: { 'small order': 31 } },
  ed25519_test: { passed: 151, notes: {} },
  chacha20_poly1305_test: { passed: 325, notes: { unsupported: 9 } },
  xchacha20_poly1305_test: { passed: 315, notes: { unsupported: 9 } },
  aes_gcm_test: { passed: 316, notes: { unsupported: 250 } },
  ecdsa_secp256k1_sha256_test: { passed: 476, notes: { 'high s': 72 } },
  hkdf_sha256_test: { passed: 86, notes: { unsupported: 3 } },
};

for (const core of cores) {
  describe.skipIf(!existsSync(folder))(`Wycheproof on the ${core.name} core (set HANDFAST_WYCHEPROOF to the folder of its files)`, () => {
    for (const [name, expected] of Object.entries(FILES)) {
      test(name, () => {
        const report = runVectors(fileOf(name), core);
        expect(report.failed).toEqual([]);
        expect({ passed: report.passed, notes: report.notes }).toEqual(expected);
      });
    }
  });
}

describe.skipIf(!existsSync(folder))('Wycheproof files of algorithms that no core has', () => {
  for (const name of ['aes_cbc_pkcs5_test', 'rsa_signature_2048_sha512_test']) {
    test(`${name} is a failure, not a skip`, () => {
      const report = runVectors(fileOf(name), pure);
      expect(report.passed).toBe(0);
      expect(report.failed).toHaveLength(1);
      expect(report.failed[0]!.why).toMatch(/^unknown vector kind: algorithm/);
    });
  }
});

function fileOf(name: string): { name: string; text: string } {
  return { name, text: readFileSync(join(folder, `${name}.json`), 'utf8') };
}
