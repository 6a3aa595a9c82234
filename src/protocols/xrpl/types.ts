/** The types of messages, by name: what `kind` of a message is. A type that has no name here goes by its number as text. */

/** Types that the reference compresses are marked. */
const TYPES: readonly (readonly [type: number, kind: string, compressed?: true])[] = [
  [2, 'manifests', true],
  [3, 'ping'],
  [5, 'cluster'],
  [15, 'endpoints', true],
  [30, 'transaction', true],
  [31, 'get-ledger', true],
  [32, 'ledger-data', true],
  [33, 'propose-ledger'],
  [34, 'status-change'],
  [35, 'have-set'],
  [41, 'validation'],
  [42, 'get-objects', true],
  [54, 'validator-list', true],
  [55, 'squelch'],
  [56, 'validator-list-collection', true],
  [57, 'proof-path-request'],
  [58, 'proof-path-response'],
  [59, 'replay-delta-request'],
  [60, 'replay-delta-response', true],
  [63, 'have-transactions'],
  [64, 'transactions', true],
];

export const MessageType = { manifests: 2, ping: 3, validatorList: 54, validatorListCollection: 56 } as const;

/** The name of a type, or its number as text. */
export function kindOf(type: number): string {
  return KINDS.get(type) ?? String(type);
}

/** @param kind a name, or a number from 0 to 65,535 as text. @returns undefined when it is neither. */
export function typeOf(kind: string): number | undefined {
  const named = NUMBERS.get(kind);
  if (named !== undefined) return named;
  return /^(?:0|[1-9][0-9]{0,4})$/.test(kind) && Number(kind) <= 0xffff ? Number(kind) : undefined;
}

export function isCompressible(type: number): boolean {
  return COMPRESSIBLE.has(type);
}

const KINDS = new Map(TYPES.map(([type, kind]) => [type, kind]));
const NUMBERS = new Map(TYPES.map(([type, kind]) => [kind, type]));
const COMPRESSIBLE = new Set(TYPES.flatMap(([type, , compressed]) => (compressed ? [type] : [])));
