/** What a file of test vectors can be, and what comes of each vector. A new kind is one object in the list given to `runVectors`. */
import type { Core } from '../core/core.ts';

/** A parsed file: any JSON object. */
export type Document = Readonly<Record<string, unknown>>;

/**
 * What came of one vector. `note` counts passes that are worth a number of their own, such as `unsupported`: a length that this core does not take,
 * refused with the code it documents.
 */
export type Outcome =
  | { readonly id: string; readonly passed: true; readonly note?: string }
  | { readonly id: string; readonly passed: false; readonly why: string };

export interface VectorKind {
  /** Shown in reports: `Wycheproof XDH`. */
  readonly name: string;
  /** Whether a file is of this kind: by its `algorithm`, or by its `protocol`. */
  matches(document: Document): boolean;
  /** One outcome for each vector, in the order of the file. What it throws is one more failure, of the file itself. */
  run(document: Document, core: Core): Iterable<Outcome>;
}

export function pass(id: string, note?: string): Outcome {
  return note === undefined ? { id, passed: true } : { id, passed: true, note };
}

export function fail(id: string, why: string): Outcome {
  return { id, passed: false, why };
}

/** @throws Error when `text` is not an even number of hexadecimal digits. */
export function hex(text: unknown): Uint8Array {
  if (typeof text !== 'string' || !/^(?:[0-9a-fA-F]{2})*$/.test(text)) throw new Error('expected hexadecimal digits');
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The code that `work` is refused with, or undefined when it is not refused. What is not a coded error is thrown on. */
export function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    const code = (error as { code?: unknown } | null)?.code;
    if (typeof code === 'string' && code.startsWith('HF_')) return code;
    throw error;
  }
}
