// @ts-check
/** For what is about threads: a subject's process is pinned to one core otherwise. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Lets this process, and every thread it has or starts, run on all cores. @returns {() => void} pins it again as it was. */
export function onAllCores() {
  const before = coresAllowed();
  if (before === undefined) return () => {};
  pin(`0-${cpus().length - 1}`);
  return () => pin(before);
}

/** @returns {string | undefined} the cores that this process may use; undefined where that cannot be told. */
export function coresAllowed() {
  try {
    return /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/** @param {string} cores */
function pin(cores) {
  // Where there is no taskset nothing was pinned.
  spawnSync('taskset', ['-a', '-p', '-c', cores, String(process.pid)]);
}
