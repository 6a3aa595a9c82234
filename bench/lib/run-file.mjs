// @ts-check
/** A run in a file: read with a check of what the rest relies on, written without digits that mean nothing. */
import { readFileSync, writeFileSync } from 'node:fs';

/** @param {string} path @returns {import('../index.mjs').Run} @throws {Error} in one line, when it is no run. */
export function readRun(path) {
  const text = readFileSync(path, 'utf8');
  let run;
  try {
    run = JSON.parse(text);
  } catch {
    throw new Error(`${path} is not JSON`);
  }
  const whole = Array.isArray(run?.results) && run.results.length > 0 && run.machine && run.versions && run.results.every(isResult);
  if (!whole) throw new Error(`${path} is no run of the benchmarks: handfast bench --json ${path} makes one`);
  return { method: {}, absent: [], nodes: [], ...run };
}

/** @param {string} path @param {import('../index.mjs').Run} run */
export function writeRun(path, run) {
  writeFileSync(path, runText(run));
}

/** @param {import('../index.mjs').Run} run */
export function runText(run) {
  const text = JSON.stringify(
    run,
    (_key, value) => (typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value),
    1,
  );
  // Lists of numbers on one line: a file that is committed is also read.
  return `${text.replace(/\[[\d\s.,e+-]+\]/g, (list) => list.replace(/\s+/g, ' '))}\n`;
}

/** @param {any} result */
function isResult(result) {
  const named = ['suite', 'case', 'subject'].every((name) => typeof result?.[name] === 'string');
  return named && (Number.isFinite(result.opsPerSecond) || Number.isFinite(result.instructions));
}
