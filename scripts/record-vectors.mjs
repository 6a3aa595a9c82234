// Computes test/vectors/handfast.json anew, by the second implementation in test/support. Without --write it only compares. Exit code 1: it differs.
import { spawnSync } from 'node:child_process';

const write = process.argv.includes('--write');
const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', 'test/protocols/handfast/vectors.test.ts'], {
  stdio: 'inherit',
  env: { ...process.env, ...(write && { HANDFAST_RECORD_VECTORS: '1' }) },
});
process.exit(status ?? 1);
