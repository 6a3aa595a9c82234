/** Who is let in: a list of ids that may change while the node runs, or everybody where there is none. */
import { EventEmitter } from 'node:events';
import { HandfastError } from '../../errors.ts';
import { publicKeyOf } from '../../wire/peer-id.ts';

export interface AllowEvents {
  add: [id: string];
  /** Sessions with it end. */
  remove: [id: string];
}

export class AllowList extends EventEmitter<AllowEvents> {
  readonly #ids: Set<string> | undefined;

  /** @param ids everybody is let in when absent, nobody when empty. @throws HF_BAD_ARGUMENT when one is no id. */
  constructor(ids?: Iterable<string>) {
    super();
    if (ids === undefined) return;
    if (typeof ids === 'string' || typeof Object(ids)[Symbol.iterator] !== 'function') {
      throw new HandfastError('BAD_ARGUMENT', 'allow: expected ids (an iterable of strings)');
    }
    this.#ids = new Set<string>();
    for (const id of ids) this.#ids.add(checked(id));
  }

  /** No list: everybody is let in. */
  get everybody(): boolean {
    return this.#ids === undefined;
  }

  has(id: string): boolean {
    return this.#ids === undefined || this.#ids.has(id);
  }

  /** @returns whether it was not on the list yet. @throws HF_BAD_ARGUMENT when it is no id, or there is no list. */
  add(id: string): boolean {
    const ids = this.#list();
    if (ids.has(checked(id))) return false;
    ids.add(id);
    this.emit('add', id);
    return true;
  }

  /** @returns whether it was on the list. @throws HF_BAD_ARGUMENT when it is no id, or there is no list. */
  remove(id: string): boolean {
    const gone = this.#list().delete(checked(id));
    if (gone) this.emit('remove', id);
    return gone;
  }

  /** The ids on the list; none where everybody is let in. */
  ids(): string[] {
    return [...(this.#ids ?? [])];
  }

  /** A list that begins with one name would shut everybody else out. */
  #list(): Set<string> {
    if (this.#ids) return this.#ids;
    throw new HandfastError(
      'BAD_ARGUMENT',
      'allow: everybody is let in here; give a list from the start to have one, or ban an id to keep it out',
    );
  }
}

function checked(id: string): string {
  if (typeof id === 'string' && publicKeyOf(id)) return id;
  const shown = typeof id === 'string' ? JSON.stringify(id.slice(0, 80)) : typeof id;
  throw new HandfastError('BAD_ARGUMENT', `allow: expected ids, 12D3KooW... with 52 characters each, not ${shown}`);
}
