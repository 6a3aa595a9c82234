/** Handshakes of test/vectors/handfast.json, as they are written there: hex. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Suite } from '../../src/core/core.ts';

export interface RecordedParty {
  readonly seed: string;
  readonly id: string;
  readonly ephemeral: string;
  readonly timestamp: number;
  readonly suites: readonly Suite[];
  readonly agent?: string;
  readonly maxMessage?: number;
}

export interface RecordedHandshake {
  readonly id: string;
  readonly kind: string;
  readonly network: string;
  readonly suite: Suite;
  readonly dialler: RecordedParty;
  readonly listener: RecordedParty;
  readonly values: Readonly<Record<string, string>>;
  readonly frames: Readonly<Record<string, string>>;
  readonly records: readonly {
    readonly from: 'dialler' | 'listener';
    readonly kind: string;
    readonly payload: string;
    readonly record: string;
  }[];
  readonly code: string;
  readonly reason: string;
}

const file = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/handfast.json'), 'utf8')) as { vectors: RecordedHandshake[] };

export function recorded(kind: string): RecordedHandshake[] {
  return file.vectors.filter((vector) => vector.kind === kind);
}

export const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
