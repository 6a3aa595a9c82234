/** Keys of the pure core behind a handle: an array of its own, wiped by its owner, never printed. */
import { HandfastError } from '../errors.ts';
import { badArgument, checkLength, checkSize } from './check.ts';
import type { Bytes, Secret, SecretInput } from './core.ts';

let live = 0;

/** Secrets made and not wiped yet. */
export function liveSecrets(): number {
  return live;
}

export class PureSecret implements Secret {
  readonly length: number;
  #bytes: Bytes | undefined;

  /** @param bytes 1 to 64, taken over: the caller must not keep them. */
  constructor(bytes: Bytes) {
    this.#bytes = bytes;
    this.length = bytes.length;
    live++;
  }

  get wiped(): boolean {
    return this.#bytes === undefined;
  }

  export(): Bytes {
    return this.#held().slice();
  }

  wipe(): void {
    if (this.#bytes === undefined) return;
    this.#bytes.fill(0);
    this.#bytes = undefined;
    live--;
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

  /** The bytes themselves, for this core only; undefined for anything else than one of its secrets. @throws HF_RELEASED */
  static peek(value: unknown): Bytes | undefined {
    return typeof value === 'object' && value !== null && #bytes in value ? value.#held() : undefined;
  }

  #held(): Bytes {
    if (this.#bytes === undefined) throw new HandfastError('RELEASED', 'this key was wiped');
    return this.#bytes;
  }
}

/**
 * Lends the bytes of a key to `use`, which must not keep them. A Secret of another core is exported for that long and the copy wiped.
 * @throws HF_BAD_ARGUMENT, HF_RELEASED
 */
export function withSecret<T>(input: SecretInput, name: string, least: number, most: number, use: (bytes: Bytes) => T): T {
  const own = PureSecret.peek(input);
  if (own !== undefined) {
    checkSize(own.length, name, least, most);
    return use(own);
  }
  if (isForeignSecret(input)) {
    checkSize(input.length, name, least, most);
    const copy = input.export();
    try {
      return use(copy);
    } finally {
      copy.fill(0);
    }
  }
  checkLength(input, name, least, most);
  return use(input);
}

/** As `withSecret` checks, with nothing lent. @throws HF_BAD_ARGUMENT, HF_RELEASED */
export function checkSecretInput(input: SecretInput, name: string, length: number): void {
  if (PureSecret.peek(input) !== undefined || isForeignSecret(input)) checkSize(input.length, name, length, length);
  else checkLength(input, name, length);
}

/** A Secret of any core, not bytes. @throws HF_BAD_ARGUMENT, HF_RELEASED */
export function checkSecret(value: unknown, name: string): asserts value is Secret {
  if (PureSecret.peek(value) === undefined && !isForeignSecret(value)) badArgument(`${name}: expected a Secret`);
}

/** A Secret of another core, once it is known not to be one of ours. */
export function isForeignSecret(value: unknown): value is Secret {
  return (
    typeof value === 'object' &&
    value !== null &&
    !ArrayBuffer.isView(value) &&
    typeof (value as Secret).export === 'function' &&
    typeof (value as Secret).wipe === 'function'
  );
}
