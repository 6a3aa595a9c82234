// @ts-check
/** A second process for suites in which the two ends must not share one: on another core than this one, where there is one. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/**
 * @typedef {object} Other
 * @property {(message: object) => Promise<any>} ask one at a time; rejects with what the other process threw, and when it ends.
 * @property {() => Promise<void>} end
 */

/**
 * @param {string} file a module that answers each message of its parent by one, and ends when the channel closes. @param {readonly string[]} [nodeFlags]
 * @param {{ anywhere?: boolean }} [options] anywhere: on the cores that this process may use, for what is several processes itself.
 * @returns {Other}
 */
export function startOther(file, nodeFlags = [], { anywhere = false } = {}) {
  const command = [process.execPath, '--no-warnings', ...nodeFlags, file];
  const cpu = anywhere ? undefined : otherCpu();
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
  child.on('exit', (code, signal) => gone(`the second process ended (${signal ?? `exit code ${code}`})`));
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
    async end() {
      if (ended) return;
      const exited = once(child, 'exit');
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

/** @returns {number | undefined} the last core that this process may not use but another one could; undefined where nothing can be pinned. */
function otherCpu() {
  try {
    const own = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    for (let cpu = cpus().length - 1; cpu >= 0; cpu--) {
      if (own !== String(cpu) && spawnSync('taskset', ['-c', String(cpu), 'true']).status === 0) return cpu;
    }
  } catch {
    // Not on Linux: the system places it.
  }
  return undefined;
}
