/** The text form of a node's id: the libp2p PeerId of an Ed25519 key, base58btc of 00 24 08 01 12 20 || key. No other form is taken. */
import { base58 } from '@scure/base';

/** @param publicKey 32 bytes. @returns `12D3KooW...`, 52 characters. */
export function peerIdOf(publicKey: Uint8Array): string {
  // The number is a sum: of the prefix, and of each pair of bytes times a power of 2. Each power is known in groups of five digits, so that the sums of groups come without a division
  // and stay below 2^50; then what a group has too much is carried to the one above it.
  for (let pair = 0; pair < PAIRS; pair++) pairs[pair] = (publicKey[2 * pair]! << 8) | publicKey[2 * pair + 1]!;
  let carry = 0;
  for (let group = GROUPS - 1; group >= 0; group--) {
    let even = PREFIX_GROUPS[group]!;
    let odd = 0;
    for (let pair = 0, at = PAIRS * group; pair < PAIRS; pair += 2, at += 2) {
      even += pairs[pair]! * WEIGHTS[at]!;
      odd += pairs[pair + 1]! * WEIGHTS[at + 1]!;
    }
    // The carry comes last, so that nothing but it waits for the group below.
    const sum = even + odd + carry;
    carry = Math.floor(sum / FIVE_DIGITS);
    const digits = (sum - carry * FIVE_DIGITS) | 0;
    // Two digits at a time, the last ones first: a division is what this waits for.
    const higher = (digits / TWO_DIGITS) | 0;
    const first = (higher / TWO_DIGITS) | 0;
    const at = 5 * group - UNSHOWN;
    showPair(at + 3, digits - TWO_DIGITS * higher);
    // Of the first group only the last two are shown.
    if (group === 0) break;
    showPair(at + 1, higher - TWO_DIGITS * first);
    shown[at] = PAIR_CODES[first]! >> 8;
  }
  return String.fromCharCode.apply(null, shown);
}

function showPair(at: number, pair: number): void {
  const codes = PAIR_CODES[pair]!;
  shown[at] = codes & 0xff;
  shown[at + 1] = codes >> 8;
}

/** @returns the 32-byte key, or undefined when the text is not the id of an Ed25519 key. */
export function publicKeyOf(id: string): Uint8Array | undefined {
  if (!/^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/.test(id)) return undefined;
  const bytes = base58.decode(id);
  if (bytes.length !== 38 || !PREFIX.every((byte, i) => bytes[i] === byte)) return undefined;
  return bytes.slice(PREFIX.length);
}

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const TWO_DIGITS = 58 ** 2;
const FIVE_DIGITS = 58 ** 5;
/** The codes of two digits: the first in the lower byte. */
const PAIR_CODES = Uint16Array.from(
  { length: TWO_DIGITS },
  (_, pair) => ALPHABET.charCodeAt(Math.floor(pair / 58)) | (ALPHABET.charCodeAt(pair % 58) << 8),
);
const GROUPS = 11;
const PAIRS = 16;
const PREFIX_GROUPS = groupsOf(0x240801_1220n << 256n);
/** What 1 in the place of each pair of bytes is, group by group. */
const WEIGHTS = new Float64Array(GROUPS * PAIRS);
for (let pair = 0; pair < PAIRS; pair++) {
  groupsOf(1n << BigInt(16 * (PAIRS - 1 - pair))).forEach((weight, group) => {
    WEIGHTS[PAIRS * group + pair] = weight;
  });
}
const pairs = new Float64Array(PAIRS);
/** The first group begins with three zeros; the fourth stands for the zero byte in front of the number, and is shown. */
const UNSHOWN = 3;
/** An array of numbers, since those the engine takes as arguments as they lie. */
const shown = new Array<number>(5 * GROUPS - UNSHOWN).fill(0);

/** In groups of five digits, the highest first. */
function groupsOf(value: bigint): Float64Array {
  const all = new Float64Array(GROUPS);
  for (let group = GROUPS - 1, left = value; group >= 0; group--, left /= BigInt(FIVE_DIGITS))
    all[group] = Number(left % BigInt(FIVE_DIGITS));
  return all;
}

// Multihash "identity" of 36 bytes; protobuf: field 1 (type) Ed25519, field 2 (data) 32 bytes.
const PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20);
