/** The recordings of the reference, on both cores. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hivemindKind } from '../../../src/conformance/hivemind.ts';
import { runVectors } from '../../../src/conformance/run.ts';
import { runLegacy } from '../../../src/core/legacy/jobs.ts';
import { modulusBytes } from '../../../src/core/legacy/rsa-envelope.ts';
import { bytesOfHex } from '../../../src/protocols/hivemind/encodings.ts';
import { cores } from '../../support/cores.ts';

const TEXT = readFileSync(join(import.meta.dirname, '../../vectors/hivemind.json'), 'utf8');
const DOCUMENT = JSON.parse(TEXT);

describe.each(cores)('recordings of HiveMind, on the $name core', (core) => {
  it('all of them hold', () => {
    const report = runVectors({ name: 'hivemind.json', text: TEXT }, core);
    expect(report.failed).toEqual([]);
    expect(report.passed).toBe(112);
    expect(report.kind).toBe(hivemindKind.name);
  });

  it('a vector with one byte changed fails', () => {
    const vector = DOCUMENT.vectors.find(({ id }: { id: string }) => id === 'hm-transcript-01');
    for (const what of ['frames', 'key'] as const) {
      const changed = structuredClone(vector);
      if (what === 'key') changed.expect.key_hex = changed.expect.key_hex.replace(/^./, (digit: string) => (digit === '0' ? '1' : '0'));
      else
        changed.input.frames.at(-1).text = changed.input.frames
          .at(-1)
          .text.replace(/"ciphertext": "(.)/, (_: string, digit: string) => `"ciphertext": "${digit === '0' ? '1' : '0'}`);
      const { passed, failed } = runVectors({ name: 'x', text: JSON.stringify({ ...DOCUMENT, vectors: [changed] }) }, core);
      expect([what, passed, failed.length]).toEqual([what, 0, 1]);
    }
  });
});

describe('RSA envelopes, off the event loop', () => {
  const keys = DOCUMENT.keys as Record<string, { private: string; public: string }>;
  const vectors = DOCUMENT.vectors.filter(({ op }: { op: string }) => ['rsa_half', 'rsa_verify', 'rsa_mixed_sizes'].includes(op));

  it.each(vectors as { id: string; input: Record<string, string>; expect: Record<string, string> }[])(
    '$id',
    async ({ input, expect: expected }) => {
      const publicKey = keys[input.sender_key].public;
      const bytes = bytesOfHex(input.envelope)!;
      const length = modulusBytes(publicKey)!;
      const { plaintext } = await runLegacy({
        op: 'rsa-envelope-open',
        privateKey: keys[input.receiver_key].private,
        publicKey,
        signature: bytes.subarray(0, length),
        ciphertext: bytes.subarray(length),
      });
      const key = expected.session_key_hex ?? expected.secret_hex;
      expect(typeof plaintext === 'string' ? plaintext : Buffer.from(plaintext).toString('hex')).toBe(key ?? 'forged');
    },
  );

  it('what is sealed opens; for another key it is unreadable, by another sender forged', async () => {
    const { alice2048: alice, bob2048: bob, carol3072: carol } = keys;
    const plaintext = new Uint8Array(32).fill(7);
    const sealed = await runLegacy({ op: 'rsa-envelope-seal', privateKey: alice.private, publicKey: bob.public, plaintext });
    const { ciphertext, signature } = { ciphertext: sealed.ciphertext!, signature: sealed.signature! };
    const open = async (privateKey: string, publicKey: string) =>
      (await runLegacy({ op: 'rsa-envelope-open', privateKey, publicKey, ciphertext, signature })).plaintext;
    expect(await open(bob.private, alice.public)).toEqual(plaintext);
    expect(await open(carol.private, alice.public)).toBe('unreadable');
    expect(await open(alice.private, alice.public)).toBe('unreadable');
    expect(await open(bob.private, bob.public)).toBe('forged');
    expect(await open(bob.private, 'no key')).toBe('forged');
  });

  it('nothing is sealed to what is no key, or is longer than the modulus allows', async () => {
    const { alice2048: alice } = keys;
    for (const [publicKey, length] of [
      ['no key', 32],
      [alice.public, 215],
    ] as const) {
      const sealed = await runLegacy({ op: 'rsa-envelope-seal', privateKey: alice.private, publicKey, plaintext: new Uint8Array(length) });
      expect(sealed.ciphertext).toBe(undefined);
    }
  });
});
