import { defineConfig } from 'vitest/config';

// Both are set by `npm run coverage`.
const { HANDFAST_REACHED, HANDFAST_CHILDREN } = process.env;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    setupFiles: HANDFAST_REACHED ? ['test/support/reached.ts'] : [],
    // Of processes that tests start; of the tests themselves vitest keeps account.
    env: HANDFAST_CHILDREN ? { NODE_V8_COVERAGE: HANDFAST_CHILDREN } : {},
    coverage: { provider: 'v8', include: ['src/**/*.ts'] },
  },
});
