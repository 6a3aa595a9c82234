/** Session keys that were used before. Whoever replays a server's old flight hands its old session key out again; remembering hashes of recent ones stops the plain form of that. */
import type { Bytes, Core } from '../../core/core.ts';
import { utf8 } from '../../wire/text.ts';
import { Recent } from '../recent.ts';

export interface SessionKeyMemoryOptions {
  /** Session keys remembered for each handshake key, some 100 bytes each; 4,096. The oldest is forgotten first. */
  sessionKeys?: number | undefined;
  /** Handshake keys; 64. The one not used for longest is forgotten first. */
  handshakeKeys?: number | undefined;
}

export class SessionKeyMemory {
  readonly #sessionKeys: number;
  readonly #handshakeKeys: number;
  readonly #seen = new Map<string, Recent>();
  /** The one used last. */
  #fingerprint: string | undefined;
  #recent: Recent | undefined;

  constructor({ sessionKeys = 4_096, handshakeKeys = 64 }: SessionKeyMemoryOptions = {}) {
    this.#sessionKeys = sessionKeys;
    this.#handshakeKeys = handshakeKeys;
  }

  /** Remembers a session key. @param fingerprint of the handshake key. @returns whether it was new. */
  admit(core: Core, fingerprint: string, sessionKey: Bytes): boolean {
    SESSION_KEY.set(sessionKey);
    const hash = core.hash.blake2b(SESSION_KEY, MARK);
    SESSION_KEY.fill(0);
    return this.#of(fingerprint).add(textOf(hash));
  }

  #of(fingerprint: string): Recent {
    if (this.#recent && fingerprint === this.#fingerprint) return this.#recent;
    const recent = this.#seen.get(fingerprint) ?? new Recent(this.#sessionKeys);
    // Used last, forgotten last.
    this.#seen.delete(fingerprint);
    if (this.#seen.size >= this.#handshakeKeys) {
      const [oldest] = this.#seen.keys();
      this.#seen.delete(oldest);
    }
    this.#seen.set(fingerprint, recent);
    this.#fingerprint = fingerprint;
    this.#recent = recent;
    return recent;
  }
}

/** Of this process, where no other is named. */
export const sharedSessionKeys = new SessionKeyMemory();

/** 16 bytes, two a character: short keys of maps are compared fastest. */
function textOf(hash: Bytes): string {
  const pair = (i: number): number => hash[i] | (hash[i + 1] << 8);
  return String.fromCharCode(pair(0), pair(2), pair(4), pair(6), pair(8), pair(10), pair(12), pair(14));
}

const PERSONAL = new Uint8Array(16);
PERSONAL.set(utf8('lwstcp session'));
const MARK = { length: 16, personal: PERSONAL };
// Used by one call after the other, as in packets.ts.
const SESSION_KEY = new Uint8Array(32);
