/** Which requests this process may handle: each is taken in the store first, so that no other process of this identity handles it too, whatever becomes of this one. */
import { Kind } from '../../protocols/handfast/format.ts';
import { Gathered } from './gathered.ts';
import { writeLetter } from './letters.ts';
import type { ReservedIds } from './reserved-ids.ts';
import type { Shared } from './shared.ts';
import type { Claimed, RequestName, RequestTaken } from './store.ts';

/** `busy`: whether it was taken before cannot be known now. It is not handled. */
export type Claim =
  | { readonly is: 'mine' | 'lost' | 'busy' }
  | { readonly is: 'elsewhere'; readonly by: string }
  | { readonly is: 'answer'; readonly answer: Uint8Array };

/** As the handlers see it. No call throws or rejects. */
export interface Claims {
  /** Of the sessions that begin now; requests are taken in the life that their session was told of. */
  readonly life: string;
  /** Of a request that has just come: whether it may be handled at once; else it is claimed. */
  takes(life: string, name: RequestName): boolean;
  claim(life: string, request: RequestTaken): Promise<Claim>;
  /** Another process, which is at that request, is to hand over its answer. */
  want(request: RequestName, by: string): void;
  /** The answer to one that is `mine`, for others; undefined: there will be none. */
  answered(request: RequestTaken, answer: Uint8Array | undefined): void;
  /** That peer has no session with this process any more. */
  left(peer: string): void;
  /** Another process was asked what this one may have taken. */
  wanted(peer: string): void;
}

export class SharedClaims implements Claims {
  readonly #shared: Shared;
  readonly #reserved: ReservedIds;
  readonly #outdated: () => void;
  readonly #claiming: Gathered<{ readonly life: string; readonly request: RequestTaken }, Claimed>;

  /** @param outdated the store knows of something that this process should know. */
  constructor(shared: Shared, reserved: ReservedIds, outdated: () => void) {
    this.#shared = shared;
    this.#reserved = reserved;
    this.#outdated = outdated;
    this.#claiming = new Gathered<{ life: string; request: RequestTaken }, Claimed>(shared.departures, AT_ONCE, async (all) => {
      // Of two lives only while one ends; what is of the other one is over.
      const { life } = all[0];
      const requests = all.filter((one) => one.life === life).map(({ request }) => request);
      const answers = [...(await shared.ask((store) => store.claim(life, requests)))];
      return all.map((one) => (one.life === life ? answers.shift()! : PAST));
    });
  }

  get life(): string {
    return this.#shared.life;
  }

  takes(life: string, name: RequestName): boolean {
    return this.#reserved.takes(life, name);
  }

  async claim(life: string, request: RequestTaken): Promise<Claim> {
    try {
      if (await this.#reserved.settled(life, request)) return { is: 'mine' };
      const claimed = await this.#claiming.ask({ life, request });
      if (claimed.is === 'answer') return isAnswer(claimed.answer, request.id) ? claimed : { is: 'lost' };
      if (claimed.is === 'elsewhere') return claimed;
      if (claimed.is === 'mine') this.#reserved.took(life, request);
      if (claimed.is === 'mine' || claimed.is === 'lost') return { is: claimed.is };
      this.#outdated();
      return { is: 'busy' };
    } catch {
      // It may have been taken all the same; then it is handled by nobody.
      return { is: this.#shared.without.requests === 'handle' ? 'mine' : 'busy' };
    }
  }

  want({ peer, peerLife, id }: RequestName, by: string): void {
    this.#shared.tell((store) => store.send(by, writeLetter({ kind: 'wanted', peer, peerLife, id: String(id) })));
  }

  answered(request: RequestTaken, answer: Uint8Array | undefined): void {
    this.#shared.tell((store) => store.answer(request, answer));
  }

  left(peer: string): void {
    this.#reserved.left(peer);
  }

  wanted(peer: string): void {
    this.#reserved.wanted(peer);
  }
}

/** A record that answers this very request. */
function isAnswer(record: Uint8Array, id: bigint): boolean {
  if (record.length < 1 + 8 || (record[0] !== Kind.response && record[0] !== Kind.error)) return false;
  return new DataView(record.buffer, record.byteOffset).getBigUint64(1) === id;
}

const AT_ONCE = 512;
const PAST = { is: 'past' } as const;
