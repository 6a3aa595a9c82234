/** A second encoding of a signature that verifies, made without the key: where it is refused, and where the reference makes us take it. Curve points by themselves: test/core/behaviour/public-keys.ts. */
import { createPublicKey } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { afterAll, describe, expect, it } from 'vitest';
import { base64Of } from '../../src/protocols/xrpl/base64.ts';
import { attacked, dispose } from '../support/attacked.ts';
import { cores, pure } from '../support/cores.ts';
import { Bench, expectHonest, scriptedDialler, scriptedListener } from '../support/handfast.ts';
import { NAMES, other, publicPem, standing } from '../support/sdmp.ts';
import { ALICE_SECRET, hear, requestOf, sessionValueOf, side } from '../support/xrpl.ts';

const ORDER = ed25519.Point.Fn.ORDER;
const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const littleEndian = (bytes: Uint8Array): bigint => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

/** The signature with `times` the order added to s, where that fits. */
function shifted(signature: Uint8Array, times: bigint): Uint8Array {
  const s = littleEndian(signature.subarray(32)) + times * ORDER;
  const bytes = signature.slice();
  for (let i = 0; i < 32; i++) bytes[32 + i] = Number((s >> BigInt(8 * i)) & 255n);
  return bytes;
}

/** DER of two numbers; `zeros` in front of each, `tail` behind. */
function der(r: bigint, s: bigint, { zeros = 0, tail = 0 } = {}): Uint8Array {
  const integer = (value: bigint): number[] => {
    const digits = value.toString(16);
    const bytes = [...Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex')];
    if (bytes[0]! >= 0x80) bytes.unshift(0);
    bytes.unshift(...Array<number>(zeros).fill(0));
    return [2, bytes.length, ...bytes];
  };
  const both = [...integer(r), ...integer(s)];
  return Uint8Array.of(0x30, both.length, ...both, ...Array<number>(tail).fill(0));
}

function numbersOf(signature: Uint8Array): [bigint, bigint] {
  const at = 4 + signature[3]!;
  const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  return [number(signature.subarray(4, at)), number(signature.subarray(at + 2))];
}

const modulusOf = (pem: string): bigint =>
  BigInt(`0x${Buffer.from(createPublicKey(pem).export({ format: 'jwk' }).n!, 'base64url').toString('hex')}`);

for (const core of cores) {
  describe(`signatures that are encoded otherwise, ${core.name} core`, () => {
    const bench = new Bench(core);
    afterAll(() => bench.end());

    it('handfast: s with the order added once to fourteen times, in both proofs: 0 accepted', () => {
      for (let times = 0n; times < 15n; times++) {
        const respell = (signature: Uint8Array) => shifted(signature, times);
        const b = bench.listener().start();
        const dials = scriptedDialler();
        b.bytes(dials.hello());
        b.bytes(dials.finish(dials.takeReply(b.take()).slice(0, 32), { respell }));
        const a = bench.dialler().start();
        const listens = scriptedListener();
        listens.takeHello(a.take());
        a.bytes(listens.reply({ respell }));
        const refused = times === 0n ? undefined : 'INVALID_SIGNATURE';
        expect([b.failed?.codeName, a.failed?.codeName]).toEqual([refused, refused]);
        a.dispose();
        b.dispose();
      }
      expectHonest(bench);
    });

    it('xrpl: a high S is taken, since rippled signs and takes them; no other form is', () => {
      const [r, s] = numbersOf(pure.secp256k1.sign(sessionValueOf(), ALICE_SECRET));
      const outcome = (signature: Uint8Array): string => {
        const listener = side('responder', { core });
        hear(listener, requestOf({ 'Session-Signature': base64Of(signature) }));
        const result = listener.opened ? 'opened' : listener.failed!.codeName;
        listener.dispose();
        return result;
      };
      expect(outcome(der(r, s))).toBe('opened');
      expect(outcome(der(r, SECP256K1_ORDER - s))).toBe('opened');
      for (const bad of [
        der(r, s + SECP256K1_ORDER),
        der(r + SECP256K1_ORDER, s),
        der(r, s, { zeros: 1 }),
        der(r, s, { tail: 1 }),
        der(r, 0n),
        der(0n, s),
        der(SECP256K1_ORDER - r, s),
      ]) {
        expect(outcome(bad)).toBe('INVALID_SIGNATURE');
      }
    });

    it('sdmp: a number of the modulus or more, with zeros in front or behind, or shorter, is refused', () => {
      for (const role of ['initiator', 'responder'] as const) {
        const proofWith = (change: (signature: Buffer) => Buffer) => {
          const { side, peer } = standing(core, role, 'proof');
          const proof = peer.proof() as { signature: { signatures: { signature: string }[] } };
          const [entry] = proof.signature.signatures;
          entry!.signature = change(Buffer.from(entry!.signature, 'base64url')).toString('base64url');
          side.hear(peer.seal(proof as never));
          const code = side.failed?.codeName ?? 'opened';
          side.dispose();
          return code;
        };
        const plus = (signature: Buffer, times: bigint): Buffer => {
          const value = BigInt(`0x${signature.toString('hex')}`) + times * modulusOf(publicPem(NAMES[other(role)]));
          const digits = value.toString(16);
          return Buffer.from(digits.padStart(Math.max(512, digits.length + (digits.length % 2)), '0'), 'hex');
        };
        expect(proofWith((signature) => signature)).toBe('opened');
        for (const change of [
          (signature: Buffer) => plus(signature, 1n),
          (signature: Buffer) => plus(signature, 2n ** 64n),
          (signature: Buffer) => Buffer.concat([Buffer.alloc(1), signature]),
          (signature: Buffer) => Buffer.concat([signature, Buffer.alloc(1)]),
          (signature: Buffer) => signature.subarray(1),
          () => Buffer.alloc(256),
        ]) {
          expect(proofWith(change)).toBe('INVALID_SIGNATURE');
        }
      }
    });

    it('an honest pair of each protocol opens afterwards', () => {
      for (const subject of attacked(core, 'handfast', 'xrpl', 'sdmp')) {
        const { ends } = subject.recorded();
        expect(ends.a.opened && ends.b.opened).toBeTruthy();
        dispose(ends);
      }
    });
  });
}
