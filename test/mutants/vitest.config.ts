/** What is run against each mutant: tests in the folder that mirrors its own, on one core. Attacks and whatever else goes through it would notice more. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: [{ find: /^.*\/support\/cores\.ts$/, replacement: fileURLToPath(new URL('cores.ts', import.meta.url)) }] },
  test: {
    include: [process.env.HANDFAST_MUTANTS_TESTS ?? 'test/{wire,protocols}/**/*.test.ts'],
    // As long as all the others together. What only they would notice counts as a survivor.
    exclude: ['test/protocols/hivemind/{v3-websocket,websocket,vectors}.test.ts'],
    // Mutants that loop are known by how often they run: no test fails because the machine is busy.
    testTimeout: 1_200_000,
    hookTimeout: 1_200_000,
    // The same draws for each mutant.
    env: { HANDFAST_TEST_SEED: '1' },
  },
});
