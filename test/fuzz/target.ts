/** What is fuzzed: a function over bytes of an attacker's choice that must neither throw nor break what it promises. */
export interface Target {
  readonly name: string;
  /** Honest inputs to start from. */
  seeds(): Iterable<Uint8Array>;
  /** @throws when something does not hold, whatever the input. */
  run(input: Uint8Array): void;
}

/** An input read as numbers, from its end, and as bytes, from its beginning: so a mutated byte of the one does not move the other. */
export class Input {
  #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length;
  }

  /** From 0 to `below` - 1; 0 where nothing is left. */
  number(below: number): number {
    const size = this.#bytes.length;
    const take = Math.min(size, below > 256 ? 2 : 1);
    let value = 0;
    for (let i = 1; i <= take; i++) value = value * 256 + this.#bytes[size - i]!;
    this.#bytes = this.#bytes.subarray(0, size - take);
    return value % below;
  }

  /** A copy of the next bytes, fewer where fewer are left. */
  bytes(count: number = this.#bytes.length): Uint8Array {
    const taken = this.#bytes.slice(0, count);
    this.#bytes = this.#bytes.subarray(taken.length);
    return taken;
  }
}

/** Seeds for `Input`: bytes, then the numbers that are to be read, first to last. */
export function seed(bytes: Uint8Array, ...numbers: readonly [value: number, below: number][]): Uint8Array {
  const tail: number[] = [];
  for (const [value, below] of numbers) tail.unshift(...(below > 256 ? [value & 0xff, value >> 8] : [value]));
  return Uint8Array.of(...bytes, ...tail);
}

export function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(`does not hold: ${what}`);
}
