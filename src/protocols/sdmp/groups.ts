/** The groups there are, of RFC 7919 and RFC 3526: safe primes built from their formulas, generator 2. A prime is only ever looked up here, never tested and never a peer's word. */
import type { Bytes } from '../../core/core.ts';
import { encodeBase64url } from '../../core/legacy/base64url.ts';

export type GroupName =
  | 'ffdhe2048'
  | 'ffdhe3072'
  | 'ffdhe4096'
  | 'ffdhe6144'
  | 'ffdhe8192'
  | 'modp2048'
  | 'modp3072'
  | 'modp4096'
  | 'modp6144'
  | 'modp8192';

export interface Group {
  readonly name: GroupName;
  readonly generator: 2;
  /** Big-endian, without a zero byte in front: 256 to 1,024 bytes. */
  readonly prime: Bytes;
  /** The prime in base64url. */
  readonly text: string;
  /** prime - 2: the largest public value. */
  readonly most: Bytes;
}

/** What is accepted where nothing else is said. */
export const DEFAULT_GROUPS: readonly GroupName[] = ['ffdhe2048', 'ffdhe3072', 'ffdhe4096', 'modp2048', 'modp3072', 'modp4096'];

export function isGroupName(name: unknown): name is GroupName {
  return typeof name === 'string' && Object.hasOwn(ADDENDS, name);
}

/** Computed once, some milliseconds for the largest. */
export function groupOf(name: GroupName): Group {
  let group = built.get(name);
  if (!group) {
    const value = primeOf(name);
    const prime = bytesOf(value);
    group = { name, generator: 2, prime, text: encodeBase64url(prime), most: bytesOf(value - 2n) };
    built.set(name, group);
  }
  return group;
}

/** 2^b - 2^(b-64) + (floor(2^(b-130) c) + X) 2^64 - 1, where c is e or pi. */
function primeOf(name: GroupName): bigint {
  const bits = BigInt(name.slice(-4));
  const constant = name.startsWith('ffdhe') ? eulerScaled(bits - 130n) : piScaled(bits - 130n);
  return (1n << bits) - (1n << (bits - 64n)) + ((constant + BigInt(ADDENDS[name])) << 64n) - 1n;
}

/** floor(2^bits e), by its series. */
function eulerScaled(bits: bigint): bigint {
  let term = 1n << (bits + GUARD);
  let sum = 0n;
  for (let k = 1n; term > 0n; k++) {
    sum += term;
    term /= k;
  }
  return sum >> GUARD;
}

/** floor(2^bits pi), by Machin's formula. */
function piScaled(bits: bigint): bigint {
  const one = 1n << (bits + GUARD);
  return (16n * inverseTangent(5n, one) - 4n * inverseTangent(239n, one)) >> GUARD;
}

/** arctan(1 / x), times `one`. */
function inverseTangent(x: bigint, one: bigint): bigint {
  let power = one / x;
  let sum = 0n;
  for (let k = 1n; power > 0n; k += 2n) {
    sum += k % 4n === 1n ? power / k : -(power / k);
    power /= x * x;
  }
  return sum;
}

function bytesOf(value: bigint): Bytes {
  const digits = value.toString(16);
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

/** X of the formula. */
const ADDENDS: Readonly<Record<GroupName, number>> = {
  ffdhe2048: 560_316,
  ffdhe3072: 2_625_351,
  ffdhe4096: 5_736_041,
  ffdhe6144: 15_705_020,
  ffdhe8192: 10_965_728,
  modp2048: 124_476,
  modp3072: 1_690_314,
  modp4096: 240_904,
  modp6144: 929_484,
  modp8192: 4_743_158,
};
// Each of a few thousand divisions rounds by one.
const GUARD = 64n;
const built = new Map<GroupName, Group>();
