/** The checks that both sides make, in the order of section 3, each with its code. Cheap ones come before dear ones, and nothing about who it is before the signature. */
import type { Bytes } from '../../core/core.ts';
import { sameBytes } from '../../core/pure-random.ts';
import { type CodeName, type HandfastError, remoteError } from '../../errors.ts';
import { copyOf, viewOf } from '../../wire/bytes.ts';
import { peerIdOf } from '../../wire/peer-id.ts';
import { join } from '../../wire/writer.ts';
import { fault } from '../faults.ts';
import type { Millis, Peer } from '../machine.ts';
import { type ExtensionEntry, Frame, type Proof, readProof, readRefusal, type Taken, takeFrame, unsupported } from './format.ts';
import type { Settings } from './settings.ts';

export { broken, cut, fault, late } from '../faults.ts';

/** The next frame of what is held and what came, `whole` with its length, or a fault, or `held`: more bytes are wanted and this is all there is. None is a view of `data`. */
export type Next = { frame: Bytes; whole: Bytes; rest: Bytes } | { fault: HandfastError } | { held: Bytes };

export function nextFrame(held: Bytes, data: Bytes, limit: number, what: string): Next {
  const bytes = join(held.length === 0 ? [data] : [held, data]);
  const taken: Taken = takeFrame(bytes, limit);
  switch (taken.kind) {
    case 'frame': {
      const end = 4 + taken.length;
      if (bytes.length === end) return { frame: viewOf(bytes, 4, end), whole: bytes, rest: NONE };
      return { frame: viewOf(bytes, 4, end), whole: viewOf(bytes, 0, end), rest: viewOf(bytes, end, bytes.length) };
    }
    case 'short':
      return { held: copyOf(bytes) };
    case 'empty':
      return { fault: fault('MALFORMED', `${what}: a frame of no bytes`) };
    case 'too-large':
      return { fault: fault('TOO_LARGE', `${what}: declares ${taken.declared} bytes, ${limit} are allowed`) };
  }
}

/** A frame that is none of those that may come now: misplaced if there is such a frame at all, misshapen otherwise. */
export function misplaced(type: number, waitingFor: string): HandfastError {
  const known = (Object.values(Frame) as number[]).includes(type);
  const name = `0x${type.toString(16).padStart(2, '0')}`;
  return known
    ? fault('OUT_OF_TURN', `a frame of type ${name} where ${waitingFor} should be`)
    : fault('MALFORMED', `a frame of unknown type ${name} where ${waitingFor} should be`);
}

export function checkExtensions(
  what: string,
  extensions: readonly ExtensionEntry[],
  known: readonly number[] = [],
): HandfastError | undefined {
  const type = unsupported(extensions, known);
  if (type === undefined) return undefined;
  return fault('UNSUPPORTED_EXTENSION', `${what}: extension 0x${type.toString(16)} must be understood and is not`);
}

/** All that is checked before the signature. @param arrived our clock when the frame's last byte came. */
export function checkProof(settings: Settings, opened: Bytes, arrived: Millis, whose: string): Proof | HandfastError {
  const proof = readProof(opened);
  if (!proof) return fault('MALFORMED', `${whose} proof does not have its shape`);
  const extensions = checkExtensions(`${whose} proof`, proof.extensions);
  if (extensions) return extensions;
  const clock = checkTimestamp(proof.timestamp, arrived, settings.clockWindowMs);
  if (clock) return clock;
  if (!settings.core.ed25519.usablePublicKey(proof.id)) return fault('INVALID_ID', `${whose} id is not a usable Ed25519 key`);
  return proof;
}

/** What depends on who it is, once the signature has verified. */
export function checkWho(settings: Settings, peer: Peer): HandfastError | undefined {
  const { identity } = settings;
  // All of these are public: nobody learns anything by how long it takes.
  if (sameBytes(peer.publicKey, identity.publicKey)) {
    return fault('SELF_CONNECTION', 'the other side has our own id: an address of our own was dialled, or a relay leads back');
  }
  if (settings.peer && !sameBytes(peer.publicKey, settings.peer)) {
    return fault('UNEXPECTED_PEER', `${peer.id} answered where ${peerIdOf(settings.peer)} was expected`);
  }
  return undefined;
}

/** What a refusal in clear says: anybody may have written it. */
export function clearRefusal(frame: Bytes): HandfastError {
  const refused = readRefusal(frame.subarray(1));
  return refused ? remoteError(refused.code, refused.reason, 'claimed') : fault('MALFORMED', 'refusal does not have its shape');
}

function checkTimestamp(timestamp: Millis, now: Millis, windowMs: number): HandfastError | undefined {
  const ahead = timestamp - Math.trunc(now);
  if (ahead < -windowMs) return clockFault('EXPIRED_TIMESTAMP', -ahead, 'behind', windowMs);
  if (ahead > windowMs) return clockFault('FUTURE_TIMESTAMP', ahead, 'ahead of', windowMs);
  return undefined;
}

function clockFault(code: CodeName, ms: number, where: string, windowMs: number): HandfastError {
  const much = ms > 31_536_000_000 ? 'years' : `${ms.toLocaleString('en')} ms`;
  const allowed = `${windowMs.toLocaleString('en')} ms are allowed: compare the clocks of both machines`;
  return fault(code, `the timestamp is ${much} ${where} our clock, ${allowed}`);
}

const NONE = new Uint8Array(0);
