/** The pre-shared key of version 3: argon2id of the password, salted with the master's node id; remembered, since it takes a second where it is computed without native help. */
import type { Bytes, Core } from '../../core/core.ts';
import type { Argon2idJob } from '../../core/legacy/argon2id.ts';
import { utf8 } from '../../wire/text.ts';
import { hexOf } from './encodings.ts';

export function pskJob({ hash }: Core, password: string, nodeId: string): Argon2idJob {
  return {
    op: 'argon2id',
    password: utf8(password),
    salt: hash.sha256(utf8(nodeId)),
    passes: 3,
    memoryKib: 64 * 1024,
    lanes: 1,
    length: 32,
  };
}

/** Keys by password and salt; the oldest goes first. */
export class PskCache {
  readonly #core: Core;
  readonly #keys = new Map<string, Bytes>();

  constructor(core: Core) {
    this.#core = core;
  }

  find(job: Argon2idJob): Bytes | undefined {
    // A copy: another handshake may replace it meanwhile, which wipes it.
    return this.#keys.get(this.#nameOf(job))?.slice();
  }

  add(job: Argon2idJob, key: Bytes): void {
    const name = this.#nameOf(job);
    this.#keys.get(name)?.fill(0);
    this.#keys.delete(name);
    this.#keys.set(name, key.slice());
    if (this.#keys.size <= MOST_KEYS) return;
    const [oldest, old] = this.#keys.entries().next().value!;
    old.fill(0);
    this.#keys.delete(oldest);
  }

  #nameOf({ password, salt }: Argon2idJob): string {
    return hexOf(this.#core.hash.hmacSha256(salt, password));
  }
}

/** The cache that all HiveMind sides of a core share: a slave that dials again does not stretch its password again. */
export function pskCacheOf(core: Core): PskCache {
  let cache = shared.get(core);
  if (!cache) {
    cache = new PskCache(core);
    shared.set(core, cache);
  }
  return cache;
}

const MOST_KEYS = 1024;
const shared = new WeakMap<Core, PskCache>();
