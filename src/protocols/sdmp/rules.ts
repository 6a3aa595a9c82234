/** The rules of the specification by name, and what each failure is called here. Every message of an error begins with its rule. */
import { type CodeName, HandfastError, type HandfastErrorOptions } from '../../errors.ts';
import type { CloseCode } from '../machine.ts';

/** F framing, C containers, S session objects, E encrypted ones, G signatures, P responses; W a memory of what was used, T turns. */
export type Rule = keyof typeof CODE_OF;

export class RuleError extends HandfastError {
  readonly rule: Rule;

  constructor(rule: Rule, text: string, options: HandfastErrorOptions & { code?: CodeName } = {}) {
    super(options.code ?? CODE_OF[rule], `${rule}: ${text}`, options);
    this.rule = rule;
  }
}

/** @param code instead of the rule's own. */
export function broken(rule: Rule, text: string, code?: CodeName): RuleError {
  return new RuleError(rule, text, code === undefined ? {} : { code });
}

/** Of an object that came in clear; all that is sealed closes alike. */
export function closeCodeOf(why: HandfastError, sealed: boolean): CloseCode {
  if (sealed || !(why instanceof RuleError)) return REFUSED;
  if (why.rule === 'F2') return { code: 1009, reason: '' };
  return why.rule === 'F4' || why.rule === 'F5' ? { code: 1007, reason: '' } : REFUSED;
}

const CODE_OF = {
  F1: 'MALFORMED',
  F2: 'TOO_LARGE',
  F3: 'MALFORMED',
  F4: 'MALFORMED',
  F5: 'MALFORMED',
  F6: 'TRUNCATED',
  F7: 'MALFORMED',
  C1: 'MALFORMED',
  C2: 'PROTOCOL_MISMATCH',
  C3: 'MALFORMED',
  C4: 'MALFORMED',
  S1: 'MALFORMED',
  S2: 'MALFORMED',
  S3: 'MALFORMED',
  S4: 'SUITE_MISMATCH',
  S5: 'SUITE_MISMATCH',
  S6: 'WEAK_KEY',
  S7: 'MALFORMED',
  S8: 'SUITE_MISMATCH',
  S9: 'REPLAYED',
  E1: 'MALFORMED',
  E2: 'MALFORMED',
  E3: 'MALFORMED',
  E4: 'MALFORMED',
  E5: 'BAD_TAG',
  E6: 'BAD_TAG',
  E7: 'REPLAYED',
  G1: 'MALFORMED',
  G2: 'MALFORMED',
  G3: 'INVALID_SIGNATURE',
  G4: 'MALFORMED',
  G5: 'MALFORMED',
  G6: 'MALFORMED',
  G7: 'UNEXPECTED_PEER',
  G8: 'UNKNOWN_NODE',
  G9: 'INVALID_SIGNATURE',
  P1: 'MALFORMED',
  P2: 'MALFORMED',
  P3: 'MALFORMED',
  P4: 'MALFORMED',
  W2: 'REPLAYED',
  T: 'OUT_OF_TURN',
} as const satisfies Record<string, CodeName>;
const REFUSED: CloseCode = { code: 1008, reason: '' };
