interface Life {
  name: string;
  /** A path. */
  book: string;
  ended: string;
  began: number;
  over: number;
  clocks: { at: number; byMs: number }[];
}
export function reconcile(told: {
  lives: Life[];
  names: Map<string, string>;
  idempotent: Set<string>;
  healthy: Set<string>;
  sentAt: Map<string, number>;
  quiet: { port: number; from: number; to: number }[];
}): { unexplained: string[]; undelivered: number; deliveries: number; lost: Record<string, number> };
