/** What a node has seen since it began, in numbers: what a person who looks at it wants to know besides its peers. */
import type { ErrorCode, HandfastError } from '../errors.ts';
import type { Millis } from '../protocols/machine.ts';
import type { Direction } from './link.ts';

/** How often, by the code of the error. */
export type ByCode = { readonly [Code in ErrorCode]?: number };

export interface NodeStatus {
  /** When it began. */
  readonly since: Millis;
  /** Sessions that opened. */
  readonly opened: Readonly<Record<Direction, number>>;
  /** Dialled here, and not let in or given up. */
  readonly refused: ByCode;
  /** Attempts to dial that came to nothing. */
  readonly dialsFailed: ByCode;
  /** Faults that were charged. */
  readonly charged: ByCode;
  /** Points of all of them. */
  readonly points: number;
  /** Bans in force. */
  readonly bans: number;
  /** Handshakes with those who dialled that are going on. */
  readonly halfOpen: number;
  /** The core at work: `native` or `pure`. */
  readonly core: string;
}

/** Counts; the codes there are bound its memory. */
export class Tally {
  readonly since: Millis;
  readonly opened = { inbound: 0, outbound: 0 };
  readonly refused: Record<string, number> = {};
  readonly dialsFailed: Record<string, number> = {};
  readonly charged: Record<string, number> = {};
  points = 0;

  constructor(now: Millis) {
    this.since = now;
  }

  count(what: 'refused' | 'dialsFailed' | 'charged', { code }: HandfastError): void {
    this[what][code] = (this[what][code] ?? 0) + 1;
  }

  charge(points: number, error: HandfastError): void {
    this.points += points;
    this.count('charged', error);
  }

  /** As it stands now, a copy. */
  status(now: Pick<NodeStatus, 'bans' | 'halfOpen' | 'core'>): NodeStatus {
    const { since, opened, refused, dialsFailed, charged, points } = this;
    return {
      since,
      opened: { ...opened },
      refused: { ...refused },
      dialsFailed: { ...dialsFailed },
      charged: { ...charged },
      points,
      ...now,
    };
  }
}
