import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Identity } from 'handfast';
import { core } from 'handfast/core';
import { handfast } from 'handfast/protocols';

// A carrier of your own: here the port of a worker thread, but any pipe does that brings bytes in order. (A Duplex needs none of this: give it to `connect` as `stream`.)
// The machines do no work, have no clock and open nothing: they say what they want, and whoever drives them does it.
class Secured {
  #state;
  #machine;
  #write;
  #events;
  #timer;
  #traffic;
  /** What came and was not opened yet: larger than the largest record, which is `maxMessage` and 1 KiB. */
  #slab = core.slab(128 * 1024);
  #held = 0;
  #over = false;

  /** @param write sends bytes. @param events opened(peer), message(bytes), closed(error or undefined) */
  constructor(machine, write, events) {
    this.#machine = machine;
    this.#state = machine.initial;
    this.#write = write;
    this.#events = events;
    this.#step({ kind: 'start', now: Date.now() });
  }

  /** Bytes that came. */
  data(bytes) {
    if (!this.#traffic && !this.#over) this.#step({ kind: 'bytes', now: Date.now(), data: bytes });
    else this.#open(bytes);
  }

  /** The other side has hung up. */
  end() {
    if (this.#over) return;
    if (this.#traffic) this.#obey(this.#traffic.end(Date.now()));
    else this.#step({ kind: 'end', now: Date.now() });
  }

  send(payload) {
    const { before, after } = this.#traffic;
    const sealed = core.slab(before + payload.length + after);
    sealed.bytes.set(payload, before);
    this.#traffic.seal(sealed, Uint32Array.of(before, payload.length), 1, Date.now());
    this.#write(sealed.bytes.slice(0, before + payload.length + after));
    sealed.release();
    this.#wake(this.#traffic.deadline);
  }

  close() {
    if (!this.#over) this.#obey(this.#traffic.close(Date.now()));
  }

  /** A step of the handshake, and what the machine wants after it; what it waits for is the next step. */
  #step(input) {
    for (let next = input; next && !this.#over; ) {
      const [state, ...outputs] = this.#machine.step(this.#state, next);
      this.#state = state;
      next = undefined;
      for (const output of outputs) {
        if (output.kind === 'send') this.#write(output.data.slice());
        else if (output.kind === 'deadline') this.#wake(output.at);
        else if (output.kind === 'work') next = { kind: 'answers', now: Date.now(), answers: core.run(output.items) };
        // The other side has proved that it is `output.peer`. Whoever has a list of those who may come in asks it here.
        else if (output.kind === 'judge') next = { kind: 'judged', now: Date.now(), refusal: undefined };
        else if (output.kind === 'failed') this.#finish(output.why);
        else if (output.kind === 'opened') this.#begin(output.opened);
      }
    }
  }

  #begin({ peer, traffic, rest }) {
    this.#traffic = traffic;
    this.#events.opened(peer);
    this.#open(rest);
  }

  /** Bytes of the session: each whole record is opened where it lies, and what is left waits for the rest of it. */
  #open(bytes) {
    for (let left = bytes; left.length > 0 && !this.#over; ) {
      const part = left.subarray(0, this.#slab.size - this.#held);
      left = left.subarray(part.length);
      this.#slab.bytes.set(part, this.#held);
      this.#held += part.length;
      let start = 0;
      for (let again = true; again && !this.#over; ) {
        const { count, places, next, again: more, outputs } = this.#traffic.open(this.#slab, start, this.#held, Date.now());
        // Copied before anybody is told: the answer is valid until the next call, and whoever is told may send.
        const messages = Array.from({ length: count }, (_, i) => this.#slab.bytes.slice(places[2 * i], places[2 * i] + places[2 * i + 1]));
        start = next;
        again = more;
        for (const message of messages) this.#events.message(message);
        this.#obey(outputs);
      }
      if (!this.#over) this.#slab.bytes.copyWithin(0, start, this.#held);
      this.#held -= start;
    }
  }

  #obey(outputs) {
    for (const output of outputs) {
      if (this.#over) return;
      if (output.kind === 'send') this.#write(output.data.slice());
      else if (output.kind === 'peer-done') this.close();
      else if (output.kind === 'ended') this.#finish(output.why);
    }
    if (!this.#over) this.#wake(this.#traffic.deadline);
  }

  #wake(at) {
    clearTimeout(this.#timer);
    if (this.#over || at === Number.POSITIVE_INFINITY) return;
    const tick = () => (this.#traffic ? this.#obey(this.#traffic.tick(Date.now())) : this.#step({ kind: 'tick', now: Date.now() }));
    this.#timer = setTimeout(tick, Math.max(0, at - Date.now()));
  }

  /** The one end: keys and messages are wiped on every way out. */
  #finish(why) {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#traffic?.wipe();
    this.#slab.release();
    this.#events.closed(why);
  }
}

const network = 'demo';
const maxMessage = 64_512;
const text = (bytes) => new TextDecoder().decode(bytes);
const bytes = (text) => new TextEncoder().encode(text);

if (isMainThread) {
  // The main thread dials: it takes nobody but the worker's identity for an answer.
  const [identity, worker] = [Identity.generate(), Identity.generate()];
  const thread = new Worker(new URL(import.meta.url), { workerData: worker.exportSeed() });
  const port = { write: (data) => thread.postMessage(data) };
  const session = new Secured(handfast.initiator({ identity, network, maxMessage, peer: worker.id }), port.write, {
    opened: (peer) => {
      console.log('authenticated the worker:', peer.id === worker.id);
      setImmediate(() => session.send(bytes('hello')));
    },
    message: (message) => {
      console.log('the worker says:', text(message));
      session.close();
    },
    closed: async (error) => {
      console.log(error ? `${error.code}: ${error.message}` : 'ended well');
      process.exitCode = error ? 1 : 0;
      await thread.terminate();
    },
  });
  thread.on('message', (data) => session.data(data));
  thread.on('exit', () => session.end());
} else {
  const session = new Secured(
    handfast.responder({ identity: Identity.fromSeed(workerData), network, maxMessage }),
    (data) => parentPort.postMessage(data),
    {
      opened: () => {},
      message: (message) => session.send(bytes(text(message).toUpperCase())),
      closed: () => {},
    },
  );
  parentPort.on('message', (data) => session.data(data));
}
