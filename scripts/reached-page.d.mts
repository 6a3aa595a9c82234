export const LIMIT_TESTS: Readonly<Record<string, { file: string; title: string }>>;
