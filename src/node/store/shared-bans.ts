/** Bans that all processes of an identity share: each has all of them, the store says which there are, and nobody is let in by a list that may be older than the store's. */
import type { HandfastError } from '../../errors.ts';
import type { Refusal } from '../../protocols/machine.ts';
import type { Clock } from '../../transport/clock.ts';
import type { Bans } from '../../transport/policy.ts';
import type { Ban, BanList } from '../bans/bans.ts';
import { subjectOf } from '../bans/subject.ts';
import { writeLetter } from './letters.ts';
import type { Shared } from './shared.ts';
import type { StoredBan } from './store.ts';

export class SharedBans implements Bans {
  readonly #shared: Shared;
  readonly #bans: BanList;
  readonly #clock: Clock;
  /** What the store does not know yet: a ban, or that there is none any more. */
  readonly #unwritten = new Map<string, Ban | undefined>();
  #version: string | undefined;
  /** Until then another process may not have heard of what is written, and let somebody in or handle what it has reserved. */
  #holdsFrom = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  #writing: Promise<void> | undefined;
  /** What is taken over from the store is not told to it. */
  #adopting = false;

  constructor(shared: Shared, bans: BanList, clock: Clock) {
    this.#shared = shared;
    this.#bans = bans;
    this.#clock = clock;
    bans.on('ban', (ban) => {
      if (!this.#adopting) this.#changed(subjectOf(ban.subject).key, ban);
    });
  }

  has(idOrAddress: string): boolean {
    return this.#bans.has(idOrAddress);
  }

  /** Asked right before somebody is let in. @returns why nobody is: the store cannot say who is banned. Nothing: this list may be trusted as it is. */
  renew(): Promise<Refusal | undefined> | undefined {
    return this.#shared.trusts(this.#version) ? undefined : this.#renew();
  }

  async #renew(): Promise<Refusal | undefined> {
    try {
      await this.reach(await this.#shared.trust());
      return undefined;
    } catch (error) {
      if (this.#shared.without.sessions === 'open') return undefined;
      return { code: (error as HandfastError).codeName, reason: '' };
    }
  }

  /** Until this list is at least as new as the store's was at that version. @throws (by rejection) as the store does. */
  async reach(version: string): Promise<void> {
    // What is being read may have been read before the change.
    if (this.#version !== version && this.#reading) await this.#reading.catch(() => {});
    if (this.#version === version) return;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  /** By hand. */
  lifted(subject: string): void {
    this.#changed(subjectOf(subject).key, undefined);
  }

  /** All that was banned here goes to the store: it has forgotten. */
  restore(): void {
    for (const ban of this.#bans.list()) {
      const { key } = subjectOf(ban.subject);
      if (!this.#unwritten.has(key)) this.#unwritten.set(key, ban);
    }
    this.#version = undefined;
  }

  /** Until all bans so far hold at all processes. @throws (by rejection) as the store does. */
  async stored(): Promise<void> {
    await this.written();
    const leftMs = this.#holdsFrom - this.#clock.precise();
    if (leftMs > 0) await new Promise<void>((resolve) => this.#clock.at(this.#clock.now() + leftMs, resolve));
  }

  /** Until they are in the store. @throws (by rejection) as the store does. */
  async written(): Promise<void> {
    while (this.#unwritten.size > 0) {
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
      await this.#writing;
    }
  }

  #changed(key: string, ban: Ban | undefined): void {
    this.#unwritten.delete(key);
    this.#unwritten.set(key, ban);
    this.written().catch(() => {});
  }

  async #write(): Promise<void> {
    const batch = [...this.#unwritten];
    const bans = batch.flatMap(([key, ban]) => (ban ? [this.#storedBan(key, ban)] : []));
    const lifted = batch.flatMap(([key, ban]) => (ban ? [] : [key]));
    if (bans.length > 0) {
      const waitMs = await this.#shared.ask((store) => store.ban(bans));
      this.#holdsFrom = Math.max(this.#holdsFrom, this.#clock.precise() + waitMs);
    }
    if (lifted.length > 0) await this.#shared.ask((store) => store.unban(lifted));
    this.#shared.tell((store) => store.send(undefined, writeLetter({ kind: 'bans' })));
    for (const [key, ban] of batch) if (this.#unwritten.get(key) === ban) this.#unwritten.delete(key);
  }

  async #read(): Promise<void> {
    const { version, bans } = await this.#shared.ask((store) => store.bans());
    // A store of another life has lost what it kept: nobody's ban ends because of that.
    if (!version.startsWith(`${this.#shared.life}:`)) this.restore();
    this.#adopting = true;
    try {
      this.#bans.adopt(
        bans.filter(({ key }) => !this.#unwritten.has(key)),
        (key) => this.#unwritten.has(key),
      );
    } finally {
      this.#adopting = false;
    }
    this.#version = version;
  }

  #storedBan(key: string, { subject, since, until, reason, automatic }: Ban): StoredBan {
    const now = this.#clock.now();
    return { key, text: subject, agoMs: Math.max(0, now - since), leftMs: until && Math.max(1, until - now), reason, automatic };
  }
}
