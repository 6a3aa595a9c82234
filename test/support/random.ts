/** Repeatable randomness for tests: print the seed, and HANDFAST_TEST_SEED=seed runs the same again. */

/** The seed of this run: from HANDFAST_TEST_SEED, else a new one. */
export function seedOfRun(): number {
  const given = process.env.HANDFAST_TEST_SEED;
  return given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given) >>> 0;
}

/** sfc32 (Chris Doty-Humphrey): small, fast, passes PractRand. Not for keys. */
export class Random {
  // Signed: the engine keeps those of 32 bits as they are.
  #a: number;
  #b = 0;
  #c = 0;
  #count = 1;

  constructor(seed: number, stream = '') {
    this.#a = seed | 0;
    for (const letter of stream) this.#b = (Math.imul(this.#b, 31) + letter.charCodeAt(0)) | 0;
    for (let i = 0; i < 16; i++) this.word();
  }

  /** 32 bits. */
  word(): number {
    const sum = (this.#a + this.#b + this.#count++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** From 0 to `below` - 1. */
  below(below: number): number {
    return Math.floor((this.word() / 2 ** 32) * below);
  }

  /** From `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(share: number): boolean {
    return this.word() < share * 2 ** 32;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i++) out[i] = this.word() >>> 24;
    return out;
  }

  /** A copy with one to three changes: a bit turned, a byte set, cut short, made longer, two bytes changed over. */
  mutated(bytes: Uint8Array): Uint8Array {
    let out = new Uint8Array(bytes);
    for (let left = this.between(1, 3); left > 0; left--) {
      const at = this.below(Math.max(1, out.length));
      switch (this.below(6)) {
        case 0:
        case 1:
          if (out.length > 0) out[at]! ^= 1 << this.below(8);
          break;
        case 2:
          if (out.length > 0) out[at] = this.pick([0, 1, 0x7f, 0x80, 0xff]);
          break;
        case 3:
          out = out.slice(0, at);
          break;
        case 4: {
          const longer = new Uint8Array(out.length + this.between(1, 8));
          longer.set(out);
          out = longer;
          break;
        }
        default: {
          if (out.length === 0) break;
          const other = this.below(out.length);
          [out[at], out[other]] = [out[other]!, out[at]!];
        }
      }
    }
    return out;
  }
}
