// @ts-check
/** The other side of a subject, where that must be a process of its own: on another core than the subject, where there is one. */
import { spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { pinnedCpu } from './subject-process.mjs';

/**
 * @typedef {object} Other
 * @property {(message: object) => Promise<any>} ask one at a time; rejects with what the other process threw, and when it ends.
 * @property {() => void} end
 */

/** @param {string} file a module that answers each message of its parent by one. @returns {Other} */
export function startOther(file) {
  const command = [process.execPath, '--no-warnings', file];
  const cpu = otherCpu();
  if (cpu !== undefined) command.unshift('taskset', '-c', String(cpu));
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  /** @type {string | undefined} */
  let ended;
  /** @type {((answer: any) => void) | undefined} */
  let waiting;
  const settle = (/** @type {any} */ answer) => {
    waiting?.(answer);
    waiting = undefined;
  };
  const gone = (/** @type {string} */ why) => {
    ended ??= why;
    settle({ error: why });
  };
  child.on('message', settle);
  child.on('error', (error) => gone(error.message));
  child.on('exit', (code, signal) => gone(`the other process ended (${signal ?? `exit code ${code}`})`));
  return {
    async ask(message) {
      const answer = await new Promise((resolve) => {
        waiting = resolve;
        if (ended) settle({ error: ended });
        else child.send(message);
      });
      if (answer.error) throw new Error(answer.error);
      return answer;
    },
    end() {
      if (child.connected) child.disconnect();
      child.kill();
    },
  };
}

/** One that no subject is pinned to; undefined where nothing is pinned, or there is but one. */
function otherCpu() {
  const taken = pinnedCpu();
  if (taken === undefined) return undefined;
  for (let cpu = availableParallelism() - 1; cpu >= 0; cpu--) {
    if (cpu !== taken && spawnSync('taskset', ['-c', String(cpu), 'true']).status === 0) return cpu;
  }
  return undefined;
}
