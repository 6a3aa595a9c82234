export const MUTANTS: readonly { file: string; tests: readonly string[]; name: string; old: string; now: string }[];
