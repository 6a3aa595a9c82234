/** Sides of handfast/1 for tests: fixed identities, ephemerals and clocks, so that a side does the same again when it hears the same. */
import { expect } from 'vitest';
import type { Cipher, CipherOptions, Core } from '../../src/core/core.ts';
import { Identity } from '../../src/core/identity.ts';
import { type HandfastOptions, handfast } from '../../src/protocols/handfast/index.ts';
import type { Peer, Refusal, Work, WorkAnswer } from '../../src/protocols/machine.ts';
import { converse, Side } from './machines.ts';
import { type PartyOptions, ReferenceDialler, ReferenceListener } from './reference.ts';
import { WorkOnce } from './work-once.ts';

/** The listener's clock; the dialler's is 50 ms ahead. */
export const NOW = 1_700_000_000_000;
export const AHEAD = 50;

export const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
export const filled = (value: number) => new Uint8Array(32).fill(value);

export interface SideChanges extends Partial<Omit<HandfastOptions, 'core' | 'identity'>> {
  /** The identity's seed: 32 bytes of this value. */
  seed?: number;
  identity?: Identity;
  /** The ephemeral's secret: 32 bytes of this value; random when 0. */
  ephemeral?: number;
  now?: number;
  judge?: (peer: Peer) => Refusal | undefined;
  work?: (work: Work) => WorkAnswer | undefined;
}

/** Identities of all benches of a core. */
const identitiesOf = new Map<Core, number>();

/** What is made for some tests on one core, and wiped at their end. */
export class Bench {
  readonly core: Core;
  readonly #base: Core;
  readonly #identities = new Map<number, Identity>();
  /** So that every bit of a handshake can be turned. */
  readonly #once: WorkOnce;
  readonly #open = new Set<Cipher>();

  /** Ciphers that have been made and not been wiped, which `guarded.live` does not count. */
  get ciphers(): number {
    return this.#open.size;
  }

  constructor(core: Core) {
    const open = this.#open;
    this.#base = core;
    const counted = (cipher: Cipher): Cipher => {
      const wipe = cipher.wipe.bind(cipher);
      open.add(cipher);
      cipher.wipe = () => {
        open.delete(cipher);
        wipe();
      };
      return cipher;
    };
    const sequence: Core['sequence'] = (options) => {
      const made = core.sequence(options);
      const kinds = Object.values(options.results);
      return { run: (inputs) => made.run(inputs)?.map((result, i) => (kinds[i] === 'cipher' ? counted(result as Cipher) : result)) };
    };
    this.core = Object.create(core, {
      cipher: { value: (options: CipherOptions) => counted(core.cipher(options)) },
      sequence: { value: sequence },
    }) as Core;
    this.#once = new WorkOnce(this.core);
  }

  identity(seed: number): Identity {
    let identity = this.#identities.get(seed);
    if (!identity) {
      identity = Identity.fromSeed(filled(seed), { core: this.core });
      this.#identities.set(seed, identity);
      this.#count(1);
    }
    return identity;
  }

  /** Not started. */
  dialler(changes: SideChanges = {}): Side {
    return this.#side('initiator', { seed: 1, ephemeral: 3, now: NOW + AHEAD, ...changes });
  }

  listener(changes: SideChanges = {}): Side {
    return this.#side('responder', { seed: 2, ephemeral: 4, now: NOW, ...changes });
  }

  #side(role: 'initiator' | 'responder', changes: SideChanges): Side {
    const { seed, identity, ephemeral, now, judge, work, ...options } = changes;
    const { core } = this;
    return new Side({
      core,
      machine: handfast[role]({
        network: 'demo',
        suites: ['chacha20-poly1305'],
        ...options,
        core,
        identity: identity ?? this.identity(seed!),
      }),
      now: now!,
      ...(ephemeral ? { ephemeralSeed: filled(ephemeral) } : {}),
      ...(judge ? { judge } : {}),
      work: (asked) => work?.(asked) ?? (ephemeral ? this.#once.answer(asked, filled(ephemeral)) : undefined),
    });
  }

  /** Wipes the identities and says what is left: 0 and 0. */
  end(): { secrets: number; ciphers: number } {
    for (const identity of this.#identities.values()) identity.wipe();
    this.#count(-this.#identities.size);
    this.#identities.clear();
    return { secrets: this.live, ciphers: this.ciphers };
  }

  /** Secrets alive besides the identities'. */
  get live(): number {
    return this.#base.guarded.live - (identitiesOf.get(this.#base) ?? 0);
  }

  #count(by: number): void {
    identitiesOf.set(this.#base, (identitiesOf.get(this.#base) ?? 0) + by);
  }
}

/** An honest handshake, to its end on both sides. */
export function handshake(bench: Bench, dialler: SideChanges = {}, listener: SideChanges = {}, other = bench): { a: Side; b: Side } {
  const a = bench.dialler(dialler).start();
  const b = other.listener(listener).start();
  converse(a, b);
  return { a, b };
}

/** That an honest pair still gets through, and leaves nothing behind. */
export function expectHonest(bench: Bench, dialler: SideChanges = {}, listener: SideChanges = {}, other = bench): void {
  const { a, b } = handshake(bench, dialler, listener, other);
  expect(a.failed ?? b.failed).toBeUndefined();
  expect(a.opened?.peer.id).toBe(other.identity(listener.seed ?? 2).id);
  expect(b.opened?.peer.id).toBe(bench.identity(dialler.seed ?? 1).id);
  expect(hex(a.opened!.binding)).toBe(hex(b.opened!.binding));
  a.dispose();
  b.dispose();
}

/** A dialler of the second implementation, with the identity and ephemeral of `Bench.dialler`. */
export function scriptedDialler(changes: Partial<PartyOptions> = {}): ReferenceDialler {
  return new ReferenceDialler({ seed: filled(1), ephemeral: filled(3), timestamp: BigInt(NOW + AHEAD), ...changes });
}

export function scriptedListener(changes: Partial<PartyOptions> = {}): ReferenceListener {
  return new ReferenceListener({ seed: filled(2), ephemeral: filled(4), timestamp: BigInt(NOW), ...changes });
}
