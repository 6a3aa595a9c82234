/** An input in the making, changed where it lies: mutated, crossed, cut. */
import type { Random } from '../support/random.ts';

const LARGEST = 4096;
const CHANGES = 4;

export class Mutant {
  /** Shared with whoever watches over the run. */
  readonly memory = new SharedArrayBuffer(LARGEST);
  length = 0;
  readonly #bytes = new Uint8Array(this.memory);

  become(input: Uint8Array): void {
    this.length = Math.min(input.length, LARGEST);
    this.#bytes.set(this.length === input.length ? input : input.subarray(0, this.length));
  }

  /** A copy. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }

  /** One to four changes to one of a pool. */
  draw(pool: readonly Uint8Array[], words: readonly Uint8Array[], random: Random): void {
    this.become(random.pick(pool));
    for (let times = random.between(1, CHANGES); times > 0; times--) {
      switch (random.below(8)) {
        case 0:
          this.#cross(random.pick(pool), random);
          break;
        case 1:
          if (words.length > 0) this.#insert(random.pick(words), random);
          break;
        case 2:
          this.#insert(random.bytes(random.between(1, 16)), random);
          break;
        case 3: {
          const start = random.below(this.length + 1);
          this.#cut(start, random.between(start, Math.min(this.length, start + 64)));
          break;
        }
        default:
          this.#spoil(random);
      }
    }
  }

  /** The beginning of what is here and the end of another. */
  #cross(other: Uint8Array, random: Random): void {
    const at = random.below(this.length + 1);
    const from = random.below(other.length + 1);
    const taken = Math.min(other.length - from, LARGEST - at);
    this.#bytes.set(other.subarray(from, from + taken), at);
    this.length = at + taken;
  }

  /** Over what is there as often as between it. */
  #insert(word: Uint8Array, random: Random): void {
    const at = random.below(this.length + 1);
    const size = Math.min(word.length, LARGEST - at);
    if (random.chance(0.5)) {
      this.#bytes.copyWithin(at + size, at, this.length);
      this.length = Math.min(LARGEST, this.length + size);
    } else this.length = Math.max(this.length, at + size);
    this.#bytes.set(size === word.length ? word : word.subarray(0, size), at);
  }

  #cut(start: number, end: number): void {
    this.#bytes.copyWithin(start, end, this.length);
    this.length -= end - start;
  }

  /** A bit turned, a byte set, two changed over, cut short, made longer by zeros. */
  #spoil(random: Random): void {
    const bytes = this.#bytes;
    const at = random.below(Math.max(1, this.length));
    switch (random.below(6)) {
      case 0:
      case 1:
        bytes[at]! ^= 1 << random.below(8);
        return;
      case 2:
        bytes[at] = random.pick(EDGES);
        return;
      case 3:
        this.length = Math.min(at, this.length);
        return;
      case 4: {
        const length = Math.min(LARGEST, this.length + random.between(1, 8));
        bytes.fill(0, this.length, length);
        this.length = length;
        return;
      }
      default: {
        const other = random.below(Math.max(1, this.length));
        [bytes[at], bytes[other]] = [bytes[other]!, bytes[at]!];
      }
    }
  }
}

const EDGES = [0, 1, 0x7f, 0x80, 0xff];
