/** The runner of vector files: what it counts, and that nothing is skipped. */
import { describe, expect, test } from 'vitest';
import { fail, hex, pass, toHex, type VectorKind } from '../../src/conformance/kinds.ts';
import { KINDS, runVectors } from '../../src/conformance/run.ts';
import type { Core } from '../../src/core/core.ts';
import { pure } from '../support/cores.ts';

const file = (document: unknown): { name: string; text: string } => ({ name: 'file.json', text: JSON.stringify(document) });

const x25519 = {
  algorithm: 'XDH',
  numberOfTests: 1,
  testGroups: [
    {
      curve: 'curve25519',
      tests: [
        {
          tcId: 7,
          public: 'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
          private: 'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
          shared: 'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
          result: 'valid',
        },
      ],
    },
  ],
};

describe('a file of vectors', () => {
  test('is run by the kind it names, and counted', () => {
    expect(runVectors(file(x25519), pure)).toEqual({
      file: 'file.json',
      kind: 'Wycheproof XDH',
      core: 'pure',
      passed: 1,
      failed: [],
      notes: {},
    });
  });

  test('shows which vector failed, and how', () => {
    const wrong = structuredClone(x25519);
    wrong.testGroups[0]!.tests[0]!.shared = 'ff'.repeat(32);
    const report = runVectors(file(wrong), pure);
    expect(report.passed).toBe(0);
    expect(report.failed).toEqual([{ id: 'tcId 7', why: `expected ${'ff'.repeat(32)}, not ${x25519.testGroups[0]!.tests[0]!.shared}` }]);
  });

  test('fails when it holds fewer vectors than it declares', () => {
    const report = runVectors(file({ ...x25519, numberOfTests: 2 }), pure);
    expect(report.passed).toBe(1);
    expect(report.failed).toEqual([{ id: 'file', why: 'declares 2 tests and holds 1' }]);
  });

  test('of a kind nobody knows is a failure, not a skip', () => {
    for (const [document, why] of [
      [{ algorithm: 'RSASSA-PKCS1-v1_5', testGroups: [] }, 'unknown vector kind: algorithm "RSASSA-PKCS1-v1_5"'],
      [{ protocol: 'carrier-pigeon' }, 'unknown vector kind: protocol "carrier-pigeon"'],
      [{}, 'unknown vector kind: neither `algorithm` nor `protocol`'],
      [null, 'unknown vector kind: neither `algorithm` nor `protocol`'],
      [[], 'unknown vector kind: neither `algorithm` nor `protocol`'],
    ] as const) {
      expect(runVectors(file(document), pure)).toMatchObject({ passed: 0, failed: [{ id: 'file', why }] });
    }
    expect(runVectors({ name: 'x', text: '{' }, pure).failed[0]!.why).toMatch(/^not JSON/);
  });

  test('whose fields are not what they should be is a failure of that vector', () => {
    const wrong = structuredClone(x25519);
    wrong.testGroups[0]!.tests[0]!.public = 'zz';
    expect(runVectors(file(wrong), pure).failed).toEqual([{ id: 'tcId 7', why: 'threw expected hexadecimal digits' }]);
    expect(runVectors(file({ ...x25519, testGroups: [{}] }), pure).failed[0]!.id).toBe('file');
  });

  test('may be of a kind given by the caller', () => {
    const pigeon: VectorKind = {
      name: 'pigeons',
      matches: ({ protocol }) => protocol === 'carrier-pigeon',
      *run() {
        yield pass('one', 'wet');
        yield pass('two', 'wet');
        yield fail('three', 'lost');
        throw new Error('storm');
      },
    };
    expect(runVectors(file({ protocol: 'carrier-pigeon' }), pure, [...KINDS, pigeon])).toMatchObject({
      kind: 'pigeons',
      passed: 2,
      notes: { wet: 2 },
      failed: [
        { id: 'three', why: 'lost' },
        { id: 'file', why: 'stopped: storm' },
      ],
    });
  });
});

describe('the Wycheproof kinds', () => {
  const verdicts = (core: Core, document: object): boolean => runVectors(file(document), core).failed.length === 0;

  test('do not take a wrong core for a right one', () => {
    const group = { publicKey: { curve: 'edwards25519', pk: toHex(pure.ed25519.keyPair(hex('01'.repeat(32))).publicKey) } };
    const forged = { tcId: 1, msg: '', sig: '00'.repeat(64), result: 'invalid' };
    const document = { algorithm: 'EDDSA', numberOfTests: 1, testGroups: [{ ...group, tests: [forged] }] };
    expect(verdicts(pure, document)).toBe(true);
    expect(verdicts({ ...pure, ed25519: { ...pure.ed25519, verify: () => true } }, document)).toBe(false);
    expect(verdicts({ ...pure, ed25519: { ...pure.ed25519, verifyMany: () => Uint8Array.of(1) } }, document)).toBe(false);

    const aead = (keySize: number, result: string): object => ({
      algorithm: 'CHACHA20-POLY1305',
      numberOfTests: 1,
      testGroups: [
        {
          tagSize: 128,
          tests: [{ tcId: 1, key: '00'.repeat(keySize), iv: '00'.repeat(12), aad: '', msg: '', ct: '', tag: '00'.repeat(16), result }],
        },
      ],
    });
    expect(runVectors(file(aead(16, 'valid')), pure)).toMatchObject({ passed: 1, notes: { unsupported: 1 } });
    expect(verdicts({ ...pure, aead: { ...pure.aead, open: () => new Uint8Array() } }, aead(16, 'valid'))).toBe(false);
    expect(verdicts(pure, aead(32, 'invalid'))).toBe(true);
    expect(verdicts({ ...pure, aead: { ...pure.aead, open: () => new Uint8Array() } }, aead(32, 'invalid'))).toBe(false);
  });
});
