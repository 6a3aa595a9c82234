/** Ciphers of sessions: integers into the addon, frames in place. */
import { HandfastError } from '../errors.ts';
import { badArgument, checkInteger, checkObject } from './check.ts';
import type { Cipher, CipherOptions, FrameTable, Suite } from './core.ts';
import type { Addon, Handle } from './native-addon.ts';
import type { Border } from './native-border.ts';
import { checkFraming, cipher as pureCipher } from './pure-frames.ts';
import type { Slab } from './slab.ts';

export interface Frames {
  cipher(options: CipherOptions): Cipher;
  frameTable(capacity: number): FrameTable;
  /** A cipher that the addon has made already. */
  adopt(suite: Suite, handle: Handle): Cipher;
}

/** @param aes whether AES-256-GCM runs on hardware here; without it that suite is the pure core's. */
export function makeFrames(border: Border, aes: boolean): Frames {
  const { addon } = border;
  const releaseCiphers = new FinalizationRegistry<Handle>((handle) => addon.cipherWipe(handle));
  const releaseTables = new FinalizationRegistry<number>((id) => addon.unregister(id));
  return {
    cipher(options) {
      checkObject(options, 'options');
      const { suite, key, framing, counter = 0n } = options;
      if (suite !== 'chacha20-poly1305' && suite !== 'aes-256-gcm') badArgument('suite: expected chacha20-poly1305 or aes-256-gcm');
      if (suite === 'aes-256-gcm' && !aes) return pureCipher(options);
      checkFraming(framing);
      if (typeof counter !== 'bigint' || counter < 0n || counter > SPENT) badArgument(`counter: expected a bigint from 0 to ${SPENT}`);
      const handle = addon.cipherNew(
        suite === 'aes-256-gcm' ? 1 : 0,
        border.key(key, 'key', 32),
        framing.lengthBytes,
        framing.ad === 'length' ? 1 : 0,
        framing.rekeyEvery,
        Number(counter >> 32n),
        Number(counter & 0xffff_ffffn),
      );
      return new NativeCipher(addon, suite, handle, releaseCiphers);
    },

    adopt: (suite, handle) => new NativeCipher(addon, suite, handle, releaseCiphers),

    frameTable(capacity) {
      checkInteger(capacity, 'capacity', 1, 65_536);
      const buffer = new ArrayBuffer(OUTCOME_BYTES + 8 * capacity);
      const table = new NativeFrameTable(buffer, capacity, addon.register(buffer));
      releaseTables.register(table, NativeFrameTable.idOf(table));
      return table;
    },
  };
}

class NativeCipher implements Cipher {
  readonly suite: Suite;
  #handle: Handle;
  /** The counter after the key was wiped. */
  #last = 0n;
  readonly #addon: Addon;
  readonly #registry: FinalizationRegistry<Handle>;

  constructor(addon: Addon, suite: Suite, handle: Handle, registry: FinalizationRegistry<Handle>) {
    this.#addon = addon;
    this.suite = suite;
    this.#handle = handle;
    this.#registry = registry;
    registry.register(this, handle, this);
  }

  get counter(): bigint {
    return this.#handle === 0 ? this.#last : this.#addon.cipherCounter(this.#handle);
  }

  sealMany(slab: Slab, table: FrameTable, count: number): void {
    const handle = this.#held();
    this.#addon.sealMany(handle, idOf(slab), NativeFrameTable.idOf(table), count);
  }

  openMany(slab: Slab, start: number, end: number, table: FrameTable, maxLength: number): number {
    const handle = this.#held();
    return this.#addon.openMany(handle, idOf(slab), start, end, NativeFrameTable.idOf(table), maxLength);
  }

  wipe(): void {
    if (this.#handle === 0) return;
    this.#last = this.counter;
    this.#addon.cipherWipe(this.#handle);
    this.#handle = 0;
    this.#registry.unregister(this);
  }

  #held(): Handle {
    if (this.#handle === 0) throw new HandfastError('RELEASED', 'this cipher was wiped');
    return this.#handle;
  }
}

/** Both arrays are one registered block: three words of outcome and one unused, then the entries. */
class NativeFrameTable implements FrameTable {
  readonly capacity: number;
  readonly entries: Uint32Array;
  readonly outcome: Uint32Array;
  readonly #id: number;

  constructor(buffer: ArrayBuffer, capacity: number, id: number) {
    this.capacity = capacity;
    this.outcome = new Uint32Array(buffer, 0, 3);
    this.entries = new Uint32Array(buffer, OUTCOME_BYTES, 2 * capacity);
    this.#id = id;
  }

  static idOf(table: unknown): number {
    if (typeof table !== 'object' || table === null || !(#id in table)) badArgument('table: expected a frame table of this core');
    return table.#id;
  }
}

/** @throws HF_RELEASED */
function idOf(slab: Slab): number {
  if (typeof slab !== 'object' || slab === null) badArgument('slab: expected a slab of this core');
  return slab.id;
}

const OUTCOME_BYTES = 16;
/** One above the last counter. */
const SPENT = 2n ** 64n - 1n;
