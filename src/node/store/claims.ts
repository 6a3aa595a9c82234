/** Which requests this process may handle: each is taken in the store first, so that no other process of this identity handles it too, whatever becomes of this one. */
import { Kind } from '../../protocols/handfast/format.ts';
import type { Millis } from '../../protocols/machine.ts';
import type { Shared } from './shared.ts';
import type { Claimed, RequestName } from './store.ts';

/** `busy`: whether it was taken before cannot be known now. It is not handled. */
export type Claim = Exclude<Claimed, { readonly is: 'banned' | 'past' }> | { readonly is: 'busy' };

/** As the handlers see it. No call throws or rejects. */
export interface Claims {
  /** Of the sessions that begin now; requests are taken in the life that their session was told of. */
  readonly life: string;
  claim(life: string, request: RequestName, ms: Millis): Promise<Claim>;
  /** The answer to one that is `mine`; undefined: nobody waits for it any more. */
  answered(request: RequestName, answer: Uint8Array | undefined): void;
  confirmed(requests: readonly RequestName[]): void;
}

export class SharedClaims implements Claims {
  readonly #shared: Shared;
  readonly #outdated: () => void;

  /** @param outdated the store knows of something that this process should know. */
  constructor(shared: Shared, outdated: () => void) {
    this.#shared = shared;
    this.#outdated = outdated;
  }

  get life(): string {
    return this.#shared.life;
  }

  async claim(life: string, request: RequestName, ms: Millis): Promise<Claim> {
    try {
      const claimed = await this.#shared.ask((store) => store.claim(life, request, ms));
      if (claimed.is === 'answer') return isAnswer(claimed.answer, request.id) ? claimed : { is: 'lost' };
      if (claimed.is !== 'banned' && claimed.is !== 'past') return { is: claimed.is };
      this.#outdated();
      return { is: 'busy' };
    } catch {
      // It may have been taken all the same; then it is handled by nobody.
      return { is: this.#shared.without.requests === 'handle' ? 'mine' : 'busy' };
    }
  }

  answered(request: RequestName, answer: Uint8Array | undefined): void {
    this.#shared.tell((store) => store.answer(request, answer));
  }

  confirmed(requests: readonly RequestName[]): void {
    if (requests.length > 0) this.#shared.tell((store) => store.confirm(requests));
  }
}

/** A record that answers this very request. */
function isAnswer(record: Uint8Array, id: bigint): boolean {
  if (record.length < 1 + 8 || (record[0] !== Kind.response && record[0] !== Kind.error)) return false;
  return new DataView(record.buffer, record.byteOffset).getBigUint64(1) === id;
}
