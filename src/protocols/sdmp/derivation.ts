/** From the shared secret to keys. Which derivation is meant is a setting of both ends, never negotiated. */
import type { Bytes, Core, Secret } from '../../core/core.ts';
import { utf8 } from '../../wire/text.ts';
import { join, writeU32 } from '../../wire/writer.ts';
import { LIMITS } from './limits.ts';

export const DERIVATIONS = ['sha512-32', 'sha256', 'left32', 'right32'] as const;
export type Derivation = (typeof DERIVATIONS)[number];

/** @param shared Z, as long as the prime; wiped. @returns 32 bytes. */
export function sessionKey(core: Core, shared: Bytes, derivation: Derivation): Secret {
  const hashed = derivation === 'sha512-32' ? core.hash.sha512(shared) : derivation === 'sha256' ? core.hash.sha256(shared) : shared;
  const key = core.guarded.importEphemeral(derivation === 'right32' ? hashed.subarray(-32) : hashed.subarray(0, 32));
  hashed.fill(0);
  shared.fill(0);
  return key;
}

/** TH: both messages of the clear part, each behind its length. @returns 64 bytes. */
export function transcriptHash(core: Core, first: Bytes, second: Bytes): Bytes {
  const length = first.length + second.length + 8;
  writeU32(BOTH, 0, first.length);
  BOTH.set(first, 4);
  writeU32(BOTH, 4 + first.length, second.length);
  BOTH.set(second, 8 + first.length);
  return core.hash.sha512(BOTH.subarray(0, length));
}

/** Of the profile `bound`. @param shared wiped. @returns the sending keys of both sides, 32 bytes each. */
export function boundKeys(core: Core, shared: Bytes, transcript: Bytes): { initiator: Secret; responder: Secret } {
  // HKDF with SHA-512, RFC 5869: one block is all of it.
  const prk = core.hash.hmacSha512(transcript, shared);
  const block = core.hash.hmacSha512(prk, BOUND_INFO);
  const keys = {
    initiator: core.guarded.importEphemeral(block.subarray(0, 32)),
    responder: core.guarded.importEphemeral(block.subarray(32)),
  };
  for (const secret of [shared, prk, block]) secret.fill(0);
  return keys;
}

/** 32 bytes that only this connection has, the same on both sides: for channel binding. @param key stays the caller's. */
export function bindingOf(core: Core, key: Secret, transcript: Bytes): Bytes {
  const bytes = key.export();
  const binding = core.hash.hmacSha512(bytes, join([BINDING_LABEL, transcript])).slice(0, 32);
  bytes.fill(0);
  return binding;
}

// 01: the number of the block.
const BOUND_INFO = join([utf8('sdmp-0.12 bound'), Uint8Array.of(1)]);
// Both went in clear. In memory that is kept: an array for each handshake costs as much as a small hash.
const BOTH = new Uint8Array(2 * (4 + LIMITS.sessionObject));
const BINDING_LABEL = utf8('handfast sdmp binding\0');
