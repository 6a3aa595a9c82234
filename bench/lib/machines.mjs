/**
 * Both sides of a handshake through the public machines, in memory and as fast as they go: bytes are handed over, work is done at once by the side's own core.
 * What a driver with sockets adds is not in here; what a machine wants (deadlines, decisions) is answered as a driver would.
 */

/** One side of one handshake. */
class Side {
  /** @param {import('handfast/protocols').Machine} machine @param {import('handfast/core').Core} core @param {Pick<Turn, 'add'>} [turn] */
  constructor(machine, core, turn) {
    this.machine = machine;
    this.core = core;
    /** Where work is left to be done with others'; done at once where there is none. */
    this.turn = turn;
    this.state = machine.initial;
    /** Sent and not taken by the other side. @type {Uint8Array[]} */
    this.sent = [];
    /** @type {import('handfast/protocols').Opened | undefined} */
    this.opened = undefined;
    /** Instead of a random one. @type {Uint8Array | undefined} */
    this.ephemeral = undefined;
  }

  /** Feeds one input, and the answers to what comes of it. @param {any} input @param {number} now */
  feed(input, now) {
    let next = input;
    while (next) {
      const step = this.machine.step(this.state, next);
      next = undefined;
      this.state = step[0];
      for (let i = 1; i < step.length; i++) {
        const output = step[i];
        switch (output.kind) {
          case 'send':
            this.sent.push(output.data);
            break;
          case 'work':
            if (this.turn) this.turn.add(this, output.items);
            else next = { kind: 'answers', now, answers: this.ephemeral ? this.fixedWork(output.items) : this.core.run(output.items) };
            break;
          case 'judge':
            next = { kind: 'judged', now, refusal: undefined };
            break;
          case 'opened':
            this.opened = output.opened;
            break;
          case 'failed':
            throw output.why;
        }
      }
    }
  }

  /** @param {readonly any[]} items */
  fixedWork(items) {
    return items.map((item) =>
      item.op === 'keygen' ? { op: 'keygen', keyPair: this.core.guarded.x25519KeyPair(this.ephemeral) } : this.core.run([item])[0],
    );
  }
}

/** The work that many sides ask for in one turn: one call into the core, as a driver's workbench makes it. */
class Turn {
  /** @param {import('handfast/core').Core} core */
  constructor(core) {
    this.core = core;
    /** @type {Side[]} */
    this.sides = [];
    /** @type {any[]} */
    this.jobs = [];
    /** Of each side: how many of the jobs are its own. @type {number[]} */
    this.counts = [];
  }

  /** @param {Side} side @param {readonly any[]} items */
  add(side, items) {
    this.sides.push(side);
    this.counts.push(items.length);
    for (let i = 0; i < items.length; i++) this.jobs.push(items[i]);
  }

  /** Does it, and what the answers lead to. @param {number} now */
  end(now) {
    while (this.sides.length > 0) {
      const { sides, jobs, counts } = this;
      this.sides = [];
      this.jobs = [];
      this.counts = [];
      const answers = this.core.run(jobs);
      for (let i = 0, at = 0; i < sides.length; at += counts[i++]) {
        sides[i].feed({ kind: 'answers', now, answers: answers.slice(at, at + counts[i]) }, now);
      }
    }
  }
}

/**
 * As `converse`, for many pairs at once: each turn all sides that have something to read do so, then all their work is done together.
 * @param {readonly (readonly [Side, Side])[]} pairs @param {Turn} turn that all of the sides leave their work to. @param {number} now
 */
function converseTogether(pairs, turn, now) {
  const start = { kind: 'start', now };
  for (let i = 0; i < pairs.length; i++) {
    pairs[i][0].feed(start, now);
    pairs[i][1].feed(start, now);
  }
  turn.end(now);
  for (let more = true; more; ) {
    more = false;
    for (let i = 0; i < pairs.length; i++) {
      const [a, b] = pairs[i];
      if (a.sent.length > 0) {
        more = true;
        deliver(a, b, now);
      } else if (b.sent.length > 0) {
        more = true;
        deliver(b, a, now);
      }
    }
    turn.end(now);
  }
  for (const [a, b] of pairs) if (!a.opened || !b.opened) throw new Error('a handshake stopped before both sides had opened');
}

/**
 * Passes bytes to and fro until both sides have opened.
 * @param {Side} a @param {Side} b @param {number} nowA @param {number} nowB
 */
export function converse(a, b, nowA, nowB) {
  a.feed({ kind: 'start', now: nowA }, nowA);
  b.feed({ kind: 'start', now: nowB }, nowB);
  while (a.sent.length > 0 || b.sent.length > 0) {
    deliver(a, b, nowB);
    deliver(b, a, nowA);
  }
  if (!a.opened || !b.opened) throw new Error('the handshake stopped before both sides had opened');
}

/** @param {Side} from @param {Side} to @param {number} now of the receiver. */
function deliver(from, to, now) {
  if (from.sent.length === 0) return;
  const frames = from.sent;
  from.sent = [];
  // Frames sent together arrive together, as they do from a socket.
  to.feed({ kind: 'bytes', now, data: frames.length === 1 ? frames[0] : Buffer.concat(frames) }, now);
}

/**
 * One handshake of a protocol whose heavy work is done off the event loop: a workbench does it, as a driver's; bytes wait while a side's work is outstanding.
 * @param {import('handfast').Workbench} workbench @param {import('handfast/core').Core} core
 * @param {import('handfast/protocols').Machine} initiator @param {import('handfast/protocols').Machine} responder
 * @returns {Promise<readonly [Side, Side]>} once both have opened.
 */
export function converseElsewhere(workbench, core, initiator, responder) {
  return new Promise((resolve, reject) => {
    const atWork = new Set();
    const turn = {
      /** @param {Side} side @param {readonly any[]} items */
      add(side, items) {
        atWork.add(side);
        workbench.do(items, {
          wanted: true,
          answered(answers) {
            atWork.delete(side);
            go(() => side.feed({ kind: 'answers', now: Date.now(), answers }, Date.now()));
          },
        });
      },
    };
    const a = new Side(initiator, core, turn);
    const b = new Side(responder, core, turn);
    const go = (/** @type {() => void} */ step) => {
      try {
        step();
        for (;;) {
          if (a.sent.length > 0 && !atWork.has(b)) deliver(a, b, Date.now());
          else if (b.sent.length > 0 && !atWork.has(a)) deliver(b, a, Date.now());
          else break;
        }
        if (a.opened && b.opened) resolve([a, b]);
        else if (atWork.size === 0) reject(new Error('the handshake stopped before both sides had opened'));
      } catch (error) {
        reject(error);
      }
    };
    go(() => {
      const start = { kind: 'start', now: Date.now() };
      a.feed(start, start.now);
      b.feed(start, start.now);
    });
  });
}

/**
 * Handshakes of one protocol. As in `connect` and `listen`, the dialler's machine is made for each connection and the listener's once: all that is of one connection lies in the state.
 * @param {import('handfast/core').Core} core
 * @param {() => import('handfast/protocols').Machine} initiator
 * @param {import('handfast/protocols').Machine} responder
 */
export function pairOf(core, initiator, responder) {
  /** @param {number} count @returns {(readonly [Side, Side])[]} */
  function openTogether(count) {
    const turn = new Turn(core);
    const pairs = Array.from(
      { length: count },
      () => /** @type {const} */ ([new Side(initiator(), core, turn), new Side(responder, core, turn)]),
    );
    converseTogether(pairs, turn, Date.now());
    return pairs;
  }
  return {
    /** One complete handshake; its ciphers are wiped. */
    handshake() {
      const a = new Side(initiator(), core);
      const b = new Side(responder, core);
      const now = Date.now();
      converse(a, b, now, now);
      a.opened.traffic.wipe();
      b.opened.traffic.wipe();
    },
    /** So many at once; their ciphers are wiped. @param {number} count */
    together(count) {
      for (const [a, b] of openTogether(count)) {
        a.opened.traffic.wipe();
        b.opened.traffic.wipe();
      }
    },
    /** The same, for comparing what both sides of each have. @param {number} count */
    bindingsTogether(count) {
      return openTogether(count).map(([a, b]) => {
        a.opened.traffic.wipe();
        b.opened.traffic.wipe();
        return { bindingOfA: a.opened.binding, bindingOfB: b.opened.binding };
      });
    },
    /**
     * One with given ephemeral keys and clocks, for comparing with known answers.
     * @param {{ a: { ephemeral: Uint8Array, now: number }, b: { ephemeral: Uint8Array, now: number } }} fixed
     */
    fixedHandshake(fixed) {
      const a = new Side(initiator(), core);
      const b = new Side(responder, core);
      a.ephemeral = fixed.a.ephemeral;
      b.ephemeral = fixed.b.ephemeral;
      converse(a, b, fixed.a.now, fixed.b.now);
      const made = { bindingOfA: a.opened.binding, bindingOfB: b.opened.binding };
      a.opened.traffic.wipe();
      b.opened.traffic.wipe();
      return made;
    },
  };
}
