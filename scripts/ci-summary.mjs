// Reads the report of the test run and ends with the one line that CI reads: `N passed, N failed`, and `, N skipped` where some were.
// Usage: node scripts/ci-summary.mjs REPORT [STEP THAT FAILED]...   Each such step counts as one failure, unless it is the test run and the report names its failures already.
import { readFileSync } from 'node:fs';

const [reportPath, ...brokenSteps] = process.argv.slice(2);
const report = readReport(reportPath);
const tests = (report?.testResults ?? []).flatMap((file) => file.assertionResults);
const passed = tests.filter((test) => test.status === 'passed').length;
const failedTests = tests.filter((test) => test.status === 'failed');
// A file that does not load has no tests in it: it must not pass for a file without failures.
const failedFiles = (report?.testResults ?? []).filter(
  (file) => file.status === 'failed' && !file.assertionResults.some((t) => t.status === 'failed'),
);
const skipped = tests.length - passed - failedTests.length;

const failures = [
  ...failedTests.map((test) => test.fullName),
  ...failedFiles.map((file) => file.name),
  ...brokenSteps.filter((step) => !(isTestRun(step) && failedTests.length + failedFiles.length > 0)).map((step) => `step: ${step}`),
];
if (!report && !brokenSteps.some(isTestRun)) failures.push('no test report was written');
if (report && passed === 0) failures.push('not one test passed');

for (const failure of failures) console.log(`FAILED ${failure}`);
console.log(`${passed} passed, ${failures.length} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failures.length > 0 ? 1 : 0;

function isTestRun(step) {
  return step.startsWith('npm test');
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
