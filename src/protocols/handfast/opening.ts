/** The end of the handshake, alike on both sides: session keys are there, OPEN is exchanged, and the traffic begins. */
import type { Bytes, Cipher, Suite } from '../../core/core.ts';
import { CODES, HandfastError, remoteError, wireCode } from '../../errors.ts';
import { copyOf } from '../../wire/bytes.ts';
import type { Opened, Peer, Refusal } from '../machine.ts';
import { checkExtensions, fault } from './checks.ts';
import { Extension, Kind, type Open, readOpen, readRefusal, VERSION, writeOpen, writeRefusal } from './format.ts';
import { LEAST_RECORD } from './limits.ts';
import { openRecord, sealRecord } from './records.ts';
import type { SessionKeys } from './schedule.ts';
import type { Settings } from './settings.ts';
import { HandfastTraffic } from './traffic.ts';

/** A session whose OPEN of the other side is still to come. */
export interface Opening {
  settings: Settings;
  suite: Suite;
  peer: Peer;
  /** 32 bytes. */
  binding: Bytes;
  sealer: Cipher;
  opener: Cipher;
  /** Timestamps of both proofs: two sessions of one pair are told apart by their sum. */
  timestampSum: number;
}

export function beginOpening(settings: Settings, suite: Suite, keys: SessionKeys, peer: Peer, timestampSum: number): Opening {
  const { binding, sealer, opener } = keys;
  return { settings, suite, peer, binding, sealer, opener, timestampSum };
}

export function sendOpen({ settings, sealer }: Opening): Bytes {
  return sealRecord(sealer, Kind.open, writeOpen(settings));
}

export function sendClose({ sealer }: Opening, why: HandfastError | Refusal): Bytes {
  return sealRecord(sealer, Kind.close, closeBody(why));
}

/** The body of CLOSE, or of any refusal: faults of our own are nobody's business, nor is whom we expected the business of whoever answered instead. */
export function closeBody(why: HandfastError | Refusal): Bytes {
  const name = why instanceof HandfastError ? why.codeName : why.code;
  if (name === 'ABORTED') return writeRefusal(CODES.CLOSED.wire, '');
  const reason = why instanceof HandfastError ? why.message : why.reason;
  const wire = wireCode(name);
  return writeRefusal(wire, wire === CODES.INTERNAL.wire || name === 'UNEXPECTED_PEER' ? '' : reason);
}

/** Reads the other side's first record: its OPEN, or why there is none. @param whole with its length. */
export function readFirstRecord({ opener }: Opening, whole: Bytes): Open | HandfastError {
  const declared = whole.length - 4;
  if (declared < LEAST_RECORD) return fault('MALFORMED', `first record: declares ${declared} bytes, at least ${LEAST_RECORD} are needed`);
  const record = openRecord(opener, whole);
  if (!record) return fault('BAD_TAG', 'first record: does not open');
  if (record.kind === Kind.close) {
    const refused = readRefusal(record.body);
    return refused ? remoteError(refused.code, refused.reason, 'proved') : fault('MALFORMED', 'CLOSE does not have its shape');
  }
  if (record.kind !== Kind.open) {
    const known = (Object.values(Kind) as number[]).includes(record.kind);
    return fault(known ? 'OUT_OF_TURN' : 'MALFORMED', `first record: kind 0x${record.kind.toString(16)} where OPEN should be`);
  }
  const open = readOpen(record.body);
  if (!open) return fault('MALFORMED', 'OPEN does not have its shape');
  return checkExtensions('OPEN', open.extensions, EXTENSIONS) ?? open;
}

/** @param rest what came behind the other side's OPEN. */
export function finishHandshake(opening: Opening, open: Open, rest: Bytes, now: number): Opened {
  const { settings, suite, peer, binding, timestampSum } = opening;
  const info: Record<string, string | number | boolean> = {
    version: VERSION,
    suite,
    network: settings.network,
    largestRecord: open.largestRecord,
  };
  if (open.agent !== undefined) info.agent = open.agent;
  if (settings.node) {
    info.node = open.node;
    info.timestampSum = timestampSum;
    if (open.bootId) info.bootId = hex(open.bootId);
  }
  // A copy of its own: the view would keep the block of memory that it lies in for as long as the session.
  const own = { id: peer.id, publicKey: copyOf(peer.publicKey) };
  return { peer: own, binding, info, rest, traffic: new HandfastTraffic(opening, open, now) };
}

function hex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const EXTENSIONS: readonly number[] = Object.values(Extension);

export function wipeOpening({ sealer, opener }: Opening): void {
  sealer.wipe();
  opener.wipe();
}
