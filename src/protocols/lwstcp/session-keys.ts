/**
 * Session keys that were used before. Whoever replays a server's old flight hands its old session key out again; remembering recent ones stops the plain form of that. They are remembered as
 * they came, enciphered: under one handshake key the same session key always looks the same, and what went over the wire is no secret.
 */
import type { Bytes } from '../../core/core.ts';
import { RecentKeys } from './recent-keys.ts';

export interface SessionKeyMemoryOptions {
  /** Session keys remembered for each handshake key, some 40 bytes each; 4,096. The oldest is forgotten first. */
  sessionKeys?: number | undefined;
  /** Handshake keys; 64. The one not used for longest is forgotten first. */
  handshakeKeys?: number | undefined;
}

export class SessionKeyMemory {
  readonly #sessionKeys: number;
  readonly #handshakeKeys: number;
  readonly #seen = new Map<string, RecentKeys>();
  /** The one used last. */
  #fingerprint: string | undefined;
  #recent: RecentKeys | undefined;

  constructor({ sessionKeys = 4_096, handshakeKeys = 64 }: SessionKeyMemoryOptions = {}) {
    this.#sessionKeys = sessionKeys;
    this.#handshakeKeys = handshakeKeys;
  }

  /** Remembers a session key. @param fingerprint of the handshake key. @param sealed 32 bytes from `at` on: the session key under that key. @returns whether it was new. */
  admit(fingerprint: string, sealed: Bytes, at = 0): boolean {
    return this.#of(fingerprint).add(sealed, at);
  }

  #of(fingerprint: string): RecentKeys {
    if (this.#recent && fingerprint === this.#fingerprint) return this.#recent;
    const recent = this.#seen.get(fingerprint) ?? new RecentKeys(this.#sessionKeys);
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
