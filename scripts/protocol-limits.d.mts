export const PROTOCOL_LIMIT_TESTS: Readonly<Record<string, Readonly<Record<string, { file: string; title: string } | { why: string }>>>>;
export function figuresOf(limits: Readonly<Record<string, object>>): Record<string, Record<string, number>>;
