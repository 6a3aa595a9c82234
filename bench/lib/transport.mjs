// @ts-check
/**
 * What the suites over sockets know of a subject: listening on 127.0.0.1, dialling, and both ends of a connection. Under bench/lib/peers each subject has a file that gives a Transport.
 *
 * @typedef {object} Transport
 * @property {(accepted: (end: End) => void) => Promise<Listening>} listen on any free port; `accepted` gets every connection whose other side has been authenticated.
 * @property {(port: number) => Promise<End>} dial resolves when this side has authenticated the other.
 * @property {{ listener: Uint8Array, dialler: Uint8Array }} [identities] the keys or certificates that the other side must have seen; absent where nobody is authenticated.
 * @property {object} [credentials] what a second process needs for the same identities, as JSON; absent where they are made of seeds.
 * @property {Record<string, string | number>} [facts]
 *
 * @typedef {{ port: number, close: () => void | Promise<void> }} Listening
 */
import { sameBytes } from './suite.mjs';

export const HOST = '127.0.0.1';
/** Of the identities of both sides, where a subject can make them of seeds: a second process makes the same. */
export const SEEDS = { listener: new Uint8Array(32).fill(1), dialler: new Uint8Array(32).fill(2) };

/** One end of a connection; what the suites do with it is made of what a subject gives. A subject that takes many messages in a call does so in `echo`, `asker`, `count` and `burst`. */
export class End {
  /** Key or certificate of the other side, as bytes; empty where nobody is authenticated. @returns {Uint8Array} */
  get peer() {
    return new Uint8Array(0);
  }

  /** Bytes that both ends of this connection have and no other has. @returns {Uint8Array | undefined} */
  get binding() {
    return undefined;
  }

  /** @param {Uint8Array} _message @returns {boolean} false: wait for `drained` before sending more. */
  send(_message) {
    throw new Error('not made');
  }

  /** @returns {Promise<unknown>} when there is room again. */
  drained() {
    return Promise.resolve();
  }

  /** Runs what sends many messages, gathered where the subject has a way to. @param {() => void} sends */
  gather(sends) {
    sends();
  }

  /** @param {(message: Uint8Array) => void} _received gets views that are valid until it returns. */
  receive(_received) {
    throw new Error('not made');
  }

  /** Cuts the connection. @returns {Promise<unknown>} when this end is closed. */
  destroy() {
    return Promise.resolve();
  }

  /** Says everything back. */
  echo() {
    this.receive((message) => this.send(message));
  }

  /** @returns {(message: Uint8Array) => Promise<Uint8Array>} sends one message and resolves with the answer. */
  asker() {
    /** @type {(answer: Uint8Array) => void} */
    let answered;
    this.receive((message) => answered(message));
    return (message) =>
      new Promise((resolve) => {
        answered = resolve;
        this.send(message);
      });
  }

  /** @returns {Counter} of the messages that come. */
  count() {
    const counter = new Counter();
    this.receive((message) => counter.add(1, message));
    return counter;
  }

  /** As `count`, each message handed over by itself where a subject has another way too. @returns {Counter} */
  countOneByOne() {
    return this.count();
  }

  /** Sends a message so many times in one turn, then waits until there is room for more. @param {Uint8Array} message @param {number} times */
  async burst(message, times) {
    let more = true;
    this.gather(() => {
      for (let i = 0; i < times; i++) more = this.send(message);
    });
    if (!more) await this.drained();
  }
}

/** Waits for so many messages. */
export class Counter {
  #left = 0;
  /** @type {() => void} */
  #done = () => {};
  last = new Uint8Array(0);

  /** @param {number} count @returns {Promise<void>} */
  reached(count) {
    this.#left = count;
    return new Promise((resolve) => {
      this.#done = resolve;
    });
  }

  /** @param {number} count @param {Uint8Array} last of them. */
  add(count, last) {
    this.#left -= count;
    if (this.#left > 0) return;
    // The view is only valid now.
    this.last = Uint8Array.from(last);
    this.#done();
  }
}

/**
 * A listener of a transport, and connections to it of which both ends are here.
 * @param {Transport} transport
 */
export async function loopback(transport) {
  /** @type {End[]} */
  const accepted = [];
  /** @type {((end: End) => void)[]} */
  const waiting = [];
  const listening = await transport.listen((end) => {
    const next = waiting.shift();
    if (next) next(end);
    else accepted.push(end);
  });
  /** @returns {Promise<End>} */
  const taken = async () => accepted.shift() ?? new Promise((resolve) => waiting.push(resolve));
  return {
    port: listening.port,
    /** The far end is not always that of this near end where many are opened at once. */
    async open() {
      const [near, far] = await Promise.all([transport.dial(listening.port), taken()]);
      return { near, far };
    },
    close: listening.close,
  };
}

/**
 * That each end of a connection has authenticated the other, that they agree on it, and that a message comes back.
 * @param {Transport} transport @param {{ near: End, far: End }} pair @throws {Error} when not.
 */
export async function checkPair({ identities }, { near, far }) {
  if (identities) {
    sameBytes(near.peer, identities.listener, 'who was dialled');
    sameBytes(far.peer, identities.dialler, 'who dialled');
  }
  if (near.binding && far.binding) sameBytes(near.binding, far.binding, 'binding');
  far.echo();
  const message = Buffer.from('is anybody there');
  sameBytes(await near.asker()(message), message, 'answer');
}

/** @param {{ near: End, far: End }} pair */
export function cut({ near, far }) {
  return Promise.all([near.destroy(), far.destroy()]);
}

/** What a listener does with a connection that its dialler waits for: says one byte, and reads. @param {End} end */
export function welcome(end) {
  end.receive(() => {});
  end.send(WELCOME);
}

/** Resolves when both sides have authenticated each other and one message has come: the same moment for every subject. @param {End} end @returns {Promise<void>} */
export async function welcomed(end) {
  const message = await new Promise((resolve) => end.receive((received) => resolve(Uint8Array.from(received))));
  sameBytes(message, WELCOME, 'first message');
}

const WELCOME = Buffer.from('w');
