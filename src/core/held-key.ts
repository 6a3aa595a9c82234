/** A private key that lives as long as an identity: kept by the core that made it, copied once into any other core that signs with it. */
import type { Core, Secret } from './core.ts';

export class HeldKey {
  readonly #core: Core;
  readonly #secret: Secret;
  readonly #copies = new Map<Core, Secret>();

  /** Takes the secret over: `wipe` wipes it. */
  constructor(core: Core, secret: Secret) {
    this.#core = core;
    this.#secret = secret;
  }

  /** The key as a handle of `core`. */
  for(core: Core): Secret {
    if (core === this.#core) return this.#secret;
    let copy = this.#copies.get(core);
    if (!copy) {
      const bytes = this.#secret.export();
      copy = core.guarded.import(bytes);
      bytes.fill(0);
      this.#copies.set(core, copy);
    }
    return copy;
  }

  /** A copy of the bytes, on purpose. */
  export(): Uint8Array {
    return this.#secret.export();
  }

  /** Wipes it and every copy. */
  wipe(): void {
    this.#secret.wipe();
    for (const copy of this.#copies.values()) copy.wipe();
    this.#copies.clear();
  }
}
