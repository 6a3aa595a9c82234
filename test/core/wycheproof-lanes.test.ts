/** Project Wycheproof in batches of the native core: each vector in each of eight places among seven neighbours that are right, with the vector kernels and without. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hex, toHex } from '../../src/conformance/kinds.ts';
import type { Answer, Job, Secret } from '../../src/core/core.ts';
import { native, switchLanesOff, whyNoNative } from '../support/cores.ts';

const folder = process.env.HANDFAST_WYCHEPROOF ?? resolve(import.meta.dirname, '../../../shared/vectors/wycheproof');
const PLACES = 8;

const title = 'Wycheproof in every place of a batch (set HANDFAST_WYCHEPROOF to the folder of its files)';
describe.skipIf(!native || !existsSync(folder))(native ? title : `${title}: ${whyNoNative}`, () => {
  for (const lanes of ['as found', 'off'] as const) {
    test(`x25519_test, lanes ${lanes}`, () => {
      const secretKeys: Secret[] = [];
      const vectors = vectorsOf('x25519_test').map(({ test: { private: secret, public: publicKey, shared } }): Vector => {
        const secretKey = native!.guarded.import(hex(secret!));
        secretKeys.push(secretKey);
        return { job: { op: 'dh', secretKey, publicKey: hex(publicKey!) }, expected: /^0*$/.test(shared!) ? 'weak' : shared! };
      });
      const right = vectors.filter(({ expected }) => expected !== 'weak');
      expect(vectors).toHaveLength(518);
      expect(vectors.length - right.length).toBe(31);
      inEveryPlace(lanes, vectors, right);
      for (const secretKey of secretKeys) secretKey.wipe();
    });

    test(`ed25519_test, lanes ${lanes}`, () => {
      const vectors = vectorsOf('ed25519_test').map(
        ({ test: { sig, msg, result }, group }): Vector => ({
          job: { op: 'verify', signature: hex(sig!), message: hex(msg!), publicKey: hex((group.publicKey as { pk: string }).pk) },
          expected: String(result === 'valid'),
        }),
      );
      const right = vectors.filter(({ expected }) => expected === 'true');
      expect(vectors).toHaveLength(151);
      expect(right.length).toBeGreaterThan(PLACES);
      inEveryPlace(lanes, vectors, right);
    });

    // A call for one alone says what is right: high S, which the file calls invalid, is not.
    test(`ecdsa_secp256k1_sha256_test, lanes ${lanes}`, () => {
      const vectors = vectorsOf('ecdsa_secp256k1_sha256_test').map(({ test: { sig, msg }, group }): Vector => {
        const key = hex((group.publicKey as { uncompressed: string }).uncompressed);
        const publicKey = Uint8Array.of(2 + (key[64]! & 1), ...key.subarray(1, 33));
        const signature = hex(sig!);
        const digest = native!.hash.sha256(hex(msg!));
        const expected = String(native!.secp256k1.verify(signature, digest, publicKey));
        return { job: { op: 'secp256k1-verify', signature, digest, publicKey }, expected };
      });
      const right = vectors.filter(({ expected }) => expected === 'true');
      expect(vectors).toHaveLength(476);
      expect(right.length).toBeGreaterThan(100);
      inEveryPlace(lanes, vectors, right);
    });
  }
});

interface Vector {
  job: Job;
  expected: string;
}

/** Neighbours move on with every batch, so that all of them stand beside all kinds of vectors. */
function inEveryPlace(lanes: 'as found' | 'off', vectors: readonly Vector[], neighbours: readonly Vector[]): void {
  const restore = lanes === 'off' ? switchLanesOff() : () => {};
  try {
    let next = 0;
    for (const vector of vectors) {
      for (let place = 0; place < PLACES; place++) {
        const batch = Array.from({ length: PLACES }, (_, i) => (i === place ? vector : neighbours[next++ % neighbours.length]!));
        const answers = native!.run(batch.map(({ job }) => job)).map(textOf);
        expect(answers).toEqual(batch.map(({ expected }) => expected));
      }
    }
  } finally {
    restore();
  }
}

function textOf(answer: Answer): string {
  if (answer.op === 'verify' || answer.op === 'secp256k1-verify') return String(answer.valid);
  if (answer.op !== 'dh') throw new Error(`an answer of ${answer.op}`);
  if (answer.shared === 'weak') return 'weak';
  const text = toHex((answer.shared as Secret).export());
  (answer.shared as Secret).wipe();
  return text;
}

function vectorsOf(name: string): { test: Record<string, string>; group: Record<string, unknown> }[] {
  const { testGroups } = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
  return testGroups.flatMap((group: { tests: Record<string, string>[] }) => group.tests.map((one) => ({ test: one, group })));
}
