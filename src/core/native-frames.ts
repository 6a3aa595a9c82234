/** Ciphers of sessions: integers into the addon, frames in place. */
import { HandfastError } from '../errors.ts';
import { copyTo } from '../wire/bytes.ts';
import { badArgument, checkCopied, checkInteger, checkObject, checkSize } from './check.ts';
import type { Bytes, Cipher, CipherOptions, FrameTable, Suite } from './core.ts';
import type { Addon, Handle } from './native-addon.ts';
import { type Border, BULK, LARGE } from './native-border.ts';
import { TAG_BYTES } from './pure-aead.ts';
import { checkFraming, declaresItsLength, cipher as pureCipher } from './pure-frames.ts';
import type { Slab } from './slab.ts';

export interface Frames {
  cipher(options: CipherOptions): Cipher;
  frameTable(capacity: number): FrameTable;
  /** A cipher that the addon has made already. */
  adopt(suite: Suite, lengthBytes: 2 | 4, handle: Handle): Cipher;
}

/** @param aes whether AES-256-GCM runs on hardware here; without it that suite is the pure core's. */
export function makeFrames(border: Border, aes: boolean): Frames {
  const { addon } = border;
  const registry = new FinalizationRegistry<Handle>((handle) => addon.cipherWipe(handle));
  const releaseTables = new FinalizationRegistry<number>((id) => addon.unregister(id));
  const single = new ArrayBuffer(OUTCOME_BYTES + 8);
  const tools: CipherTools = { border, table: new NativeFrameTable(single, 1, addon.register(single)), registry };
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
      return new NativeCipher(tools, suite, framing.lengthBytes, handle);
    },

    adopt: (suite, lengthBytes, handle) => new NativeCipher(tools, suite, lengthBytes, handle),

    frameTable(capacity) {
      checkInteger(capacity, 'capacity', 1, 65_536);
      const buffer = new ArrayBuffer(OUTCOME_BYTES + 8 * capacity);
      const table = new NativeFrameTable(buffer, capacity, addon.register(buffer));
      releaseTables.register(table, NativeFrameTable.idOf(table));
      return table;
    },
  };
}

/** What all ciphers of a core use. */
interface CipherTools {
  readonly border: Border;
  /** Of one frame. */
  readonly table: NativeFrameTable;
  readonly registry: FinalizationRegistry<Handle>;
}

class NativeCipher implements Cipher {
  readonly suite: Suite;
  #handle: Handle;
  /** The counter after the key was wiped. */
  #last = 0n;
  /** Wiped, should it be forgotten. From the first chunk on: a handshake wipes what it does not hand over, and most ciphers of a storm never see a chunk. */
  #registered = false;
  readonly #addon: Addon;
  readonly #tools: CipherTools;
  readonly #lengthBytes: 2 | 4;

  constructor(tools: CipherTools, suite: Suite, lengthBytes: 2 | 4, handle: Handle) {
    this.#addon = tools.border.addon;
    this.#tools = tools;
    this.suite = suite;
    this.#lengthBytes = lengthBytes;
    this.#handle = handle;
  }

  get counter(): bigint {
    return this.#handle === 0 ? this.#last : this.#addon.cipherCounter(this.#handle);
  }

  sealMany(slab: Slab, table: FrameTable, count: number): void {
    const handle = this.#lasting();
    this.#addon.sealMany(handle, idOf(slab), NativeFrameTable.idOf(table), count);
  }

  openMany(slab: Slab, start: number, end: number, table: FrameTable, maxLength: number): number {
    const handle = this.#lasting();
    return this.#addon.openMany(handle, idOf(slab), start, end, NativeFrameTable.idOf(table), maxLength);
  }

  seal(message: Bytes): Bytes {
    const handle = this.#held();
    checkCopied(message, 'message');
    checkSize(message.length, 'message', 1, LARGE);
    const { border, table } = this.#tools;
    const at = BULK + this.#lengthBytes;
    copyTo(border.bytes, message, at);
    table.entries[0] = at;
    table.entries[1] = message.length;
    try {
      this.#addon.sealMany(handle, border.id, NativeFrameTable.idOf(table), 1);
      return border.view(BULK, at + message.length + TAG_BYTES);
    } finally {
      border.wipeTo(at + message.length + TAG_BYTES);
    }
  }

  open(frame: Bytes): Bytes | undefined {
    const handle = this.#held();
    checkCopied(frame, 'frame');
    checkSize(frame.length, 'frame', 0, LARGE + 4 + TAG_BYTES);
    if (!declaresItsLength(frame, this.#lengthBytes)) return undefined;
    const { border, table } = this.#tools;
    const end = BULK + frame.length;
    copyTo(border.bytes, frame, BULK);
    const opened = this.#addon.openMany(handle, border.id, BULK, end, NativeFrameTable.idOf(table), frame.length);
    const from = table.entries[0]!;
    const message = opened === 1 ? border.take(from, table.entries[1]!) : undefined;
    border.wipeTo(end);
    return message;
  }

  wipe(): void {
    if (this.#handle === 0) return;
    this.#last = this.#addon.cipherWipe(this.#handle) ?? 0n;
    this.#handle = 0;
    if (this.#registered) this.#tools.registry.unregister(this);
  }

  #held(): Handle {
    if (this.#handle === 0) throw new HandfastError('RELEASED', 'this cipher was wiped');
    return this.#handle;
  }

  #lasting(): Handle {
    const handle = this.#held();
    if (!this.#registered) {
      this.#registered = true;
      this.#tools.registry.register(this, handle, this);
    }
    return handle;
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
