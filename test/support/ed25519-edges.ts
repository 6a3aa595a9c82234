/** Points and signatures of Ed25519 on which verifiers are known to disagree ("Taming the many EdDSAs", Chalkias, Garillot, Nikolaenko, 2020). */
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import type { SignedItem } from '../../src/core/core.ts';
import { hex } from './bytes.ts';
import type { Random } from './random.ts';

const { Point } = ed25519;
type Point = InstanceType<typeof Point>;
const ORDER = Point.Fn.ORDER;

/** The eight points of the torsion; the first has order 8. */
const TORSION = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 0n].map((times) =>
  Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a').multiplyUnsafe(times),
);

/** Encodings of points: of small order, not canonical, around p, not on the curve, or with torsion. */
export function edgePoint(random: Random): Uint8Array {
  switch (random.below(5)) {
    case 0:
      return random.pick(TORSION).toBytes();
    case 1: {
      // y from p - 2 upwards, or 0 to 3, with either sign bit.
      const bytes = random.chance(0.7)
        ? hex(`${(0xeb + random.below(21)).toString(16)}${'ff'.repeat(30)}7f`)
        : hex(`0${random.below(4)}${'00'.repeat(31)}`);
      if (random.chance(0.5)) bytes[31]! |= 0x80;
      return bytes;
    }
    case 2: {
      const bytes = random.pick(TORSION).toBytes();
      bytes[31]! ^= 0x80;
      return bytes;
    }
    case 3:
      return Point.BASE.multiplyUnsafe(BigInt(random.word()) + 1n)
        .add(random.pick(TORSION))
        .toBytes();
    default:
      return random.bytes(32);
  }
}

/**
 * A signature made by hand. The key and R may have torsion, which verifiers with and without the cofactor see differently; half of them satisfy the equation without cofactor,
 * and s may have the order added once or more, where it fits.
 */
export function edgeSignature(random: Random): SignedItem {
  const a = BigInt(random.word()) * BigInt(random.word()) + 1n;
  const torsionOfA = random.chance(0.6) ? random.pick(TORSION) : Point.ZERO;
  const A = random.chance(0.15) ? random.pick(TORSION) : Point.BASE.multiplyUnsafe(a).add(torsionOfA);
  const secret = A.isSmallOrder() ? 0n : a;
  const r = BigInt(random.word()) + 1n;
  const torsionOfR = random.chance(0.5) ? random.pick(TORSION) : Point.ZERO;
  const R = random.chance(0.1) ? random.pick(TORSION) : Point.BASE.multiplyUnsafe(r).add(torsionOfR);
  const nonce = R.isSmallOrder() ? 0n : r;
  const publicKey = alternative(random, A);
  const encodedR = alternative(random, R);
  const message = random.bytes(random.below(40));
  const challenge = littleEndian(sha512.create().update(encodedR).update(publicKey).update(message).digest()) % ORDER;
  let s = (nonce + challenge * secret) % ORDER;
  if (random.chance(0.2)) s += ORDER * BigInt(random.between(1, 14));
  if (random.chance(0.05)) s = 0n;
  const signature = new Uint8Array(random.chance(0.95) ? 64 : 65);
  signature.set(encodedR);
  signature.set(bytes32(s), 32);
  return { signature, message, publicKey };
}

/** The encoding of a point, now and then one that is not canonical: y + p where that fits, or the other sign where x is 0. */
function alternative(random: Random, point: Point): Uint8Array {
  const { x, y } = point.toAffine();
  const bytes = point.toBytes();
  if (random.chance(0.5)) return bytes;
  if (y < 19n) {
    const other = bytes32(y + Point.Fp.ORDER);
    other[31]! |= bytes[31]! & 0x80;
    return other;
  }
  if (x === 0n) bytes[31]! ^= 0x80;
  return bytes;
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function bytes32(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
}
