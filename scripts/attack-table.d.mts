export type AttackRef = { file: string; title: string } | { why: string };
export const PROTOCOLS: readonly string[];
export const ATTACKS: readonly {
  attack: string;
  defence: string;
  by: Readonly<Record<string, AttackRef>>;
  removed: readonly string[];
}[];
export function attackPage(): string;
