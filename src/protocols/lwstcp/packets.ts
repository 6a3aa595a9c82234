/** The packets of LightweightSecureTCP: sizes, fields, and the sums that a handshake is made of. Numbers are little-endian, but for the length of a message. */
import type { Bytes } from '../../core/core.ts';
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
export function drawChallenge({ core }: Sealing): Challenge {
  for (;;) {
    const { nonce, a: num1, b: num2 } = fieldsOf(core.random(BODY));
    const challenge = { nonce, num1, num2 };
    const answer = answerOf(challenge);
    if (isSet(nonce, num1, num2) && isSet(answer.nonce, answer.sum, answer.xor)) return challenge;
  }
}

/** @param padding 4 bytes; random when absent. */
export function writeRequest(sealing: Sealing, { nonce, num1, num2 }: Challenge, padding?: Bytes): Bytes {
  return writeFields(sealing, Packet.request, { nonce, a: num1, b: num2 }, padding);
}

/** @param packet 25 bytes, type checked. @returns undefined when a field is all ones. */
export function readRequest(sealing: Sealing, packet: Bytes): Challenge | undefined {
  const fields = readFields(sealing, packet);
  return fields && { nonce: fields.nonce, num1: fields.a, num2: fields.b };
}

/** @param padding 4 bytes; random when absent. */
export function writeResponse(sealing: Sealing, { nonce, sum, xor }: ChallengeAnswer, padding?: Bytes): Bytes {
  return writeFields(sealing, Packet.response, { nonce, a: sum, b: xor }, padding);
}

/** @param packet 25 bytes, type checked. @returns undefined when a field is all ones. */
export function readResponse(sealing: Sealing, packet: Bytes): ChallengeAnswer | undefined {
  const fields = readFields(sealing, packet);
  return fields && { nonce: fields.nonce, sum: fields.a, xor: fields.b };
}

/** @param sessionKey 32 bytes. */
export function writeSuccess({ core, handshakeKey, rounds }: Sealing, sessionKey: Bytes): Bytes {
  const packet = new Uint8Array(SIZES.success);
  packet[0] = Packet.success;
  core.xtea256.encrypt(handshakeKey, sessionKey, rounds, packet.subarray(1));
  return packet;
}

/** @param packet 33 bytes, type checked. @returns 32 bytes, which the caller wipes; whatever they are, a server may have meant them. */
export function readSuccess({ core, handshakeKey, rounds }: Sealing, packet: Bytes): Bytes {
  return core.xtea256.decrypt(handshakeKey, packet.subarray(1), rounds);
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
  const packet = new Uint8Array(1 + BODY);
  const view = new DataView(packet.buffer);
  packet[0] = type;
  view.setUint32(1, nonce, true);
  view.setBigUint64(5, a, true);
  view.setBigUint64(13, b, true);
  packet.set(padding ?? core.random(PADDING), 21);
  const body = packet.subarray(1);
  core.xtea256.encrypt(handshakeKey, body, rounds, body);
  return packet;
}

function readFields({ core, handshakeKey, rounds }: Sealing, packet: Bytes): Fields | undefined {
  const body = core.xtea256.decrypt(handshakeKey, packet.subarray(1), rounds);
  const fields = fieldsOf(body);
  return isSet(fields.nonce, fields.a, fields.b) ? fields : undefined;
}

function fieldsOf(body: Bytes): Fields {
  const view = new DataView(body.buffer, body.byteOffset, BODY);
  return { nonce: view.getUint32(0, true), a: view.getBigUint64(4, true), b: view.getBigUint64(12, true) };
}

function isSet(nonce: number, a: bigint, b: bigint): boolean {
  return nonce !== 0xffff_ffff && a !== ALL_ONES && b !== ALL_ONES;
}

function low(value: bigint): number {
  return Number(value & 0xffff_ffffn);
}

const BODY = 24;
const PADDING = 4;
const ALL_ONES = 2n ** 64n - 1n;
