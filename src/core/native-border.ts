/**
 * How arguments cross into the addon: small ones are copied into one registered block and named by an integer, since handing over an array costs more than copying it.
 */
import { HandfastError } from '../errors.ts';
import { copyTo, partOf, wipe } from '../wire/bytes.ts';
import { badArgument, checkLength } from './check.ts';
import type { Bytes, Secret, SecretInput } from './core.ts';
import type { Addon, Handle, Place } from './native-addon.ts';
import { isForeignSecret } from './pure-secret.ts';

/** Fixed places in the scratch block. */
export const AT = { out: 0, key: 256, nonce: 320, small: 384, other: 448, third: 512, parts: 1024 } as const;

export class Border {
  readonly addon: Addon;
  /** The scratch block, registered as `id`. */
  readonly bytes: Uint8Array;
  readonly id: number;
  /** The same memory from {@link AT}.parts on, for lists of numbers. */
  readonly numbers: Float64Array;
  readonly #buffer: ArrayBuffer;
  #copies = new ArrayBuffer(COPIES_BYTES);
  #copiedBytes = new Uint8Array(this.#copies);
  #copied = 0;
  readonly #releaseSecrets: FinalizationRegistry<Handle>;
  #next = BULK;

  constructor(addon: Addon) {
    this.addon = addon;
    const buffer = new ArrayBuffer(SCRATCH_BYTES);
    this.bytes = new Uint8Array(buffer);
    this.numbers = new Float64Array(buffer, AT.parts, MAX_PARTS);
    this.#buffer = buffer;
    this.id = addon.register(buffer);
    addon.setScratch(this.id);
    this.#releaseSecrets = new FinalizationRegistry((handle) => addon.secretWipe(handle));
  }

  /** Copies to a fixed place. */
  put(bytes: Bytes, offset: number): number {
    copyTo(this.bytes, bytes, offset);
    return pack(offset, bytes.length);
  }

  /** Copies to the part for bytes of any length, behind what `more` put there; large arrays are left where they are. */
  bulk(bytes: Bytes): Place {
    this.#next = BULK;
    return this.more(bytes);
  }

  more(bytes: Bytes): Place {
    if (bytes.length > LARGE) return bytes;
    const at = this.#next;
    this.#next = at + bytes.length;
    return this.put(bytes, at);
  }

  /** Copies parts behind one another; `length` is what they have together, at most {@link LARGE}. */
  bulkOf(parts: readonly Bytes[], length: number): Place {
    let at = BULK;
    for (let i = 0; i < parts.length; i++) {
      copyTo(this.bytes, parts[i]!, at);
      at += parts[i]!.length;
    }
    this.#next = at;
    return pack(BULK, length);
  }

  /** Zeros over what `bulk` and `more` put there. */
  wipeBulk(): void {
    this.wipeTo(this.#next);
  }

  /** Zeros from {@link BULK} to `end`. */
  wipeTo(end: number): void {
    wipe(this.bytes, BULK, end);
  }

  /** What `copyOut` copied last lies in it. Nobody's bytes are written over: there is another one once it is full. */
  get copies(): ArrayBuffer {
    return this.#copies;
  }

  /** A copy of a result that is short-lived and no secret, in a block of memory that is shared. */
  view(from: number, end: number): Bytes {
    const at = this.copyOut(from, end);
    return new Uint8Array(this.#copies, at, end - from);
  }

  /**
   * Copies results that are handed out as views, many to a block of memory, as those of `room` in wire/writer.ts and with its terms: not for secrets, nor for what a session keeps.
   * @returns where the copy begins in `copies`.
   */
  copyOut(from: number, end: number): number {
    const size = end - from;
    if (this.#copied + size > this.#copiedBytes.length) {
      this.#copies = new ArrayBuffer(Math.max(COPIES_BYTES, size));
      this.#copiedBytes = new Uint8Array(this.#copies);
      this.#copied = 0;
    }
    const at = this.#copied;
    copyTo(this.#copiedBytes, new Uint8Array(this.#buffer, from, size), at);
    this.#copied = at + size;
    return at;
  }

  /** A copy of a result. */
  take(offset: number, length: number): Bytes {
    return partOf(this.bytes, offset, offset + length);
  }

  /** As `take`, and leaves zeros behind. */
  takeSecret(offset: number, length: number): Bytes {
    const out = this.take(offset, length);
    wipe(this.bytes, offset, offset + length);
    return out;
  }

  /** As `takeSecret`, into an array that is there. @param to of `length` bytes. */
  moveSecret(offset: number, length: number, to: Bytes): void {
    copyTo(to, new Uint8Array(this.#buffer, offset, length), 0);
    wipe(this.bytes, offset, offset + length);
  }

  /** The handle of a Secret, or the place of bytes, which the addon wipes when its call ends. @throws HF_BAD_ARGUMENT, HF_RELEASED */
  key(input: SecretInput, name: string, size: number): number {
    if (ArrayBuffer.isView(input)) {
      checkLength(input, name, size);
      return this.put(input, AT.key);
    }
    const handle = NativeSecret.handleOf(input);
    if (handle !== undefined) {
      if ((input as Secret).length !== size) badArgument(`${name}: expected ${size} bytes, got ${input.length}`);
      return handle;
    }
    if (isForeignSecret(input)) {
      const copy = input.export();
      try {
        checkLength(copy, name, size);
        return this.put(copy, AT.key);
      } finally {
        copy.fill(0);
      }
    }
    checkLength(input, name, size);
    return this.put(input as Bytes, AT.key);
  }

  /** A handle, for calls that take nothing else; a Secret of another core is copied into guarded memory and `done` releases the copy. */
  guarded(input: Secret, name: string, least: number, most: number): Handle {
    const own = NativeSecret.handleOf(input);
    if (own !== undefined) {
      if (input.length < least || input.length > most) badArgument(`${name}: expected ${least} to ${most} bytes, got ${input.length}`);
      return own;
    }
    if (!isForeignSecret(input)) badArgument(`${name}: expected a Secret`);
    const copy = input.export();
    try {
      checkLength(copy, name, least, most);
      return this.addon.secretImport(this.put(copy, AT.key));
    } finally {
      copy.fill(0);
    }
  }

  /** Releases what `guarded` made. */
  done(input: Secret, handle: Handle): void {
    if (NativeSecret.handleOf(input) !== handle) this.addon.secretWipe(handle);
  }

  secret(handle: Handle, length: number): NativeSecret {
    return new NativeSecret(this, handle, length);
  }

  /** As `secret`, for keys that live long: one that is forgotten is wiped when it is collected. */
  lasting(handle: Handle, length: number): NativeSecret {
    const secret = new NativeSecret(this, handle, length, this.#releaseSecrets);
    this.#releaseSecrets.register(secret, handle, secret);
    return secret;
  }
}

export class NativeSecret implements Secret {
  readonly length: number;
  #handle: Handle;
  readonly #border: Border;
  readonly #registry: FinalizationRegistry<Handle> | undefined;

  constructor(border: Border, handle: Handle, length: number, registry?: FinalizationRegistry<Handle>) {
    this.#border = border;
    this.#handle = handle;
    this.length = length;
    this.#registry = registry;
  }

  get wiped(): boolean {
    return this.#handle === 0;
  }

  export(): Bytes {
    // By way of the scratch block: an array that the addon writes to would first be moved off the engine's heap.
    this.#border.addon.secretExport(pack(AT.out, this.length), this.#held());
    return this.#border.takeSecret(AT.out, this.length);
  }

  wipe(): void {
    if (this.#handle === 0) return;
    this.#border.addon.secretWipe(this.#handle);
    this.#handle = 0;
    this.#registry?.unregister(this);
  }

  toString(): string {
    return `Secret(${this.length})`;
  }

  toJSON(): string {
    return this.toString();
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /** The addon has released it already. */
  static spend(secret: NativeSecret): void {
    secret.#handle = 0;
    secret.#registry?.unregister(secret);
  }

  /** For this core only; undefined for anything else than one of its secrets. @throws HF_RELEASED */
  static handleOf(value: unknown): Handle | undefined {
    return typeof value === 'object' && value !== null && #handle in value ? value.#held() : undefined;
  }

  #held(): Handle {
    if (this.#handle === 0) throw new HandfastError('RELEASED', 'this key was wiped');
    return this.#handle;
  }
}

export function pack(offset: number, length: number): number {
  return (length << 15) | offset;
}

/** No bytes. */
export const NOTHING = pack(0, 0);
/** Parts of a list in the scratch block. */
export const MAX_PARTS = 64;
/** Arrays above this cross as they are: from here on copying costs more. */
export const LARGE = 4096;
export const BULK = AT.parts + 8 * MAX_PARTS;
const SCRATCH_BYTES = 32 * 1024;
const COPIES_BYTES = 4096;
