/** Session keys that were used before. Whoever replays a server's old flight hands its old session key out again; remembering hashes of recent ones stops the plain form of that. */
import type { Bytes, Core } from '../../core/core.ts';
import { utf8 } from '../../wire/text.ts';

export interface SessionKeyMemoryOptions {
  /** Session keys remembered for each handshake key, some 100 bytes each; 4,096. The oldest is forgotten first. */
  sessionKeys?: number | undefined;
  /** Handshake keys; 64. The one not used for longest is forgotten first. */
  handshakeKeys?: number | undefined;
}

export class SessionKeyMemory {
  readonly #sessionKeys: number;
  readonly #handshakeKeys: number;
  readonly #seen = new Map<string, Set<string>>();

  constructor({ sessionKeys = 4_096, handshakeKeys = 64 }: SessionKeyMemoryOptions = {}) {
    this.#sessionKeys = sessionKeys;
    this.#handshakeKeys = handshakeKeys;
  }

  /** Remembers a session key. @param fingerprint of the handshake key. @returns whether it was new. */
  admit(core: Core, fingerprint: string, sessionKey: Bytes): boolean {
    const seen = this.#of(fingerprint);
    const mark = String.fromCharCode(...core.hash.blake2b(sessionKey, { length: 16, personal: PERSONAL }));
    if (seen.has(mark)) return false;
    if (seen.size >= this.#sessionKeys) forgetFirst(seen);
    seen.add(mark);
    return true;
  }

  #of(fingerprint: string): Set<string> {
    const seen = this.#seen.get(fingerprint) ?? new Set();
    // Used last, forgotten last.
    this.#seen.delete(fingerprint);
    if (this.#seen.size >= this.#handshakeKeys) forgetFirst(this.#seen);
    this.#seen.set(fingerprint, seen);
    return seen;
  }
}

/** Of this process, where no other is named. */
export const sharedSessionKeys = new SessionKeyMemory();

function forgetFirst(collection: Map<string, unknown> | Set<string>): void {
  const [first] = collection.keys();
  collection.delete(first);
}

const PERSONAL = new Uint8Array(16);
PERSONAL.set(utf8('lwstcp session'));
