/** Runs files of test vectors through a core and counts. */
import type { Core } from '../core/core.ts';
import { handfastKind } from './handfast.ts';
import { hivemindKind } from './hivemind.ts';
import { type Document, fail, type Outcome, type VectorKind } from './kinds.ts';
import { lwstcpKind } from './lwstcp.ts';
import { sdmpKind } from './sdmp.ts';
import { wycheproofKinds } from './wycheproof.ts';
import { xrplKind } from './xrpl.ts';

/** The kinds known without further ones being given. */
export const KINDS: readonly VectorKind[] = [...wycheproofKinds, handfastKind, xrplKind, sdmpKind, lwstcpKind, hivemindKind];

export interface VectorFile {
  /** Shown in reports. */
  name: string;
  /** JSON. */
  text: string;
}

export interface Report {
  readonly file: string;
  /** The name of the kind; absent where none matched. */
  readonly kind?: string;
  readonly core: 'native' | 'pure';
  /** All passes, those with a note among them. */
  readonly passed: number;
  readonly failed: readonly Failure[];
  /** How many passes carry which note. `unsupported`: refused by length, with the code documented. */
  readonly notes: Readonly<Record<string, number>>;
}

export interface Failure {
  readonly id: string;
  readonly why: string;
}

/** A file that cannot be read, or is of no kind known, is one failure: nothing is skipped. */
export function runVectors(file: VectorFile, core: Core, kinds: readonly VectorKind[] = KINDS): Report {
  const failed: Failure[] = [];
  const notes: Record<string, number> = {};
  let passed = 0;
  let kind: VectorKind | undefined;
  for (const outcome of outcomesOf(file, core, kinds, (found) => (kind = found))) {
    if (!outcome.passed) {
      failed.push({ id: outcome.id, why: outcome.why });
      continue;
    }
    passed++;
    if (outcome.note !== undefined) notes[outcome.note] = (notes[outcome.note] ?? 0) + 1;
  }
  return { file: file.name, ...(kind && { kind: kind.name }), core: core.name, passed, failed, notes };
}

function* outcomesOf(file: VectorFile, core: Core, kinds: readonly VectorKind[], found: (kind: VectorKind) => void): Iterable<Outcome> {
  let document: Document;
  try {
    document = JSON.parse(file.text) as Document;
  } catch (error) {
    yield fail('file', `not JSON: ${(error as Error).message}`);
    return;
  }
  const kind = typeof document === 'object' && document !== null ? kinds.find((each) => each.matches(document)) : undefined;
  if (kind === undefined) {
    yield fail('file', `unknown vector kind: ${labelOf(document)}`);
    return;
  }
  found(kind);
  try {
    yield* kind.run(document, core);
  } catch (error) {
    yield fail('file', `stopped: ${(error as Error).message}`);
  }
}

function labelOf(document: Document): string {
  const { algorithm, protocol } = Object(document) as Document;
  if (typeof protocol === 'string') return `protocol ${JSON.stringify(protocol)}`;
  return typeof algorithm === 'string' ? `algorithm ${JSON.stringify(algorithm)}` : 'neither `algorithm` nor `protocol`';
}
