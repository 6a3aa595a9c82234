// @ts-check
/**
 * Many dialling sides at as little cost as may be, so that a listener on another core has more to do than they: the machine of the protocol on a bare socket, without driver, timers and session.
 * What all of them want done in one turn of the event loop is done by one call. The listener is checked as it is by `connect`: whatever its machine refuses is an error.
 */
import net from 'node:net';

/**
 * @typedef {object} Dialled
 * @property {net.Socket} socket
 * @property {import('handfast/protocols').Opened} opened
 * @property {(take: (bytes: Uint8Array) => void) => void} read takes all that comes from now on: views, valid during the call.
 */

export class LightDialler {
  #core;
  #port;
  /** Handshakes whose work is done at the end of this turn, and what each asked for. @type {{ give: (answers: any[]) => void, items: readonly any[] }[]} */
  #waiting = [];

  /** @param {import('handfast/core').Core} core @param {number} port on this machine. */
  constructor(core, port) {
    this.#core = core;
    this.#port = port;
  }

  /** @param {import('handfast/protocols').Machine} machine of one connection. @returns {Promise<Dialled>} as soon as both sides have opened. */
  dial(machine) {
    return new Promise((resolve, reject) => {
      let { initial: state } = machine;
      /** @type {((bytes: Uint8Array) => void) | undefined} */
      let take;
      const socket = net.connect({
        host: '127.0.0.1',
        port: this.#port,
        noDelay: true,
        onread: {
          buffer: LANDING,
          callback: (count, buffer) => {
            const bytes = buffer.subarray(0, count);
            if (take) take(bytes);
            // What the machine keeps it copies.
            else feed({ kind: 'bytes', now: Date.now(), data: bytes });
            return true;
          },
        },
      });
      const failed = (/** @type {Error} */ error) => {
        reject(error);
        socket.destroy();
      };
      /** @param {any} input */
      const feed = (input) => {
        const [next, ...outputs] = machine.step(state, input);
        state = next;
        const sent = outputs.flatMap((output) => (output.kind === 'send' ? [output.data] : []));
        if (sent.length > 0) socket.write(sent.length === 1 ? sent[0] : Buffer.concat(sent));
        for (const output of outputs) {
          if (output.kind === 'work') this.#do(output.items, (answers) => feed({ kind: 'answers', now: Date.now(), answers }));
          else if (output.kind === 'judge') feed({ kind: 'judged', now: Date.now(), refusal: undefined });
          else if (output.kind === 'failed') failed(output.why);
          else if (output.kind === 'opened') resolve({ socket, opened: output.opened, read: (reader) => (take = reader) });
        }
      };
      socket.on('error', failed);
      socket.on('end', () => failed(new Error('the listener ended the connection')));
      // While the connection is being made: then its first bytes are there when it is.
      feed({ kind: 'start', now: Date.now() });
    });
  }

  /** @param {readonly any[]} items @param {(answers: any[]) => void} give */
  #do(items, give) {
    this.#waiting.push({ items, give });
    if (this.#waiting.length > 1) return;
    setImmediate(() => {
      const all = this.#waiting;
      this.#waiting = [];
      const answers = this.#core.run(all.flatMap((one) => one.items));
      let first = 0;
      for (const one of all) {
        one.give(answers.slice(first, first + one.items.length));
        first += one.items.length;
      }
    });
  }
}

/** All sockets read into one place, one after the other. */
const LANDING = Buffer.alloc(64 * 1024);
