/** One direction of a session in TypeScript: frames sealed and opened in place, with counters and rekeying. */
import { HandfastError } from '../errors.ts';
import { badArgument, checkCopied, checkInteger, checkObject, checkSize } from './check.ts';
import type { Bytes, Cipher, CipherOptions, FrameTable, Framing, Suite } from './core.ts';
import { Stop } from './core.ts';
import { openInto, sealInto, TAG_BYTES } from './pure-aead.ts';
import { withSecret } from './pure-secret.ts';
import type { Slab } from './slab.ts';

export function frameTable(capacity: number): FrameTable {
  checkInteger(capacity, 'capacity', 1, 65_536);
  return { capacity, entries: new Uint32Array(2 * capacity), outcome: new Uint32Array(3) };
}

export function cipher(options: CipherOptions): Cipher {
  checkObject(options, 'options');
  const { suite, key, framing, counter = 0n } = options;
  if (suite !== 'chacha20-poly1305' && suite !== 'aes-256-gcm') badArgument('suite: expected chacha20-poly1305 or aes-256-gcm');
  checkFraming(framing);
  if (typeof counter !== 'bigint' || counter < 0n || counter > SPENT) badArgument(`counter: expected a bigint from 0 to ${SPENT}`);
  return withSecret(key, 'key', 32, 32, (bytes) => new PureCipher(suite, new Uint8Array(bytes), framing, counter));
}

class PureCipher implements Cipher {
  readonly suite: Suite;
  readonly #lengthBytes: 2 | 4;
  readonly #lengthIsAd: boolean;
  readonly #rekeyEvery: number;
  #key: Bytes | undefined;
  // The counter in two halves: a bigint a frame would cost more than the rest of the bookkeeping.
  #high: number;
  #low: number;
  /** Frames until the next multiple of `rekeyEvery`; 0: the key is due to be replaced before the next frame. */
  #untilRekey: number;
  readonly #nonce = new Uint8Array(12);
  readonly #nonceView = new DataView(this.#nonce.buffer);

  /** @param key taken over. */
  constructor(suite: Suite, key: Bytes, framing: Framing, counter: bigint) {
    this.suite = suite;
    this.#key = key;
    this.#lengthBytes = framing.lengthBytes;
    this.#lengthIsAd = framing.ad === 'length';
    this.#rekeyEvery = framing.rekeyEvery;
    this.#high = Number(counter >> 32n);
    this.#low = Number(counter & 0xffff_ffffn);
    this.#untilRekey = untilRekey(counter, framing.rekeyEvery);
  }

  get counter(): bigint {
    return (BigInt(this.#high) << 32n) | BigInt(this.#low);
  }

  sealMany(slab: Slab, table: FrameTable, count: number): void {
    this.#held();
    const bytes = bytesOf(slab);
    checkTable(table);
    checkInteger(count, 'count', 0, table.capacity);
    const { entries } = table;
    this.#checkEntries(entries, count, bytes.length);
    if (BigInt(count) > SPENT - this.counter) {
      throw new HandfastError('NONCE_SPENT', `the counter of this cipher has no room for ${count} more frames`);
    }
    for (let i = 0; i < count; i++) this.#seal(bytes, entries[2 * i]!, entries[2 * i + 1]!);
  }

  openMany(slab: Slab, start: number, end: number, table: FrameTable, maxLength: number): number {
    this.#held();
    const bytes = bytesOf(slab);
    checkTable(table);
    checkInteger(end, 'end', 0, bytes.length);
    checkInteger(start, 'start', 0, end);
    checkInteger(maxLength, 'maxLength', 0, 0xffff_ffff);
    const { entries, outcome, capacity } = table;
    const lengthBytes = this.#lengthBytes;
    let at = start;
    let opened = 0;
    let declared = 0;
    let stop: number = Stop.short;
    for (;;) {
      declared = 0;
      if (end - at < lengthBytes) break;
      declared = lengthAt(bytes, at, lengthBytes);
      if (declared > maxLength) {
        stop = Stop.tooLarge;
        break;
      }
      if (declared < TAG_BYTES + 1) {
        stop = Stop.malformed;
        break;
      }
      if (end - at - lengthBytes < declared) break;
      if (opened === capacity) {
        stop = Stop.full;
        break;
      }
      if (this.#low === 0xffff_ffff && this.#high === 0xffff_ffff) {
        stop = Stop.nonceSpent;
        break;
      }
      const from = at + lengthBytes;
      if (!this.#open(bytes, from, declared)) {
        bytes.fill(0, at, from + declared);
        stop = Stop.badTag;
        break;
      }
      entries[2 * opened] = from;
      entries[2 * opened + 1] = declared - TAG_BYTES;
      opened++;
      at = from + declared;
    }
    outcome[0] = stop;
    outcome[1] = at;
    outcome[2] = declared;
    return opened;
  }

  seal(message: Bytes): Bytes {
    this.#held();
    checkCopied(message, 'message');
    checkSize(message.length, 'message', 1, MOST_SINGLE);
    if (this.counter === SPENT) throw new HandfastError('NONCE_SPENT', 'the counter of this cipher has no room for 1 more frame');
    const frame = new Uint8Array(this.#lengthBytes + message.length + TAG_BYTES);
    frame.set(message, this.#lengthBytes);
    this.#seal(frame, this.#lengthBytes, message.length);
    return frame;
  }

  open(frame: Bytes): Bytes | undefined {
    this.#held();
    checkCopied(frame, 'frame');
    checkSize(frame.length, 'frame', 0, MOST_SINGLE + 4 + TAG_BYTES);
    const lengthBytes = this.#lengthBytes;
    const sealed = frame.length - lengthBytes;
    if (!declaresItsLength(frame, lengthBytes) || sealed < TAG_BYTES + 1 || this.counter === SPENT) return undefined;
    const bytes = frame.slice();
    return this.#open(bytes, lengthBytes, sealed) ? bytes.slice(lengthBytes, frame.length - TAG_BYTES) : undefined;
  }

  wipe(): void {
    this.#key?.fill(0);
    this.#key = undefined;
  }

  #seal(bytes: Bytes, offset: number, length: number): void {
    const key = this.#keyOfNextFrame();
    const head = offset - this.#lengthBytes;
    const sealedLength = length + TAG_BYTES;
    if (this.#lengthBytes === 4) {
      bytes[head] = sealedLength >>> 24;
      bytes[head + 1] = sealedLength >>> 16;
    }
    bytes[offset - 2] = sealedLength >>> 8;
    bytes[offset - 1] = sealedLength;
    this.#writeNonce();
    const ad = this.#lengthIsAd ? bytes.subarray(head, offset) : undefined;
    sealInto(this.suite, key, this.#nonce, bytes.subarray(offset, offset + length), ad, bytes.subarray(offset, offset + sealedLength));
    this.#advance();
  }

  /** `length` bytes of ciphertext and tag at `from`. */
  #open(bytes: Bytes, from: number, length: number): boolean {
    const key = this.#keyOfNextFrame();
    this.#writeNonce();
    const sealed = bytes.subarray(from, from + length);
    const ad = this.#lengthIsAd ? bytes.subarray(from - this.#lengthBytes, from) : undefined;
    if (!openInto(this.suite, key, this.#nonce, sealed, ad, bytes.subarray(from, from + length - TAG_BYTES))) return false;
    this.#advance();
    return true;
  }

  #advance(): void {
    this.#low = (this.#low + 1) >>> 0;
    if (this.#low === 0) this.#high++;
    if (this.#rekeyEvery > 0) this.#untilRekey--;
  }

  /** Noise revision 34, section 4.2: the new key is the start of 32 zero bytes sealed under the last nonce there is. Done once, also when the frame then fails to open. */
  #keyOfNextFrame(): Bytes {
    const key = this.#held();
    if (this.#rekeyEvery === 0 || this.#untilRekey > 0) return key;
    const sealed = new Uint8Array(32 + TAG_BYTES);
    sealInto(this.suite, key, LAST_NONCE, ZEROS, undefined, sealed);
    key.set(sealed.subarray(0, 32));
    sealed.fill(0);
    this.#untilRekey = this.#rekeyEvery;
    return key;
  }

  #writeNonce(): void {
    const view = this.#nonceView;
    if (this.suite === 'aes-256-gcm') {
      view.setUint32(4, this.#high);
      view.setUint32(8, this.#low);
    } else {
      view.setUint32(4, this.#low, true);
      view.setUint32(8, this.#high, true);
    }
  }

  /** All before the first byte is touched: a batch is sealed whole or not at all. */
  #checkEntries(entries: Uint32Array, count: number, size: number): void {
    const lengthBytes = this.#lengthBytes;
    const most = (lengthBytes === 2 ? 0xffff : 0xffff_ffff) - TAG_BYTES;
    for (let i = 0; i < count; i++) {
      const offset = entries[2 * i]!;
      const length = entries[2 * i + 1]!;
      if (length < 1 || length > most) badArgument(`entry ${i}: expected a message of 1 to ${most} bytes, not ${length}`);
      if (offset < lengthBytes || offset + length + TAG_BYTES > size) {
        badArgument(`entry ${i}: no room in the slab for its length before and its tag behind it`);
      }
    }
  }

  #held(): Bytes {
    if (this.#key === undefined) throw new HandfastError('RELEASED', 'this cipher was wiped');
    return this.#key;
  }
}

/** @throws HF_BAD_ARGUMENT that names the part. */
export function checkFraming(framing: Framing): void {
  checkObject(framing, 'framing');
  const { lengthBytes, ad, rekeyEvery } = framing;
  if (lengthBytes !== 2 && lengthBytes !== 4) badArgument('lengthBytes: expected 2 or 4');
  if (ad !== 'length' && ad !== 'none') badArgument('ad: expected length or none');
  checkInteger(rekeyEvery, 'rekeyEvery', 0, 0xffff_ffff);
}

/** Whether it is as long as its first bytes say. */
export function declaresItsLength(frame: Bytes, lengthBytes: 2 | 4): boolean {
  return frame.length >= lengthBytes && lengthAt(frame, 0, lengthBytes) === frame.length - lengthBytes;
}

function checkTable(table: FrameTable): void {
  checkObject(table, 'table');
  const { capacity, entries, outcome } = table;
  if (!(entries instanceof Uint32Array) || !(outcome instanceof Uint32Array) || entries.length !== 2 * capacity || outcome.length !== 3) {
    badArgument('table: expected a frame table of a core');
  }
}

/** @throws HF_RELEASED */
function bytesOf(slab: Slab): Bytes {
  checkObject(slab, 'slab');
  const { bytes } = slab;
  if (!(bytes instanceof Uint8Array)) badArgument('slab: expected a slab of a core');
  return bytes;
}

function lengthAt(bytes: Bytes, at: number, lengthBytes: 2 | 4): number {
  const high = (bytes[at]! << 8) | bytes[at + 1]!;
  return lengthBytes === 2 ? high : high * 65_536 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
}

function untilRekey(counter: bigint, rekeyEvery: number): number {
  if (rekeyEvery === 0) return 0;
  const beyond = Number(counter % BigInt(rekeyEvery));
  // At the multiple itself the replacement is still to come, except at the very start.
  return beyond === 0 && counter > 0n ? 0 : rekeyEvery - beyond;
}

/** One above the last counter. */
const SPENT = 2n ** 64n - 1n;
/** Bytes of a message outside slabs. */
const MOST_SINGLE = 4096;
const LAST_NONCE = new Uint8Array(12).fill(255, 4);
const ZEROS = new Uint8Array(32);
