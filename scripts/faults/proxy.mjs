/** A TCP proxy in front of one node that does what networks do: late, in pieces, cut, gone silent, half closed, refused. What is right in it stays in order; it changes no byte. */
import { connect, createServer } from 'node:net';

export class ChaosProxy {
  /** What has happened, by kind. */
  happened = new Map();
  /** Where the node listens now; undefined while it is dead. */
  target;
  /** Connections that were silent for a time, by the port that the node saw them come from. */
  quiet = [];
  /** From 0, calm, to 1. */
  weather = 0;
  #random;
  #server = createServer({ allowHalfOpen: true }, (near) => this.#take(near));
  #pairs = new Set();

  constructor(random) {
    this.#random = random;
  }

  async listen() {
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.address = `127.0.0.1:${this.#server.address().port}`;
  }

  /** One connection breaks, falls silent, or loses one of its directions. */
  strike() {
    const pairs = [...this.#pairs];
    if (pairs.length === 0) return;
    const pair = pairs[this.#random.below(pairs.length)];
    const how = this.#random.pick(['reset', 'reset', 'silence', 'half-close', 'stall']);
    this.#count(how);
    if (how === 'reset') for (const socket of pair.ends) socket.resetAndDestroy();
    else if (how === 'half-close') pair.ends[this.#random.below(2)].end();
    else {
      // As when a cable is out: neither side hears anything, and what is sent waits.
      pair.silent = true;
      const ms = how === 'stall' ? this.#random.between(100, 2_000) : this.#random.between(3_000, 10_000);
      const silence = { port: pair.ends[1].localPort, from: Date.now(), to: Number.POSITIVE_INFINITY };
      this.quiet.push(silence);
      setTimeout(() => {
        silence.to = Date.now();
        if (how === 'silence') for (const socket of pair.ends) socket.resetAndDestroy();
        else pair.resume();
      }, ms);
    }
  }

  get connections() {
    return this.#pairs.size;
  }

  close() {
    for (const { ends } of this.#pairs) for (const socket of ends) socket.destroy();
    this.#server.close();
  }

  #take(near) {
    near.on('error', () => {});
    if (this.target === undefined || this.#random.chance(0.2 * this.weather)) {
      this.#count('refused dial');
      near.resetAndDestroy();
      return;
    }
    const far = connect({ host: '127.0.0.1', port: this.target, allowHalfOpen: true, noDelay: true });
    near.setNoDelay(true);
    const pair = { ends: [near, far], silent: false, held: [], resume: () => {} };
    pair.resume = () => {
      pair.silent = false;
      for (const move of pair.held.splice(0)) move();
    };
    this.#pairs.add(pair);
    this.#count('dial');
    this.#pass(pair, near, far);
    this.#pass(pair, far, near);
    for (const socket of pair.ends) {
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#pairs.delete(pair);
        for (const other of pair.ends) if (other !== socket && !other.destroyed) other.destroy();
      });
    }
  }

  /** One direction: in order, each piece after a time of its own and not before the one in front of it. */
  #pass(pair, from, to) {
    let last = Promise.resolve();
    const later = (move) => {
      const ms = this.weather > 0 ? this.#random.between(0, Math.ceil(30 * this.weather)) : 0;
      last = last.then(async () => {
        if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
        if (pair.silent) await new Promise((resolve) => pair.held.push(resolve));
        if (!to.destroyed) await move();
      });
    };
    const write = (bytes) => new Promise((resolve) => to.write(bytes, () => resolve()));
    from.on('data', (bytes) => {
      from.pause();
      const cut = this.weather > 0 && bytes.length > 1 ? this.#random.between(1, bytes.length - 1) : bytes.length;
      later(() => write(bytes.subarray(0, cut)));
      later(async () => {
        if (cut < bytes.length) await write(bytes.subarray(cut));
        from.resume();
      });
    });
    from.on('end', () => later(() => to.end()));
  }

  #count(what) {
    this.happened.set(what, (this.happened.get(what) ?? 0) + 1);
  }
}
