/**
 * The transcript and the keys of handfast/1, section 3: h0 to h4, prk and prk2, and what is derived from them.
 * Hashes are public bytes; keys are handles of the core and belong to whoever asked for them.
 */
import type { Bytes, Core, Secret, Suite } from '../../core/core.ts';
import { utf8 } from '../../wire/text.ts';
import { join, room } from '../../wire/writer.ts';
import { TAG } from './limits.ts';

/** "handfast/1 ", the word, a zero byte: nothing else that is signed or hashed anywhere begins so. */
export function label(word: string): Bytes {
  return utf8(`handfast/1 ${word}\0`);
}

/** What stands for a network on the wire. @returns 16 bytes. */
export function networkTag(core: Core, network: string): Bytes {
  return core.hash.blake2b([LABEL.network, utf8(network)]).slice(0, 16);
}

/** @returns h1, 64 bytes. */
export function hashHello(core: Core, hello: Bytes): Bytes {
  h0 ??= core.hash.blake2b(LABEL.transcript);
  return extend(core, h0, hello);
}

/** The next value of the transcript. @returns 64 bytes. */
export function extend(core: Core, h: Bytes, part: Bytes): Bytes {
  // Hashed and authenticated again and again: see `room`.
  return join([core.hash.blake2b([h, part])]);
}

/** Keys of the handshake: prk, and one key for each proof. A refusal has one too, derived only when there is one. */
export interface HandshakeKeys {
  /** 64 bytes. */
  prk: Secret;
  kB: Secret;
  kA: Secret;
}

/** @param shared the X25519 result; stays the caller's. */
export function handshakeKeys(core: Core, shared: Secret, h2: Bytes): HandshakeKeys {
  const prk = core.guarded.blake2b([LABEL.keys, shared, h2], 64);
  return {
    prk,
    kB: core.guarded.kdf(prk, 1, CONTEXT),
    kA: core.guarded.kdf(prk, 2, CONTEXT),
  };
}

/** Lends kR, which seals the dialler's refusal, to `use`. */
export function withRefusalKey<T>(core: Core, { prk }: HandshakeKeys, use: (kR: Secret) => T): T {
  const kR = core.guarded.kdf(prk, 3, CONTEXT);
  try {
    return use(kR);
  } finally {
    kR.wipe();
  }
}

export function wipeKeys(keys: HandshakeKeys): void {
  keys.prk.wipe();
  keys.kB.wipe();
  keys.kA.wipe();
}

export interface SessionKeys {
  toListener: Secret;
  toDialler: Secret;
  /** 32 bytes, public. */
  binding: Bytes;
}

/** kdf(prk2, 4) is kept free for resumption and not computed. @param prk stays the caller's. */
export function sessionKeys(core: Core, prk: Secret, h4: Bytes): SessionKeys {
  const prk2 = core.guarded.blake2b([LABEL.session, prk, h4], 64);
  const binding = core.guarded.kdf(prk2, 3, CONTEXT);
  const keys = {
    toListener: core.guarded.kdf(prk2, 1, CONTEXT),
    toDialler: core.guarded.kdf(prk2, 2, CONTEXT),
    binding: binding.export(),
  };
  binding.wipe();
  prk2.wipe();
  return keys;
}

/** What B signs. */
export function responderText(h2: Bytes, claim: Bytes): Bytes {
  return join([LABEL.responder, h2, claim]);
}

/** What A signs. @param idOfB 32 bytes. */
export function initiatorText(h3: Bytes, idOfB: Bytes, claim: Bytes): Bytes {
  return join([LABEL.initiator, h3, idOfB, claim]);
}

/** Each of these keys seals one message, so its counter is 0 and its nonce the same in both suites. */
export function sealOnce(core: Core, suite: Suite, key: Secret, h: Bytes, plaintext: Bytes): Bytes {
  return core.aead.seal(suite, key, FIRST_NONCE, plaintext, h, room(plaintext.length + TAG));
}

/** @param sealed 16 bytes or more. @returns undefined when it does not open. */
export function openOnce(core: Core, suite: Suite, key: Secret, h: Bytes, sealed: Bytes): Bytes | undefined {
  try {
    return core.aead.open(suite, key, FIRST_NONCE, sealed, h, room(sealed.length - TAG));
  } catch {
    return undefined;
  }
}

const LABEL = {
  network: label('network'),
  transcript: label('transcript'),
  keys: label('keys'),
  session: label('session'),
  responder: label('responder'),
  initiator: label('initiator'),
};
/** Begins every transcript; the same whichever core computes it. */
let h0: Bytes | undefined;
const CONTEXT = utf8('handfst1');
const FIRST_NONCE = new Uint8Array(12);
