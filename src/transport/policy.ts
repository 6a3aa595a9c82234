/** Who may stay, once it has proved who it is: bans, allow-list, allow function, room, in that order. */
import { HandfastError } from '../errors.ts';
import type { Peer, Refusal } from '../protocols/machine.ts';
import type { Judge } from './driver.ts';

/** Ids, or a function that is asked. A Set (or anything with `has`) is consulted as it is at the moment. */
export type Allow = Iterable<string> | { has(id: string): boolean } | ((peer: Peer) => boolean | Promise<boolean>);

export interface Bans {
  /** @param idOrAddress the text of an id, or of an IP address. */
  has(idOrAddress: string): boolean;
}

export interface PolicyOptions {
  allow?: Allow | undefined;
  bans?: Bans | undefined;
  /** Whether there is room for one more; asked last, and only of peers that may stay. */
  room?: ((peer: Peer) => boolean) | undefined;
}

/** @throws HF_BAD_ARGUMENT */
export function judgeOf({ allow, bans, room }: PolicyOptions): Judge {
  const allowed = allowOf(allow);
  const hasRoom = (peer: Peer): Refusal | undefined => (room && !room(peer) ? refusal('TOO_MANY_CONNECTIONS') : undefined);
  return (peer) => {
    if (bans?.has(peer.id)) return refusal('BANNED');
    if (!allowed) return hasRoom(peer);
    if ('list' in allowed) return allowed.list.has(peer.id) ? hasRoom(peer) : refusal('UNKNOWN_NODE');
    const verdict = allowed.ask(peer);
    const judged = (yes: boolean): Refusal | undefined => (yes ? hasRoom(peer) : refusal('NOT_ALLOWED'));
    return typeof verdict === 'object' ? verdict.then(judged) : judged(verdict);
  };
}

function allowOf(
  allow: Allow | undefined,
): { list: { has(id: string): boolean } } | { ask: (peer: Peer) => boolean | Promise<boolean> } | undefined {
  if (allow === undefined) return undefined;
  if (typeof allow === 'function') return { ask: allow };
  if (typeof allow === 'object' && allow !== null) {
    if ('has' in allow && typeof allow.has === 'function') return { list: allow };
    if (Symbol.iterator in allow) return { list: new Set(allow) };
  }
  throw new HandfastError('BAD_ARGUMENT', 'allow: expected ids (an iterable of strings) or a function');
}

const refusal = (code: Refusal['code']): Refusal => ({ code, reason: '' });
