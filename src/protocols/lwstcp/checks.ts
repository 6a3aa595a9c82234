/** What both sides do with bytes during the handshake: one packet of one type may come, and nothing else. */
import type { Bytes } from '../../core/core.ts';
import { type CodeName, HandfastError } from '../../errors.ts';
import { join } from '../../wire/writer.ts';
import { Packet } from './packets.ts';

/** The packet, or a fault, or `held`: more bytes are wanted and this is all there is. None is a view of `data`. */
export type Next = { packet: Bytes; rest: Bytes } | { fault: HandfastError } | { held: Bytes };

/** @param type the one that may come. @param size of such a packet. */
export function nextPacket(held: Bytes, data: Bytes, type: number, size: number): Next {
  const bytes = held.length === 0 ? data : join([held, data]);
  if (bytes.length === 0) return { held: NONE };
  if (bytes[0] !== type) return { fault: misplaced(bytes[0], `packet 0x0${type}`) };
  if (bytes.length < size) return { held: bytes.slice() };
  return { packet: bytes.slice(0, size), rest: bytes.length === size ? NONE : bytes.slice(size) };
}

/** A type byte that may not stand here: misplaced if there is such a packet at all, misshapen otherwise. */
export function misplaced(type: number, where: string): HandfastError {
  const name = `0x${type.toString(16).padStart(2, '0')}`;
  const known = type >= Packet.message && type <= Packet.disconnect;
  return known
    ? fault('OUT_OF_TURN', `packet ${name} where ${where} should be`)
    : fault('MALFORMED', `a packet of unknown type ${name} where ${where} should be`);
}

/** Nothing of this protocol is proved: each fault may be anybody's on the path. */
export function fault(code: CodeName, message: string): HandfastError {
  return new HandfastError(code, message, { unproved: true });
}

export const NONE: Bytes = new Uint8Array(0);
