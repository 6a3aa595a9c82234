/** What processes of one identity write to each other through the store: a head in JSON, and bytes behind it. Another version may run there, so what has not its shape is dropped. */
import { readU32 } from '../../wire/reader.ts';
import { strictText, utf8 } from '../../wire/text.ts';
import { join, writeU32 } from '../../wire/writer.ts';
import type { CarriedError } from '../control/messages.ts';
import { LONGEST_LETTER } from './store.ts';

export type Head =
  /** A request for a peer that the other process has a session with; behind it the payload. */
  | {
      readonly kind: 'ask';
      readonly number: number;
      readonly from: string;
      readonly peer: string;
      readonly topic: string;
      readonly deadlineMs: number;
      readonly idempotent: boolean;
    }
  /** What came of it: the answer behind it, or an error. */
  | { readonly kind: 'answered'; readonly number: number; readonly error?: CarriedError | undefined }
  /** There is no session with that peer here: nothing was sent. */
  | { readonly kind: 'moved'; readonly number: number }
  /** A record of gossip behind it. */
  | { readonly kind: 'gossip' }
  /** The answer to a request that the other process has taken is asked for here. */
  | { readonly kind: 'wanted'; readonly peer: string; readonly peerLife: string; readonly id: string }
  /** The bans in the store have changed. One that gets lost is made up for by the next beat. */
  | { readonly kind: 'bans' };

export interface Letter {
  readonly head: Head;
  readonly body: Uint8Array;
}

export function writeLetter(head: Head, body: Uint8Array = NONE): Uint8Array {
  const text = utf8(JSON.stringify(head));
  const length = new Uint8Array(4);
  writeU32(length, 0, text.length);
  return join([length, text, body]);
}

/** @returns undefined when it is none. The body is a view. */
export function readLetter(bytes: Uint8Array): Letter | undefined {
  if (bytes.length < 4 || bytes.length > LONGEST_LETTER) return undefined;
  const length = readU32(bytes, 0);
  if (length > LONGEST_HEAD || 4 + length > bytes.length) return undefined;
  const head = headOf(strictText(bytes.subarray(4, 4 + length)));
  return head && { head, body: bytes.subarray(4 + length) };
}

function headOf(text: string | undefined): Head | undefined {
  let head: Partial<Record<string, unknown>>;
  try {
    head = Object(JSON.parse(text ?? ''));
  } catch {
    return undefined;
  }
  const { kind, number, from, peer, topic, deadlineMs, idempotent, error, peerLife, id } = head;
  if (kind === 'gossip' || kind === 'bans') return { kind };
  if (kind === 'wanted') {
    if (typeof peer !== 'string' || typeof peerLife !== 'string' || typeof id !== 'string' || !/^\d{1,20}$/.test(id)) return undefined;
    return { kind, peer, peerLife, id };
  }
  if (!Number.isSafeInteger(number)) return undefined;
  if (kind === 'moved') return { kind, number: number as number };
  if (kind === 'answered') {
    if (error !== undefined && typeof error !== 'object') return undefined;
    return { kind, number: number as number, error: (error ?? undefined) as CarriedError | undefined };
  }
  if (kind !== 'ask' || typeof from !== 'string' || typeof peer !== 'string' || typeof topic !== 'string') return undefined;
  if (typeof deadlineMs !== 'number' || !PROCESS.test(from)) return undefined;
  return { kind, number: number as number, from, peer, topic, deadlineMs, idempotent: idempotent === true };
}

const NONE = new Uint8Array(0);
const LONGEST_HEAD = 16_384;
const PROCESS = /^[0-9a-f]{32}$/;
