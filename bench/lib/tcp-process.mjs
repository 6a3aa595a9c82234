// @ts-check
/** A second process for suites in which the two ends must not share one: a listener whose memory is measured, or the diallers of a listener. What it does is in tcp-worker.mjs. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

export class TcpProcess {
  /** @type {import('node:child_process').ChildProcess} */
  #child;

  /**
   * @param {string} peer name of a transport. @param {object} [credentials] of the transport at the other end. @param {readonly string[]} [nodeFlags]
   * @returns {Promise<TcpProcess>}
   */
  static async start(peer, credentials, nodeFlags) {
    const made = new TcpProcess(nodeFlags);
    await made.ask('load', { peer, credentials });
    return made;
  }

  /** On another core than this process where there is one. @param {readonly string[]} [nodeFlags] */
  constructor(nodeFlags = []) {
    const cpu = otherCpu();
    const command = [process.execPath, '--no-warnings', ...nodeFlags, WORKER];
    if (cpu !== undefined) command.unshift('taskset', '-c', String(cpu));
    this.#child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  /** @param {string} what an action of the worker. @param {object} [options] @returns {Promise<any>} its result. @throws {Error} what it threw. */
  async ask(what, options = {}) {
    const ended = new AbortController();
    this.#child.send({ what, options });
    try {
      const [answer] = await Promise.race([
        once(this.#child, 'message', { signal: ended.signal }),
        once(this.#child, 'exit', { signal: ended.signal }).then(() => [{ error: 'its process ended' }]),
      ]);
      if (answer.error) throw new Error(`${what} in the second process: ${answer.error}`);
      return answer.value;
    } finally {
      ended.abort();
    }
  }

  async end() {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, 'exit');
    if (this.#child.connected) this.#child.disconnect();
    await exited;
  }
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

const WORKER = fileURLToPath(new URL('./tcp-worker.mjs', import.meta.url));
