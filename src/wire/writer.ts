/** Joins fields into one array, integers big-endian. Fields are collected first, so that the array has its final size at once. */
export class Writer {
  readonly #fields: Uint8Array[] = [];

  u8(value: number): this {
    return this.bytes(Uint8Array.of(value));
  }

  u16(value: number): this {
    return this.bytes(Uint8Array.of(value >>> 8, value));
  }

  u32(value: number): this {
    const field = new Uint8Array(4);
    writeU32(field, 0, value);
    return this.bytes(field);
  }

  u64(value: bigint): this {
    const field = new Uint8Array(8);
    writeU64(field, 0, value);
    return this.bytes(field);
  }

  bytes(value: Uint8Array): this {
    this.#fields.push(value);
    return this;
  }

  /** All fields, joined. */
  joined(): Uint8Array {
    return join(this.#fields);
  }
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (let i = 0; i < parts.length; i++) length += parts[i].length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < parts.length; i++) {
    joined.set(parts[i], at);
    at += parts[i].length;
  }
  return joined;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function writeU64(bytes: Uint8Array, at: number, value: bigint): void {
  writeU32(bytes, at, Number((value >> 32n) & 0xffffffffn));
  writeU32(bytes, at + 4, Number(value & 0xffffffffn));
}
