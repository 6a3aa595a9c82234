/** Nodes of the same operator, by node key: they have names, and get in without a free slot (section 11). */
import type { Hash } from '../../core/core.ts';
import { defaultCore } from '../../core/default.ts';
import type { IdentityOptions } from '../../core/identity.ts';
import { HandfastError } from '../../errors.ts';
import { readNodePublic } from './text-form.ts';

export class Cluster {
  readonly #names = new Map<string, string>();
  readonly #hash: Hash;

  /** @param lines `n... [name]`, as in a configuration file; blank ones do not count. @throws HF_BAD_KEY that names the line. */
  constructor(lines: Iterable<string> = [], { core = defaultCore() }: IdentityOptions = {}) {
    this.#hash = core.hash;
    for (const line of lines) {
      const match = /^\s*(\S+)(?:\s+(.*?))?\s*$/.exec(line);
      if (match) this.add(match[1], match[2]);
    }
  }

  /** @throws HF_BAD_KEY when the id is not a node public key. */
  add(id: string, name = ''): this {
    if (!readNodePublic(id, this.#hash))
      throw new HandfastError('BAD_KEY', `cluster: ${JSON.stringify(id)} is not a node public key, n...`);
    this.#names.set(id, name);
    return this;
  }

  remove(id: string): boolean {
    return this.#names.delete(id);
  }

  has(id: string): boolean {
    return this.#names.has(id);
  }

  /** The name of a member, possibly empty; undefined for others. */
  nameOf(id: string): string | undefined {
    return this.#names.get(id);
  }

  get size(): number {
    return this.#names.size;
  }

  ids(): IterableIterator<string> {
    return this.#names.keys();
  }
}
