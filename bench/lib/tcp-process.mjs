// @ts-check
/** One end of a transport in a second process: a listener whose memory is measured, or the diallers of a listener. What it does is in tcp-worker.mjs. */
import { fileURLToPath } from 'node:url';
import { startOther } from './other-process.mjs';

export class TcpProcess {
  /** @type {import('./other-process.mjs').Other} */
  #other;

  /**
   * @param {string} peer name of a transport. @param {object} [credentials] of the transport at the other end. @param {readonly string[]} [nodeFlags]
   * @returns {Promise<TcpProcess>}
   */
  static async start(peer, credentials, nodeFlags) {
    const made = new TcpProcess(nodeFlags);
    await made.ask('load', { peer, credentials });
    return made;
  }

  /** @param {readonly string[]} [nodeFlags] */
  constructor(nodeFlags) {
    this.#other = startOther(WORKER, nodeFlags);
  }

  /** @param {string} what an action of the worker. @param {object} [options] @returns {Promise<any>} its result. @throws {Error} what it threw. */
  async ask(what, options = {}) {
    try {
      return (await this.#other.ask({ what, options })).value;
    } catch (error) {
      throw new Error(`${what} in the second process: ${/** @type {Error} */ (error).message}`);
    }
  }

  end() {
    return this.#other.end();
  }
}

const WORKER = fileURLToPath(new URL('./tcp-worker.mjs', import.meta.url));
