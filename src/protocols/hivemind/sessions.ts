/** What a master remembers of sessions by their ids, so that a client that comes again goes on where it was: bounded in number and time, and per access key. */
import type { JsonObject } from '../../wire/json.ts';
import type { Millis } from '../machine.ts';

export interface HeldSession {
  readonly accessKey: string;
  readonly sessionId: string;
  readonly siteId: string;
  /** The object of the client's last HELLO. */
  readonly session: JsonObject;
  readonly lastSeen: Millis;
}

export interface SessionsOptions {
  /** 1,024 by default; the one not seen for the longest goes first. */
  most?: number;
  /** One hour by default, from the last HELLO. */
  keptMs?: number;
}

export class HiveSessions {
  readonly #most: number;
  readonly #keptMs: number;
  /** Seen longest ago first. */
  readonly #held = new Map<string, HeldSession>();

  constructor({ most = 1024, keptMs = 60 * 60 * 1000 }: SessionsOptions = {}) {
    this.#most = most;
    this.#keptMs = keptMs;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Called for each HELLO of a proved client. @returns what was held of this session, if it was. */
  resume(next: HeldSession): HeldSession | undefined {
    const key = keyOf(next.accessKey, next.sessionId);
    const before = this.find(next.accessKey, next.sessionId, next.lastSeen);
    this.#held.delete(key);
    this.#held.set(key, next);
    for (const [oldest, { lastSeen }] of this.#held) {
      if (this.#held.size <= this.#most && next.lastSeen - lastSeen < this.#keptMs) break;
      this.#held.delete(oldest);
    }
    return before;
  }

  find(accessKey: string, sessionId: string, now: Millis): HeldSession | undefined {
    const held = this.#held.get(keyOf(accessKey, sessionId));
    return held && now - held.lastSeen < this.#keptMs ? held : undefined;
  }
}

function keyOf(accessKey: string, sessionId: string): string {
  // An access key has no line feed.
  return `${accessKey}\n${sessionId}`;
}
