/** What the runners of HiveMind's vectors are given, and how they compare. */
import type { Core } from '../core/core.ts';
import { toHex } from './kinds.ts';

export interface Given {
  // biome-ignore lint/suspicious/noExplicitAny: as the file has it; what is not as it should be fails the vector.
  readonly input: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly expect: any;
  readonly keys: Readonly<Record<string, { readonly private: string; readonly public: string }>>;
}

/** @throws Error with what was wrong. */
export type Runner = (given: Given, core: Core) => void;

export function check(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}

/** Compares as JSON, whatever the order of members. */
export function checkSame(what: string, found: unknown, expected: unknown): void {
  const [a, b] = [sorted(found), sorted(expected)];
  if (a !== b) throw new Error(`${what}: ${a?.slice(0, 200)} instead of ${b?.slice(0, 200)}`);
}

export function checkHex(what: string, found: Uint8Array | undefined, expected: string): void {
  checkSame(what, found && toHex(found), expected);
}

function sorted(value: unknown): string | undefined {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
