/** The other processes of this identity, as gossip sees them: one more session, over which every record goes to all of them, and on which what they passed on comes in. */
import type { Peer } from '../../protocols/machine.ts';
import { join } from '../../wire/writer.ts';
import type { Link } from '../link.ts';
import { writeLetter } from './letters.ts';
import type { Shared } from './shared.ts';

export class StoreLink implements Link {
  readonly peer: Peer;
  readonly bootId = undefined;
  readonly node = true;
  readonly own = true;
  readonly largestBody = Number.POSITIVE_INFINITY;
  readonly #shared: Shared;
  #bytes = 0;

  constructor(peer: Peer, shared: Shared) {
    this.peer = peer;
    this.#shared = shared;
  }

  send(kind: number, parts: readonly Uint8Array[]): boolean {
    return this.sendShared(join([Uint8Array.of(kind), ...parts]));
  }

  /** @returns false while the store is not to be had, or slower than what is to be sent: it is announced later. */
  sendShared(record: Uint8Array): boolean {
    if (this.#shared.down || this.#bytes + record.length > MOST_BYTES) return false;
    this.#bytes += record.length;
    const sent = (): void => {
      this.#bytes -= record.length;
    };
    this.#shared.ask((store) => store.send(undefined, writeLetter({ kind: 'gossip' }, record))).then(sent, sent);
    return true;
  }

  /** What came from there has not its shape: another version wrote it, and there is nobody to be turned out. */
  fail(): void {}
}

const MOST_BYTES = 8 * 1024 * 1024;
