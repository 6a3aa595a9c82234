// @ts-check
/**
 * A peer that asks again as soon as it is answered, at as little cost as may be: for all answers of a chunk as many requests are sealed by one call and leave by one write. Each answer is
 * opened and compared, and each id has to be answered once.
 */
import { sameBytes } from './suite.mjs';

export class LightRequests {
  #socket;
  #traffic;
  #payload;
  #expected;
  #atOnce;
  /** What leaves: one place for each of those at once, sealed where it lies. */
  #out;
  #places;
  /** What came: whole records are opened where they lie, the rest of one waits for more. */
  #in;
  #end = 0;
  /** Ids rise by one. */
  #next = 1 + Math.floor(Math.random() * 2 ** 30);
  /** Those on their way, and when each left. @type {Map<number, number>} */
  #asked = new Map();
  /** Left to be sent as soon as the last write was handed over. */
  #due = 0;
  #writing = false;
  /** Milliseconds. @type {number[]} */
  #latency = [];
  #until = 0;
  /** @type {{ done(): void, failed(error: unknown): void } | undefined} */
  #round;

  /**
   * @param {import('./light-dialler.mjs').Dialled} dialled as a node. @param {import('handfast/core').Core} core
   * @param {{ payload: Uint8Array, expected: Uint8Array, atOnce: number }} options
   */
  constructor({ socket, opened, read }, core, { payload, expected, atOnce }) {
    const { traffic, rest } = opened;
    this.#socket = socket;
    this.#traffic = traffic;
    this.#payload = payload;
    this.#expected = Buffer.from(expected);
    this.#atOnce = atOnce;
    const length = HEAD + payload.length;
    const whole = traffic.before + length + traffic.after;
    this.#out = core.slab(atOnce * whole);
    this.#places = Uint32Array.from({ length: 2 * atOnce }, (_, i) => (i % 2 === 1 ? length : (i / 2) * whole + traffic.before));
    this.#in = core.slab(IN_BYTES);
    const failed = (/** @type {Error} */ error) => this.#round?.failed(error);
    socket.removeAllListeners('error').removeAllListeners('end');
    socket.on('error', failed);
    socket.on('end', () => failed(new Error('the listener ended the session')));
    read((bytes) => this.#take(bytes));
    this.#take(rest);
  }

  /** So many at once, for so long and until the last one is answered. @param {number} ms @returns {Promise<{ latency: number[] }>} milliseconds of each. */
  ask(ms) {
    return new Promise((resolve, reject) => {
      this.#latency = [];
      this.#round = { done: () => resolve({ latency: this.#latency }), failed: reject };
      this.#until = performance.now() + ms;
      this.#due = this.#atOnce;
      this.#send();
    });
  }

  close() {
    this.#round = undefined;
    this.#socket.destroy();
    this.#traffic.wipe();
    this.#in.release();
    this.#out.release();
  }

  #send() {
    if (this.#writing || this.#due === 0) return;
    const { bytes } = this.#out;
    const count = this.#due;
    const now = performance.now();
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (let i = 0; i < count; i++) {
      const at = this.#places[2 * i];
      const id = this.#next++;
      bytes[at] = DIRECT;
      view.setUint32(at + 1, 1);
      view.setUint32(at + 5, id);
      view.setUint32(at + 9, DEADLINE_MS);
      bytes[at + 13] = 0;
      bytes.set(this.#payload, at + HEAD);
      this.#asked.set(id, now);
    }
    this.#traffic.seal(this.#out, this.#places, count, Date.now());
    const end = this.#places[2 * count - 2] + this.#places[2 * count - 1] + this.#traffic.after;
    this.#due = 0;
    this.#writing = true;
    this.#socket.write(bytes.subarray(0, end), () => {
      this.#writing = false;
      this.#send();
    });
  }

  /** @param {Uint8Array} chunk valid during the call. */
  #take(chunk) {
    try {
      this.#in.bytes.set(chunk, this.#end);
      this.#end += chunk.length;
      let start = 0;
      for (let again = true; again; ) {
        const received = this.#traffic.open(this.#in, start, this.#end, Date.now());
        start = received.next;
        again = received.again;
        this.#read(received.places, received.count);
        for (const output of received.outputs) {
          if (output.kind === 'send') this.#socket.write(output.data);
          else throw new Error(`the session ended: ${'why' in output && output.why?.message}`);
        }
      }
      this.#in.bytes.copyWithin(0, start, this.#end);
      this.#end -= start;
      if (this.#round && this.#asked.size === 0 && this.#due === 0) {
        const { done } = this.#round;
        this.#round = undefined;
        done();
      }
      this.#send();
    } catch (error) {
      this.#round?.failed(error);
    }
  }

  /** @param {Uint32Array} places @param {number} count */
  #read(places, count) {
    const { bytes } = this.#in;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const now = performance.now();
    for (let i = 0; i < count; i++) {
      const at = places[2 * i];
      const length = places[2 * i + 1];
      // It asks for its own confirmations and measures the round trip.
      if (bytes[at] !== RESPONSE && bytes[at] !== ERROR) continue;
      const id = view.getUint32(at + 5);
      const left = view.getUint32(at + 1) === 1 ? this.#asked.get(id) : undefined;
      if (left === undefined) throw new Error(`request ${id}: answered twice, or never asked`);
      this.#asked.delete(id);
      if (bytes[at] === ERROR) throw new Error(`request ${id}: refused with code 0x${view.getUint16(at + 9).toString(16)}`);
      if (this.#expected.compare(bytes, at + ANSWER_HEAD, at + length) !== 0)
        sameBytes(bytes.subarray(at + ANSWER_HEAD, at + length), this.#expected, `answer to request ${id}`);
      this.#latency.push(now - left);
    }
    if (now < this.#until) this.#due += Math.min(count, this.#atOnce - this.#asked.size - this.#due);
  }
}

const DIRECT = 1;
const RESPONSE = 2;
const ERROR = 3;
/** Of a DIRECT of the default topic: kind, id, milliseconds left, length of the topic. */
const HEAD = 14;
/** Of a RESPONSE: kind and id. */
const ANSWER_HEAD = 9;
const DEADLINE_MS = 60_000;
const IN_BYTES = 256 * 1024;
