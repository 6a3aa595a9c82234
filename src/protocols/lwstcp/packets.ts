/** The packets of LightweightSecureTCP: sizes, fields, and the sums that a handshake is made of. Numbers are little-endian, but for the length of a message. */
import type { Bytes } from '../../core/core.ts';
import { room } from '../../wire/writer.ts';
import { LIMITS } from './limits.ts';
import type { Settings } from './settings.ts';

/** The first byte of each packet. */
export const Packet = { message: 1, request: 2, response: 3, success: 4, keepAlive: 5, disconnect: 6 } as const;

/** Bytes of each handshake packet, with its type. */
export const SIZES = { request: 25, response: 25, success: 33 } as const;

/** Whose key and how many rounds: of the handshake. */
export type Sealing = Pick<Settings, 'core' | 'handshakeKey' | 'rounds'>;

/** What the server asks; 32, 64 and 64 bits, none of them all ones. */
export interface Challenge {
  nonce: number;
  num1: bigint;
  num2: bigint;
}

/** One that was drawn, with what fills up its packet. */
export interface DrawnChallenge extends Challenge {
  /** 4 random bytes. */
  padding: Bytes;
}

/** What the client answers. */
export interface ChallengeAnswer {
  nonce: number;
  sum: bigint;
  xor: bigint;
}

export function answerOf({ nonce, num1, num2 }: Challenge): ChallengeAnswer {
  const sum = BigInt.asUintN(64, num1 + num2);
  const xor = num1 ^ num2;
  return { nonce: (nonce ^ low(sum) ^ low(xor)) >>> 0, sum, xor };
}

/** Draws a challenge that no decoder takes for one that was not set, and whose answer none does either: all ones stand for that. */
export function drawChallenge({ core }: Sealing): DrawnChallenge {
  for (;;) {
    const drawn = core.random(BODY);
    scratchBody.set(drawn);
    const fields = takeFields();
    if (!fields) continue;
    const challenge = { nonce: fields.nonce, num1: fields.a, num2: fields.b, padding: drawn.slice(-PADDING) };
    const answer = answerOf(challenge);
    if (answer.nonce !== ONES && answer.sum !== ALL_ONES && answer.xor !== ALL_ONES) return challenge;
  }
}

/** @param padding 4 bytes; random when absent. */
export function writeRequest(sealing: Sealing, { nonce, num1, num2 }: Challenge, padding?: Bytes): Bytes {
  return writeFields(sealing, Packet.request, { nonce, a: num1, b: num2 }, padding);
}

/** @param request 25 bytes, type checked. @returns undefined when a field is all ones. */
export function readRequest(sealing: Sealing, request: Bytes): Challenge | undefined {
  const fields = readFields(sealing, request);
  return fields && { nonce: fields.nonce, num1: fields.a, num2: fields.b };
}

/** @param padding 4 bytes; random when absent. */
export function writeResponse(sealing: Sealing, { nonce, sum, xor }: ChallengeAnswer, padding?: Bytes): Bytes {
  return writeFields(sealing, Packet.response, { nonce, a: sum, b: xor }, padding);
}

/** @param response 25 bytes, type checked. @returns undefined when a field is all ones. */
export function readResponse(sealing: Sealing, response: Bytes): ChallengeAnswer | undefined {
  const fields = readFields(sealing, response);
  return fields && { nonce: fields.nonce, sum: fields.a, xor: fields.b };
}

/** @param sessionKey 32 bytes. */
export function writeSuccess({ core, handshakeKey, rounds }: Sealing, sessionKey: Bytes): Bytes {
  try {
    scratchKey.set(sessionKey);
    core.xtea256.encrypt(handshakeKey, scratchKey, rounds, scratchKey);
    scratch[0] = Packet.success;
    return taken(SIZES.success);
  } finally {
    scratchKey.fill(0);
  }
}

/** @param success 33 bytes, type checked. @returns 32 bytes, which the caller wipes; whatever they are, a server may have meant them. */
export function readSuccess({ core, handshakeKey, rounds }: Sealing, success: Bytes): Bytes {
  try {
    scratch.set(success);
    core.xtea256.decrypt(handshakeKey, scratchKey, rounds, scratchKey);
    return scratchKey.slice();
  } finally {
    scratchKey.fill(0);
  }
}

/** Bytes that a message of `length` bytes takes on the wire after its type and length. */
export function paddedLength(length: number): number {
  return (length + LIMITS.block - 1) & -LIMITS.block;
}

interface Fields {
  nonce: number;
  a: bigint;
  b: bigint;
}

function writeFields({ core, handshakeKey, rounds }: Sealing, type: number, { nonce, a, b }: Fields, padding?: Bytes): Bytes {
  scratch[0] = type;
  scratchView.setUint32(1, nonce, true);
  scratchView.setBigUint64(5, a, true);
  scratchView.setBigUint64(13, b, true);
  scratch.set(padding ?? core.random(PADDING), 1 + BODY - PADDING);
  core.xtea256.encrypt(handshakeKey, scratchBody, rounds, scratchBody);
  return taken(1 + BODY);
}

/** A packet that goes out. */
function taken(length: number): Bytes {
  const packet = room(length);
  for (let i = 0; i < length; i++) packet[i] = scratch[i];
  return packet;
}

function readFields({ core, handshakeKey, rounds }: Sealing, sealed: Bytes): Fields | undefined {
  scratch.set(sealed);
  core.xtea256.decrypt(handshakeKey, scratchBody, rounds, scratchBody);
  return takeFields();
}

/** Of the scratch memory, which is wiped. @returns undefined where one is all ones, which stands for none. */
function takeFields(): Fields | undefined {
  const nonce = scratchView.getUint32(1, true);
  // By halves: 64 bits at once are compared by a call of the engine's.
  const set = nonce !== ONES && !isAllOnes(5) && !isAllOnes(13);
  const fields = set ? { nonce, a: scratchView.getBigUint64(5, true), b: scratchView.getBigUint64(13, true) } : undefined;
  scratchBody.fill(0);
  return fields;
}

/** Of the 64 bits at that place. */
function isAllOnes(at: number): boolean {
  return (scratchView.getUint32(at, true) & scratchView.getUint32(at + 4, true)) >>> 0 === ONES;
}

function low(value: bigint): number {
  return Number(value & 0xffff_ffffn);
}

const BODY = 24;
const PADDING = 4;
const ONES = 0xffff_ffff;
const ALL_ONES = 2n ** 64n - 1n;
// Where packets are put together and taken apart, one at a time: whoever looks at the memory of an array, as a core does and a view, has the engine move it to where it can be looked at,
// which costs as much as enciphering it. This one is moved once.
const scratch = new Uint8Array(SIZES.success);
const scratchView = new DataView(scratch.buffer);
const scratchBody = scratch.subarray(1, 1 + BODY);
const scratchKey = scratch.subarray(1);
