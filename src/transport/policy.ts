/** Who may stay, once it has proved who it is: bans, allow-list, allow function, room, in that order. */
import { HandfastError } from '../errors.ts';
import type { Peer, Refusal } from '../protocols/machine.ts';
import type { Judge } from './handshake.ts';

/** Ids, or a function that is asked. A Set (or anything with `has`) is consulted as it is at the moment. */
export type Allow = Iterable<string> | { has(id: string): boolean } | ((peer: Peer) => boolean | Promise<boolean>);

export interface Bans {
  /** @param idOrAddress the text of an id, or of an IP address. */
  has(idOrAddress: string): boolean;
  /** Asked first, where bans are kept elsewhere too: brings them up to date. @returns why nobody can be let in, if so; nothing at all where they are up to date. */
  renew?(): Promise<Refusal | undefined> | undefined;
}

/**
 * Takes room for one more peer that has proved who it is and may stay. @returns what gives the room back, called once the handshake has ended, either way, and right before the
 * session is told of; undefined: there is none.
 */
export type Room = (peer: Peer) => (() => void) | undefined;

export interface PolicyOptions {
  allow?: Allow | undefined;
  bans?: Bans | undefined;
}

/** @param room whether there is room for one more; asked last, and only for a peer that may stay. */
export type Policy = (peer: Peer, room?: () => boolean) => ReturnType<Judge>;

/** Made once: an iterable is read here, and not again. @throws HF_BAD_ARGUMENT */
export function policyOf({ allow, bans }: PolicyOptions): Policy {
  const allowed = allowOf(allow);
  const judge: Policy = (peer, room) => {
    const judged = (yes: boolean, no: Refusal['code']): Refusal | undefined => {
      if (!yes) return refusal(no);
      return room && !room() ? refusal('TOO_MANY_CONNECTIONS') : undefined;
    };
    if (bans?.has(peer.id)) return refusal('BANNED');
    if (!allowed) return judged(true, 'NOT_ALLOWED');
    if ('list' in allowed) return judged(allowed.list.has(peer.id), 'UNKNOWN_NODE');
    const verdict = allowed.ask(peer);
    return typeof verdict === 'object' ? verdict.then((yes) => judged(yes, 'NOT_ALLOWED')) : judged(verdict, 'NOT_ALLOWED');
  };
  if (!bans?.renew) return judge;
  return (peer, room) => {
    const renewed = bans.renew!();
    return renewed ? renewed.then((refused) => refused ?? judge(peer, room)) : judge(peer, room);
  };
}

function allowOf(
  allow: Allow | undefined,
): { list: { has(id: string): boolean } } | { ask: (peer: Peer) => boolean | Promise<boolean> } | undefined {
  if (allow === undefined) return undefined;
  if (typeof allow === 'function') return { ask: allow };
  if (typeof allow === 'object' && allow !== null) {
    if ('has' in allow && typeof allow.has === 'function') return { list: allow };
    if (Symbol.iterator in allow) {
      const list = new Set(allow);
      for (const id of list)
        if (typeof id !== 'string') throw new HandfastError('BAD_ARGUMENT', `allow: expected ids, text each, not ${typeof id}`);
      return { list };
    }
  }
  throw new HandfastError('BAD_ARGUMENT', 'allow: expected ids (an iterable of strings) or a function');
}

const refusal = (code: Refusal['code']): Refusal => ({ code, reason: '' });
