import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'handfast-summary-'));
const script = join(import.meta.dirname, '../../scripts/ci-summary.mjs');
afterAll(() => rmSync(folder, { recursive: true }));

function summary(report: unknown, ...brokenSteps: string[]) {
  const path = join(folder, 'report.json');
  writeFileSync(path, typeof report === 'string' ? report : JSON.stringify(report));
  const { status, stdout } = spawnSync(process.execPath, [script, path, ...brokenSteps], { encoding: 'utf8' });
  return { status, last: stdout.trimEnd().split('\n').at(-1), stdout };
}

const file = (...states: string[]) => ({
  name: 'a.test.ts',
  status: states.includes('failed') ? 'failed' : 'passed',
  assertionResults: states.map((status, i) => ({ status, fullName: `test ${i}` })),
});

it('counts what passed', () => {
  expect(summary({ testResults: [file('passed', 'passed'), file('passed')] })).toMatchObject({ status: 0, last: '3 passed, 0 failed' });
});

it('counts what was skipped apart', () => {
  expect(summary({ testResults: [file('passed', 'pending', 'todo')] })).toMatchObject({ status: 0, last: '1 passed, 0 failed, 2 skipped' });
});

it('fails on a failed test, once, though the test run failed with it', () => {
  const seen = summary({ testResults: [file('passed', 'failed')] }, 'npm test -- --reporter=json');
  expect(seen).toMatchObject({ status: 1, last: '1 passed, 1 failed' });
  expect(seen.stdout).toContain('FAILED test 1');
});

it('fails on a file that did not load', () => {
  const broken = { name: 'b.test.ts', status: 'failed', assertionResults: [] };
  expect(summary({ testResults: [file('passed'), broken] }, 'npm test')).toMatchObject({ status: 1, last: '1 passed, 1 failed' });
});

it('fails on a step that failed, and on a build that failed before the tests', () => {
  expect(summary({ testResults: [file('passed')] }, 'npm run check')).toMatchObject({ status: 1, last: '1 passed, 1 failed' });
  expect(summary('not JSON', 'npm test')).toMatchObject({ status: 1, last: '0 passed, 1 failed' });
});

it('does not take an absent or empty report for a pass', () => {
  expect(summary('')).toMatchObject({ status: 1, last: '0 passed, 1 failed' });
  expect(summary({ testResults: [] })).toMatchObject({ status: 1, last: '0 passed, 1 failed' });
});
