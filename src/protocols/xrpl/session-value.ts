/** What both sides sign: 32 bytes that only the two ends of one TLS session can compute alike (section 3). */
import type { Bytes, Hash } from '../../core/core.ts';
import type { TlsFacts } from '../machine.ts';
import { LIMITS } from './limits.ts';

/** Where the value comes from; replaceable, since a derivation from the TLS exporter was proposed twice. */
export type SessionValue = (tls: TlsFacts | undefined, hash: Pick<Hash, 'sha512'>) => Bytes | undefined;

/** @returns 32 bytes; undefined when a Finished message is missing or shorter than 12 bytes, or both are the same. */
export const finishedValue: SessionValue = (tls, hash) => {
  const own = tls?.ownFinished;
  const peer = tls?.peerFinished;
  if (!own || !peer || own.length < LIMITS.leastFinished || peer.length < LIMITS.leastFinished) return undefined;
  // All 64 bytes are hashed, leading zeros too.
  const mixed = hash.sha512(own);
  const other = hash.sha512(peer);
  let any = 0;
  for (let i = 0; i < mixed.length; i++) {
    mixed[i] ^= other[i];
    any |= mixed[i];
  }
  return any === 0 ? undefined : hash.sha512(mixed).slice(0, 32);
};
