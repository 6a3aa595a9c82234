/**
 * Records that wait to be sent: two queues, of small and of large ones, which get equal shares by bytes while both have something, so that neither waits for all of the other.
 * A barrier leaves only after everything that was pushed before it, in both: who hears it has been sent all of that.
 */

export class FairQueue {
  /** Of all that waits, with what surrounds each record. */
  bytes = 0;
  readonly #most: number;
  readonly #small = new Line();
  readonly #large = new Line();
  /** Bytes that small records have had more than large ones since both have been waiting. */
  #lead = 0;
  readonly #barriers: Barrier[] = [];

  /** @param most bytes that may wait; a record that finds nothing else waiting is always taken. */
  constructor(most: number) {
    this.#most = most;
  }

  get length(): number {
    return this.#small.length + this.#large.length;
  }

  /** Whether there is room for a record of so many bytes. */
  takes(length: number): boolean {
    return this.bytes === 0 || this.bytes + length + AROUND <= this.#most;
  }

  push(record: Uint8Array): void {
    (record.length <= SMALL_BYTES ? this.#small : this.#large).push(record);
    this.bytes += record.length + AROUND;
  }

  pushBarrier(record: Uint8Array): void {
    this.#barriers.push({ place: this.#small.pushed, large: this.#large.pushed });
    this.#small.push(record);
    this.bytes += record.length + AROUND;
  }

  /** The next record, if it has at most `room` bytes: none is passed over because it is too long for now. */
  shift(room: number): Uint8Array | undefined {
    const contended = this.#small.length > 0 && this.#large.length > 0;
    if (!contended) this.#lead = 0;
    const barrier = this.#barriers[0]?.place === this.#small.taken ? this.#barriers[0] : undefined;
    const held = barrier !== undefined && this.#large.taken < barrier.large;
    const line = this.#large.length === 0 || (contended && this.#lead <= 0 && !held) ? this.#small : this.#large;
    const next = line.first;
    if (!next || next.length > room) return undefined;
    line.shift();
    if (barrier && line === this.#small) this.#barriers.shift();
    this.bytes -= next.length + AROUND;
    if (contended) this.#lead += line === this.#small ? next.length : -next.length;
    return next;
  }

  clear(): void {
    this.#small.clear();
    this.#large.clear();
    this.#barriers.length = 0;
    this.bytes = 0;
    this.#lead = 0;
  }
}

/** A small record that waits for the large ones before it. */
interface Barrier {
  /** How many small records were pushed before it. */
  readonly place: number;
  readonly large: number;
}

/** First in, first out, without moving all of it for each one that leaves. */
class Line {
  /** Records since the beginning: pushed, and taken out. */
  pushed = 0;
  taken = 0;
  #records: (Uint8Array | undefined)[] = [];
  #next = 0;

  get length(): number {
    return this.pushed - this.taken;
  }

  get first(): Uint8Array | undefined {
    return this.#records[this.#next];
  }

  push(record: Uint8Array): void {
    this.#records.push(record);
    this.pushed++;
  }

  shift(): void {
    this.#records[this.#next++] = undefined;
    this.taken++;
    if (this.#next === this.#records.length) this.clear();
    else if (this.#next >= 1024 && 2 * this.#next >= this.#records.length) {
      this.#records = this.#records.slice(this.#next);
      this.#next = 0;
    }
  }

  clear(): void {
    this.#records = [];
    this.#next = 0;
    this.taken = this.pushed;
  }
}

/** Up to here a record is a small one: an answer, an announcement, a short message. */
const SMALL_BYTES = 16 * 1024;
/** What an array takes besides its bytes. */
const AROUND = 128;
